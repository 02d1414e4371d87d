"""
The retry middleware: one bounded loop that asks :mod:`.classify` what to do after each attempt and does it.

It repeats what was certainly not carried out, or may be done twice. The rest it reports as it is: what became of a
write whose outcome is unknown is found out above it (:mod:`openai_conversations.writing.reconcile`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from openai_conversations.errors import APIConnectionError, Attempt
from openai_conversations.transport.classify import (
    STOP,
    Action,
    AttemptOutcome,
    Decision,
    decide,
    is_unknown,
    state_of,
)
from openai_conversations.transport.deadline import late
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.runtime import Runtime

logger: Final = logging.getLogger("openai_conversations")


class RetryBudget:
    """
    Tokens for retries, shared by all tasks and views of a client: a bucket as the AWS and gRPC clients have.

    Each request beyond the first of a call takes a token, be it a retry or a lookup of what became of a write. A call
    that succeeds gives back what it took, and a tenth of a token besides. When the bucket is empty, calls fail with
    their first error instead of being tried again, so that retries cannot become a storm.

    Args:
        capacity: Tokens at the start and at the most.
        refund: What a successful call gives back.
    """

    __slots__ = ("capacity", "refund", "tokens")

    def __init__(self, capacity: float = 100.0, refund: float = 0.1) -> None:
        self.capacity: float = capacity
        self.refund: float = refund
        self.tokens: float = capacity

    def take(self) -> bool:
        """Whether a retry may be made; takes its token."""
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def give_back(self, taken: int = 0) -> None:
        """Note the success of a call that had taken so many tokens: a service that answers in the end is not down."""
        if self.tokens < self.capacity:
            self.tokens = min(self.capacity, self.tokens + taken + self.refund)


class Retry:
    """
    Middleware: try again what may be tried again, inside one deadline.

    Responses of every status come back as responses; :class:`APIConnectionError` is raised. Both carry the attempts.

    Args:
        policy: Delays and their bounds.
        budget: Tokens for retries, shared by all calls of a client.
        runtime: Clock, sleep and randomness.
    """

    __slots__ = ("_budget", "_clock", "_policy", "_runtime")

    def __init__(
        self, policy: RetryPolicy, *, budget: RetryBudget | None = None, runtime: Runtime | None = None
    ) -> None:
        self._policy = policy
        self._budget = RetryBudget() if budget is None else budget
        self._runtime = runtime or Runtime()
        self._clock = self._runtime.clock

    async def __call__(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        started = self._clock()
        if request.deadline is not None and request.deadline <= started:
            over = late(request, None, is_for_call=True, is_sent=False)
            over.attempts = request.attempts
            raise over
        outcome = await _attempt(request, handler)
        # The usual call ends here, and saves the record of its only attempt and the state of a loop: 5 µs of 20.
        if (
            isinstance(outcome, HTTPResponse)
            and 200 <= outcome.status_code < 300
            and not (self._is_watched or request.attempts)
        ):
            budget = self._budget
            if budget.tokens < budget.capacity:
                budget.give_back()
            return outcome
        return await self._go_on(request, outcome, handler, started)

    async def _go_on(
        self, request: HTTPRequest, outcome: AttemptOutcome, handler: Handler, began: float
    ) -> HTTPResponse:
        first, tokens = began if request.started is None else request.started, 0
        while True:
            decision = self._decide(request, outcome)
            if decision.action is Action.RETRY and not decision.is_lock:
                if self._budget.take():
                    tokens += 1
                else:
                    decision = STOP
            now = self._clock()
            attempt = _record(request, outcome, decision, started=began - first, elapsed=now - began)
            self._tell(request, attempt)
            if decision.action is not Action.RETRY:
                if decision.action is Action.ACCEPT:
                    self._budget.give_back(tokens)
                return _reported(outcome, (*request.attempts, attempt))
            await self._runtime.sleep(decision.wait)
            request = request.replace(attempts=(*request.attempts, attempt))
            began = self._clock()
            outcome = await _attempt(request, handler)

    def _decide(self, request: HTTPRequest, outcome: AttemptOutcome) -> Decision:
        remaining = None if request.deadline is None else request.deadline - self._clock()
        state = state_of(request.attempts, remaining=remaining, random=self._runtime.uniform())
        decision = decide(request, outcome, state, self._policy)
        is_over = remaining is not None and remaining <= 0 and decision.action is Action.RETRY
        return STOP if is_over else decision

    @property
    def _is_watched(self) -> bool:
        """Whether somebody wants to know of attempts that just succeed; the usual call saves the record."""
        return self._policy.on_attempt is not None or logger.isEnabledFor(logging.DEBUG)

    def _tell(self, request: HTTPRequest, attempt: Attempt) -> None:
        if self._policy.on_attempt is not None:
            _call_hook(self._policy.on_attempt, attempt)
        if logger.isEnabledFor(logging.DEBUG):
            _log(request, attempt)


async def _attempt(request: HTTPRequest, handler: Handler) -> AttemptOutcome:
    try:
        return await handler(request)
    except APIConnectionError as error:
        return error


def _record(
    request: HTTPRequest, outcome: AttemptOutcome, decision: Decision, *, started: float, elapsed: float
) -> Attempt:
    response = outcome if isinstance(outcome, HTTPResponse) else None
    unknown = decision.action is not Action.ACCEPT and request.method != "GET" and is_unknown(outcome)
    return Attempt(
        number=len(request.attempts) + 1,
        started=started,
        elapsed=elapsed,
        status_code=None if response is None else response.status_code,
        error=None if response is not None else str(outcome),
        request_id=None if response is None else response.request_id,
        outcome_unknown=unknown,
        wait=decision.wait if decision.action is Action.RETRY else None,
        locked=decision.is_lock,
    )


def _reported(outcome: AttemptOutcome, attempts: tuple[Attempt, ...]) -> HTTPResponse:
    if isinstance(outcome, HTTPResponse):
        return outcome.replace(attempts=attempts)
    outcome.attempts = attempts
    raise outcome


def _call_hook(hook: Callable[[Attempt], None], attempt: Attempt) -> None:
    """A bug of the caller's hook must not turn a write that succeeded into an error."""
    try:
        hook(attempt)
    except Exception:
        logger.exception("on_attempt failed")


def _log(request: HTTPRequest, attempt: Attempt) -> None:
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
