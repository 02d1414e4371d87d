"""
The events of a turn, from the request to the terminal event, whatever happens to the connection.

One visible loop, :meth:`TurnStream.read`: read events; when the connection breaks, go on by :mod:`.recovery`; when the
terminal event has come, let the next write to the conversation go. A stream that ends without one is never taken for a
turn that ended.

All ways out of the loop are in this file: it can be read that each gives the write lock and the connection back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from openai_conversations.api.caller import Caller, codec
from openai_conversations.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    ConversationsError,
    WrongEventLoopError,
)
from openai_conversations.schemas.responses.events.base import Event, Piece
from openai_conversations.schemas.responses.events.lifecycle import (
    ResponseCompletedEvent,
    ResponseErrorEvent,
)
from openai_conversations.transport.events import EventReader, WholeBody
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from openai_conversations.transport.sse import ServerSentEvent
from openai_conversations.writing.turns.errors import StreamInterruptedError
from openai_conversations.writing.turns.final import NotBelieved, events_of_json, missing_before
from openai_conversations.writing.turns.held import HeldEvents
from openai_conversations.writing.turns.place import TurnPlace
from openai_conversations.writing.turns.reconcile import response_key
from openai_conversations.writing.turns.recovery import Recovery, goes_on_alone, response_id_of_turn
from openai_conversations.writing.turns.said import says_what_is_wrong, shown, unreadable
from openai_conversations.writing.turns.snapshot import EITHER, TurnSnapshot, is_complete, is_other
from openai_conversations.writing.write_order import Writing

# Some servers leave the connection open after the last event.
_TIME_TO_DRAIN: Final = 0.1


class TurnStream:
    """
    One turn whose events are read.

    In a conversation it holds the write lock from the request to the terminal event. It has one reader at a time;
    reading may be cancelled, and gone on with.

    ============  =======================================  ============================================================
    state         what tells it                            what comes next
    ============  =======================================  ============================================================
    not open      no ``http_response``                     ``open()``: the write lock, the request, *listening*
    listening     ``_reader``                              events; ``_end()`` at the terminal one, ``_drop_reader()``
                                                           when the connection breaks
    holding       ``_reader``, events in ``_held``         the other one of ``error`` and ``response.failed``, or time
                                                           is up; then *ended*
    broken        no ``_reader``, ``_recovery``            ``_go_on()``: *listening* to the resumed stream, or *ended*
                                                           by the response that was retrieved, or an error and *closed*
    ended         ``ended``; the write lock is given back  the last events are read, then *closed*
    closed        ``closed``                               nothing
    ============  =======================================  ============================================================

    Args:
        caller: Sends, through the whole chain.
        writing: The write order, and the last items known.
        request: ``createResponse`` or ``getResponse``, as a stream.
        starting_after: The number of the event that the stream is asked to go on after; ``None`` for a whole one.

    Attributes:
        snapshot: What the events have told so far.
        http_response: The HTTP response that the stream began with; ``None`` before.
        ended: Whether the terminal event has come.
        closed: Whether nothing more will be read.
    """

    def __init__(
        self, caller: Caller, writing: Writing, request: HTTPRequest, starting_after: int | None = None
    ) -> None:
        self._caller = caller
        self._writing = writing
        self._loop = asyncio.get_running_loop()
        self.request: HTTPRequest = request
        self.http_response: HTTPResponse | None = None
        self.snapshot: TurnSnapshot = TurnSnapshot()
        if starting_after is not None:
            # Nothing is written before the second event.
            self.snapshot = TurnSnapshot(last_number=starting_after, is_partial=starting_after > 0)
        self.ended: bool = False
        self.closed: bool = False
        self._reader: EventReader | None = None
        self._place = TurnPlace(writing, request)
        self._recovery = None if starting_after is None else self._new_recovery()
        """From the first break on; a stream that goes on after an event is read like one that was resumed."""
        self._may_be_whole = True
        """Whether a whole response may come in place of the stream."""
        self._waits_for_first = True
        self._idle_since = 0.0
        self._idle = 0.0
        """Seconds in which nobody waited for the first event, which do not count."""
        self._is_reading = False
        self._waiting: list[asyncio.Future[None]] = []
        """Of tasks that wait until the one that reads has read."""
        self._held = HeldEvents(self._loop.time)
        self._last_word: StreamInterruptedError | None = None
        """An error for whoever has taken the events before it."""

    # from its beginning to its end

    async def open(self) -> HTTPResponse:
        """
        Wait for the write lock, send the request, wait for the head of the response, and give it.

        Raises:
            ConversationsError: As any call; the write lock is given back.
        """
        try:
            await self._place.enter(lambda: self.http_response is not None and not self._is_reading)
            self.http_response = response = await self._caller.send(self.request)
            self._listen(response)
            self._idle_since = self._caller.runtime.clock()
        except ConversationsError as error:
            if error.not_carried_out:
                self._place.leave(is_refused=True)
            else:
                self.abort()
            raise
        except BaseException:
            self.abort()
            raise
        return response

    async def read(self) -> list[Event]:
        """
        The next events, at least one; none after the terminal event, and none of a stream that was closed.

        Raises:
            StreamInterruptedError: The stream ended before the turn did, and how it went on could not be found out.
            TurnLostError: The conversation shows the turn, and its response cannot be had; or it does not hold it.
            ConversationsError: Another task is reading.
            WrongEventLoopError: It was begun in another event loop.
        """
        self.check_loop()
        if self._is_reading:
            raise ConversationsError("another task is reading this stream: one task reads at a time")
        self._is_reading = True
        clock = self._caller.runtime.clock
        if self._waits_for_first:
            self._idle += clock() - self._idle_since
        try:
            while not (self.ended or self.closed):
                if self._last_word is not None:
                    self.abort()
                    raise self._last_word
                reader = self._reader
                events = await (self._go_on() if reader is None else self._read_events(reader))
                if events:
                    return events
            await self.close()
            return []
        finally:
            self._is_reading = False
            if self._waits_for_first:
                self._idle_since = clock()
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                if not one.done():
                    one.set_result(None)

    async def read_to_id(self) -> str | None:
        """
        Read until it is known which response it is, for somebody who wants no events any more; ``None`` at the end.

        Where another task is reading, that one goes on.

        Raises:
            ConversationsError: As :meth:`read`.
        """
        while self.response_id is None and not (self.ended or self.closed):
            if self._is_reading:
                waiting: asyncio.Future[None] = self._loop.create_future()
                self._waiting.append(waiting)
                await waiting
            else:
                await self.read()
        return self.response_id

    @property
    def response_id(self) -> str | None:
        """The id of the response; ``None`` when nobody has told it yet."""
        return response_id_of_turn(self.request, self.snapshot)

    @property
    def is_background(self) -> bool:
        """Whether the turn goes on without its stream: it was asked for so, or the service says so."""
        return goes_on_alone(self.request, self.snapshot)

    def check_loop(self) -> None:
        """
        See that it is used where it was begun.

        Raises:
            WrongEventLoopError: It is not.
        """
        if asyncio.get_running_loop() is not self._loop:
            raise WrongEventLoopError("this stream was begun in another event loop: read, cancel and close it there")

    async def close(self) -> None:
        """Give the connection back when the turn has ended, else close it. The turn itself may go on."""
        self.check_loop()
        if self.ended and not self.closed and self._reader is not None:
            await self._reader.read_rest(_TIME_TO_DRAIN)
        self.abort()

    def give_up(self) -> None:
        """Close a stream that was dropped, in whatever thread that is noticed."""
        if self._loop.is_closed():
            return
        try:
            is_here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            is_here = False
        if is_here:
            self.abort()
        else:
            self._loop.call_soon_threadsafe(self.abort)

    def abort(self) -> None:
        """Close, without waiting; a connection whose body was read to its end is given back."""
        self.closed = True
        if self._reader is not None:
            self._reader.close()
        self._place.leave(self.snapshot.response_id)

    # events as they arrive

    def _listen(self, response: HTTPResponse) -> None:
        # A 204 has no body, and a middleware of the user's may have read it.
        self._reader = EventReader(response.stream or WholeBody(response.content), self.request)

    async def _read_events(self, reader: EventReader) -> list[Event]:
        try:
            if reader.holds_events or not self._may_be_whole or not await reader.is_object(self._patience()):
                events = self._held.events or self._taken(await reader.read(self._patience()))
                if events and isinstance(events[-1], EITHER):
                    await self._read_other(reader, events)
            else:
                body = shown(await reader.read_whole(self._patience()), self.http_response)
                events = events_of_json(body, self.request)
                self._add(events)
        except (APIConnectionError, APIResponseValidationError) as failure:
            self._drop_reader(failure)
            return []
        except ConversationsError:
            self.abort()
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, its lock and connection must not stay behind
            self._drop_reader(unreadable(error, self.http_response))
            return []
        self._waits_for_first = False
        if self.snapshot.terminal is not None:
            self._end()
        elif reader.ended and self._reader is reader:
            self._drop_reader()
        return events

    def _taken(self, arrived: Sequence[ServerSentEvent]) -> list[Event]:
        """What arrived, as events: up to the terminal one, and but for those that came before a stream was resumed."""
        events: list[Event] = []
        snapshot, recovery = self.snapshot, self._recovery
        is_plain = recovery is None and snapshot.terminal is None
        decode = codec().decode_event
        try:
            for name, data in arrived:
                event = decode(data, name)
                if is_plain and isinstance(event, Piece):
                    snapshot.add_piece(event)
                    events.append(event)
                    continue
                if says_what_is_wrong(event, data):
                    event = decode(shown(data, self.http_response), name)
                if recovery is not None and not recovery.is_next(event):
                    continue
                if snapshot.terminal is None:
                    events += self._before(event)
                elif not is_other(snapshot.terminal, event):
                    continue
                snapshot.add(event)
                events.append(event)
                is_plain = is_plain and snapshot.terminal is None
                if snapshot.terminal is not None and not isinstance(event, EITHER):
                    break
        except StreamInterruptedError as error:
            self._last_word = error
        except Exception as error:  # noqa: BLE001  # whatever it is, the events before it are whole
            self._drop_reader(unreadable(error, self.http_response), may_resume=not isinstance(error, NotBelieved))
        return events

    def _before(self, event: Event) -> Sequence[Event]:
        """
        What has to be told before an event that is no piece.

        Raises:
            StreamInterruptedError: A resumed stream ended with another response than what was told.
            NotBelieved: The event says nothing of this turn.
        """
        recovery = self._recovery
        if isinstance(event, Piece):
            return ()
        if isinstance(event, ResponseErrorEvent) and (recovery is not None or self.request.response_id is not None):
            reason = event.reason
            raise NotBelieved(f"an error of a stream that was asked for, not of the turn: {reason.message}")
        missing = missing_before(event, self.snapshot, is_resumed=recovery is not None)
        if recovery is not None:
            recovery.check_end(missing, event)
        self._add(missing or ())
        return missing or ()

    async def _read_other(self, reader: EventReader, events: list[Event]) -> None:
        """After one of ``error`` and ``response.failed``, read on for the other; whoever is cancelled may go on."""
        self._held.hold(events)
        try:
            while not reader.ended and (seconds := self._held.seconds):
                events += self._taken(await reader.read(seconds))
        except APIError:
            pass
        self._held.release()

    def _add(self, events: Sequence[Event]) -> None:
        for event in events:
            self.snapshot.add(event)

    def _patience(self) -> float | None:
        """
        Seconds to wait for an event; ``None`` for no bound.

        Raises:
            APITimeoutError: The bound of the whole stream has passed.
        """
        request, timeout = self.request, self.request.timeout
        patience = timeout.next_event
        if self._waits_for_first and request.deadline is not None:
            patience = max(request.deadline + self._idle - self._caller.runtime.clock(), 0.0)
        if self._recovery is not None and (left := self._recovery.patience) is not None:
            patience = left if patience is None else min(patience, left)
        if timeout.stream is None or request.started is None:
            return patience
        left = request.started + timeout.stream - self._caller.runtime.clock()
        if left <= 0:
            raise APITimeoutError(request.info, message=f"The stream did not end within {timeout.stream:g} s.")
        return left if patience is None else min(left, patience)

    def _end(self) -> None:
        """The turn has ended: others may write, and the reader may still take its last events."""
        self.ended = True
        terminal = self.snapshot.terminal
        if isinstance(terminal, ResponseCompletedEvent) and is_complete(terminal):
            output = [item.id for item in terminal.response.output]
            self._place.leave(self.snapshot.response_id, output)
            if self.request.write is None:
                response = response_key(self.request, self.request.response_id or "")
                self._writing.last_items.note_complete(response, output)
        else:
            self._place.leave(self.snapshot.response_id)

    # when the connection broke

    def _drop_reader(self, failure: APIError | None = None, *, may_resume: bool = True) -> None:
        reader, self._reader = self._reader, None
        self._may_be_whole = False
        if reader is not None:
            reader.close()
        if self.snapshot.terminal is not None:
            return
        if self._recovery is None:
            self._recovery = self._new_recovery()
        self._recovery.broke(failure, may_resume=may_resume)

    def _new_recovery(self) -> Recovery:
        return Recovery(
            caller=self._caller,
            writing=self._writing,
            request=self.request,
            snapshot=self.snapshot,
            last_item_id=self._place.last_item_id,
            turns=self._writing.last_items.turns(self.request.conversation_key),
        )

    async def _go_on(self) -> list[Event]:
        """Resume the stream, or find out how the turn went on."""
        recovery = self._recovery
        assert recovery is not None  # noqa: S101  # for type checkers: there is a reader or a recovery
        try:
            response = await recovery.resume()
            if response is not None:
                self._listen(response)
                return []
            events = await recovery.find_out()
            self._add(events)
            self._end()
        except ConversationsError:
            self.abort()
            raise
        except Exception as error:
            self.abort()
            raise recovery.unreadable(unreadable(error, self.http_response)) from error
        return events
