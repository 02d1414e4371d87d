"""A conversation, and what the API answers when it is deleted."""

from __future__ import annotations

from typing import Any

from openai_conversations.schemas.base import Schema, schema


@schema
class Conversation(Schema):
    """
    A conversation, without its items.

    Old servers answer the deletion of an item with ``{"id", "object": "conversation.item.deleted", "deleted"}``
    instead of the conversation. That is read as a conversation too: ``object`` tells, ``created_at`` is 0 and
    ``deleted`` stands in ``extra``.
    """

    id: str
    object: str = "conversation"
    metadata: dict[str, Any] | None = None
    """At most 16 pairs. Strings at OpenAI, untyped in the API's description, anything on other servers."""
    created_at: int = 0
    """Seconds since 1970-01-01 UTC; 0 when the server does not say."""


@schema
class ConversationDeletedResource(Schema):
    """The response to the deletion of a conversation. Its items are not deleted by that."""

    id: str
    object: str = "conversation.deleted"
    deleted: bool = True
