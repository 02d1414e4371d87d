"""``program``: a program that the model wrote to call tools."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.items.base import Item


@schema
class Program(Item):
    """A program of the model."""

    type: Literal["program"] = "program"

    call_id: str
    """Ties the program to its output and to the calls that it makes."""
    code: str
    """JavaScript source."""
    fingerprint: str
    """Opaque; must be sent back as it came."""
