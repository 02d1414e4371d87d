"""``mcp_approval_request``: may a tool of an MCP server be called?"""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.items.base import Item


@schema
class McpApprovalRequest(Item):
    """Asks a person for an approval; the answer names this item's id."""

    type: Literal["mcp_approval_request"] = "mcp_approval_request"

    server_label: str
    name: str
    """Name of the tool."""
    arguments: str
    """The arguments as JSON text."""
