"""``computer``: use of a computer."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class ComputerTool(Schema):
    """A computer that the model may use."""

    type: Literal["computer"] = "computer"
