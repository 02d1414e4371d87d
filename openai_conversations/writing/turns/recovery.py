"""
How a turn went on whose stream broke: by resuming the stream, or by asking for the response until it is final.

The response is asked for first: the stream of one that failed or was cancelled may have no end. That of a complete one
has events that the response does not tell, so it is resumed once.

What is found out is given as events, so that whoever reads goes on reading: the rest of each text, the items that
became whole, and the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from openai_conversations.api import requests, turn_requests
from openai_conversations.api.arguments import CallOptions
from openai_conversations.api.caller import Caller
from openai_conversations.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    ConversationsError,
    NotFoundError,
)
from openai_conversations.schemas.responses.events.base import Event, ItemEvent
from openai_conversations.schemas.responses.events.items import (
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
)
from openai_conversations.schemas.responses.events.lifecycle import ResponseCompletedEvent
from openai_conversations.schemas.responses.response import Response
from openai_conversations.settings import Timeout
from openai_conversations.transport.classify import backoff_delay
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from openai_conversations.transport.status import is_api_not_found
from openai_conversations.writing.open_turns import OpenTurn
from openai_conversations.writing.turns.errors import StreamInterruptedError, TurnLostError
from openai_conversations.writing.turns.final import NotBelieved, events_of, response_id_of
from openai_conversations.writing.turns.lookup import TurnLookup
from openai_conversations.writing.turns.reconcile import is_another
from openai_conversations.writing.turns.said import decoded_turn
from openai_conversations.writing.turns.snapshot import TurnSnapshot
from openai_conversations.writing.turns.statuses import ENDED
from openai_conversations.writing.write_order import Writing

_OF_THE_OUTPUT: Final = (ItemEvent, ResponseOutputItemAddedEvent, ResponseOutputItemDoneEvent)

_WHOLE_IN_A_STREAM: Final = frozenset({"completed", "incomplete"})
"""Statuses of responses whose streams have an end."""

_LONGEST_PAUSE: Final = 5.0
_SHORTEST: Final = 0.001


def response_id_of_turn(request: HTTPRequest, snapshot: TurnSnapshot) -> str | None:
    """The id of the response whose events are read; ``None`` when nobody has told it yet."""
    return snapshot.response_id or request.response_id


def goes_on_alone(request: HTTPRequest, snapshot: TurnSnapshot) -> bool:
    """Whether a turn goes on without its stream: it was asked for so, or the service says so."""
    return snapshot.is_background or turn_requests.is_in_background(request)


@attrs.define(kw_only=True, eq=False)
class Recovery:
    """
    What is done after the connection of a stream broke.

    Attributes:
        caller: Sends, through the whole chain.
        writing: What lookups go by.
        request: The turn, or the stream of a response.
        snapshot: What the events had told.
        last_item_id: The last item known before the turn; ``None`` for not known.
        turns: Earlier ones that may still add their items.
    """

    caller: Caller
    writing: Writing
    request: HTTPRequest
    snapshot: TurnSnapshot
    last_item_id: str | None
    turns: Sequence[OpenTurn]
    _failure: APIError | None = attrs.field(init=False, default=None)
    """Why the stream broke last; ``None`` when it just ended."""
    _resumed: int = attrs.field(init=False, default=0)
    """How often it was resumed since any of the output came."""
    _resume_ends: float | None = attrs.field(init=False, default=None)
    """When the stream that was resumed last has to have brought something; ``None`` for no bound."""
    _has_dropped: bool = attrs.field(init=False, default=False)
    """Whether a resumed stream had output under numbers that had been."""
    _may_resume: bool = attrs.field(init=False, default=True)
    _is_asked_for: bool = attrs.field(init=False, default=False)
    """Whether the response was asked for since the stream broke last."""
    _final: Response | None = attrs.field(init=False, default=None)
    """The response, if it had ended then."""
    _ends: float | None = attrs.field(init=False, default=None)
    """When all that is done must be over; ``None`` while something comes, and for no bound."""

    def broke(self, failure: APIError | None, *, may_resume: bool = True) -> None:
        """Note that the stream broke: from the first time until something comes, all that is done has one bound."""
        self._failure = failure
        self._may_resume = self._may_resume and may_resume
        self._is_asked_for = False
        if self._ends is None:
            self._ends = self._patience_ends()

    # resuming

    async def resume(self) -> HTTPResponse | None:
        """The rest of the stream; ``None`` when it cannot be had in this way."""
        policy, clock = self.writing.policy, self.caller.runtime.clock
        while self._can_resume and not await self._has_ended():
            left = self._left(self._ends)
            pause = backoff_delay(policy, self._resumed, self.caller.runtime.uniform())
            await self._sleep(pause if left is None else min(pause, left / 2))
            self._resumed += 1
            # Each time gets half of what is left, so that there is time to ask for the response, too.
            left = self._left(self._ends)
            self._resume_ends = None if left is None else clock() + left / 2
            try:
                return await self.caller.streaming(stream=True).send(self._rest())
            except APIStatusError:
                self._may_resume = False
            except APIConnectionError as error:
                self._failure = error
        return None

    async def _has_ended(self) -> bool:
        """Whether the response has ended, and its stream need not be resumed: asked once each time that it broke."""
        if not self._is_asked_for:
            self._is_asked_for = True
            self._final = await self._final_by_now()
        final = self._final
        return final is not None and (self._resumed > 0 or final.status not in _WHOLE_IN_A_STREAM)

    async def _final_by_now(self) -> Response | None:
        """The response, if it has ended and tells what lacks; whatever keeps us from it, the stream may be resumed."""
        left = self._left(self._ends)
        try:
            found = await self._retrieved(None if left is None else self.caller.runtime.clock() + left / 2)
        except APIError:
            return None
        return found if found.status in ENDED and events_of(found, self.snapshot) is not None else None

    @property
    def _can_resume(self) -> bool:
        snapshot = self.snapshot
        # Only a response in the background has a stream that can be asked for.
        is_background = goes_on_alone(self.request, snapshot)
        is_numbered = snapshot.is_numbered and snapshot.last_number >= 0
        has_tries = self._resumed <= self.request.max_retries and not self._is_over
        return self._may_resume and is_background and is_numbered and has_tries

    def is_next(self, event: Event) -> bool:
        """
        Whether an event of a resumed stream is new.

        Raises:
            StreamInterruptedError: One is missing between the last and this one.
            NotBelieved: It cannot be told: it has no number, and is a part of the output; or it is of another response.
        """
        told = response_id_of(event)
        if is_another(self._response_id, told):
            raise NotBelieved(f"of another response, {told}, in a stream that was resumed")
        number, last = event.sequence_number, self.snapshot.last_number
        is_output = isinstance(event, _OF_THE_OUTPUT)
        if number < 0 <= last and is_output:
            raise NotBelieved("without a number, in a stream that was resumed")
        if number < 0 or last < 0:
            return True
        if number <= last:
            self._has_dropped = self._has_dropped or is_output
            return False
        if number > last + 1:
            raise self.interrupted(f"After event {last}, the resumed stream went on with event {number}.")
        if is_output:
            self._resumed, self._resume_ends, self._ends = 0, None, None
        return True

    @property
    def patience(self) -> float | None:
        """
        Seconds in which a resumed stream has to bring some of the output; ``None`` for no bound.

        What keeps it alive is no output.

        Raises:
            APITimeoutError: They have passed.
        """
        if self._resume_ends is None:
            return None
        left = self._resume_ends - self.caller.runtime.clock()
        if left <= 0:
            message = f"{self.request.operation}: the resumed stream brought nothing in time."
            raise APITimeoutError(self.request.info, message=message, status_code=200)
        return left

    def check_end(self, missing: Sequence[Event] | None, event: Event) -> None:
        """
        Whether a resumed stream ends with what was told of it.

        Args:
            missing: What lacks before the event; ``None`` when it contradicts what was told.
            event: Any that is new.

        Raises:
            StreamInterruptedError: It ends with another response.
            NotBelieved: That cannot be told: it has no output, and some came under numbers that had been.
        """
        if missing is None:
            raise self.interrupted("The resumed stream ended with another response than what was streamed of it.")
        if self._has_dropped and isinstance(event, ResponseCompletedEvent) and not event.response.output:
            raise NotBelieved("the end of a response without output, in a stream with numbers that had been")

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
        timeout = self.request.timeout
        for ends in (self._stream_ends, self._resume_ends):
            left = self._left(ends)
            if left is not None:
                timeout = attrs.evolve(timeout, first_event=_least(timeout.first_event, left))
        return timeout

    # finding out

    async def find_out(self) -> list[Event]:
        """
        The events that lack, as the final response tells.

        Raises:
            StreamInterruptedError: It cannot be had, or is another one than what was streamed.
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
            raise self.interrupted(self._why_another(response), response=response)
        return events

    def _why_another(self, response: Response) -> str:
        if self.snapshot.is_partial:
            return f"The response is {response.status!r}, but what of it was streamed before is not known here."
        return f"The response is {response.status!r}, and not what was streamed of it."

    async def _final_response(self) -> Response:
        if self._final is not None:
            return self._final
        runtime, ends = self.caller.runtime, self._ends
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
                if found.status in ENDED:
                    return found
                said = repr(found.status) if found.status else "without a status"
                last, known = found, f"The response was {said} when it was last retrieved."
            if ends is not None and runtime.clock() + pause >= ends:
                raise self.interrupted(known, response=last)
            await self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _retrieved(self, ends: float | None) -> Response:
        caller = self.caller.streaming(stream=False)
        request = turn_requests.get_response(caller, self._response_id or "", options=self._options(ends))
        return decoded_turn(await caller.send(request))

    async def _check_conversation(self, response: Response) -> None:
        """Whether the conversation holds the last item of a complete response: it has been seen not to."""
        conversation_id = self.request.conversation_id
        item_id = response.output[-1].id if response.output else ""
        if self.request.write is None or conversation_id is None or not item_id:
            return
        caller = self.caller.streaming(stream=False)
        ask = requests.get_item(caller, conversation_id, item_id, include=(), options=self._options(self._ends))
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
        failure = self._reason
        if self._is_over:
            return self.interrupted(f"It did not end within {self.request.timeout.stream:g} s.")
        if self.request.write is None:
            return self.interrupted("It did not tell which response it is.")
        error = await self._lookup().error_for(failure)
        error.__cause__ = failure
        return error

    async def _unavailable(self, error: APIStatusError) -> StreamInterruptedError:
        """The error for a response that the service does not give: what the conversation shows is said, too."""
        known = f"It could not be retrieved: {error}"
        if self.request.write is not None:
            known = f"{known} {(await self._lookup().look_up()).known}"
        return self.interrupted(known)

    def _lookup(self) -> TurnLookup:
        return TurnLookup(
            request=self.request.replace(deadline=self._ends, stream=False, attempts=()),
            send=self.caller.streaming(stream=False).send,
            last_item_id=self.last_item_id,
            turns=self.turns,
            last_items=self.writing.last_items,
            policy=self.writing.policy,
            budget=self.writing.budget,
            runtime=self.caller.runtime,
        )

    # what both need

    @property
    def _response_id(self) -> str | None:
        return response_id_of_turn(self.request, self.snapshot)

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
    def _reason(self) -> APIError:
        message = "The stream ended without a terminal event."
        return self._failure or APIConnectionError(message=message, request=self.request.info, status_code=200)

    def _message(self, known: str) -> str:
        which = f" of {self._response_id}" if self._response_id else ""
        return f"{self.request.operation}: the stream{which} broke. {known} ({self._reason})"

    def unreadable(self, failure: APIError) -> StreamInterruptedError:
        """The error for a way on that holds what nobody has thought of."""
        self._failure = failure
        return self.interrupted("How it went on could not be read.")

    def interrupted(self, known: str, *, response: Response | None = None) -> StreamInterruptedError:
        """The error for a stream of which no more is known than that."""
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
            attempts=self._reason.attempts,
        )
        error.__cause__ = self._reason
        return error

    async def _sleep(self, seconds: float) -> None:
        await self.caller.runtime.sleep(seconds)


def _least(bound: float | None, seconds: float) -> float:
    return seconds if bound is None else min(bound, seconds)
