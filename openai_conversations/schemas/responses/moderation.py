"""What the service's moderation says of a response."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.unknown import UnknownObject


@schema
class ModerationResult(Schema):
    """A judgement."""

    type: Literal["moderation_result"] = "moderation_result"

    model: str
    flagged: bool
    """Whether any category applies."""
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[Literal["text", "image"] | str]]
    """Category → the kinds of input that its score is about."""


@schema
class ModerationError(Schema):
    """Why there is no judgement."""

    type: Literal["error"] = "error"

    code: str
    message: str


@schema
class ResponseModeration(Schema):
    """Judgements of what went in and what came out."""

    input: ModerationResult | ModerationError | UnknownObject
    output: ModerationResult | ModerationError | UnknownObject
