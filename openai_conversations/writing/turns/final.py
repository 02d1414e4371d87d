"""
What a final response says, held against what the events of its turn have told.

What lacks is given as events; or it is found to be another one.

Texts, refusals and arguments are compared piece by piece, items by what they are and what they hold; never by ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from openai_conversations.api.caller import codec
from openai_conversations.error_bodies import error_details, error_message
from openai_conversations.errors import APIResponseValidationError
from openai_conversations.jsontypes import as_object, text_of
from openai_conversations.schemas.content import OutputText, Refusal
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.schemas.items.message import Message
from openai_conversations.schemas.responses.events.base import Event, UnknownEvent
from openai_conversations.schemas.responses.events.lifecycle import (
    ResponseCompletedEvent,
    ResponseCreatedEvent,
    ResponseFailedEvent,
    ResponseIncompleteEvent,
)
from openai_conversations.schemas.responses.response import Response
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from openai_conversations.writing.turns.reconcile import is_another
from openai_conversations.writing.turns.recovered import (
    RecoveredArgumentsDelta,
    RecoveredCancelled,
    RecoveredCompleted,
    RecoveredCreated,
    RecoveredError,
    RecoveredFailed,
    RecoveredIncomplete,
    RecoveredInputDelta,
    RecoveredItemDone,
    RecoveredMcpArgumentsDelta,
    RecoveredRefusalDelta,
    RecoveredTextDelta,
)
from openai_conversations.writing.turns.snapshot import Position, TurnSnapshot
from openai_conversations.writing.turns.statuses import ENDED, NOT_COMPLETE

_ENDS: Final[Mapping[str, Any]] = {
    "completed": RecoveredCompleted,
    "failed": RecoveredFailed,
    "incomplete": RecoveredIncomplete,
}
"""Status of a response → the event that ends its stream. The one of a cancelled one is not OpenAI's."""

_TEXT: Final = "response.output_text.delta"
_REFUSAL: Final = "response.refusal.delta"

