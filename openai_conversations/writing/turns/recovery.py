"""
How a turn went on whose stream broke: by resuming the stream, or by asking for the response until it is final.

What is found out is given as events, so that whoever reads goes on reading: the rest of each text, the items that
became whole, and the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from openai_conversations.api import requests, turn_requests
from openai_conversations.api.arguments import CallOptions
from openai_conversations.api.caller import Caller, codec
from openai_conversations.error_bodies import error_details, error_message
from openai_conversations.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    ConversationsError,
    NotFoundError,
)
from openai_conversations.jsontypes import as_object, text_of
from openai_conversations.schemas.responses.events.base import Event, ItemEvent, UnknownEvent
from openai_conversations.schemas.responses.response import Response
from openai_conversations.settings import Timeout
from openai_conversations.transport.classify import backoff_delay
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from openai_conversations.transport.status import is_api_not_found
from openai_conversations.writing.open_turns import OpenTurn
from openai_conversations.writing.turns.errors import StreamInterruptedError, TurnLostError
from openai_conversations.writing.turns.lookup import TurnLookup
from openai_conversations.writing.turns.recovered import (
    RecoveredCompleted,
    RecoveredCreated,
    RecoveredError,
    RecoveredFailed,
    RecoveredIncomplete,
    RecoveredItemDone,
    RecoveredTextDelta,
)
from openai_conversations.writing.turns.snapshot import TurnSnapshot, texts_of
from openai_conversations.writing.write_order import Writing

RUNNING: Final = frozenset({"queued", "in_progress"})
"""Statuses of responses that have not ended."""

_ENDS: Final = {
    None: RecoveredCompleted,
    "completed": RecoveredCompleted,
    "failed": RecoveredFailed,
    "incomplete": RecoveredIncomplete,
}
"""Status of a response → the event that ends its stream. A cancelled one has none."""

_LONGEST_PAUSE: Final = 5.0
_SHORTEST: Final = 0.001


@attrs.define(kw_only=True, eq=False)
class Recovery:
    """
    What is done after the connection of a stream broke.

    Attributes:
        caller: Sends, through the whole chain.
        writing: What lookups go by.
        request: The turn, or the stream of a response.
        snapshot: What the events had told.
        last_item_id: The last item known before the turn.
        turns: Earlier ones that may still add their items.
        failure: Why the stream broke last; ``None`` when it just ended.
        resumed: How often it was resumed since an event came.
    """

    caller: Caller
    writing: Writing
    request: HTTPRequest
    snapshot: TurnSnapshot
    last_item_id: str | None = None
    turns: Sequence[OpenTurn] = ()
    failure: APIError | None = None
    resumed: int = 0
    _may_resume: bool = attrs.field(init=False, default=True)

    # resuming

    async def resume(self) -> HTTPResponse | None:
        """The rest of the stream; ``None`` when it cannot be had in this way."""
        snapshot = self.snapshot
        is_background = snapshot.response is not None and snapshot.response.background is True
        may = self._may_resume and is_background and snapshot.is_numbered and snapshot.last_number >= 0
        while may and self.resumed <= self.request.max_retries and not self._is_over:
            policy = self.writing.policy
            await self._sleep(backoff_delay(policy, self.resumed, self.caller.runtime.uniform()))
            self.resumed += 1
            try:
                return await self.caller.streaming(stream=True).send(self._rest())
            except APIStatusError:
                self._may_resume = may = False
            except APIConnectionError as error:
                self.failure = error
        return None

    def is_next(self, event: Event) -> bool:
        """
        Whether an event of a resumed stream is new.

        Raises:
            StreamInterruptedError: One is missing between the last and this one.
            ValueError: It cannot be told: it has no number, and is a part of the output; or it is of another response.
        """
        told = _response_id_of(event)
        if told and told != self._response_id:
            self._may_resume = False
            raise ValueError(f"of another response, {told}, in a stream that was resumed")
        number, last = event.sequence_number, self.snapshot.last_number
        if number < 0 <= last and isinstance(event, ItemEvent):
            self._may_resume = False
            raise ValueError("without a number, in a stream that was resumed")
        if number < 0 or last < 0:
            return True
        if number <= last:
            return False
        if number > last + 1:
            raise self._interrupted(f"After event {last}, the resumed stream went on with event {number}.")
        self.resumed = 0
        return True

    def _rest(self) -> HTTPRequest:
        return turn_requests.get_response(
            self.caller.streaming(stream=True),
            self._response_id or "",
            stream=True,
            starting_after=self.snapshot.last_number,
            options={**self._options(None), "timeout": self._bounds_of_the_rest()},
        )

    def _bounds_of_the_rest(self) -> Timeout:
        """Those of the stream, of which only a part is left."""
        timeout, left = self.request.timeout, self._left(self._stream_ends)
        return timeout if left is None else attrs.evolve(timeout, first_event=_least(timeout.first_event, left))

    # finding out

    async def find_out(self) -> list[Event]:
        """
        The events that lack, as the final response tells.

        Raises:
            StreamInterruptedError: It cannot be had, was cancelled, or is another one than what was streamed.
            TurnLostError: It was never told which response it is, but the conversation shows the turn; or the response
                is complete, and the conversation does not hold it.
        """
        if self._is_over or self._response_id is None:
            raise await self._without_response()
        response = await self._final_response()
        if response.status == "completed":
            await self._check_conversation(response)
        events = events_of(response, self.snapshot)
        if events is None:
            known = f"The response is {response.status!r}, and not what was streamed of it."
            raise self._interrupted(known, response=response)
        return events

    async def _final_response(self) -> Response:
        runtime, ends = self.caller.runtime, self._patience_ends()
        pause, last = self.writing.policy.initial, None
        while True:
            try:
                found = await self._retrieved(ends)
            except APIStatusError as error:
                if error.status_code < 500:
                    raise await self._unavailable(error) from error
                known = f"It could not be retrieved: {error}"
            except (APIConnectionError, APIResponseValidationError) as error:
                known = f"It could not be retrieved: {error}"
            else:
                if found.status not in RUNNING:
                    return found
                last, known = found, f"The response was {found.status!r} when it was last retrieved."
            if ends is not None and runtime.clock() + pause >= ends:
                raise self._interrupted(known, response=last)
            await self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _retrieved(self, ends: float | None) -> Response:
        caller = self.caller.streaming(stream=False)
        request = turn_requests.get_response(caller, self._response_id or "", options=self._options(ends))
        sent = await caller.send(request)
        response: Response = codec().decode_response(sent, Response)
        if response.id != request.response_id:
            raise APIResponseValidationError(sent, message=f"another response came than was asked for: {response.id}")
        return response

    async def _check_conversation(self, response: Response) -> None:
        """Whether the conversation holds the last item of a complete response: it has been seen not to."""
        conversation_id = self.request.conversation_id
        item_id = response.output[-1].id if response.output else ""
        if self.request.write is None or conversation_id is None or not item_id:
            return
        caller = self.caller.streaming(stream=False)
        ask = requests.get_item(
            caller, conversation_id, item_id, include=(), options=self._options(self._patience_ends())
        )
        try:
            await caller.send(ask)
        except NotFoundError as error:
            if not is_api_not_found(error, ask):
                return
        except ConversationsError:
            return  # that the response is complete is known all the same
        else:
            return
        known = "The response is complete, and the conversation does not hold it."
        raise TurnLostError(
            self._message(known),
            self.request.info,
            known=known,
            items=[],
            response=response,
            last_item_id=self.last_item_id,
        )

    async def _without_response(self) -> APIError:
        """The error for a stream that broke before it told which response it is, or for which there is no time."""
        failure = self._failure
        if self._is_over:
            return self._interrupted(f"It did not end within {self.request.timeout.stream:g} s.")
        if self.request.write is None:
            return self._interrupted("It did not tell which response it is.")
        error = await self._lookup().error_for(failure)
        error.__cause__ = failure
        return error

    async def _unavailable(self, error: APIStatusError) -> StreamInterruptedError:
        """The error for a response that the service does not give: what the conversation shows is said, too."""
        known = f"It could not be retrieved: {error}"
        if self.request.write is not None:
            known = f"{known} {(await self._lookup().look()).known}"
        return self._interrupted(known)

    def _lookup(self) -> TurnLookup:
        caller, last_items = self.caller.streaming(stream=False), self.writing.last_items
        seen = last_items.seen(self.request.conversation_key)
        return TurnLookup(
            request=self.request.replace(deadline=self._patience_ends(), stream=False, attempts=()),
            send=caller.send,
            last_item_id=self.last_item_id,
            turns=self.turns,
            seen=seen.get(self.last_item_id) if self.last_item_id else None,
            in_order=last_items.in_order,
            policy=self.writing.policy,
            budget=self.writing.budget,
            runtime=self.caller.runtime,
        )

    # what both need

    @property
    def _response_id(self) -> str | None:
        return self.snapshot.response_id or self.request.response_id

    def _options(self, ends: float | None) -> CallOptions:
        """For a question of which nobody waits for the answer after that time; ``None`` for never."""
        timeout, left = self.caller.settings.timeout, self._left(ends)
        bounded = timeout if left is None else attrs.evolve(timeout, total=_least(timeout.total, left))
        return {"extra_headers": turn_requests.own_headers(self.request), "timeout": bounded}

    def _left(self, ends: float | None) -> float | None:
        return None if ends is None else max(ends - self.caller.runtime.clock(), _SHORTEST)

    def _patience_ends(self) -> float | None:
        """When finding out must be over, by the clock, if it begins now; ``None`` for never."""
        bound, ends = self.request.timeout.turn, self._stream_ends
        return ends if bound is None else _least(ends, self.caller.runtime.clock() + bound)

    @property
    def _stream_ends(self) -> float | None:
        request = self.request
        bound = request.timeout.stream
        return None if bound is None or request.started is None else request.started + bound

    @property
    def _is_over(self) -> bool:
        """Whether the time of the whole stream has passed."""
        ends = self._stream_ends
        return ends is not None and self.caller.runtime.clock() >= ends

    @property
    def _failure(self) -> APIError:
        message = "The stream ended without a terminal event."
        return self.failure or APIConnectionError(message=message, request=self.request.info, status_code=200)

    def _message(self, known: str) -> str:
        which = f" of {self._response_id}" if self._response_id else ""
        return f"{self.request.operation}: the stream{which} broke. {known} ({self._failure})"

    def _interrupted(self, known: str, *, response: Response | None = None) -> StreamInterruptedError:
        number = self.snapshot.last_number
        error = StreamInterruptedError(
            self._message(known),
            self.request.info,
            known=known,
            response_id=self._response_id,
            sequence_number=number if number >= 0 else None,
            text=self.snapshot.text,
            response=response,
            last_item_id=self.last_item_id,
            attempts=self._failure.attempts,
        )
        error.__cause__ = self._failure
        return error

    async def _sleep(self, seconds: float) -> None:
        await self.caller.runtime.sleep(seconds)


def _response_id_of(event: Event) -> str:
    """The id of the response that an event is of; ``""`` where it does not say."""
    told = getattr(event, "response", None)
    if isinstance(event, UnknownEvent):
        return text_of(as_object(event.data).get("response"), "id")
    return told.id if isinstance(told, Response) else ""


def _least(bound: float | None, seconds: float) -> float:
    return seconds if bound is None else min(bound, seconds)


def events_of(response: Response, snapshot: TurnSnapshot) -> list[Event] | None:
    """The events that lack until the end of a final response; ``None`` of one that is cancelled, or was another."""
    end = _ENDS.get(response.status)
    if end is None:
        return None
    if response.status in (None, "completed") and snapshot.reaches(len(response.output)):
        return None
    events: list[Event] = []
    for index, item in enumerate(response.output):
        for part, text in enumerate(texts_of(item)):
            streamed = snapshot.text_of(index, part)
            if text is None or not text.startswith(streamed):
                if streamed:
                    return None
            elif text != streamed:
                rest = text[len(streamed) :]
                events.append(RecoveredTextDelta(output_index=index, item_id=item.id, content_index=part, delta=rest))
        if not snapshot.is_done(index):
            events.append(RecoveredItemDone(output_index=index, item=item))
    return [*events, end(response=response)]


def events_of_json(body: bytes, request: HTTPRequest) -> list[Event]:
    """
    The events that a JSON body stands for, which came where a stream was asked for.

    Of a response that has not ended, only that it was created.

    Raises:
        APIResponseValidationError: It is neither a response nor an error.
    """
    answer = HTTPResponse(status_code=200, content=body, source=request)
    value = as_object(codec().value_of(answer))
    if value.get("error") and not value.get("id"):
        details = error_details(value)
        code = details.get("code")
        return [RecoveredError(code=code if isinstance(code, str) else None, message=error_message(value))]
    response: Response = codec().decode_response(answer, Response)
    created = RecoveredCreated(response=response)
    if response.status in RUNNING:
        return [created]
    return [created, *(events_of(response, TurnSnapshot()) or ())]
