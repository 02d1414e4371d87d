"""Tools, as dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from openai_conversations.schemas.params.content import WithAsync

ConnectorId: TypeAlias = Literal[
    "connector_dropbox",
    "connector_gmail",
    "connector_googlecalendar",
    "connector_googledrive",
    "connector_microsoftteams",
    "connector_outlookcalendar",
    "connector_outlookemail",
    "connector_sharepoint",
]


class FunctionToolParam(WithAsync):
    """A function that the model may call."""

    type: Literal["function"]
    name: str
    description: NotRequired[str | None]
    parameters: Mapping[str, Any] | None
    output_schema: NotRequired[Mapping[str, Any] | None]
    strict: bool | None
    defer_loading: NotRequired[bool | None]
    allowed_callers: NotRequired[Sequence[Literal["direct", "programmatic"]] | None]


class HybridSearchParam(TypedDict):
    """Weights of the two ways to search."""

    embedding_weight: float
    text_weight: float


class RankingOptionsParam(TypedDict):
    """How passages are ranked."""

    ranker: NotRequired[Literal["auto", "default-2024-11-15"] | None]
    score_threshold: NotRequired[float | None]
    hybrid_search: NotRequired[HybridSearchParam | None]


class ComparisonFilterParam(TypedDict):
    """Compares an attribute of a file with a value."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
    key: str
    value: str | float | bool | Sequence[str | float]


class CompoundFilterParam(TypedDict):
    """Combines filters."""

    type: Literal["and", "or"]
    filters: Sequence[ComparisonFilterParam | CompoundFilterParam]


class FileSearchToolParam(TypedDict):
    """Search in vector stores."""

    type: Literal["file_search"]
    vector_store_ids: Sequence[str]
    max_num_results: NotRequired[int | None]
    ranking_options: NotRequired[RankingOptionsParam | None]
    filters: NotRequired[ComparisonFilterParam | CompoundFilterParam | None]


class ComputerToolParam(TypedDict):
    """A computer that the model may use."""

    type: Literal["computer"]


class ComputerUsePreviewToolParam(TypedDict):
    """A computer of a given kind that the model may use."""

    type: Literal["computer_use_preview"]
    environment: Literal["windows", "mac", "linux", "ubuntu", "browser"]
    display_width: int
    display_height: int


class WebSearchFiltersParam(TypedDict):
    """Restricts a search."""

    allowed_domains: NotRequired[Sequence[str] | None]


class ApproximateLocationParam(TypedDict):
    """A rough place; the one shape of both web search tools."""

    type: Literal["approximate"]
    country: NotRequired[str | None]
    region: NotRequired[str | None]
    city: NotRequired[str | None]
    timezone: NotRequired[str | None]


class WebSearchToolParam(TypedDict):
    """Search on the web."""

    type: Literal["web_search", "web_search_2025_08_26"]
    external_web_access: NotRequired[bool | None]
    filters: NotRequired[WebSearchFiltersParam | None]
    user_location: NotRequired[ApproximateLocationParam | None]
    search_context_size: NotRequired[Literal["low", "medium", "high"] | None]


class McpToolFilterParam(TypedDict):
    """Chooses tools of a server."""

    tool_names: NotRequired[Sequence[str] | None]
    read_only: NotRequired[bool | None]


class McpApprovalFilterParam(TypedDict):
    """Which tools need an approval."""

    always: NotRequired[McpToolFilterParam | None]
    never: NotRequired[McpToolFilterParam | None]


class McpToolParam(TypedDict):
    """An MCP server; exactly one of ``server_url``, ``connector_id`` and ``tunnel_id`` names it."""

    type: Literal["mcp"]
    server_label: str
    server_url: NotRequired[str | None]
    connector_id: NotRequired[ConnectorId | None]
    tunnel_id: NotRequired[str | None]
    authorization: NotRequired[str | None]
    server_description: NotRequired[str | None]
    headers: NotRequired[Mapping[str, str] | None]
    allowed_tools: NotRequired[Sequence[str] | McpToolFilterParam | None]
    allowed_callers: NotRequired[Sequence[Literal["direct", "programmatic"]] | None]
    require_approval: NotRequired[McpApprovalFilterParam | Literal["always", "never"] | None]
    defer_loading: NotRequired[bool | None]


