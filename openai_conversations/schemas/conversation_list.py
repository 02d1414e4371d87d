"""A page of conversations, of servers that list them."""

from __future__ import annotations

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.schemas.page import Page


@schema
class ConversationList(Page, Schema):
    """A page of conversations, of servers that list them."""

    object: str = "list"
    data: list[Conversation]
    has_more: bool = False
    """Whether the server says that there are more."""
    first_id: str | None = None
    """Id of the first conversation."""
    last_id: str | None = None
    """Id of the last conversation, the cursor of the next page."""
