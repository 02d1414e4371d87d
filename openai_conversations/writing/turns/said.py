"""
What a service says is wrong with a turn, without the credentials that it may repeat.

It goes into errors, which are shown, logged and pickled. What a turn gives that is complete says nothing of what is
wrong, and is not touched.
"""

from __future__ import annotations

from openai_conversations.api.caller import codec
from openai_conversations.errors import APIResponseValidationError, described
from openai_conversations.schemas.responses.events.base import Event, UnknownEvent
from openai_conversations.schemas.responses.events.lifecycle import ResponseErrorEvent
from openai_conversations.schemas.responses.response import Response
from openai_conversations.transport.message import HTTPResponse
from openai_conversations.writing.turns.statuses import NOT_COMPLETE


def decoded_turn(http_response: HTTPResponse) -> Response:
    """
    The response of a turn, as it goes into errors.

    Raises:
        APIResponseValidationError: It is none.
    """
    response: Response = codec().decode_response(http_response, Response)
    if not _is_wrong(response):
        return response
    shown = http_response.without_secrets()
    hidden: Response = response if shown is http_response else codec().decode_response(shown, Response)
    return hidden


def says_what_is_wrong(event: Event, data: bytes) -> bool:
    """Whether an event says why a turn is not complete; *data* is what it was decoded from."""
    if isinstance(event, UnknownEvent):
        return b"cancelled" in data
    response = getattr(event, "response", None)
    return isinstance(event, ResponseErrorEvent) or (isinstance(response, Response) and _is_wrong(response))


def shown(content: bytes, http_response: HTTPResponse | None) -> bytes:
    """What came in a response, without the credentials of its request; ``None`` where nothing is known of that."""
    from openai_conversations.transport.masking import hide  # for errors only

    return content if http_response is None else hide(content, http_response.secrets)


def unreadable(error: Exception, http_response: HTTPResponse | None) -> APIResponseValidationError:
    """The error for events that are none, or of which nobody has thought."""
    assert http_response is not None  # noqa: S101  # for type checkers: what is read came in a response
    is_known = isinstance(error, ValueError)  # of the codec, or not believed
    said = f"an event is {error}" if is_known else f"what came could not be read: {described(error)}"
    message = shown(said.encode(errors="replace"), http_response).decode(errors="replace")
    failure = APIResponseValidationError(http_response, message=message)
    failure.__cause__ = None if is_known else error
    return failure


def _is_wrong(response: Response) -> bool:
    is_not_whole = response.status in NOT_COMPLETE
    return is_not_whole or response.error is not None or response.incomplete_details is not None
