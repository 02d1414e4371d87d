"""One page of a conversation's items."""

from __future__ import annotations

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.items import ConversationItem


@schema
class ConversationItemList(Schema):
    """A page of items, in the order that was asked for."""

    object: str = "list"
    data: list[ConversationItem]
    has_more: bool = False
    """Whether the server says that there are more items; some servers say so on a full last page."""
    first_id: str | None = None
    """Id of the first item; ``None`` or ``""`` when the page is empty or the server does not say."""
    last_id: str | None = None
    """Id of the last item, the cursor of the next page; ``None`` or ``""`` as for ``first_id``."""
