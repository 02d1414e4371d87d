"""What a turn came to: its response, or the error that says why there is none."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from openai_conversations.api import turn_requests
from openai_conversations.api.arguments import CallOptions, Members
from openai_conversations.api.caller import Caller, codec
from openai_conversations.error_bodies import filtered_for
from openai_conversations.errors import ConversationsError, RequestInfo
from openai_conversations.schemas.responses.events.base import Event
from openai_conversations.schemas.responses.events.lifecycle import (
    ResponseCompletedEvent,
    ResponseErrorEvent,
    ResponseIncompleteEvent,
)
from openai_conversations.schemas.responses.response import Response
from openai_conversations.transport.message import HTTPResponse
from openai_conversations.writing.turns.errors import ResponseFailedError, ResponseIncompleteError
from openai_conversations.writing.turns.said import decoded_turn
from openai_conversations.writing.turns.snapshot import Cancelled, Terminal, is_complete, reason_of
from openai_conversations.writing.turns.stream import TurnStream
from openai_conversations.writing.write_order import Writing

OnEvent = Callable[[Event], object]
"""Called with each event of a turn; may be a coroutine function."""


async def take_turn(
    caller: Caller,
    writing: Writing,
    body: Members,
    options: CallOptions | None = None,
    on_event: OnEvent | None = None,
) -> Response:
    """
    Take a turn that is not streamed to the caller, and give its response, whole or not.

    ``timeout.turn`` is for all of it, also where its events are read here.

    Args:
        caller: Sends, through the whole chain.
        writing: The write order, and the last items known.
        body: Members of the body; with ``stream`` true, the events are read here.
        options: See :class:`CallOptions`; ``None`` for those of the caller.
        on_event: Called with each event; what it raises ends the reading. ``None`` for nobody.

    Raises:
        TurnLostError: The conversation shows the turn, and its response cannot be had.
        AmbiguousWriteError: What became of it could not be found out.
        ResponseFailedError: The service only sent an error.
    """
    if on_event is not None:
        body = body | {"stream": True}
    if body.get("stream") is not True:
        caller = caller.streaming(stream=False)
        return decoded_turn(await caller.send(turn_requests.create_response(caller, body, options)))
    response, _ = await take_streamed_turn(caller, writing, body, options, on_event)
    return response


async def take_streamed_turn(
    caller: Caller,
    writing: Writing,
    body: Members,
    options: CallOptions | None = None,
    on_event: OnEvent | None = None,
) -> tuple[Response, HTTPResponse]:
    """Take a turn whose body has ``stream`` true: its response, and the HTTP response that its events began with."""
    caller = caller.streaming(stream=True)
    request = turn_requests.create_response(caller, body, options)
    turn = TurnStream(caller, writing, turn_requests.bounded_as_a_whole(request))
    http_response = await turn.open()
    try:
        while events := await turn.read():
            for event in events if on_event is not None else ():
                await _tell(on_event, event)
        return ended_response(turn.snapshot.terminal, turn.request.info), http_response
    finally:
        await turn.close()


async def _tell(on_event: OnEvent | None, event: Event) -> None:
    told = None if on_event is None else on_event(event)
    if inspect.isawaitable(told):
        await told


def ended_response(terminal: Terminal | None, request: RequestInfo) -> Response:
    """
    The response of a turn that has ended, whole or not.

    Raises:
        ResponseFailedError: The service only sent an error.
        ConversationsError: The stream was closed before the end.
    """
    if terminal is None or isinstance(terminal, ResponseErrorEvent):
        return final_response(terminal, request)
    return terminal.response


def final_response(terminal: Terminal | None, request: RequestInfo) -> Response:
    """
    The response of a turn that is complete.

    Raises:
        ResponseFailedError: The turn failed, or was cancelled.
        ResponseIncompleteError: It ended before it was whole.
        ConversationsError: The stream was closed before the end.
    """
    if terminal is None:
        raise ConversationsError("the stream was closed before the turn ended: there is no final response")
    if isinstance(terminal, ResponseCompletedEvent):
        return terminal.response if is_complete(terminal) else check_complete(terminal.response, request)
    if isinstance(terminal, Cancelled):
        return check_complete(terminal.response, request)
    if isinstance(terminal, ResponseIncompleteEvent):
        raise _incomplete(terminal.response, request)
    error = reason_of(terminal)
    response = None if isinstance(terminal, ResponseErrorEvent) else terminal.response
    raise ResponseFailedError(
        f"the response failed: {error.message or error.code or 'no reason given'}{_filtered(response)}",
        request,
        response=response,
        body={"error": codec().to_json(error)},
    )


def check_complete(response: Response, request: RequestInfo | None = None) -> Response:
    """
    The response, if it is complete.

    Raises:
        ResponseFailedError: The turn failed, or was cancelled.
        ResponseIncompleteError: It ended before it was whole.
    """
    if response.status == "incomplete":
        raise _incomplete(response, request)
    error = response.error
    if response.status == "completed" or (response.status is None and error is None):
        return response
    said = error.message or error.code if error is not None else None
    raise ResponseFailedError(
        f"the response is {response.status or 'failed'!r}: {said or 'no reason given'}{_filtered(response)}",
        request,
        response=response,
        body=None if error is None else {"error": codec().to_json(error)},
    )


def _incomplete(response: Response, request: RequestInfo | None) -> ResponseIncompleteError:
    details = response.incomplete_details
    reason = details.reason if details is not None else None
    return ResponseIncompleteError(
        f"the response is incomplete: {reason or 'no reason given'}{_filtered(response)}", request, response=response
    )


def _filtered(response: Response | None) -> str:
    """What Azure's content filter took out, for the end of a sentence."""
    filters = (response.extra or {}).get("content_filters") if response is not None else None
    filtered = filtered_for({"content_filters": filters})
    return f", filtered for {filtered}" if filtered else ""
