"""Items of the output and parts of their content, as they come and when they are done."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import left_out, schema
from openai_conversations.schemas.content import OutputText, ReasoningText, Refusal
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.schemas.responses.events.base import ContentEvent, Event
from openai_conversations.schemas.unknown import UnknownContent

OutputContent = OutputText | Refusal | ReasoningText | UnknownContent
"""Part of an item that the model writes."""


@schema
class ResponseOutputItemAddedEvent(Event):
    """A new item, as far as it has come; ``encrypted_content`` of reasoning may not be whole yet."""

    type: Literal["response.output_item.added"] = "response.output_item.added"

    output_index: int = left_out(default=-1)
    """Where it stands in ``Response.output``; -1 when the server does not say."""
    item: ConversationItem
    """:class:`UnknownItem` with ``data=None`` when the server sent null or nothing."""


@schema
class ResponseOutputItemDoneEvent(Event):
    """A whole item."""

    type: Literal["response.output_item.done"] = "response.output_item.done"

    output_index: int = left_out(default=-1)
    """Where it stands in ``Response.output``; -1 when the server does not say."""
    item: ConversationItem
    """:class:`UnknownItem` with ``data=None`` when the server sent null or nothing."""


@schema
class ResponseContentPartAddedEvent(ContentEvent):
    """A new content part, as far as it has come."""

    type: Literal["response.content_part.added"] = "response.content_part.added"

    part: OutputContent
    """:class:`UnknownContent` with ``data=None`` when the server sent null or nothing."""


@schema
class ResponseContentPartDoneEvent(ContentEvent):
    """A whole content part."""

    type: Literal["response.content_part.done"] = "response.content_part.done"

    part: OutputContent
    """:class:`UnknownContent` with ``data=None`` when the server sent null or nothing."""
