"""
What an attempt's outcome means: pure functions, no waiting, no I/O.

Two questions are kept apart. *Transient*: would another attempt help? The official client's rule: 408, 409, 429,
5xx and connection errors, unless ``x-should-retry`` says otherwise. *Unknown*: may the server have carried the request
out although it did not say so? Only a write asks this, and the answer forbids to send it blindly again.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

import attrs

from openai_conversations.error_bodies import is_error_object
from openai_conversations.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    Attempt,
    ConversationLockedError,
    error_class,
)
from openai_conversations.transport.message import HTTPRequest, HTTPResponse, Replay
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.status import error_body, retry_after

AttemptOutcome = HTTPResponse | APIConnectionError

TRANSIENT: Final = frozenset({408, 409, 429})

# A server that answers so did not get to the end of the request, or its gateway did not wait for it. 409 counts too:
# it is what a second copy of a request meets when the first was carried out. 499 is what nginx says of a client that
# went away (https://nginx.org/en/docs/http/ngx_http_core_module.html); the service behind it may be at work.
UNKNOWN: Final = frozenset({408, 409, 499})

# These ask for the same request at another address, and were not carried out
# (https://www.rfc-editor.org/rfc/rfc9110#name-307-temporary-redirect).
_SEND_ELSEWHERE: Final = frozenset({307, 308})

# By these, gateways say that http should be https, or an address end with a slash.
_MOVED: Final = frozenset({301, 302})

# By these a server or a gateway says that it did not begin, whatever its words.
REFUSED: Final = frozenset(
    {400, 401, 402, 403, 404, 405, 406, 407, 411, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431, 451}
)

# The request may still be under way behind a gateway: what is not there yet may yet come.
# 522, 524: Cloudflare; 598, 599: proxies whose time ran out.
MAY_ARRIVE_LATE: Final = frozenset({408, 499, 504, 522, 524, 598, 599})

# The service, or one behind a gateway, may be at work on the request without anybody who waits for it.
MAY_BE_UNDER_WAY: Final = frozenset({409, 502, 520})

# Seconds: with less than that to the deadline, a write is not sent again.
_TIME_FOR_A_WRITE: Final = 0.1


class Action(enum.Enum):
    """What to do after an attempt."""

    ACCEPT = "accept"
    STOP = "stop"
    """Report it as it is. Of a write, the outcome may be unknown."""
    RETRY = "retry"


@attrs.frozen(kw_only=True, repr=False)
class Decision:
    """
    What to do after an attempt, and how long to wait before.

    Attributes:
        action: What to do.
        wait: Seconds.
        is_lock: Whether somebody else's lock is the reason; such waits are not counted as retries.
    """

    action: Action
    wait: float = 0.0
    is_lock: bool = False


ACCEPT: Final = Decision(action=Action.ACCEPT)
STOP: Final = Decision(action=Action.STOP)


@attrs.frozen(kw_only=True, repr=False)
class State:
    """
    Where a call stands.

    Attributes:
        retries: Retries made so far.
        lock_waits: Waits for a lock made so far.
        waited_for_lock: Seconds spent in them.
        remaining: Seconds until the deadline; ``None`` without one.
        random: From 0 to 1.
    """

    retries: int
    lock_waits: int
    waited_for_lock: float
    remaining: float | None
    random: float


def state_of(attempts: Sequence[Attempt], *, remaining: float | None, random: float) -> State:
    """
    Where a call stands after these attempts, each of which was followed by another.

    Args:
        attempts: What was tried before the attempt that is to be judged.
        remaining: Seconds until the deadline; ``None`` without one.
        random: From 0 to 1.
    """
    locked = [attempt for attempt in attempts if attempt.locked]
    return State(
        retries=len(attempts) - len(locked),
        lock_waits=len(locked),
        waited_for_lock=sum(attempt.wait or 0.0 for attempt in locked),
        remaining=remaining,
        random=random,
    )


def decide(request: HTTPRequest, outcome: AttemptOutcome, state: State, policy: RetryPolicy) -> Decision:
    """What to do after an attempt."""
    if isinstance(outcome, HTTPResponse) and is_success(outcome):
        return ACCEPT
    if request.replay is Replay.APPEND and (request.has_unknown_outcome or is_unknown(outcome)):
        # It must be looked up first, which is not ours to do. After an unknown outcome that goes for a 4xx
        # too: the earlier attempt may have arrived meanwhile; it may even hold the lock that refused this one.
        return STOP
    if is_strict(request) and isinstance(outcome, HTTPResponse):
        return STOP  # a service that refuses may have stored it all the same: the guard looks before it is sent again
    if isinstance(outcome, HTTPResponse) and is_locked(outcome):
        return _in_time(request, _after_lock(request, outcome, state, policy), state)
    if state.retries >= request.max_retries or not is_transient(outcome):
        return STOP
    wait = wait_before_next(outcome, state, policy)
    return STOP if wait is None else _in_time(request, Decision(action=Action.RETRY, wait=wait), state)


def is_strict(request: HTTPRequest) -> bool:
    """Whether a write is looked up before it is sent again, also after the service refused it."""
    return request.write is not None and request.write.guard == "strict"


def is_success(response: HTTPResponse) -> bool:
    """Whether the status is of the 2xx."""
    return 200 <= response.status_code < 300


def is_locked(response: HTTPResponse) -> bool:
    """The service's word that another process is working on the conversation."""
    if response.status_code != 400 or b"conversation_locked" not in response.content:
        return False
    return error_class(400, error_body(response)) is ConversationLockedError


