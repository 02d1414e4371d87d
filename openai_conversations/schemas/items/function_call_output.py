"""``function_call_output``: what a function returned."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.callers import Caller
from openai_conversations.schemas.content import InputContent
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item


@schema
class FunctionCallOutput(Item):
    """The output of a function call."""

    type: Literal["function_call_output"] = "function_call_output"

    call_id: str | None = None
    """The ``call_id`` of the function call; the API's description does not require it."""
    name: str | None = None
    namespace: str | None = None
    caller: Caller | None = None
    output: str | list[InputContent]
    """Text, or a list of texts, images and files."""
    status: ItemStatus | None = None
    created_by: str | None = None
    """Who created the item; present in responses only."""
