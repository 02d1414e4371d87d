"""What the model calls functions, custom tools and MCP tools with."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import left_out, schema
from openai_conversations.schemas.responses.events.base import ItemEvent, ItemPieceEvent


@schema
class ResponseFunctionCallArgumentsDeltaEvent(ItemPieceEvent):
    """The next piece of a function's arguments."""

    type: Literal["response.function_call_arguments.delta"] = "response.function_call_arguments.delta"

    delta: str


@schema
class ResponseFunctionCallArgumentsDoneEvent(ItemEvent):
    """The whole arguments of a function."""

    type: Literal["response.function_call_arguments.done"] = "response.function_call_arguments.done"

    name: str = left_out(default="")
    """``""`` when the server does not say."""
    arguments: str
    """A JSON object."""


@schema
class ResponseCustomToolCallInputDeltaEvent(ItemPieceEvent):
    """The next piece of the input of a custom tool."""

    type: Literal["response.custom_tool_call_input.delta"] = "response.custom_tool_call_input.delta"

    delta: str


@schema
class ResponseCustomToolCallInputDoneEvent(ItemEvent):
    """The whole input of a custom tool."""

    type: Literal["response.custom_tool_call_input.done"] = "response.custom_tool_call_input.done"

    input: str


@schema
class ResponseMcpCallArgumentsDeltaEvent(ItemPieceEvent):
    """The next piece of an MCP tool's arguments."""

    type: Literal["response.mcp_call_arguments.delta"] = "response.mcp_call_arguments.delta"

    delta: str


@schema
class ResponseMcpCallArgumentsDoneEvent(ItemEvent):
    """The whole arguments of an MCP tool."""

    type: Literal["response.mcp_call_arguments.done"] = "response.mcp_call_arguments.done"

    arguments: str
    """A JSON object."""
