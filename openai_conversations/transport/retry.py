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
from typing import Final

import attrs

from openai_conversations.errors import (
    AmbiguousWriteError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    Attempt,
)
from openai_conversations.transport.budget import RetryBudget
from openai_conversations.transport.classify import (
    ACCEPT,
    FAIL,
    Action,
    Decision,
    Outcome,
    State,
    decide,
    is_locked,
    is_success,
    is_unknown,
)
from openai_conversations.transport.credentials import RETRY_COUNT
from openai_conversations.transport.deadline import AttemptTimer
from openai_conversations.transport.message import Handler, Replay, Request, Response, Verdict
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.status import status_error

logger: Final = logging.getLogger("openai_conversations")

# The part of the time left that one attempt of an append may take, so that time is left to look what became of it; and
# the part that the wait before the look may take.
_ATTEMPT_SHARE: Final = 0.7
_WAIT_SHARE: Final = 0.5

# Seconds: with less than that to the deadline, a write is not sent again.
_TIME_FOR_A_WRITE: Final = 0.1

# What would be tried again, had the client not spent its budget.
_EXHAUSTED = Decision(action=Action.FAIL)


@attrs.define(kw_only=True, eq=False)
class _Call:
    """One call under way."""

    request: Request
    started: float
    attempts: list[Attempt] = attrs.field(factory=list[Attempt])
    retries: int = 0
    lock_waits: int = 0
    waited_for_lock: float = 0.0
    unknown: bool = False
    """Whether an attempt may have been carried out and nothing certain is known since."""
    doubt: bool = False
    """Whether the outcome of any attempt was unknown, even if it was not found when somebody looked."""
    is_late: bool = False
    """Whether the deadline has passed in the middle of an attempt."""
    tokens: int = 0
    """What its retries and looks have taken from the budget."""

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

    __slots__ = ("_budget", "_clock", "_policy", "_sleep", "_uniform")

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
        started = self._clock()
        if request.deadline is not None and request.deadline <= started:
            raise _late(request, sent=False)
        outcome, is_late = await self._attempt(request, handler)
        # The usual call ends here, and saves the record of its only attempt and the state of a loop: 5 µs of 20.
        if isinstance(outcome, Response) and is_success(request, outcome) and not self._is_watched():
            self._budget.give_back()
            return outcome
        return await self._go_on(_Call(request=request, started=started, is_late=is_late), outcome, handler)

    async def _go_on(self, call: _Call, outcome: Outcome, handler: Handler) -> Response:
        began = call.started
        while True:
            decision = self._decide(call, outcome)
            self._note(call, outcome, decision, began)
            if decision.action is Action.ACCEPT:
                self._budget.give_back(call.tokens)
                return _answer(call, outcome)
            if decision.action is Action.FAIL:
                return _give_up(call, outcome, decision)
            await self._sleep(decision.wait)
            if decision.action is Action.SETTLE:
                settled = await self._settle(call, outcome, decision)
                if settled is not None:
                    self._budget.give_back(call.tokens)
                    return settled
            call.count(decision)
            began = self._clock()
            outcome, call.is_late = await self._attempt(_numbered(call), handler)

    def _decide(self, call: _Call, outcome: Outcome) -> Decision:
        if isinstance(outcome, Response) and is_success(call.request, outcome):
            return ACCEPT
        if call.is_late:
            return FAIL
        state = self._state(call)
        decision = decide(call.request, outcome, state, self._policy)
        decision = _with_time_left(call.request, decision, state)
        if decision.action is Action.FAIL or decision.is_lock or self._take_token(call):
            return decision
        return _EXHAUSTED

    def _take_token(self, call: _Call) -> bool:
        """Whether one more request may be sent for this call."""
        taken = self._budget.take()
        call.tokens += taken
        return taken

    def _is_watched(self) -> bool:
        """Whether somebody wants to know of attempts that just succeed; the usual call saves the record."""
        return self._policy.on_attempt is not None or logger.isEnabledFor(logging.DEBUG)

    async def _attempt(self, request: Request, handler: Handler) -> tuple[Outcome, bool]:
        """Make one attempt, inside its bound and the deadline of the call; the flag: the deadline ended it."""
        remaining = self._remaining(request)
        timer = AttemptTimer(remaining, _attempt_bound(request, remaining))
        progress = request.progress
        progress.sent, progress.timer = False, timer
        try:
            return await handler(request), False
        except APIConnectionError as error:
            return error, False
        except asyncio.CancelledError:
            if not timer.is_the_cause():
                raise
            if timer.is_for_call:
                return _late(request, sent=progress.sent), True
            message = f"No answer within {timer.bound:g} s."
            return APITimeoutError(request.info, message=message, sent=progress.sent), False
        finally:
            timer.stop()
            progress.timer = None

    def _state(self, call: _Call) -> State:
        return State(
            retries=call.retries,
            lock_waits=call.lock_waits,
            waited_for_lock=call.waited_for_lock,
            remaining=self._remaining(call.request),
            random=self._uniform(),
            doubt=call.doubt,
        )

    def _remaining(self, request: Request) -> float | None:
        return None if request.deadline is None else request.deadline - self._clock()

    def _note(self, call: _Call, outcome: Outcome, decision: Decision, began: float) -> None:
        """Add to the history, tell the hook, log."""
        now = self._clock()
        unknown = decision.action is not Action.ACCEPT and call.request.method != "GET" and is_unknown(outcome)
        attempt = Attempt(
            number=len(call.attempts) + 1,
            started=began - call.started,
            elapsed=now - began,
            status_code=outcome.status_code if isinstance(outcome, Response) else None,
            error=None if isinstance(outcome, Response) else str(outcome),
            request_id=outcome.request_id if isinstance(outcome, Response) else None,
            outcome_unknown=unknown,
            wait=decision.wait if decision.action in (Action.RETRY, Action.SETTLE) else None,
        )
        call.attempts.append(attempt)
        call.unknown = call.unknown or unknown
        call.doubt = call.doubt or unknown
        if self._policy.on_attempt is not None:
            _tell(self._policy.on_attempt, attempt)
        if logger.isEnabledFor(logging.DEBUG):
            _log(call.request, attempt)

    async def _settle(self, call: _Call, outcome: Outcome, decision: Decision) -> Response | None:
        """The answer of a write that was carried out; ``None`` when it was not and may be sent again."""
        failure = _as_error(outcome)
        failure.attempts = tuple(call.attempts)
        assert call.request.settle is not None  # noqa: S101  # for type checkers: nothing else is decided to be settled
        from openai_conversations.writing.looks import Looks  # here: a call that goes well does without it

        looks = Looks(
            settle=call.request.settle,
            failure=failure,
            deadline=call.request.deadline,
            may_go_on=lambda: self._take_token(call),
            policy=self._policy,
            clock=self._clock,
            sleep=self._sleep,
            uniform=self._uniform,
        )
        verdict = await looks.verdict()
        if verdict.response is not None:
            return verdict.response.replace(attempts=tuple(call.attempts))
        if not verdict.absent:
            raise _ambiguous(call, failure, verdict) from failure
        call.unknown = False
        if decision.may_resend and (decision.is_lock or self._take_token(call)):
            return None
        raise failure


