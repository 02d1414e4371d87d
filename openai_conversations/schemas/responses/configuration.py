"""What a response was asked for, as the response repeats it."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import Schema, left_out, schema
from openai_conversations.schemas.content import InputFile, InputImage, InputText
from openai_conversations.schemas.enums import ReasoningEffort, ToolChoiceType
from openai_conversations.schemas.items.configuration_update import JsonSchemaFormat
from openai_conversations.schemas.plain_text_format import PlainTextFormat
from openai_conversations.schemas.unknown import UnknownContent, UnknownObject


@schema
class ResponseReasoning(Schema):
    """How the model reasons."""

    mode: Literal["standard", "pro"] | str | None = None
    effort: ReasoningEffort | None = None
    """``None`` leaves the model's own default."""
    summary: Literal["auto", "concise", "detailed"] | str | None = None
    """How detailed the summaries are; ``None`` when there are none."""
    context: Literal["auto", "current_turn", "all_turns"] | str | None = None
    """Which reasoning of earlier turns the model sees."""
    generate_summary: Literal["auto", "concise", "detailed"] | str | None = None
    """The old name of ``summary``."""


@schema
class JsonObjectFormat(Schema):
    """JSON without a schema, the older way; ``json_schema`` is the newer one."""

    type: Literal["json_object"] = "json_object"


@schema
class ResponseTextConfig(Schema):
    """What the text is like."""

    format: PlainTextFormat | JsonSchemaFormat | JsonObjectFormat | UnknownObject | None = None
    verbosity: Literal["low", "medium", "high"] | str | None = None


@schema
class ToolChoiceAllowed(Schema):
    """Some of the tools."""

    type: Literal["allowed_tools"] = "allowed_tools"

    mode: Literal["auto", "required"] | str
    """Whether the model may call one of them, or has to."""
    tools: list[dict[str, Any]]
    """Tools by type and name."""


@schema
class ToolChoiceFunction(Schema):
    """One function."""

    type: Literal["function"] = "function"

    name: str


@schema
class ToolChoiceCustom(Schema):
    """One custom tool."""

    type: Literal["custom"] = "custom"

    name: str


@schema
class ToolChoiceMcp(Schema):
    """A tool of an MCP server."""

    type: Literal["mcp"] = "mcp"

    server_label: str
    name: str | None = None
    """``None`` is any of the server's."""


@schema
class ToolChoiceTypes(Schema):
    """A tool that has no name but its type."""

    type: ToolChoiceType


ToolChoice = (
    Literal["none", "auto", "required"]
    | str
    | ToolChoiceAllowed
    | ToolChoiceFunction
    | ToolChoiceCustom
    | ToolChoiceMcp
    | ToolChoiceTypes
    | UnknownObject
)
"""Whether the model calls tools, and which."""


@schema
class ResponsePrompt(Schema):
    """A stored prompt and what was filled into it."""

    id: str
    version: str | None = None
    variables: dict[str, str | InputText | InputImage | InputFile | UnknownContent] | None = None


@schema
class PromptCacheOptions(Schema):
    """How the prompt was cached."""

    ttl: Literal["30m", "12h"] | str = left_out(default="")
    """How long each breakpoint lives at least; ``""`` when the server does not say."""
    mode: Literal["implicit", "explicit"] | str = left_out(default="")
    """Whether the service set breakpoints of its own; ``""`` when the server does not say."""
    comparison_response_id: str | None = None
    """The response that the prompt was compared with to find out why it was not cached."""
