"""``custom_tool_call``: the model calls a custom tool of the application."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.callers import Caller
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item


@schema
class CustomToolCall(Item):
    """A call of a custom tool."""

    type: Literal["custom_tool_call"] = "custom_tool_call"

    call_id: str
    """Ties the call to its output."""
    caller: Caller | None = None
    namespace: str | None = None
    """Namespace of the tool, ``None`` outside of one."""
    name: str
    input: str
    """Free text, written by the model."""
    async_: bool | None = None
    """Whether the tool runs asynchronously."""
    status: ItemStatus | None = None
    """Of the items of a response only; in a conversation there is none."""
    created_by: str | None = None
    """Who created the item; of the items of a response only."""