class NetworkDisabledParam(TypedDict):
    """Nothing."""

    type: Literal["disabled"]


class DomainSecretParam(TypedDict):
    """A secret that is put into requests to one domain."""

    domain: str
    name: str
    value: str


class NetworkAllowlistParam(TypedDict):
    """Some domains."""

    type: Literal["allowlist"]
    allowed_domains: Sequence[str]
    domain_secrets: NotRequired[Sequence[DomainSecretParam] | None]


class CodeInterpreterContainerParam(TypedDict):
    """A container that is created when it is needed."""

    type: Literal["auto"]
    file_ids: NotRequired[Sequence[str] | None]
    memory_limit: NotRequired[Literal["1g", "4g", "16g", "64g"] | None]
    network_policy: NotRequired[NetworkDisabledParam | NetworkAllowlistParam | None]


class CodeInterpreterToolParam(TypedDict):
    """Runs Python code of the model."""

    type: Literal["code_interpreter"]
    container: str | CodeInterpreterContainerParam
    allowed_callers: NotRequired[Sequence[Literal["direct", "programmatic"]] | None]


class ProgrammaticToolCallingToolParam(TypedDict):
    """Lets the model write programs that call tools."""

    type: Literal["programmatic_tool_calling"]


class InputImageMaskParam(TypedDict):
    """Which part of an image is painted anew."""

    image_url: NotRequired[str | None]
    file_id: NotRequired[str | None]


class ReasoningConfigParam(TypedDict):
    """Reasoning settings of later responses, or of the author model of an SVG image."""

    effort: NotRequired[Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None]


class SvgConfigParam(TypedDict):
    """The model that writes an SVG image."""

    model: NotRequired[str | None]
    reasoning: NotRequired[ReasoningConfigParam | None]


class ImageGenerationToolParam(TypedDict):
    """Makes and edits images; whatever is ``None`` is left to the service."""

    type: Literal["image_generation"]
    model: NotRequired[str | None]
    quality: NotRequired[Literal["low", "medium", "high", "xhigh", "max", "auto"] | None]
    size: NotRequired[Literal["1024x1024", "1024x1536", "1536x1024", "auto"] | None]
    output_format: NotRequired[Literal["png", "webp", "jpeg", "gif", "svg"] | None]
    output_compression: NotRequired[int | None]
    moderation: NotRequired[Literal["auto", "low"] | None]
    background: NotRequired[Literal["transparent", "opaque", "auto"] | None]
    input_fidelity: NotRequired[Literal["high", "low"] | None]
    input_image_mask: NotRequired[InputImageMaskParam | None]
    partial_images: NotRequired[int | None]
    action: NotRequired[Literal["generate", "edit", "auto"] | None]
    complexity: NotRequired[Literal["low", "medium", "high"] | None]
    frame_count: NotRequired[int | None]
    frame_duration_ms: NotRequired[int | None]
    svg: NotRequired[SvgConfigParam | None]


class LocalShellToolParam(TypedDict):
    """Lets the model ask for commands on the caller's machine."""

    type: Literal["local_shell"]


class SkillReferenceParam(TypedDict):
    """An uploaded skill."""

    type: Literal["skill_reference"]
    skill_id: str
    version: NotRequired[str | None]


class InlineSkillSourceParam(TypedDict):
    """The files of a skill."""

    type: Literal["base64"]
    media_type: NotRequired[Literal["application/zip"]]
    data: str


class InlineSkillParam(TypedDict):
    """A skill that comes with the request."""

    type: Literal["inline"]
    name: str
    description: str
    source: InlineSkillSourceParam


