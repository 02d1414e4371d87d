"""
Deletions: what is gone after an unknown outcome was deleted by this call.

A deletion that the service confirmed is never turned into an error by what is asked for afterwards. One that only a 404
speaks for is confirmed by its conversation: where that is gone too, the item may still be there.
"""

from __future__ import annotations

import logging
from typing import Final

from openai_conversations.api import operations
from openai_conversations.api.caller import codec
from openai_conversations.api.pagination import item_id
from openai_conversations.errors import APIResponseValidationError, ConversationsError, NotFoundError
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from openai_conversations.transport.status import is_api_not_found
from openai_conversations.writing.last_item import LastItems

logger: Final = logging.getLogger("openai_conversations")

_NO_CONTENT: Final = 204


async def delete_conversation(request: HTTPRequest, handler: Handler, last_items: LastItems) -> HTTPResponse:
    """
    A retried deletion that finds the conversation gone, after an unknown outcome, has succeeded.

    So has one that is answered with 204, as servers of other makers do.
    """
    try:
        response = await handler(request)
    except NotFoundError as error:
        if not (error.after_unknown_outcome and is_api_not_found(error, request)):
            raise
        response = HTTPResponse(status_code=204, content=b"", source=request, attempts=error.attempts)
    last_items.forget(request.conversation_key)
    if response.status_code != _NO_CONTENT:
        return response
    gone = {"id": request.conversation_id, "object": "conversation.deleted", "deleted": True}
    return response.replace(status_code=200, content=codec().encode(gone))


async def delete_item(request: HTTPRequest, handler: Handler, last_items: LastItems) -> HTTPResponse:
    """
    The same of an item; what such a call returns, the conversation, is then asked for.

    A service whose conversation was deleted answers 404 for its items, whether they are still there or not: where the
    conversation cannot be read, a 404 says nothing of what the attempt before it did, and is raised.
    """
    absent: NotFoundError | None = None
    try:
        response = await handler(request)
        if response.status_code != _NO_CONTENT:
            return response
    except NotFoundError as error:
        if not (error.after_unknown_outcome and is_api_not_found(error, request)):
            raise
        absent = error
        response = HTTPResponse(status_code=204, content=b"", source=request, attempts=error.attempts)
    finally:
        last_items.forget(request.conversation_key, request.item_id)
    return await _conversation_after(request, handler, response, absent)


async def _conversation_after(
    request: HTTPRequest, handler: Handler, deleted: HTTPResponse, absent: NotFoundError | None
) -> HTTPResponse:
    """
    The conversation, or what is known of it when it cannot be read: its id.

    Args:
        request: The deletion.
        handler: Sends a request.
        deleted: The response to it.
        absent: The 404 that speaks for it, raised when the conversation cannot be read; ``None`` when it is confirmed.
    """
    try:
        shown = await handler(_conversation_of(request))
        if conversation_id(shown) is not None:
            return shown
        reason = "the response is not a conversation"
    except ConversationsError as error:
        reason = str(error)
    if absent is not None:
        raise absent
    logger.warning("an item was deleted, but its conversation could not be read afterwards: %s", reason)
    known = {"id": request.conversation_id, "object": "conversation"}
    return deleted.replace(status_code=200, content=codec().encode(known))


def conversation_id(response: HTTPResponse) -> str | None:
    """The id that a response gives to a conversation; ``None`` when it is none."""
    try:
        value = codec().value_of(response)
    except APIResponseValidationError:
        return None
    return item_id(value) or None


def _conversation_of(request: HTTPRequest) -> HTTPRequest:
    """The request for the conversation that an item is in."""
    operation = operations.GET_CONVERSATION
    return request.replace(
        operation=operation.id,
        method=operation.method,
        template=operation.path,
        url=request.url.partition("?")[0].rpartition("/items/")[0],
        stream=False,
        attempts=(),
    )
