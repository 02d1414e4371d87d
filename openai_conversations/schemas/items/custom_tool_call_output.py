"""``custom_tool_call_output``: what a custom tool returned."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.callers import Caller
from openai_conversations.schemas.content import InputContent
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item


@schema
class CustomToolCallOutput(Item):
    """The output of a custom tool."""

    type: Literal["custom_tool_call_output"] = "custom_tool_call_output"

    call_id: str
    """The ``call_id`` of the call."""
    caller: Caller | None = None
    output: str | list[InputContent]
    """Text, or a list of texts, images and files."""
    status: ItemStatus | None = None
    """Of the items of a response only; in a conversation there is none."""
    created_by: str | None = None
    """Who created the item; of the items of a response only."""