_WRITTEN: Final = {
    "function_call": ("response.function_call_arguments.delta", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input.delta", "input"),
    "mcp_call": ("response.mcp_call_arguments.delta", "arguments"),
}
"""Type of an item → the type of the events that tell what the model wrote into it, and the field that holds it."""

_PIECES: Final[Mapping[str, Any]] = {
    _TEXT: RecoveredTextDelta,
    _REFUSAL: RecoveredRefusalDelta,
    "response.function_call_arguments.delta": RecoveredArgumentsDelta,
    "response.custom_tool_call_input.delta": RecoveredInputDelta,
    "response.mcp_call_arguments.delta": RecoveredMcpArgumentsDelta,
}

_TERMINAL: Final = (ResponseCompletedEvent, ResponseIncompleteEvent, ResponseFailedEvent)

_WITHOUT: Final = -1
"""The index of a part, or of an item, that has none or does not say it."""


class NotBelieved(ValueError):  # noqa: N818  # it is a finding: the response is asked for instead
    """An event that cannot be of this turn, or leaves open what became of it; the message goes on from "is"."""


# before an event of a stream


def missing_before(event: Event, snapshot: TurnSnapshot, *, is_resumed: bool) -> list[Event] | None:
    """
    What has to be told before an event of a stream; ``None`` when it contradicts what was told.

    A stream that is whole is believed, also where the ids in it change: gateways do that. Then, and when it was
    resumed, what was told has to be in the final response.

    Raises:
        NotBelieved: It is of another response, or says that one is complete that is not all there.
    """
    told = response_id_of(event)
    is_other = is_another(snapshot.response_id, told)
    if is_other and isinstance(event, ResponseCreatedEvent | UnknownEvent):
        raise _of_another(told, snapshot)
    if not isinstance(event, _TERMINAL):
        return []
    if isinstance(event, ResponseCompletedEvent) and snapshot.has_halves(event):
        raise NotBelieved("the end of a response without output, and items of it never ended")
    if is_other or snapshot.is_renamed:
        if not _is_what_was_told(event.response, snapshot):
            raise _of_another(told, snapshot)
        return []
    return lacking(event.response, snapshot, has_ended=True) if is_resumed and event.response.output else []


def _of_another(told: str, snapshot: TurnSnapshot) -> NotBelieved:
    return NotBelieved(f"of another response, {told}, in the stream of {snapshot.response_id}")


def _is_what_was_told(response: Response, snapshot: TurnSnapshot) -> bool:
    missing = lacking(response, snapshot)
    return bool(snapshot.has_output) and missing is not None and not any(map(_is_piece, missing))


def _is_piece(event: Event) -> bool:
    return isinstance(event, tuple(_PIECES.values()))


def response_id_of(event: Event) -> str:
    """The id of the response that an event is of; ``""`` where it does not say."""
    told = getattr(event, "response", None)
    if isinstance(event, UnknownEvent):
        return text_of(as_object(event.data).get("response"), "id")
    return told.id if isinstance(told, Response) else ""


# what lacks


def lacking(response: Response, snapshot: TurnSnapshot, *, has_ended: bool = False) -> list[Event] | None:
    """
    The rest of each text and the items that were not told; ``None`` when what was told is not of this response.

    Args:
        response: One that has ended.
        snapshot: What was told.
        has_ended: Whether the stream came to its end: of one that began in the middle nothing lacks then.
    """
    whole, is_complete = parts_of(response.output), response.status not in NOT_COMPLETE
    told = _placed(snapshot.told, whole, is_complete=is_complete)
    if told is None or (is_complete and snapshot.reaches(len(response.output))):
        return None
    if not _are_in(snapshot, response.output):
        return None
    events: list[Event] = []
    for index, item in enumerate(response.output):
        is_known = _is_known(index, snapshot)
        if is_known is None and not has_ended:
            return None
        for place in (place for place in whole if place[0] == index):
            begun, text = told.get(place, ""), whole[place]
            if not (text.startswith(begun) if is_known else text.endswith(begun)):
                return None
            if is_known:
                events += _rest(item, place, begun, text)
        if is_known and not _is_done(index, item, snapshot):
            events.append(RecoveredItemDone(output_index=index, item=item))
    return events


def _is_known(index: int, snapshot: TurnSnapshot) -> bool | None:
    """Whether an item was told from its beginning; ``None`` when it was not, and has not ended either."""
    if not snapshot.is_partial:
        return True
    first = snapshot.first_index
    if first is None or (index == first and not snapshot.has_begun(index)):
        return False if first is not None and snapshot.is_done(index) else None
    return index > first or snapshot.has_begun(index)


def _rest(item: ConversationItem, place: Position, begun: str, text: str) -> Iterator[Event]:
    """The rest of a text as an event. What a tool is called with is given as a whole where nothing of it was told."""
    index, part, kind = place
    rest = text[len(begun) :]
    if rest and (begun or part != _WITHOUT):
        where = {} if part == _WITHOUT else {"content_index": part}
        yield _PIECES[kind](output_index=index, item_id=item.id, delta=rest, **where)


def parts_of(output: Sequence[ConversationItem]) -> dict[Position, str]:
    """What the model wrote, by the places that the pieces of a stream have."""
    found: dict[Position, str] = {}
    for index, item in enumerate(output):
        if isinstance(item, Message):
            for part, content in enumerate(item.parts):
                if isinstance(content, OutputText):
                    found[index, part, _TEXT] = content.text
                elif isinstance(content, Refusal):
                    found[index, part, _REFUSAL] = content.refusal
        elif item.type in _WRITTEN:
            kind, name = _WRITTEN[item.type]
            found[index, _WITHOUT, kind] = getattr(item, name, "") or ""
    return found


def _placed(
    told: Mapping[Position, str], whole: Mapping[Position, str], *, is_complete: bool
) -> dict[Position, str] | None:
    """
    What was told by its place in the whole, also where an index lacks; ``None`` when it has none, or several.

    A response that is not complete need not have everything that was told.
    """
    placed: dict[Position, str] = {}
    for (index, part, kind), text in told.items():
        fits = [
            place
            for place in whole
            if place[2] == kind and index in (_WITHOUT, place[0]) and part in (_WITHOUT, place[1])
        ]
        if not fits and not is_complete:
            continue
        if len(fits) != 1 or fits[0] in placed:
            return None
        placed[fits[0]] = text
    return placed


# items


def _are_in(snapshot: TurnSnapshot, output: Sequence[ConversationItem]) -> bool:
    """Whether the items that were told are in an output: in their places, where the events said them."""
    for index, item in snapshot.items:
        places = output[index : index + 1] if snapshot.is_placed else output
        is_done = snapshot.is_done(index)
        if places and not any(_is_same(item, other, is_done=is_done) for other in places):
            return False
    return True


def _is_done(index: int, item: ConversationItem, snapshot: TurnSnapshot) -> bool:
    if snapshot.is_placed:
        return snapshot.is_done(index)
    return any(snapshot.is_done(at) and _is_same(told, item, is_done=True) for at, told in snapshot.items)


def _is_same(told: ConversationItem, item: ConversationItem, *, is_done: bool) -> bool:
    if told.type != item.type:
        return False
    for name in ("call_id", "name"):
        one, other = getattr(told, name, None), getattr(item, name, None)
        if one and other and one != other:
            return False
    return not is_done or parts_of([told]) == parts_of([item])


# to the end


def events_of(response: Response, snapshot: TurnSnapshot) -> list[Event] | None:
    """The events that lack until the end of a response that has ended; ``None`` when another was told."""
    events = lacking(response, snapshot)
    if response.status == "cancelled":
        # Its items need not be whole.
        cancelled = {"type": "response.cancelled", "response": codec().to_json(response)}
        return [*filter(_is_piece, events or ()), RecoveredCancelled(data=cancelled)]
    return None if events is None else [*events, _ENDS[response.status or ""](response=response)]


def events_of_json(body: bytes, request: HTTPRequest) -> list[Event]:
    """
    The events that a JSON body stands for, which came where a stream was asked for.

    Of a response that has not ended, only that it was created.

    Raises:
        APIResponseValidationError: It is neither a response nor an error; or an error of who asked for a response, and
            not of the response.
    """
    http_response = HTTPResponse(status_code=200, content=body, source=request)
    value = as_object(codec().value_of(http_response))
    if value.get("error") and codec().why_not(value, Response):
        if request.response_id is not None:
            raise APIResponseValidationError(http_response, value, message=f"an error came: {error_message(value)}")
        details = error_details(value)
        code = details.get("code")
        return [RecoveredError(code=code if isinstance(code, str) else None, message=error_message(value))]
    response: Response = codec().decode_response(http_response, Response)
    if not response.id:
        raise codec().unlike(http_response, Response, "it has no id @ $")
    created = RecoveredCreated(response=response)
    status = response.status or _status_of(response, request)
    if status not in ENDED:
        return [created]
    if response.status is None:
        return [created, *(lacking(response, TurnSnapshot()) or ()), _ENDS[status](response=response)]
    return [created, *(events_of(response, TurnSnapshot()) or ())]


def _status_of(response: Response, request: HTTPRequest) -> str:
    """What a response without a status is, that came for a turn: one in the background, or asked for, may go on."""
    if response.error is not None:
        return "failed"
    return "" if response.background or request.response_id is not None else "completed"
