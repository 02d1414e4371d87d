"""``mcp_list_tools``: what an MCP server offers."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.items.base import Item


@schema
class McpToolDescription(Schema):
    """A tool of an MCP server."""

    name: str
    description: str | None = None
    input_schema: Any
    """JSON Schema of the arguments, as the MCP server gave it."""
    annotations: Any = None
    """Hints of the MCP server."""


@schema
class McpListTools(Item):
    """The tools of an MCP server."""

    type: Literal["mcp_list_tools"] = "mcp_list_tools"

    server_label: str
    tools: list[McpToolDescription]
    error: str | None = None
    """Why the tools could not be listed."""
