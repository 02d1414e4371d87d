"""Who made a tool call: the model itself, or a program that the model wrote."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.unknown import UnknownObject


@schema
class DirectCaller(Schema):
    """The model called the tool itself."""

    type: Literal["direct"] = "direct"


@schema
class ProgramCaller(Schema):
    """A ``program`` item called the tool."""

    type: Literal["program"] = "program"

    caller_id: str
    """The ``call_id`` of the program item."""


Caller = DirectCaller | ProgramCaller | UnknownObject
