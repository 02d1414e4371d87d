"""``reasoning``: how the model came to its answer."""

from __future__ import annotations

from typing import Literal

import attrs

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.content import ReasoningText, SummaryText
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownContent


@schema
class Reasoning(Item):
    """The model's reasoning. It can be stored only with its ``id`` or its ``encrypted_content``."""

    type: Literal["reasoning"] = "reasoning"

    encrypted_content: str | None = None
    """Only when the request included ``reasoning.encrypted_content``."""
    summary: list[SummaryText | UnknownContent] = attrs.field(factory=list[SummaryText | UnknownContent])
    """Always sent, because the API wants the list also when it is empty; some servers leave it out."""
    content: list[ReasoningText | UnknownContent] | None = None
    status: ItemStatus | None = None
