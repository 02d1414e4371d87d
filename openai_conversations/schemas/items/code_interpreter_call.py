"""``code_interpreter_call``: code that the model ran."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, nullable, schema
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownObject


@schema
class LogsOutput(Schema):
    """What the code printed."""

    type: Literal["logs"] = "logs"

    logs: str


@schema
class ImageOutput(Schema):
    """An image that the code made."""

    type: Literal["image"] = "image"

    url: str


CodeInterpreterOutput = LogsOutput | ImageOutput | UnknownObject


@schema
class CodeInterpreterCall(Item):
    """A run of the code interpreter."""

    type: Literal["code_interpreter_call"] = "code_interpreter_call"

    status: ItemStatus | Literal["interpreting", "failed"] | None = None
    container_id: str
    code: str | None = nullable(default=None)
    """``None`` when the code is not available."""
    outputs: list[CodeInterpreterOutput] | None = nullable(default=None)
    """``None`` without outputs, or when the request did not include ``code_interpreter_call.outputs``."""