class ContainerAutoParam(TypedDict):
    """A container that is created when it is needed."""

    type: Literal["container_auto"]
    file_ids: NotRequired[Sequence[str] | None]
    memory_limit: NotRequired[Literal["1g", "4g", "16g", "64g"] | None]
    network_policy: NotRequired[NetworkDisabledParam | NetworkAllowlistParam | None]
    skills: NotRequired[Sequence[SkillReferenceParam | InlineSkillParam] | None]


class LocalSkillParam(TypedDict):
    """A skill in a directory of the machine that executes the commands."""

    name: str
    description: str
    path: str


class LocalEnvironmentParam(TypedDict):
    """The caller's own machine."""

    type: Literal["local"]
    skills: NotRequired[Sequence[LocalSkillParam] | None]


class ContainerReferenceParam(TypedDict):
    """A container that exists already."""

    type: Literal["container_reference"]
    container_id: str


class ShellToolParam(TypedDict):
    """Lets the model run commands."""

    type: Literal["shell"]
    environment: NotRequired[ContainerAutoParam | LocalEnvironmentParam | ContainerReferenceParam | None]
    allowed_callers: NotRequired[Sequence[Literal["direct", "programmatic"]] | None]


class PlainTextFormatParam(TypedDict):
    """Any text."""

    type: Literal["text"]


class CustomGrammarFormatParam(TypedDict):
    """Text that fits a grammar."""

    type: Literal["grammar"]
    syntax: Literal["lark", "regex"]
    definition: str


class CustomToolParam(WithAsync):
    """A tool whose input is text instead of JSON."""

    type: Literal["custom"]
    name: str
    description: NotRequired[str | None]
    format: NotRequired[PlainTextFormatParam | CustomGrammarFormatParam | None]
    defer_loading: NotRequired[bool | None]
    allowed_callers: NotRequired[Sequence[Literal["direct", "programmatic"]] | None]


class NamespaceFunctionToolParam(WithAsync):
    """A function inside a namespace; other than in a ``FunctionTool`` only its name is required."""

    type: Literal["function"]
    name: str
    description: NotRequired[str | None]
    parameters: NotRequired[Any]
    strict: NotRequired[bool | None]
    output_schema: NotRequired[Mapping[str, Any] | None]
    defer_loading: NotRequired[bool | None]
    allowed_callers: NotRequired[Sequence[Literal["direct", "programmatic"]] | None]


class NamespaceToolParam(TypedDict):
    """A group of tools."""

    type: Literal["namespace"]
    name: str
    description: str
    tools: Sequence[NamespaceFunctionToolParam | CustomToolParam]


class ToolSearchToolParam(TypedDict):
    """Lets the model search for tools that are not loaded yet."""

    type: Literal["tool_search"]
    execution: NotRequired[Literal["server", "client"] | None]
    description: NotRequired[str | None]
    parameters: NotRequired[Any]


class WebSearchPreviewToolParam(TypedDict):
    """Search on the web."""

    type: Literal["web_search_preview", "web_search_preview_2025_03_11"]
    user_location: NotRequired[ApproximateLocationParam | None]
    search_context_size: NotRequired[Literal["low", "medium", "high"] | None]
    search_content_types: NotRequired[Sequence[Literal["text", "image"]] | None]


class ApplyPatchToolParam(TypedDict):
    """Lets the model change files by patches."""

    type: Literal["apply_patch"]
    allowed_callers: NotRequired[Sequence[Literal["direct", "programmatic"]] | None]


ToolDictParam: TypeAlias = (
    FunctionToolParam
    | FileSearchToolParam
    | ComputerToolParam
    | ComputerUsePreviewToolParam
    | WebSearchToolParam
    | McpToolParam
    | CodeInterpreterToolParam
    | ProgrammaticToolCallingToolParam
    | ImageGenerationToolParam
    | LocalShellToolParam
    | ShellToolParam
    | CustomToolParam
    | NamespaceToolParam
    | ToolSearchToolParam
    | WebSearchPreviewToolParam
    | ApplyPatchToolParam
)
"""Any tool."""
