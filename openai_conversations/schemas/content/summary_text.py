"""``summary_text``: a summary of the model's reasoning."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class SummaryText(Schema):
    """A part of a summary of what the model reasoned so far."""

    type: Literal["summary_text"] = "summary_text"

    text: str
