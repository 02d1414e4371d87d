"""Calls of the tools that the service runs, as dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict


class FileSearchResultParam(TypedDict):
    """A passage that was found."""

    file_id: NotRequired[str | None]
    text: NotRequired[str | None]
    filename: NotRequired[str | None]
    attributes: NotRequired[Mapping[str, str | float | bool] | None]
    score: NotRequired[float | None]


class FileSearchCallParam(TypedDict):
    """A file search, with its results when the request included ``file_search_call.results``."""

    id: str
    type: Literal["file_search_call"]
    status: Literal["in_progress", "completed", "incomplete", "searching", "failed"]
    queries: Sequence[str]
    results: NotRequired[Sequence[FileSearchResultParam] | None]


class WebSearchSourceParam(TypedDict):
    """A page that a search used."""

    type: Literal["url"]
    url: str


class SearchActionParam(TypedDict):
    """Search the web."""

    type: Literal["search"]
    query: NotRequired[str | None]
    queries: NotRequired[Sequence[str] | None]
    sources: NotRequired[Sequence[WebSearchSourceParam] | None]


class OpenPageActionParam(TypedDict):
    """Open a page."""

    type: Literal["open_page"]
    url: NotRequired[str | None]


class FindInPageActionParam(TypedDict):
    """Look for a text in an open page."""

    type: Literal["find_in_page"]
    url: str
    pattern: str


class WebSearchCallParam(TypedDict):
    """A step of a web search."""

    id: str
    type: Literal["web_search_call"]
    status: Literal["in_progress", "completed", "incomplete", "searching", "failed"]
    action: SearchActionParam | OpenPageActionParam | FindInPageActionParam


class ModerationDetailsParam(TypedDict):
    """Why an image was blocked."""

    categories: Sequence[str]
    moderation_stage: Literal["input", "output", "unknown"]


class ImageGenerationErrorParam(TypedDict):
    """Why an image was not made."""

    code: NotRequired[str | None]
    message: str
    param: NotRequired[str | None]
    type: NotRequired[str]
    moderation_details: NotRequired[ModerationDetailsParam | None]


class SvgUsageParam(TypedDict):
    """Tokens that the author model of an SVG image used."""

    input_tokens: int
    model: str
    output_tokens: int
    reasoning_tokens: int
    total_tokens: int


class ImageGenerationCallParam(TypedDict):
    """A generated image."""

    id: str
    type: Literal["image_generation_call"]
    status: Literal["in_progress", "completed", "generating", "failed"]
    result: str | None
    action: NotRequired[Literal["generate", "edit", "auto"] | None]
    background: NotRequired[Literal["transparent", "opaque", "auto"] | None]
    error: NotRequired[ImageGenerationErrorParam | None]
    output_format: NotRequired[Literal["png", "webp", "jpeg", "gif", "svg"] | None]
    quality: NotRequired[Literal["low", "medium", "high", "xhigh", "max", "auto"] | None]
    revised_prompt: NotRequired[str | None]
    size: NotRequired[Literal["1024x1024", "1024x1536", "1536x1024"] | None]
    svg_usage: NotRequired[SvgUsageParam | None]


class LogsOutputParam(TypedDict):
    """What the code printed."""

    type: Literal["logs"]
    logs: str


class ImageOutputParam(TypedDict):
    """An image that the code made."""

    type: Literal["image"]
    url: str


class CodeInterpreterCallParam(TypedDict):
    """A run of the code interpreter."""

    id: str
    type: Literal["code_interpreter_call"]
    status: Literal["in_progress", "completed", "incomplete", "interpreting", "failed"]
    container_id: str
    code: str | None
    outputs: Sequence[LogsOutputParam | ImageOutputParam] | None


class McpToolDescriptionParam(TypedDict):
    """A tool of an MCP server."""

    name: str
    description: NotRequired[str | None]
    input_schema: Any
    annotations: NotRequired[Any]


class McpListToolsParam(TypedDict):
    """The tools of an MCP server."""

    id: str
    type: Literal["mcp_list_tools"]
    server_label: str
    tools: Sequence[McpToolDescriptionParam]
    error: NotRequired[str | None]


class McpApprovalRequestParam(TypedDict):
    """Asks a person for an approval; the answer names this item's id."""

    id: str
    type: Literal["mcp_approval_request"]
    server_label: str
    name: str
    arguments: str


class McpApprovalResponseParam(TypedDict):
    """A person's answer."""

    id: NotRequired[str]
    type: Literal["mcp_approval_response"]
    approval_request_id: str
    approve: bool
    reason: NotRequired[str | None]


class McpProtocolErrorParam(TypedDict):
    """The MCP server answered with an error of the protocol."""

    type: Literal["mcp_protocol_error"]
    code: int
    message: str


class McpToolExecutionErrorParam(TypedDict):
    """The tool failed."""

    type: Literal["mcp_tool_execution_error"]
    content: Any


class HttpErrorParam(TypedDict):
    """The MCP server could not be reached."""

    type: Literal["http_error"]
    code: int
    message: str


class McpCallParam(TypedDict):
    """A call of a tool of an MCP server, with its output."""

    id: str
    type: Literal["mcp_call"]
    server_label: str
    name: str
    arguments: str
    output: NotRequired[str | None]
    error: NotRequired[McpProtocolErrorParam | McpToolExecutionErrorParam | HttpErrorParam | str | None]
    status: NotRequired[Literal["in_progress", "completed", "incomplete", "calling", "failed"] | None]
    approval_request_id: NotRequired[str | None]
