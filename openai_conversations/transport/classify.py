"""
What an attempt's outcome means: pure functions, no waiting, no I/O.

Two questions are kept apart. *Transient*: would another attempt help? The official client's rule: 408, 409, 429,
5xx and connection errors, unless ``x-should-retry`` says otherwise. *Unknown*: may the server have carried the request
out although it did not say so? Only a write asks this, and the answer forbids to send it blindly again.
"""

from __future__ import annotations

import enum
from typing import Final

import attrs

from openai_conversations.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    ConversationLockedError,
    error_class,
)
from openai_conversations.transport.message import Replay, Request, Response
from openai_conversations.transport.policy import RetryPolicy, backoff_delay, lock_delay, retry_after
from openai_conversations.transport.status import error_body

Outcome = Response | APIConnectionError

TRANSIENT: Final = frozenset({408, 409, 429})

# A server that answers so did not get to the end of the request, or its gateway did not wait for it. 409 counts too:
# it is what a second copy of a request meets when the first was carried out.
UNKNOWN: Final = frozenset({408, 409})

# The request may still be under way behind a gateway: what is not there yet may yet come.
MAY_ARRIVE_LATE: Final = frozenset({408, 504, 524})


# The service, or one behind a gateway, may be at work on the request without anybody who waits for it.
MAY_BE_UNDER_WAY: Final = frozenset({409, 502, 520})


class Action(enum.Enum):
    """What to do after an attempt."""

    ACCEPT = "accept"
    FAIL = "fail"
    RETRY = "retry"
    SETTLE = "settle"
    """Find out what became of the write; send it again only if it was not carried out."""


@attrs.frozen(kw_only=True)
class Decision:
    """
    What to do after an attempt, and how long to wait before.

    Attributes:
        action: What to do.
        wait: Seconds.
        is_lock: Whether somebody else's lock is the reason; such waits are not counted as retries.
        may_resend: Whether the write may be sent again when it turns out that it was not carried out.
    """

    action: Action
    wait: float = 0.0
    is_lock: bool = False
    may_resend: bool = True


ACCEPT: Final = Decision(action=Action.ACCEPT)
FAIL: Final = Decision(action=Action.FAIL)


@attrs.frozen(kw_only=True)
class State:
    """
    Where a call stands.

    Attributes:
        retries: Retries made so far.
        lock_waits: Waits for a lock made so far.
        waited_for_lock: Seconds spent in them.
        remaining: Seconds until the deadline; ``None`` without one.
        random: From 0 to 1.
        doubt: Whether the outcome of an earlier attempt was unknown.
    """

    retries: int
    lock_waits: int
    waited_for_lock: float
    remaining: float | None
    random: float
    doubt: bool = False


def decide(request: Request, outcome: Outcome, state: State, policy: RetryPolicy) -> Decision:
    """What to do after an attempt."""
    if isinstance(outcome, Response) and is_success(request, outcome):
        return ACCEPT
    if request.replay is Replay.APPEND and is_unknown(outcome):
        return _after_unknown(request, outcome, state, policy)
    decision = _after_failure(request, outcome, state, policy)
    if decision.action is Action.RETRY and state.doubt and request.settle is not None:
        # An earlier attempt may have arrived while this one was refused; it may even hold the lock that refused it.
        return attrs.evolve(decision, action=Action.SETTLE)
    return decision


def _after_failure(request: Request, outcome: Outcome, state: State, policy: RetryPolicy) -> Decision:
    """What was certainly not carried out, or may be carried out twice."""
    if isinstance(outcome, Response) and is_locked(outcome):
        return _after_lock(request, outcome, state, policy)
    if state.retries >= request.max_retries or not is_transient(outcome):
        return FAIL
    wait = _wait(outcome, state, policy)
    return FAIL if wait is None else Decision(action=Action.RETRY, wait=wait)


def is_success(request: Request, response: Response) -> bool:
    """A 2xx answer; for a write it must also be whole."""
    if not 200 <= response.status_code < 300:
        return False
    return request.is_whole is None or request.stream or request.is_whole(response.content)


def is_locked(response: Response) -> bool:
    """The service's word that another process is working on the conversation."""
    if response.status_code != 400 or b"conversation_locked" not in response.content:
        return False
    return error_class(400, error_body(response)) is ConversationLockedError


def is_transient(outcome: Outcome) -> bool:
    """Whether another attempt may help."""
    if not isinstance(outcome, Response):
        return True
    asked = outcome.headers.get("x-should-retry")
    if asked in ("true", "false"):
        return asked == "true"
    return outcome.status_code in TRANSIENT or outcome.status_code >= 500


def is_unknown(outcome: Outcome) -> bool:
    """Whether the server may have carried out a request although this is no success."""
    if not isinstance(outcome, Response):
        return outcome.sent
    return outcome.status_code in UNKNOWN or outcome.status_code >= 500 or 200 <= outcome.status_code < 300


def may_arrive_late(failure: APIError) -> bool:
    """Whether a write that is not there yet may still be under way; then it must not be sent again."""
    if isinstance(failure, APIStatusError):
        return failure.status_code in MAY_ARRIVE_LATE
    return isinstance(failure, (APITimeoutError, APIResponseValidationError))


def may_be_under_way(failure: APIError) -> bool:
    """Whether a write that is not there may be so for a moment only: it is looked for twice before it is sent again."""
    if isinstance(failure, APIStatusError):
        return failure.status_code in MAY_BE_UNDER_WAY
    return isinstance(failure, APIConnectionError)


def _after_lock(request: Request, response: Response, state: State, policy: RetryPolicy) -> Decision:
    """Locks are waited for until the deadline, however often; ``max_retries=0`` switches this off too."""
    asked = retry_after(response.headers)
    wait = lock_delay(policy, state.lock_waits, state.random) if asked is None else asked
    patience = policy.longest_lock_wait - state.waited_for_lock if state.remaining is None else state.remaining
    if request.max_retries == 0 or wait > patience or (asked or 0) > policy.longest_retry_after:
        return FAIL
    return Decision(action=Action.RETRY, wait=wait, is_lock=True)


def _after_unknown(request: Request, outcome: Outcome, state: State, policy: RetryPolicy) -> Decision:
    """Look whatever the number of retries: a look is how a failure learns to tell the truth."""
    if request.settle is None:
        return FAIL
    wait = _wait(outcome, state, policy)
    return Decision(
        action=Action.SETTLE,
        wait=wait or 0.0,
        may_resend=wait is not None and state.retries < request.max_retries and is_transient(outcome),
    )


def _wait(outcome: Outcome, state: State, policy: RetryPolicy) -> float | None:
    """Seconds before the next attempt; ``None`` when the server asks for more than there is time or patience for."""
    asked = retry_after(outcome.headers) if isinstance(outcome, Response) else None
    if asked is not None and asked > policy.longest_retry_after:
        return None
    wait = backoff_delay(policy, state.retries, state.random) if asked is None else asked
    return None if state.remaining is not None and wait > state.remaining else wait
