"""``mcp``: the tools of an MCP server."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema, secret
from openai_conversations.schemas.enums import AllowedCaller


@schema
class McpToolFilter(Schema):
    """Chooses tools of a server."""

    tool_names: list[str] | None = None
    read_only: bool | None = None
    """Whether the server marks the tool with ``readOnlyHint``."""


@schema
class McpApprovalFilter(Schema):
    """Which tools need an approval."""

    always: McpToolFilter | None = None
    never: McpToolFilter | None = None


McpConnector = (
    Literal[
        "connector_dropbox",
        "connector_gmail",
        "connector_googlecalendar",
        "connector_googledrive",
        "connector_microsoftteams",
        "connector_outlookcalendar",
        "connector_outlookemail",
        "connector_sharepoint",
    ]
    | str
)


@schema
class McpTool(Schema):
    """An MCP server; exactly one of ``server_url``, ``connector_id`` and ``tunnel_id`` names it."""

    type: Literal["mcp"] = "mcp"

    server_label: str
    """Names the server in calls."""
    server_url: str | None = None
    connector_id: McpConnector | None = None
    tunnel_id: str | None = None
    authorization: str | None = secret(default=None)
    """An OAuth access token."""
    server_description: str | None = None
    headers: dict[str, str] | None = secret(default=None)
    """HTTP headers for the server; they may carry keys."""
    allowed_tools: list[str] | McpToolFilter | None = None
    """``None`` is all of them."""
    allowed_callers: list[AllowedCaller] | None = None
    require_approval: McpApprovalFilter | Literal["always", "never"] | str | None = None
    """``None`` is ``always``."""
    defer_loading: bool | None = None
    """Whether the model has to find the tools by a tool search first."""
