"""
Tools that the model may use, as items carry them.

One module, because ``tools`` of an item may hold any of these. It is imported when the first item with tools is met.
"""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import Schema, schema, secret
from openai_conversations.schemas.enums import (
    AllowedCaller,
    Execution,
    ImageAction,
    ImageBackground,
    ImageFormat,
    ImageQuality,
    MemoryLimit,
    SearchContextSize,
)
from openai_conversations.schemas.environments import ContainerReference, LocalEnvironment
from openai_conversations.schemas.plain_text_format import PlainTextFormat
from openai_conversations.schemas.reasoning_config import ReasoningConfig
from openai_conversations.schemas.unknown import UnknownObject, UnknownTool


@schema
class FunctionTool(Schema):
    """A function that the model may call."""

    type: Literal["function"] = "function"

    name: str
    description: str | None = None
    """Tells the model when to call the function."""
    parameters: dict[str, Any] | None
    """JSON Schema of the arguments."""
    output_schema: dict[str, Any] | None = None
    """JSON Schema of the value that is encoded in the output."""
    strict: bool | None
    """Whether the arguments must fit ``parameters`` exactly."""
    defer_loading: bool | None = None
    """Whether the model has to find the function by a tool search first."""
    async_: bool | None = None
    """Whether the output may come later than with the next response."""
    allowed_callers: list[AllowedCaller] | None = None


@schema
class CustomGrammarFormat(Schema):
    """Text that fits a grammar."""

    type: Literal["grammar"] = "grammar"

    syntax: Literal["lark", "regex"] | str
    definition: str
    """The grammar."""


CustomFormat = PlainTextFormat | CustomGrammarFormat | UnknownObject


@schema
class CustomTool(Schema):
    """A tool whose input is text instead of JSON."""

    type: Literal["custom"] = "custom"

    name: str
    description: str | None = None
    format: CustomFormat | None = None
    """``None`` is any text."""
    defer_loading: bool | None = None
    """Whether the model has to find the tool by a tool search first."""
    async_: bool | None = None
    """Whether the output may come later than with the next response."""
    allowed_callers: list[AllowedCaller] | None = None


@schema
class NamespaceFunctionTool(Schema):
    """A function inside a namespace; other than in a ``FunctionTool`` only its name is required."""

    type: Literal["function"] = "function"

    name: str
    description: str | None = None
    parameters: Any = None
    """JSON Schema of the arguments; the API's description does not type it."""
    strict: bool | None = None
    """``None`` is strict when the schema allows it."""
    output_schema: dict[str, Any] | None = None
    """JSON Schema of the value that is encoded in the output."""
    defer_loading: bool | None = None
    """Whether the model has to find the function by a tool search first."""
    async_: bool | None = None
    """Whether the output may come later than with the next response."""
    allowed_callers: list[AllowedCaller] | None = None


@schema
class NamespaceTool(Schema):
    """A group of tools."""

    type: Literal["namespace"] = "namespace"

    name: str
    description: str
    """Shown to the model."""
    tools: list[NamespaceFunctionTool | CustomTool | UnknownTool]


@schema
class ToolSearchTool(Schema):
    """Lets the model search for tools that are not loaded yet."""

    type: Literal["tool_search"] = "tool_search"

    execution: Execution | None = None
    description: str | None = None
    """Shown to the model when the client executes the search."""
    parameters: Any = None
    """JSON Schema of the arguments when the client executes the search."""


@schema
class ProgrammaticToolCallingTool(Schema):
    """Lets the model write programs that call tools."""

    type: Literal["programmatic_tool_calling"] = "programmatic_tool_calling"


