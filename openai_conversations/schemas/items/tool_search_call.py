"""``tool_search_call``: the model looks for deferred tools."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import nullable, schema
from openai_conversations.schemas.enums import Execution, ItemStatus
from openai_conversations.schemas.items.base import Item


@schema
class ToolSearchCall(Item):
    """A search for tools."""

    type: Literal["tool_search_call"] = "tool_search_call"

    call_id: str | None = nullable(default=None)
    """Ties the call to its output when the client executes it."""
    execution: Execution | None = None
    arguments: Any
    """What is looked for, any JSON value."""
    status: ItemStatus | None = None
    created_by: str | None = None
    """Who created the item; present in responses only."""
