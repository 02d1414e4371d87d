"""Items as dictionaries, for type checkers: keys complete in an editor, and a slip is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from openai_conversations.schemas.params.content import (
    DirectCallerParam,
    InputContentParam,
    MessageContentParam,
    ProgramCallerParam,
    ReasoningTextParam,
    SummaryTextParam,
    WithAsync,
)
from openai_conversations.schemas.params.hosted_items import (
    CodeInterpreterCallParam,
    FileSearchCallParam,
    ImageGenerationCallParam,
    McpApprovalRequestParam,
    McpApprovalResponseParam,
    McpCallParam,
    McpListToolsParam,
    WebSearchCallParam,
)
from openai_conversations.schemas.params.machine_items import (
    ApplyPatchCallOutputParam,
    ApplyPatchCallParam,
    ComputerCallOutputParam,
    ComputerCallParam,
    LocalShellCallOutputParam,
    LocalShellCallParam,
    ShellCallOutputParam,
    ShellCallParam,
)
from openai_conversations.schemas.params.tools import PlainTextFormatParam, ReasoningConfigParam, ToolDictParam


class MessageParam(TypedDict):
    """A message to or from the model, with one content for all of its shapes."""

    id: NotRequired[str]
    type: NotRequired[Literal["message"]]
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]
    role: Literal["user", "assistant", "system", "developer"]
    content: str | Sequence[MessageContentParam]
    phase: NotRequired[Literal["commentary", "final_answer"] | None]


class FunctionCallParam(WithAsync):
    """A call of a function. The conversation is broken until its output is stored too."""

    id: NotRequired[str]
    type: Literal["function_call"]
    call_id: str
    caller: NotRequired[DirectCallerParam | ProgramCallerParam | None]
    namespace: NotRequired[str | None]
    name: str
    arguments: str
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]


class FunctionCallOutputParam(TypedDict):
    """The output of a function call."""

    id: NotRequired[str]
    type: Literal["function_call_output"]
    call_id: NotRequired[str | None]
    name: NotRequired[str | None]
    namespace: NotRequired[str | None]
    caller: NotRequired[DirectCallerParam | ProgramCallerParam | None]
    output: str | Sequence[InputContentParam]
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]


class ToolSearchCallParam(TypedDict):
    """A search for tools."""

    id: NotRequired[str]
    type: Literal["tool_search_call"]
    call_id: NotRequired[str | None]
    execution: NotRequired[Literal["server", "client"] | None]
    arguments: Any
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]


class ToolSearchOutputParam(TypedDict):
    """The output of a search for tools."""

    id: NotRequired[str]
    type: Literal["tool_search_output"]
    call_id: NotRequired[str | None]
    execution: NotRequired[Literal["server", "client"] | None]
    tools: Sequence[ToolDictParam]
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]


class AdditionalToolsParam(TypedDict):
    """Tools given to the model in the middle of a conversation."""

    id: NotRequired[str]
    type: Literal["additional_tools"]
    role: Literal["unknown", "user", "assistant", "system", "critic", "discriminator", "developer", "tool"]
    tools: Sequence[ToolDictParam]


class JsonSchemaFormatParam(TypedDict):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    name: str
    schema: Mapping[str, Any]
    description: NotRequired[str | None]
    strict: NotRequired[bool | None]


class TextConfigParam(TypedDict):
    """Settings of the text that the model writes."""

    format: PlainTextFormatParam | JsonSchemaFormatParam


class ConfigurationUpdateParam(TypedDict):
    """Settings for later responses; each one holds until a later update replaces it."""

    id: NotRequired[str]
    type: Literal["configuration_update"]
    reasoning: NotRequired[ReasoningConfigParam | None]
    text: NotRequired[TextConfigParam | None]


class ReasoningParam(TypedDict):
    """The model's reasoning. It can be stored only with its ``id`` or its ``encrypted_content``."""

    id: NotRequired[str]
    type: Literal["reasoning"]
    encrypted_content: NotRequired[str | None]
    summary: Sequence[SummaryTextParam]
    content: NotRequired[Sequence[ReasoningTextParam] | None]
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]


class ProgramParam(TypedDict):
    """A program of the model."""

    id: str
    type: Literal["program"]
    call_id: str
    code: str
    fingerprint: str


class ProgramOutputParam(TypedDict):
    """The result of a program of the model."""

    id: str
    type: Literal["program_output"]
    call_id: str
    result: str
    status: Literal["completed", "incomplete"]


class CompactionParam(TypedDict):
    """An opaque summary that replaces the items before it."""

    id: NotRequired[str]
    type: Literal["compaction"]
    encrypted_content: str


class CustomToolCallParam(WithAsync):
    """A call of a custom tool."""

    id: NotRequired[str]
    type: Literal["custom_tool_call"]
    call_id: str
    caller: NotRequired[DirectCallerParam | ProgramCallerParam | None]
    namespace: NotRequired[str | None]
    name: str
    input: str
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]


class CustomToolCallOutputParam(TypedDict):
    """The output of a custom tool."""

    id: NotRequired[str]
    type: Literal["custom_tool_call_output"]
    call_id: str
    caller: NotRequired[DirectCallerParam | ProgramCallerParam | None]
    output: str | Sequence[InputContentParam]
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]


class CompactionTriggerParam(TypedDict):
    """Asks the service to condense what came before. Only in requests, and only as the last item."""

    id: NotRequired[str]
    type: Literal["compaction_trigger"]


class ItemReferenceParam(TypedDict):
    """Stands for a stored item. Only in requests; on the wire the type may be absent."""

    type: NotRequired[Literal["item_reference"]]
    id: str


ItemDictParam: TypeAlias = (
    MessageParam
    | FunctionCallParam
    | FunctionCallOutputParam
    | FileSearchCallParam
    | WebSearchCallParam
    | ImageGenerationCallParam
    | ComputerCallParam
    | ComputerCallOutputParam
    | ToolSearchCallParam
    | ToolSearchOutputParam
    | AdditionalToolsParam
    | ConfigurationUpdateParam
    | ReasoningParam
    | ProgramParam
    | ProgramOutputParam
    | CompactionParam
    | CodeInterpreterCallParam
    | LocalShellCallParam
    | LocalShellCallOutputParam
    | ShellCallParam
    | ShellCallOutputParam
    | ApplyPatchCallParam
    | ApplyPatchCallOutputParam
    | McpListToolsParam
    | McpApprovalRequestParam
    | McpApprovalResponseParam
    | McpCallParam
    | CustomToolCallParam
    | CustomToolCallOutputParam
    | CompactionTriggerParam
    | ItemReferenceParam
)
"""Any item as a dictionary."""
