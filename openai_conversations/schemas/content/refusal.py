"""``refusal``: the model declines."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class Refusal(Schema):
    """A refusal of the model."""

    type: Literal["refusal"] = "refusal"

    refusal: str
    """The model's explanation."""
