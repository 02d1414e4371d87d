"""Where the user of a web search is."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class ApproximateLocation(Schema):
    """A rough place; the one shape of both web search tools."""

    type: Literal["approximate"] | str = "approximate"
    country: str | None = None
    """Two letters, ISO 3166-1."""
    region: str | None = None
    city: str | None = None
    timezone: str | None = None
    """IANA name."""
