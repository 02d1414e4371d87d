"""``local_shell_call_output``: what a command of the local shell printed."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item


@schema
class LocalShellCallOutput(Item):
    """The output of a local shell call. It has no ``call_id``: its ``id`` is the one of the call."""

    type: Literal["local_shell_call_output"] = "local_shell_call_output"

    output: str
    """JSON text."""
    status: ItemStatus | None = None
