"""Tools that the service runs: search, images, code, MCP servers."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import left_out, schema
from openai_conversations.schemas.enums import ImageBackground, ImageFormat, ImageQuality
from openai_conversations.schemas.responses.events.base import ItemEvent


@schema
class ResponseFileSearchCallInProgressEvent(ItemEvent):
    """A search in files begins."""

    type: Literal["response.file_search_call.in_progress"] = "response.file_search_call.in_progress"


@schema
class ResponseFileSearchCallSearchingEvent(ItemEvent):
    """A search in files is under way."""

    type: Literal["response.file_search_call.searching"] = "response.file_search_call.searching"


@schema
class ResponseFileSearchCallCompletedEvent(ItemEvent):
    """A search in files has ended."""

    type: Literal["response.file_search_call.completed"] = "response.file_search_call.completed"


@schema
class ResponseWebSearchCallInProgressEvent(ItemEvent):
    """A search on the web begins."""

    type: Literal["response.web_search_call.in_progress"] = "response.web_search_call.in_progress"


@schema
class ResponseWebSearchCallSearchingEvent(ItemEvent):
    """A search on the web is under way."""

    type: Literal["response.web_search_call.searching"] = "response.web_search_call.searching"


@schema
class ResponseWebSearchCallCompletedEvent(ItemEvent):
    """A search on the web has ended."""

    type: Literal["response.web_search_call.completed"] = "response.web_search_call.completed"


@schema
class ResponseImageGenCallInProgressEvent(ItemEvent):
    """An image is asked for."""

    type: Literal["response.image_generation_call.in_progress"] = "response.image_generation_call.in_progress"


@schema
class ResponseImageGenCallGeneratingEvent(ItemEvent):
    """An image is being made."""

    type: Literal["response.image_generation_call.generating"] = "response.image_generation_call.generating"


@schema
class ResponseImageGenCallPartialImageEvent(ItemEvent):
    """An image that is not finished."""

    type: Literal["response.image_generation_call.partial_image"] = "response.image_generation_call.partial_image"

    partial_image_index: int = left_out(default=-1)
    """Counts the unfinished images from 0; -1 when the server does not say."""
    partial_image_b64: str
    """The image in base64; often megabytes."""
    size: str | None = None
    """``WIDTHxHEIGHT`` in pixels."""
    quality: ImageQuality | None = None
    background: ImageBackground | None = None
    output_format: ImageFormat | None = None


@schema
class ResponseImageGenCallCompletedEvent(ItemEvent):
    """An image is finished; it comes with its item."""

    type: Literal["response.image_generation_call.completed"] = "response.image_generation_call.completed"


@schema
class ResponseCodeInterpreterCallInProgressEvent(ItemEvent):
    """A call of the code interpreter begins."""

    type: Literal["response.code_interpreter_call.in_progress"] = "response.code_interpreter_call.in_progress"


@schema
class ResponseCodeInterpreterCallCodeDeltaEvent(ItemEvent):
    """The next piece of the code."""

    type: Literal["response.code_interpreter_call_code.delta"] = "response.code_interpreter_call_code.delta"

    delta: str


@schema
class ResponseCodeInterpreterCallCodeDoneEvent(ItemEvent):
    """The whole code."""

    type: Literal["response.code_interpreter_call_code.done"] = "response.code_interpreter_call_code.done"

    code: str


@schema
class ResponseCodeInterpreterCallInterpretingEvent(ItemEvent):
    """The code runs."""

    type: Literal["response.code_interpreter_call.interpreting"] = "response.code_interpreter_call.interpreting"


@schema
class ResponseCodeInterpreterCallCompletedEvent(ItemEvent):
    """The code has run."""

    type: Literal["response.code_interpreter_call.completed"] = "response.code_interpreter_call.completed"


@schema
class ResponseMcpCallInProgressEvent(ItemEvent):
    """A call of an MCP tool begins."""

    type: Literal["response.mcp_call.in_progress"] = "response.mcp_call.in_progress"


@schema
class ResponseMcpCallCompletedEvent(ItemEvent):
    """A call of an MCP tool has ended."""

    type: Literal["response.mcp_call.completed"] = "response.mcp_call.completed"


@schema
class ResponseMcpCallFailedEvent(ItemEvent):
    """A call of an MCP tool has failed; its item says why."""

    type: Literal["response.mcp_call.failed"] = "response.mcp_call.failed"


@schema
class ResponseMcpListToolsInProgressEvent(ItemEvent):
    """An MCP server is asked for its tools."""

    type: Literal["response.mcp_list_tools.in_progress"] = "response.mcp_list_tools.in_progress"


@schema
class ResponseMcpListToolsCompletedEvent(ItemEvent):
    """An MCP server has named its tools."""

    type: Literal["response.mcp_list_tools.completed"] = "response.mcp_list_tools.completed"


@schema
class ResponseMcpListToolsFailedEvent(ItemEvent):
    """An MCP server has not named its tools; the item says why."""

    type: Literal["response.mcp_list_tools.failed"] = "response.mcp_list_tools.failed"
