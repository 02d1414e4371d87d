"""What all items share."""

from __future__ import annotations

from openai_conversations.schemas.base import Schema, left_out, schema


@schema
class Item(Schema):
    """Base of every item class; at run time it also stands for the union of them all."""

    id: str = left_out(default="")
    """``""`` as long as the item is not stored; an empty id is not sent."""
