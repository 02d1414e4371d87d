"""What the events of a turn have told so far."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

import attrs

from openai_conversations.api.caller import codec
from openai_conversations.jsontypes import as_object, text_of
from openai_conversations.schemas.content import OutputText
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.schemas.items.function_call import FunctionCall
from openai_conversations.schemas.items.message import Message
from openai_conversations.schemas.responses.events.base import Event, ItemEvent, Piece, UnknownEvent
from openai_conversations.schemas.responses.events.items import (
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
)
from openai_conversations.schemas.responses.events.lifecycle import (
    ResponseCompletedEvent,
    ResponseErrorEvent,
    ResponseFailedEvent,
    ResponseIncompleteEvent,
)
from openai_conversations.schemas.responses.response import Response, ResponseError
from openai_conversations.schemas.unknown import UnknownItem
from openai_conversations.writing.turns.reconcile import is_another
from openai_conversations.writing.turns.statuses import NOT_COMPLETE


@attrs.frozen(kw_only=True, eq=False)
class Cancelled:
    """
    The end of a turn that was cancelled.

    OpenAI's description has no event for it. Servers of this API send ``response.cancelled``, which its reader gets as
    an :class:`UnknownEvent`.

    Attributes:
        response: As the event has it, or as far as it was known before.
    """

    response: Response


Terminal = ResponseCompletedEvent | ResponseIncompleteEvent | ResponseFailedEvent | ResponseErrorEvent | Cancelled

EITHER: Final = (ResponseErrorEvent, ResponseFailedEvent)
"""Servers send both when a turn failed, or one of them."""

TERMINAL: Final = (ResponseCompletedEvent, ResponseIncompleteEvent, ResponseFailedEvent, ResponseErrorEvent)

_TEXT: Final = "response.output_text.delta"
_ARGUMENTS: Final = "response.function_call_arguments.delta"

_CANCELLED: Final = "response.cancelled"

_NO_NUMBER: Final = -1

Position = tuple[int, int, str]
"""Item, content part, type of the events that tell it; -1 for an index that was not said."""

_WHOLE: Final = {
    "response.output_text.done": _TEXT,
    "response.refusal.done": "response.refusal.delta",
    "response.function_call_arguments.done": _ARGUMENTS,
    "response.custom_tool_call_input.done": "response.custom_tool_call_input.delta",
    "response.mcp_call_arguments.done": "response.mcp_call_arguments.delta",
}
"""Type of an event that says that something is whole → type of its pieces."""


@attrs.define(eq=False)
class TurnSnapshot:
    """
    A turn as far as it is known.

    Items are told apart by ``output_index``, never by their ids, which proxies change from event to event or leave out.

    Attributes:
        response: What the last event that carries a response said; the output in it is not the output so far.
        last_number: The number of the last event that has one; -1 when none has.
        is_numbered: Whether each event had the number after that of the one before: only then may a stream be resumed.
        terminal: The event that ended the turn.
        is_rebuilt: Whether the output of the final response was empty, and is what the events had told.
        is_partial: Whether the events before the first one are not known.
        is_renamed: Whether the id of the response was another one later.
        is_placed: Whether each item said where it stands.
    """

    response: Response | None = None
    last_number: int = _NO_NUMBER
    is_numbered: bool = True
    terminal: Terminal | None = None
    is_rebuilt: bool = False
    is_partial: bool = False
    is_renamed: bool = False
    is_placed: bool = True
    _items: dict[int, ConversationItem] = attrs.field(init=False, factory=dict[int, ConversationItem])
    _done: set[int] = attrs.field(init=False, factory=set[int])
    _begun: set[int] = attrs.field(init=False, factory=set[int])
    _pieces: dict[Position, list[str]] = attrs.field(init=False, factory=dict[Position, "list[str]"])
    _whole: set[Position] = attrs.field(init=False, factory=set[Position])
    """Places of which an event has said that nothing more comes."""
    _last: Position = attrs.field(init=False, default=(_NO_NUMBER, _NO_NUMBER, ""))
    _last_pieces: list[str] = attrs.field(init=False, factory=list[str])
    """Those that were added to last, and where they belong: the next piece nearly always belongs there, too."""

    def add(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, Piece):
            self.add_piece(event)
            return
        self._count(event.sequence_number)
        if isinstance(event, ResponseOutputItemAddedEvent | ResponseOutputItemDoneEvent):
            self._add_item(event)
        elif isinstance(event, TERMINAL):
            self._end(event)
        elif isinstance(event, UnknownEvent):
            if text_of(event.data, "type") == _CANCELLED:
                self._end(Cancelled(response=self._cancelled(event)))
        elif isinstance(response := getattr(event, "response", None), Response):
            self.is_renamed = self.is_renamed or is_another(self.response_id, response.id)
            self.response = response
        elif isinstance(event, ItemEvent) and (kind := _WHOLE.get(getattr(event, "type", ""))) is not None:
            self._whole.add((event.output_index, getattr(event, "content_index", _NO_NUMBER), kind))

    @property
    def response_id(self) -> str | None:
        """The id of the response; ``None`` when it has not come."""
        return None if self.response is None else self.response.id or None

    @property
    def is_background(self) -> bool:
        """Whether the service says that the response goes on without its stream."""
        return self.response is not None and self.response.background is True

    @property
    def text(self) -> str:
        """All texts so far, joined, in the order of the output."""
        keys = sorted(key for key in self._pieces if key[2] == _TEXT)
        return "".join("".join(self._pieces[key]) for key in keys)

    @property
    def told(self) -> dict[Position, str]:
        """All that the model wrote so far, by its places."""
        joined = {place: "".join(pieces) for place, pieces in self._pieces.items()}
        return {place: text for place, text in joined.items() if text}

    @property
    def items(self) -> Sequence[tuple[int, ConversationItem]]:
        """The items so far, as they came, and where they stand."""
        return sorted(self._items.items(), key=lambda placed: placed[0])

    @property
    def has_output(self) -> bool:
        """Whether anything of the output has come."""
        return bool(self._items or self.told)

    @property
    def first_index(self) -> int | None:
        """The first item of which anything has come; ``None`` when nothing has."""
        return min((*self._items, *(place[0] for place in self._pieces)), default=None)

    def has_begun(self, output_index: int) -> bool:
        """Whether the beginning of an item has come."""
        return output_index in self._begun

    def is_done(self, output_index: int) -> bool:
        """Whether the whole item has come."""
        return output_index in self._done

    def reaches(self, output_index: int) -> bool:
        """Whether anything has come of an item at this place or behind it."""
        return any(index >= output_index for index in (*self._items, *(key[0] for key in self._pieces)))

    def has_halves(self, event: ResponseCompletedEvent) -> bool:
        """Whether a response is complete by its last event, which has no output, and items have begun and not ended."""
        if event.response.output or not is_complete(event):
            return False
        open_items = self._items.keys() - self._done
        return any(not (places := self._places_of(index)) or not places <= self._whole for index in open_items)

    def _places_of(self, index: int) -> set[Position]:
        return {place for place in self._pieces if place[0] == index}

    @property
    def _rebuilt(self) -> list[ConversationItem]:
        """What has come of all items, in the order of the output; a text without an item is a message's."""
        texts = {key[0] for key in self._pieces if key[2] == _TEXT and (key[0] >= 0 or not self._items)}
        return [self._grown(index) for index in sorted({*self._items, *texts})]

    @property
    def current(self) -> Response | None:
        """The response with the output so far; ``None`` before the first event that carries it."""
        if self.response is None or (self.terminal is not None and self.response.output):
            return self.response
        output = [self._grown(index) for index in sorted(self._items)]
        shown = copy.copy(self.response)
        shown.output = output
        return shown

    def add_piece(self, event: Any) -> None:
        """Take a piece of a text; all but a few events are that."""
        number = event.sequence_number
        if number == self.last_number + 1:
            self.last_number = number
        else:
            self._count(number)
        key = (event.output_index, getattr(event, "content_index", _NO_NUMBER), event.type)
        if key != self._last:
            self._last = key
            self._last_pieces = self._pieces.setdefault(key, [])
        pieces = self._last_pieces
        pieces.append(event.delta or "")
        event.extend(pieces)

    def _count(self, number: int) -> None:
        if number == _NO_NUMBER:
            return
        if number != self.last_number + 1:
            self.is_numbered = self.is_numbered and self.last_number == _NO_NUMBER
        self.last_number = number

    def _add_item(self, event: ResponseOutputItemAddedEvent | ResponseOutputItemDoneEvent) -> None:
        if isinstance(event.item, UnknownItem) and event.item.data is None:
            return
        index = event.output_index if event.output_index >= 0 else len(self._items)
        self.is_placed = self.is_placed and event.output_index >= 0
        if not isinstance(event, ResponseOutputItemDoneEvent):
            self._begun.add(index)
        else:
            # Without an index, it is the first that has begun and is not done.
            if event.output_index < 0:
                index = next((begun for begun in sorted(self._items) if begun not in self._done), index)
            self._done.add(index)
        self._items[index] = event.item

    def _end(self, event: Terminal) -> None:
        if not isinstance(event, ResponseErrorEvent):
            event.response.id = event.response.id or self.response_id or ""
            self.response = event.response
            if not event.response.output and (rebuilt := self._rebuilt):
                event.response.output = rebuilt
                self.is_rebuilt = True
        self.terminal = _merged(self.terminal, event)

    def _cancelled(self, event: UnknownEvent) -> Response:
        told = as_object(as_object(event.data).get("response"))
        response = codec().decode(codec().encode({"id": "", "output": [], **told}), Response) if told else self.response
        cancelled = Response(id="") if response is None else copy.copy(response)
        cancelled.status = "cancelled"
        return cancelled

    def _grown(self, index: int) -> ConversationItem:
        """An item with the text or the arguments that have come."""
        item = self._items.get(index) or Message(role="assistant", content=[])
        if index in self._done:
            return item
        if isinstance(item, Message):
            parts = sorted(key for key in self._pieces if key[0] == index and key[2] == _TEXT)
            item = copy.copy(item)
            item.content = [OutputText(text="".join(self._pieces[key])) for key in parts]
        if isinstance(item, FunctionCall):
            keys = [key for key in self._pieces if key[0] == index and key[2] == _ARGUMENTS]
            item = copy.copy(item)
            item.arguments = "".join(piece for key in keys for piece in self._pieces[key])
        return item


