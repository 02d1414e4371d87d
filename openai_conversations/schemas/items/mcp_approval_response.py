"""``mcp_approval_response``: a tool of an MCP server may be called, or not."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.items.base import Item


@schema
class McpApprovalResponse(Item):
    """A person's answer."""

    type: Literal["mcp_approval_response"] = "mcp_approval_response"

    approval_request_id: str
    """Id of the request."""
    approve: bool
    reason: str | None = None