@schema
class ComparisonFilter(Schema):
    """Compares an attribute of a file with a value."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]

    key: str
    """Name of the attribute."""
    value: str | float | bool | list[str | float]
    """Integers stay integers. A list for ``in`` and ``nin``."""


@schema
class CompoundFilter(Schema):
    """Combines filters."""

    type: Literal["and", "or"]

    filters: list[FileFilter]


FileFilter = ComparisonFilter | CompoundFilter | UnknownObject


@schema
class HybridSearch(Schema):
    """Weights of the two ways to search."""

    embedding_weight: float
    text_weight: float


@schema
class RankingOptions(Schema):
    """How passages are ranked."""

    ranker: Literal["auto", "default-2024-11-15"] | str | None = None
    score_threshold: float | None = None
    """From 0 to 1: passages below are left out."""
    hybrid_search: HybridSearch | None = None


@schema
class FileSearchTool(Schema):
    """Search in vector stores."""

    type: Literal["file_search"] = "file_search"

    vector_store_ids: list[str]
    max_num_results: int | None = None
    """From 1 to 50."""
    ranking_options: RankingOptions | None = None
    filters: FileFilter | None = None


@schema
class ApproximateLocation(Schema):
    """A rough place; the one shape of both web search tools."""

    type: Literal["approximate"] | str = "approximate"
    country: str | None = None
    """Two letters, ISO 3166-1."""
    region: str | None = None
    city: str | None = None
    timezone: str | None = None
    """IANA name."""


@schema
class WebSearchFilters(Schema):
    """Restricts a search."""

    allowed_domains: list[str] | None = None
    """``None`` is the whole web; subdomains are included."""


@schema
class WebSearchTool(Schema):
    """Search on the web."""

    type: Literal["web_search", "web_search_2025_08_26"] = "web_search"

    external_web_access: bool | None = None
    """``False`` searches what the service has stored instead of the live web."""
    filters: WebSearchFilters | None = None
    user_location: ApproximateLocation | None = None
    search_context_size: SearchContextSize | None = None


@schema
class WebSearchPreviewTool(Schema):
    """Search on the web."""

    type: Literal["web_search_preview", "web_search_preview_2025_03_11"] = "web_search_preview"

    user_location: ApproximateLocation | None = None
    search_context_size: SearchContextSize | None = None
    search_content_types: list[Literal["text", "image"] | str] | None = None


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


@schema
class DomainSecret(Schema):
    """A secret that is put into requests to one domain."""

    domain: str
    name: str
    value: str = secret()


@schema
class NetworkDisabled(Schema):
    """Nothing."""

    type: Literal["disabled"] = "disabled"


@schema
class NetworkAllowlist(Schema):
    """Some domains."""

    type: Literal["allowlist"] = "allowlist"

    allowed_domains: list[str]
    domain_secrets: list[DomainSecret] | None = None


NetworkPolicy = NetworkDisabled | NetworkAllowlist | UnknownObject


@schema
class CodeInterpreterContainer(Schema):
    """A container that is created when it is needed."""

    type: Literal["auto"] = "auto"

    file_ids: list[str] | None = None
    """Uploaded files for the code."""
    memory_limit: MemoryLimit | None = None
    network_policy: NetworkPolicy | None = None


@schema
class CodeInterpreterTool(Schema):
    """Runs Python code of the model."""

    type: Literal["code_interpreter"] = "code_interpreter"

    container: str | CodeInterpreterContainer | UnknownObject
    """Id of a container, or how to create one."""
    allowed_callers: list[AllowedCaller] | None = None


@schema
class SkillReference(Schema):
    """An uploaded skill."""

    type: Literal["skill_reference"] = "skill_reference"

    skill_id: str
    version: str | None = None
    """A number or ``latest``; ``None`` is the skill's default version."""


@schema
class InlineSkillSource(Schema):
    """The files of a skill."""

    type: Literal["base64"] = "base64"

    media_type: Literal["application/zip"] | str = "application/zip"
    data: str
    """The zip file in base64."""


@schema
class InlineSkill(Schema):
    """A skill that comes with the request."""

    type: Literal["inline"] = "inline"

    name: str
    description: str
    source: InlineSkillSource | UnknownObject


Skill = SkillReference | InlineSkill | UnknownObject


