"""
The retry loop: one bounded loop that asks :mod:`.decision` what to do after each attempt and does it.

It owns the deadline of the call, the history of its attempts and the waits between them.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

import attrs

from openai_conversations.errors import (
    AmbiguousWriteError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    Attempt,
)
from openai_conversations.transport.backoff import RetryPolicy, backoff_delay
from openai_conversations.transport.budget import RetryBudget
from openai_conversations.transport.decision import (
    Action,
    Decision,
    Outcome,
    State,
    decide,
    is_unknown,
    may_arrive_late,
)
from openai_conversations.transport.headers import RETRY_COUNT
from openai_conversations.transport.message import Handler, Replay, Request, Response, Settle, Verdict
from openai_conversations.transport.status import status_error

logger = logging.getLogger("openai_conversations")

# The part of the time left that one attempt of an append may take, so that time is left to look what became of it.
_ATTEMPT_SHARE = 0.7


@attrs.define(kw_only=True, eq=False)
class _Call:
    """One call under way."""

    request: Request
    started: float
    attempts: list[Attempt] = attrs.field(factory=list)
    retries: int = 0
    lock_waits: int = 0
    waited_for_lock: float = 0.0
    unknown: bool = False
    """Whether an attempt may have been carried out and nothing certain is known since."""

    def count(self, decision: Decision) -> None:
        if decision.is_lock:
            self.lock_waits += 1
            self.waited_for_lock += decision.wait
        else:
            self.retries += 1


class Retry:
    """
    Middleware: try again what may be tried again, inside one deadline.

    Args:
        policy: Delays and their bounds.
        budget: Tokens for retries, shared by all calls of a client.
        clock: Seconds; deadlines of requests are by this clock.
        sleep: Waits a number of seconds.
        uniform: A random number from 0 to 1.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        budget: RetryBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._budget = RetryBudget() if budget is None else budget
        self._clock = clock
        self._sleep = sleep
        self._uniform = uniform

    async def __call__(self, request: Request, handler: Handler) -> Response:
        call = _Call(request=request, started=self._clock())
        remaining = self._remaining(request)
        if remaining is not None and remaining <= 0:
            raise self._late(call)
        scope = asyncio.timeout(remaining)
        try:
            async with scope:
                return await self._attempts(call, handler)
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise self._late(call) from error

    async def _attempts(self, call: _Call, handler: Handler) -> Response:
        while True:
            outcome, decision = await self._attempt(call, handler)
            if decision.action is Action.ACCEPT:
                self._budget.give_back()
                return _answer(call, outcome)
            if decision.action is Action.FAIL:
                return _give_up(call, outcome, "Nobody looked whether it was carried out.")
            if not decision.is_lock and not self._budget.take():
                return _give_up(call, outcome, "Nobody looked: the retry budget of this client is spent.")
            await self._sleep(decision.wait)
            if decision.action is Action.SETTLE:
                settled = await self._settle(call, outcome, decision)
                if settled is not None:
                    return settled
            call.count(decision)

    async def _attempt(self, call: _Call, handler: Handler) -> tuple[Outcome, Decision]:
        began = self._clock()
        call.request.progress.sent = False
        outcome: Outcome
        try:
            outcome = await handler(self._numbered(call))
        except APIConnectionError as error:
            outcome = error
        decision = decide(call.request, outcome, self._state(call), self._policy)
        self._note(call, outcome, decision, began)
        return outcome, decision

    def _numbered(self, call: _Call) -> Request:
        """The request with its number, and with a bound that leaves time to look when it is a write."""
        request = call.request
        if call.attempts:
            request = request.with_headers({RETRY_COUNT: str(len(call.attempts))})
        remaining = self._remaining(request)
        if request.settle is None or remaining is None:
            return request
        share = remaining * _ATTEMPT_SHARE
        bound = request.timeout.attempt
        if bound is not None and bound <= share:
            return request
        return request.replace(timeout=attrs.evolve(request.timeout, attempt=max(share, 0.001)))

    def _state(self, call: _Call) -> State:
        return State(
            retries=call.retries,
            lock_waits=call.lock_waits,
            waited_for_lock=call.waited_for_lock,
            remaining=self._remaining(call.request),
            random=self._uniform(),
        )

    def _remaining(self, request: Request) -> float | None:
        return None if request.deadline is None else request.deadline - self._clock()

    def _note(self, call: _Call, outcome: Outcome, decision: Decision, began: float) -> None:
        """Add to the history, tell the hook, log."""
        now = self._clock()
        call.request.progress.sent = False
        unknown = decision.action is not Action.ACCEPT and call.request.method != "GET" and is_unknown(outcome)
        attempt = _attempt_record(call, outcome, decision, began, now, unknown)
        call.attempts.append(attempt)
        call.unknown = call.unknown or unknown
        if self._policy.on_attempt is not None:
            self._policy.on_attempt(attempt)
        if logger.isEnabledFor(logging.DEBUG):
            _log(call.request, attempt)

    async def _settle(self, call: _Call, outcome: Outcome, decision: Decision) -> Response | None:
        """The answer of a write that was carried out; ``None`` when it was not and may be sent again."""
        failure = _as_error(outcome)
        failure.attempts = tuple(call.attempts)
        assert call.request.settle is not None, "nothing else is decided to be settled"
        verdict = await self._look(call, call.request.settle, failure)
        if verdict.response is not None:
            return verdict.response.replace(attempts=tuple(call.attempts))
        if not verdict.absent:
            raise _ambiguous(call, failure, verdict) from failure
        call.unknown = False
        if not decision.may_resend:
            raise failure
        return None

    async def _look(self, call: _Call, settle: Settle, failure: APIError) -> Verdict:
        """Look once, or, when the write may still be under way, until it is there or time is up."""
        waited = 0.0
        for turn in range(1000):
            verdict = await settle(failure)
            if not verdict.absent or not may_arrive_late(failure):
                return verdict
            wait = backoff_delay(self._policy, turn, self._uniform())
            remaining = self._remaining(call.request)
            if wait > (self._policy.longest_lock_wait - waited if remaining is None else remaining):
                break
            waited += wait
            await self._sleep(wait)
        return Verdict(known="It was not there when last looked for, but may still arrive.", stored=())

    def _late(self, call: _Call) -> APIError:
        """The error for a call whose deadline has passed."""
        call.unknown = call.unknown or call.request.progress.sent
        bound = call.request.timeout.total
        message = f"{call.request.operation} did not finish {f'within {bound:g} s' if bound else 'in time'}."
        late = APITimeoutError(call.request.info, message=message, sent=call.unknown)
        late.attempts = tuple(call.attempts)
        if call.request.replay is Replay.APPEND and call.unknown:
            return _ambiguous(call, late, Verdict(known="There was no time left to look."))
        return late


