"""The operations of the API, as data: ``operationId``, method, path, and what may be done with a request of it."""

from __future__ import annotations

from typing import Final

import attrs

from openai_conversations.transport.message import Replay


@attrs.frozen(eq=False, repr=False)
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

_RESPONSES: Final = "/responses"
_RESPONSE: Final = "/responses/{response_id}"

CREATE_RESPONSE: Final = Operation("createResponse", "POST", _RESPONSES, Replay.APPEND)
GET_RESPONSE: Final = Operation("getResponse", "GET", _RESPONSE)
DELETE_RESPONSE: Final = Operation("deleteResponse", "DELETE", _RESPONSE)
CANCEL_RESPONSE: Final = Operation("cancelResponse", "POST", f"{_RESPONSE}/cancel")
LIST_INPUT_ITEMS: Final = Operation("listInputItems", "GET", f"{_RESPONSE}/input_items")
COUNT_INPUT_TOKENS: Final = Operation("Getinputtokencounts", "POST", f"{_RESPONSES}/input_tokens")
COMPACT: Final = Operation("Compactconversation", "POST", f"{_RESPONSES}/compact")

OTHER_READ: Final = "otherRead"
OTHER_WRITE: Final = "otherWrite"
"""What is asked of endpoints that have no method here, as the official client's ``client.post()`` does."""

LIST_CONVERSATIONS: Final = Operation("listConversations", "GET", _CONVERSATIONS)
"""Not of OpenAI's description: Azure AI Foundry has it."""

OPERATIONS: Final = (
    CREATE_CONVERSATION,
    GET_CONVERSATION,
    UPDATE_CONVERSATION,
    DELETE_CONVERSATION,
    CREATE_ITEMS,
    LIST_ITEMS,
    GET_ITEM,
    DELETE_ITEM,
    CREATE_RESPONSE,
    GET_RESPONSE,
    DELETE_RESPONSE,
    CANCEL_RESPONSE,
    LIST_INPUT_ITEMS,
    COUNT_INPUT_TOKENS,
    COMPACT,
)
