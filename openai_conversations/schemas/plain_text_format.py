"""Text without a format, as both the model's answers and the input of custom tools may have it."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class PlainTextFormat(Schema):
    """Any text."""

    type: Literal["text"] = "text"
