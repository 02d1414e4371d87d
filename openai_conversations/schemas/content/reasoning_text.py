"""``reasoning_text``: the model's reasoning itself."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class ReasoningText(Schema):
    """A part of the model's reasoning."""

    type: Literal["reasoning_text"] = "reasoning_text"

    text: str
