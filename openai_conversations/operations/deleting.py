"""What the error of an item's deletion says of the item, and of the server."""

from __future__ import annotations

from typing import Final

from openai_conversations.error_bodies import error_message
from openai_conversations.errors import APIStatusError
from openai_conversations.transport.message import HTTPRequest
from openai_conversations.transport.status import is_api_not_found, says_conversation_is_gone

_NO_SUCH_OPERATION: Final = frozenset({404, 405, 501})
"""What servers answer that have no such operation; 404 counts when it is not about the item."""

STALE_ROUNDS: Final = 6
"""How often a server may show what it said it deleted; the waits in between grow from 0.1 s to 3.2 s."""

STILL_LISTED: Final = "the server goes on listing items that it said it deleted"

_FIRST_WAIT: Final = 0.1


def stale_wait(rounds: int) -> float:
    """Seconds to wait when a server has shown what it said it deleted so many times."""
    return _FIRST_WAIT * 2.0 ** (rounds - 1)


def is_item_gone(error: APIStatusError, request: HTTPRequest, *, deletes_items: bool) -> bool:
    """
    Whether an error is the API's word that the item is not there, and not about the address or the conversation.

    A service may keep the items of a conversation that was deleted: that one is gone says nothing of the other.

    Args:
        error: What the deletion met.
        request: The deletion.
        deletes_items: Whether the server has deleted other items: then it has the operation.
    """
    if error.status_code != 404 or not is_api_not_found(error, request) or says_conversation_is_gone(error, request):
        return False
    said = error_message(error.body)
    return deletes_items or any(name and name in said for name in (request.item_id, request.conversation_id))


def may_delete_nothing(error: APIStatusError, *, deletes_items: bool) -> bool:
    """
    Whether an error is what servers answer that do not delete items; a listing tells: what is not in it is gone.

    Args:
        error: What the deletion met.
        deletes_items: Whether the server has deleted other items: then it has the operation.
    """
    return error.status_code in _NO_SUCH_OPERATION and not deletes_items


def deletes_nothing(error: APIStatusError) -> str:
    """What is said of a server that goes on listing an item whose deletion it answers like this."""
    return f"the server does not delete items; to a deletion it answers {error.message}"
