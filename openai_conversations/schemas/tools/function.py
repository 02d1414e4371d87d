"""``function``: a function of the application."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import AllowedCaller


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
