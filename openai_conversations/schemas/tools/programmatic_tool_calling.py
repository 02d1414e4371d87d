"""``programmatic_tool_calling``: the model calls tools from programs."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class ProgrammaticToolCallingTool(Schema):
    """Lets the model write programs that call tools."""

    type: Literal["programmatic_tool_calling"] = "programmatic_tool_calling"
