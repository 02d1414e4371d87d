"""``tool_search``: finds deferred tools."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import Execution


@schema
class ToolSearchTool(Schema):
    """Lets the model search for tools that are not loaded yet."""

    type: Literal["tool_search"] = "tool_search"

    execution: Execution | None = None
    description: str | None = None
    """Shown to the model when the client executes the search."""
    parameters: Any = None
    """JSON Schema of the arguments when the client executes the search."""
