"""``tool_search_output``: the tools that were found."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import nullable, schema
from openai_conversations.schemas.enums import Execution, ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.tools import Tool


@schema
class ToolSearchOutput(Item):
    """The output of a search for tools."""

    type: Literal["tool_search_output"] = "tool_search_output"

    call_id: str | None = nullable(default=None)
    """The ``call_id`` of the search."""
    execution: Execution | None = None
    tools: list[Tool]
    status: ItemStatus | None = None
    created_by: str | None = None
    """Who created the item; present in responses only."""
