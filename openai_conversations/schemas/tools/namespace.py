"""``namespace``: functions and custom tools under a common name."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import AllowedCaller
from openai_conversations.schemas.tools.custom import CustomTool
from openai_conversations.schemas.unknown import UnknownTool


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
