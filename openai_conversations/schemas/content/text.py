"""``text``: text without a direction."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class Text(Schema):
    """Text of a message that is neither input nor output."""

    type: Literal["text"] = "text"

    text: str
