"""``function_call``: the model calls a function of the application."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.callers import Caller
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item


@schema
class FunctionCall(Item):
    """A call of a function. The conversation is broken until its output is stored too."""

    type: Literal["function_call"] = "function_call"

    call_id: str
    """Ties the call to its output."""
    caller: Caller | None = None
    namespace: str | None = None
    """Namespace of the function, ``None`` outside of one."""
    name: str
    arguments: str
    """The arguments as JSON text, written by the model: it need not be valid."""
    async_: bool | None = None
    """Whether the function runs asynchronously."""
    status: ItemStatus | None = None
    created_by: str | None = None
    """Who created the item; present in responses only."""