def _answer(call: _Call, outcome: Outcome) -> Response:
    attempts = tuple(call.attempts)
    if isinstance(outcome, Response):
        return outcome.replace(attempts=attempts)
    outcome.attempts = attempts
    raise outcome


def _give_up(call: _Call, outcome: Outcome, known: str) -> Response:
    """The failure stands; of a write, its outcome may be unknown."""
    broken = isinstance(outcome, Response) and outcome.status_code < 300
    if call.request.replay is Replay.APPEND and is_unknown(outcome) and not broken:
        failure = _as_error(outcome)
        raise _ambiguous(call, failure, Verdict(known=known)) from failure
    return _answer(call, outcome)


def _as_error(outcome: Outcome) -> APIError:
    if not isinstance(outcome, Response):
        return outcome
    if 200 <= outcome.status_code < 300:
        return APIResponseValidationError(outcome, message=f"{outcome.status_code}: the answer is not whole.")
    return status_error(outcome)


def _ambiguous(call: _Call, failure: APIError, verdict: Verdict) -> AmbiguousWriteError:
    return AmbiguousWriteError(
        f"{call.request.operation}: the outcome of this write is unknown. {verdict.known} ({failure})",
        call.request.info,
        known=verdict.known,
        stored=verdict.stored,
        attempts=tuple(call.attempts),
    )


def _attempt_record(
    call: _Call, outcome: Outcome, decision: Decision, began: float, now: float, unknown: bool
) -> Attempt:
    answered = isinstance(outcome, Response)
    going_on = decision.action in (Action.RETRY, Action.SETTLE)
    return Attempt(
        number=len(call.attempts) + 1,
        started=began - call.started,
        elapsed=now - began,
        status_code=outcome.status_code if isinstance(outcome, Response) else None,
        error=None if answered else str(outcome),
        request_id=outcome.request_id if isinstance(outcome, Response) else None,
        outcome_unknown=unknown,
        wait=decision.wait if going_on else None,
    )


def _log(request: Request, attempt: Attempt) -> None:
    """Method, path template, status, attempt, request id and time; never content, ids or headers."""
    logger.debug(
        "%s %s -> %s, attempt %d, request id %s, %.3f s%s",
        request.method,
        request.template,
        attempt.status_code or attempt.error,
        attempt.number,
        attempt.request_id,
        attempt.elapsed,
        "" if attempt.wait is None else f", next in {attempt.wait:.3f} s",
    )
