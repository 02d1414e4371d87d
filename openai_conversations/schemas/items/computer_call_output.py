"""``computer_call_output``: the screen after an action."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.content import ComputerScreenshotImage
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.items.computer_call import SafetyCheck
from openai_conversations.schemas.unknown import UnknownContent


@schema
class ComputerCallOutput(Item):
    """The output of a computer call."""

    type: Literal["computer_call_output"] = "computer_call_output"

    call_id: str
    """The ``call_id`` of the computer call."""
    acknowledged_safety_checks: list[SafetyCheck] | None = None
    output: ComputerScreenshotImage | UnknownContent
    status: ItemStatus | Literal["failed"] | None = None
    created_by: str | None = None
    """Who created the item; present in responses only."""
