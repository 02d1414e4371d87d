"""``item_reference``: an item that is stored already."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.items.base import Item


@schema
class ItemReference(Item):
    """Stands for a stored item. Only in requests; on the wire the type may be absent."""

    type: Literal["item_reference"] = "item_reference"

    id: str  # pyright: ignore[reportGeneralTypeIssues]  # a reference without an id is none
    """Id of the stored item."""
