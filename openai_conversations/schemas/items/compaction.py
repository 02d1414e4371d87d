"""``compaction``: earlier items, condensed."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.items.base import Item


@schema
class Compaction(Item):
    """An opaque summary that replaces the items before it."""

    type: Literal["compaction"] = "compaction"

    encrypted_content: str
    created_by: str | None = None
    """Who created the item; present in responses only."""
