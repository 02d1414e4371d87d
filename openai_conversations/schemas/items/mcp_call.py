"""``mcp_call``: a call of a tool of an MCP server."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownObject


@schema
class McpProtocolError(Schema):
    """The MCP server answered with an error of the protocol."""

    type: Literal["mcp_protocol_error"] = "mcp_protocol_error"

    code: int
    message: str


@schema
class McpToolExecutionError(Schema):
    """The tool failed."""

    type: Literal["mcp_tool_execution_error"] = "mcp_tool_execution_error"

    content: Any
    """What the tool returned, any JSON value."""


@schema
class HttpError(Schema):
    """The MCP server could not be reached."""

    type: Literal["http_error"] = "http_error"

    code: int
    """The HTTP status."""
    message: str


McpError = McpProtocolError | McpToolExecutionError | HttpError | UnknownObject


@schema
class McpCall(Item):
    """A call of a tool of an MCP server, with its output."""

    type: Literal["mcp_call"] = "mcp_call"

    server_label: str
    name: str
    """Name of the tool."""
    arguments: str
    """The arguments as JSON text."""
    output: str | None = None
    error: McpError | str | None = None
    """A string in older versions of the API."""
    status: ItemStatus | Literal["calling", "failed"] | None = None
    approval_request_id: str | None = None
    """Id of the approval request, ``None`` when no approval was needed."""
