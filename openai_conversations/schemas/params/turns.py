"""What a turn is asked with besides its input, as dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from openai_conversations.schemas.enums import ToolChoiceType
from openai_conversations.schemas.params.content import InputFileParam, InputImageParam, InputTextParam
from openai_conversations.schemas.params.items import JsonSchemaFormatParam
from openai_conversations.schemas.params.tools import PlainTextFormatParam

ServiceTier: TypeAlias = Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"]
Truncation: TypeAlias = Literal["auto", "disabled"]
PromptCacheRetention: TypeAlias = Literal["in_memory", "24h"]


class AccessProgramsParam(TypedDict, total=False):
    """Access programs of a domain."""

    cyber: Literal["standard", "daybreak_blue", "daybreak_red"]


class BackgroundOptionsParam(TypedDict, total=False):
    """A turn in the background."""

    completion_window: Literal["soonest", "2h", "8h"]
    continuation_id: str


class ContextManagementParam(TypedDict):
    """When the service compacts."""

    type: str
    compact_threshold: NotRequired[int | None]


class ImageOptionsParam(TypedDict, total=False):
    """All images of a request."""

    context_compression: Literal["auto", "enabled", "disabled"]


class ModerationModeParam(TypedDict):
    """Whether what is flagged is kept from the model, or only scored."""

    mode: Literal["score", "block"]


class ModerationPolicyParam(TypedDict, total=False):
    """How input and output are moderated."""

    input: ModerationModeParam | None
    output: ModerationModeParam | None


class ModerationParam(TypedDict):
    """By which model and policy input and output are moderated."""

    model: str
    policy: NotRequired[ModerationPolicyParam | None]


class ResponsePromptParam(TypedDict):
    """A stored prompt and what is filled into it."""

    id: str
    version: NotRequired[str | None]
    variables: NotRequired[Mapping[str, str | InputTextParam | InputImageParam | InputFileParam] | None]


class PromptCacheOptionsParam(TypedDict, total=False):
    """How the prompt is cached."""

    comparison_response_id: str | None
    mode: Literal["implicit", "explicit"]
    prewarm: bool
    ttl: Literal["30m", "12h"]


class ResponseReasoningParam(TypedDict, total=False):
    """How the model reasons."""

    mode: Literal["standard", "pro"] | str
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None
    summary: Literal["auto", "concise", "detailed"] | None
    context: Literal["auto", "current_turn", "all_turns"] | None
    generate_summary: Literal["auto", "concise", "detailed"] | None


class StreamOptionsParam(TypedDict, total=False):
    """What the events of a stream carry."""

    include_obfuscation: bool


class JsonObjectFormatParam(TypedDict):
    """JSON without a schema, the older way."""

    type: Literal["json_object"]


class ResponseTextConfigParam(TypedDict, total=False):
    """What the text is like."""

    format: PlainTextFormatParam | JsonSchemaFormatParam | JsonObjectFormatParam
    verbosity: Literal["low", "medium", "high"] | None


class ToolChoiceAllowedParam(TypedDict):
    """Some of the tools."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: Sequence[Mapping[str, Any]]


class ToolChoiceFunctionParam(TypedDict):
    """One function."""

    type: Literal["function"]
    name: str


class ToolChoiceCustomParam(TypedDict):
    """One custom tool."""

    type: Literal["custom"]
    name: str


class ToolChoiceMcpParam(TypedDict):
    """A tool of an MCP server."""

    type: Literal["mcp"]
    server_label: str
    name: NotRequired[str | None]


class ToolChoiceTypesParam(TypedDict):
    """A tool that has no name but its type."""

    type: ToolChoiceType


ToolChoiceParam: TypeAlias = (
    Literal["none", "auto", "required"]
    | ToolChoiceAllowedParam
    | ToolChoiceTypesParam
    | ToolChoiceFunctionParam
    | ToolChoiceMcpParam
    | ToolChoiceCustomParam
)
"""Whether the model calls tools, and which."""