@schema
class ContainerAuto(Schema):
    """A container that is created when it is needed."""

    type: Literal["container_auto"] = "container_auto"

    file_ids: list[str] | None = None
    """Uploaded files for the commands."""
    memory_limit: MemoryLimit | None = None
    network_policy: NetworkPolicy | None = None
    skills: list[Skill] | None = None


ShellToolEnvironment = ContainerAuto | LocalEnvironment | ContainerReference | UnknownObject


@schema
class ShellTool(Schema):
    """Lets the model run commands."""

    type: Literal["shell"] = "shell"

    environment: ShellToolEnvironment | None = None
    """Where the commands run."""
    allowed_callers: list[AllowedCaller] | None = None


@schema
class LocalShellTool(Schema):
    """Lets the model ask for commands on the caller's machine."""

    type: Literal["local_shell"] = "local_shell"


@schema
class ApplyPatchTool(Schema):
    """Lets the model change files by patches."""

    type: Literal["apply_patch"] = "apply_patch"

    allowed_callers: list[AllowedCaller] | None = None


@schema
class ComputerTool(Schema):
    """A computer that the model may use."""

    type: Literal["computer"] = "computer"


@schema
class ComputerUsePreviewTool(Schema):
    """A computer of a given kind that the model may use."""

    type: Literal["computer_use_preview"] = "computer_use_preview"

    environment: Literal["windows", "mac", "linux", "ubuntu", "browser"] | str
    display_width: int
    """In pixels."""
    display_height: int
    """In pixels."""


@schema
class InputImageMask(Schema):
    """Which part of an image is painted anew."""

    image_url: str | None = None
    """The mask as a ``data:`` URL."""
    file_id: str | None = None


@schema
class SvgConfig(Schema):
    """The model that writes an SVG image."""

    model: str | None = None
    reasoning: ReasoningConfig | None = None


ImageModel = (
    Literal[
        "gpt-image-1",
        "gpt-image-1-mini",
        "gpt-image-1.5",
        "gpt-image-2",
        "gpt-image-2-2026-04-21",
        "gpt-image-2.5-sunburst",
        "gpt-image-2.5-sunburst-2026-09-08",
        "gpt-image-2.5-flare",
        "gpt-image-2.5-flare-2026-09-08",
        "gpt-image-2.6-sunburst",
        "gpt-image-2.6-flare",
        "chatgpt-image-latest",
    ]
    | str
)


@schema
class ImageGenerationTool(Schema):
    """Makes and edits images; whatever is ``None`` is left to the service."""

    type: Literal["image_generation"] = "image_generation"

    model: ImageModel | None = None
    quality: ImageQuality | None = None
    size: Literal["1024x1024", "1024x1536", "1536x1024", "auto"] | str | None = None
    """``WIDTHxHEIGHT`` in pixels, or ``auto``."""
    output_format: ImageFormat | None = None
    output_compression: int | None = None
    """From 0 to 100."""
    moderation: Literal["auto", "low"] | str | None = None
    background: ImageBackground | None = None
    input_fidelity: Literal["high", "low"] | str | None = None
    """How closely features of the input images are kept."""
    input_image_mask: InputImageMask | None = None
    partial_images: int | None = None
    """How many unfinished images are streamed, from 0 to 3."""
    action: ImageAction | None = None
    complexity: Literal["low", "medium", "high"] | str | None = None
    """How much the image is planned before it is drawn."""
    frame_count: int | None = None
    """Frames of a GIF."""
    frame_duration_ms: int | None = None
    """Duration of each frame of a GIF, in milliseconds."""
    svg: SvgConfig | None = None


Tool = (
    FunctionTool
    | FileSearchTool
    | ComputerTool
    | ComputerUsePreviewTool
    | WebSearchTool
    | McpTool
    | CodeInterpreterTool
    | ProgrammaticToolCallingTool
    | ImageGenerationTool
    | LocalShellTool
    | ShellTool
    | CustomTool
    | NamespaceTool
    | ToolSearchTool
    | WebSearchPreviewTool
    | ApplyPatchTool
    | UnknownTool
)
