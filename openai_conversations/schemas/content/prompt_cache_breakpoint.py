"""The end of a reusable prompt prefix, marked on a content part."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class PromptCacheBreakpoint(Schema):
    """Marks the exact end of a prompt prefix that the service caches."""

    mode: Literal["explicit"] | str = "explicit"
    ttl: Literal["30m", "12h"] | str | None = None
    """How long the prefix stays cached at least; ``None`` takes the time of the request."""