def is_transient(outcome: AttemptOutcome) -> bool:
    """Whether another attempt may help."""
    if not isinstance(outcome, HTTPResponse):
        return outcome.retryable
    asked = outcome.headers.get("x-should-retry")
    if asked in ("true", "false"):
        return asked == "true"
    return outcome.status_code in TRANSIENT or outcome.status_code >= 500


def is_unknown(outcome: AttemptOutcome) -> bool:
    """Whether the server may have carried out a request although this is no success."""
    if not isinstance(outcome, HTTPResponse):
        return outcome.sent
    status = outcome.status_code
    if status in UNKNOWN or status >= 500 or status < 300:
        return True
    if status in REFUSED:
        return False
    if status < 400:
        return not _is_of_the_address(outcome)
    return not is_error_object(error_body(outcome))


def _is_of_the_address(outcome: HTTPResponse) -> bool:
    """
    Whether a redirect only says that base_url should be another: it leads to the same path, elsewhere.

    Any other may follow a POST that was carried out, as 303 does, for which servers also write 301 and 302
    (https://www.rfc-editor.org/rfc/rfc9110#name-302-found): to another page, or to the very same address.
    """
    if outcome.status_code in _SEND_ELSEWHERE:
        return True
    asked = outcome.source.url.partition("?")[0]
    try:
        led = urljoin(asked, str(outcome.headers.get("location", ""))).partition("?")[0]
        is_same_path = urlsplit(led).path.rstrip("/") == urlsplit(asked).path.rstrip("/")
    except ValueError:  # it is no address
        return False
    return outcome.status_code in _MOVED and led != asked and is_same_path


def is_unknown_failure(failure: APIError) -> bool:
    """Whether the server may have carried out a request that ended in an error."""
    if isinstance(failure, APIConnectionError):
        return failure.sent
    if isinstance(failure, APIStatusError) and isinstance(failure.response, HTTPResponse):
        return is_unknown(failure.response)
    return True


def may_arrive_late(failure: APIError) -> bool:
    """Whether a write that is not there yet may still be under way; then it must not be sent again."""
    if isinstance(failure, APIStatusError):
        return failure.status_code in MAY_ARRIVE_LATE
    if isinstance(failure, APIConnectionError) and (failure.is_answered or not failure.retryable):
        return True  # a response had begun: the service has done what it says
    return isinstance(failure, (APITimeoutError, APIResponseValidationError))


def may_be_under_way(failure: APIError) -> bool:
    """
    Whether a write that is not there may be so for a moment only: it is looked up twice before it is sent again.

    A 5xx whose body is not the API's own error is the word of a gateway that lost the service, as Envoy's 503 "upstream
    connect error or disconnect/reset before headers", or of a service that died at work.
    """
    if isinstance(failure, APIStatusError):
        is_foreign = failure.status_code >= 500 and not is_error_object(failure.body)
        return is_foreign or failure.status_code in MAY_BE_UNDER_WAY
    return isinstance(failure, APIConnectionError)


def _after_lock(request: HTTPRequest, response: HTTPResponse, state: State, policy: RetryPolicy) -> Decision:
    """Locks are waited for until the deadline, however often; ``max_retries=0`` switches this off too."""
    asked = retry_after(response.headers)
    wait = lock_delay(policy, state.lock_waits, state.random) if asked is None else asked
    patience = policy.longest_lock_wait - state.waited_for_lock if state.remaining is None else state.remaining
    if request.max_retries == 0 or wait > patience or (asked or 0) > policy.longest_retry_after:
        return STOP
    return Decision(action=Action.RETRY, wait=wait, is_lock=True)


def wait_before_next(outcome: AttemptOutcome | None, state: State, policy: RetryPolicy) -> float | None:
    """Seconds before the next attempt; ``None`` when the server asks for more than there is time or patience for."""
    asked = retry_after(outcome.headers) if isinstance(outcome, HTTPResponse) else None
    if asked is not None and asked > policy.longest_retry_after:
        return None
    wait = backoff_delay(policy, state.retries, state.random) if asked is None else asked
    return None if state.remaining is not None and wait > state.remaining else wait


def _in_time(request: HTTPRequest, decision: Decision, state: State) -> Decision:
    """
    For a write, a wait that leaves hardly any time is not made.

    The attempt after it would be cut off by the deadline, and what was certainly not stored would have an unknown
    outcome.
    """
    if request.replay is Replay.SAFE or state.remaining is None or decision.wait == 0:
        return decision
    return decision if is_time_for_a_write(state.remaining, decision.wait) else STOP


def is_time_for_a_write(remaining: float, wait: float) -> bool:
    """Whether enough time is left, after a wait, to send a write."""
    return remaining - wait >= min(_TIME_FOR_A_WRITE, remaining / 2)


def backoff_delay(policy: RetryPolicy, retry: int, random: float) -> float:
    """
    Seconds before a retry.

    Args:
        policy: The rules.
        retry: 0 for the first retry.
        random: From 0 to 1.
    """
    exponent = min(retry, 60)  # beyond it, the power would overflow and the maximum has long been reached
    return min(policy.initial * 2.0**exponent, policy.maximum) * (1 - policy.jitter * random)


def lock_delay(policy: RetryPolicy, waits: int, random: float) -> float:
    """Seconds before a locked conversation is tried again: half of it jitter, so that waiting clients spread out."""
    return min(policy.initial * 0.5 * 1.5 ** min(waits, 60), policy.maximum / 4) * (1 - 0.5 * random)
