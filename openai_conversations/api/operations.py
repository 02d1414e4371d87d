"""The eight operations of the API, as data: ``operationId``, method, path and replay rule."""

from __future__ import annotations

from typing import Final

import attrs

from openai_conversations.transport.message import Replay


@attrs.frozen
class Endpoint:
    """One operation of the API's description."""

    operation: str
    method: str
    template: str
    replay: Replay = Replay.SAFE


_CONVERSATIONS: Final = "/conversations"
_CONVERSATION: Final = "/conversations/{conversation_id}"
_ITEMS: Final = "/conversations/{conversation_id}/items"
_ITEM: Final = "/conversations/{conversation_id}/items/{item_id}"

CREATE: Final = Endpoint("createConversation", "POST", _CONVERSATIONS, Replay.APPEND)
RETRIEVE: Final = Endpoint("getConversation", "GET", _CONVERSATION)
UPDATE: Final = Endpoint("updateConversation", "POST", _CONVERSATION)
DELETE: Final = Endpoint("deleteConversation", "DELETE", _CONVERSATION)
CREATE_ITEMS: Final = Endpoint("createConversationItems", "POST", _ITEMS, Replay.APPEND)
LIST_ITEMS: Final = Endpoint("listConversationItems", "GET", _ITEMS)
RETRIEVE_ITEM: Final = Endpoint("getConversationItem", "GET", _ITEM)
DELETE_ITEM: Final = Endpoint("deleteConversationItem", "DELETE", _ITEM)

ENDPOINTS: Final = (CREATE, RETRIEVE, UPDATE, DELETE, CREATE_ITEMS, LIST_ITEMS, RETRIEVE_ITEM, DELETE_ITEM)