def _merged(before: Terminal | None, event: Terminal) -> Terminal:
    """Servers send ``error`` and ``response.failed`` in either order, with the reason in one of them."""
    if before is None or isinstance(before, ResponseErrorEvent) is isinstance(event, ResponseErrorEvent):
        return event if before is None else before
    failed, error = (event, before) if isinstance(before, ResponseErrorEvent) else (before, event)
    if isinstance(failed, ResponseFailedEvent) and isinstance(error, ResponseErrorEvent):
        known = failed.response.error
        if known is None or not known.message:
            failed.response.error = error.reason
        return failed
    return before


def is_complete(event: Terminal) -> bool:
    """Whether a turn is complete by its event, and its response does not say otherwise."""
    return isinstance(event, ResponseCompletedEvent) and event.response.status not in NOT_COMPLETE


def reason_of(event: Terminal) -> ResponseError:
    """Why a turn failed; all of it may be empty."""
    found = event.reason if isinstance(event, ResponseErrorEvent) else event.response.error
    return ResponseError() if found is None else found


def is_other(terminal: Terminal, event: Event) -> bool:
    """Whether an event that comes after the terminal one is the other one of the two."""
    return isinstance(event, EITHER) and isinstance(event, ResponseErrorEvent) is not isinstance(
        terminal, ResponseErrorEvent
    )


def are_both(events: Sequence[Event]) -> bool:
    """Whether the last two events are ``error`` and ``response.failed``."""
    return len(events) > 1 and isinstance(events[-2], EITHER)
