"""``computer_call``: the model acts on a computer."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.items.computer_actions import ComputerAction
from openai_conversations.schemas.items.safety_check import SafetyCheck


@schema
class ComputerCall(Item):
    """One action, or a batch of them."""

    type: Literal["computer_call"] = "computer_call"

    call_id: str
    """Ties the call to its output."""
    action: ComputerAction | None = None
    actions: list[ComputerAction] | None = None
    """The batch that the ``computer`` tool sends instead of one ``action``."""
    pending_safety_checks: list[SafetyCheck]
    """Checks to acknowledge in the output."""
    status: ItemStatus | None = None
