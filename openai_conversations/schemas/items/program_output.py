"""``program_output``: the result of a program."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.items.base import Item


@schema
class ProgramOutput(Item):
    """The result of a program of the model."""

    type: Literal["program_output"] = "program_output"

    call_id: str
    """The ``call_id`` of the program."""
    result: str
    status: Literal["completed", "incomplete"] | str | None = None