def _with_time_left(request: Request, decision: Decision, state: State) -> Decision:
    """
    For a write, a wait that leaves hardly any time is not made.

    The attempt after it would be cut off by the deadline, and what was certainly not stored would be in doubt. A look
    comes at once, and is then the last word.
    """
    if request.replay is Replay.SAFE or state.remaining is None or decision.wait == 0:
        return decision
    left = state.remaining - decision.wait
    if decision.action is Action.RETRY or decision.is_lock:
        return FAIL if left < min(_TIME_FOR_A_WRITE, state.remaining / 2) else decision
    if left < state.remaining * (1 - _WAIT_SHARE):
        return attrs.evolve(decision, wait=0.0, may_resend=False)
    return decision


def _attempt_bound(request: Request, remaining: float | None) -> float | None:
    """Seconds for one attempt; of a write that can be looked for, so many that time is left to look."""
    bound = request.timeout.attempt
    if request.settle is None or remaining is None:
        return bound
    share = remaining * _ATTEMPT_SHARE
    return share if bound is None else min(bound, share)


def _numbered(call: _Call) -> Request:
    """The request with the number of the retry, as the official client tells it to the service."""
    return call.request.with_headers({RETRY_COUNT: str(len(call.attempts))})


def _late(request: Request, *, sent: bool) -> APITimeoutError:
    """The error for a call whose deadline has passed."""
    bound = request.timeout.total
    message = f"{request.operation} did not finish {f'within {bound:g} s' if bound else 'in time'}."
    return APITimeoutError(request.info, message=message, sent=sent)


def _answer(call: _Call, outcome: Outcome) -> Response:
    attempts = tuple(call.attempts)
    if isinstance(outcome, Response):
        return outcome.replace(attempts=attempts)
    outcome.attempts = attempts
    outcome.sent = outcome.sent or call.unknown
    raise outcome


def _give_up(call: _Call, outcome: Outcome, decision: Decision) -> Response:
    """The failure stands; of a write, its outcome may be unknown."""
    broken = isinstance(outcome, Response) and outcome.status_code < 300
    if call.doubt and isinstance(outcome, Response) and is_locked(outcome):
        failure = _as_error(outcome)
        known = "It was not there when last looked for, but may be what the conversation is locked by."
        raise _ambiguous(call, failure, Verdict(known=known, stored=())) from failure
    if call.request.replay is Replay.APPEND and is_unknown(outcome) and not broken:
        failure = _as_error(outcome)
        raise _ambiguous(call, failure, Verdict(known=_why_nobody_looked(call, decision))) from failure
    return _answer(call, outcome)


def _why_nobody_looked(call: _Call, decision: Decision) -> str:
    if call.is_late:
        return "There was no time left to look."
    if decision is _EXHAUSTED:
        return "Nobody looked: the retry budget of this client is spent."
    return "Nobody looked whether it was carried out."


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


def _tell(hook: Callable[[Attempt], None], attempt: Attempt) -> None:
    """A bug of the caller's hook must not turn a write that succeeded into an error."""
    try:
        hook(attempt)
    except Exception:
        logger.exception("on_attempt failed")


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
