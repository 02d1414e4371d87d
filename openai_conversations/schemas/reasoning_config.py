"""How much a model reasons."""

from __future__ import annotations

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import ReasoningEffort


@schema
class ReasoningConfig(Schema):
    """Reasoning settings of later responses, or of the author model of an SVG image."""

    effort: ReasoningEffort | None = None
    """``None`` leaves the model's own default."""
