"""The operations of the API, as data: ``operationId``, method, path, and what may be done with a request of it."""

from __future__ import annotations

from typing import Final

import attrs

from openai_conversations.transport.message import Replay


@attrs.frozen
class Operation:
    """
    One operation of the API's description.

    Attributes:
        id: Its ``operationId``.
        method: The HTTP method.
        path: With its parameters in braces.
        replay: When a request of it may be sent again.
        is_ordered: Whether writes to one conversation go one after the other with it.
    """

    id: str
    method: str
    path: str
    replay: Replay = Replay.SAFE
    is_ordered: bool = False


_CONVERSATIONS: Final = "/conversations"
_CONVERSATION: Final = "/conversations/{conversation_id}"
_ITEMS: Final = "/conversations/{conversation_id}/items"
_ITEM: Final = "/conversations/{conversation_id}/items/{item_id}"

CREATE_CONVERSATION: Final = Operation("createConversation", "POST", _CONVERSATIONS, Replay.APPEND)
GET_CONVERSATION: Final = Operation("getConversation", "GET", _CONVERSATION)
UPDATE_CONVERSATION: Final = Operation("updateConversation", "POST", _CONVERSATION, is_ordered=True)
DELETE_CONVERSATION: Final = Operation("deleteConversation", "DELETE", _CONVERSATION, is_ordered=True)
CREATE_ITEMS: Final = Operation("createConversationItems", "POST", _ITEMS, Replay.APPEND, is_ordered=True)
LIST_ITEMS: Final = Operation("listConversationItems", "GET", _ITEMS)
GET_ITEM: Final = Operation("getConversationItem", "GET", _ITEM)
DELETE_ITEM: Final = Operation("deleteConversationItem", "DELETE", _ITEM)

OPERATIONS: Final = (
    CREATE_CONVERSATION,
    GET_CONVERSATION,
    UPDATE_CONVERSATION,
    DELETE_CONVERSATION,
    CREATE_ITEMS,
    LIST_ITEMS,
    GET_ITEM,
    DELETE_ITEM,
)
