"""
Requests per second, held: what was asked for, and what the server says it allows.

:class:`RateLimiter` is a middleware of the client. It lets requests through one after another, evenly; it spreads what
the ``x-ratelimit-*`` headers say is left over the time until it is renewed; and after a 429 it lets nothing through
until the time that the server named. Waiting counts against the deadline of a call: one that would wait longer than it
has left fails at once, unsent.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast

import attrs

from openai_conversations.checks import (
    FUNCTION,
    MAPPING,
    OPTIONAL_FUNCTION,
    POSITIVE_COUNT,
    RATE,
    TEXT,
    having,
    instance_of,
)
from openai_conversations.errors import (
    APIError,
    APIStatusError,
    APITimeoutError,
    Attempt,
    InvalidArgumentError,
    RateLimitError,
)
from openai_conversations.middlewares.limiter import AdaptiveLimiter, Limiter, LocalLimiter, RunningLoop
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse

_RATE: Final = RATE.or_none()


@attrs.frozen(kw_only=True)
class Limits:
    """
    The most requests per second; ``None`` for no bound.

    Attributes:
        total: Of all requests together.
        get: Of GET requests.
        post: Of POST requests.
        delete: Of DELETE requests.
    """

    total: float | None = None
    get: float | None = None
    post: float | None = None
    delete: float | None = None

    def __attrs_post_init__(self) -> None:
        for name, rate in attrs.asdict(self).items():
            _RATE.check(f"limits: {name}", rate)

    @classmethod
    def parse(cls, text: str) -> Limits:
        """
        Read ``50``, or ``delete=50,get=100``.

        Raises:
            InvalidArgumentError: It is neither.
        """
        TEXT.check("text", text)
        parts = [part.strip().rpartition("=") for part in text.split(",") if part.strip()]
        names = {name.strip().lower() or "total": rate for name, _, rate in parts}
        unknown = names.keys() - {"total", "get", "post", "delete"}
        if unknown or not names:
            raise InvalidArgumentError(f"rate: expected a number, or total=, get=, post=, delete=, not {text!r}")
        return cls(**{name: _number(name, rate, text) for name, rate in names.items()})


def _number(name: str, rate: str, text: str) -> float:
    try:
        number = float(rate)
    except ValueError:
        raise InvalidArgumentError(f"rate: {rate!r} in {text!r} is not a number") from None
    RATE.check(f"rate: {name}", number)
    return number


_LIMITS: Final = instance_of(Limits, "a Limits").or_none()
_TOTAL: Final = having("slow_down", "an AdaptiveLimiter (such as LocalLimiter)").or_none()
_LIMITER: Final = having("wait", "a Limiter (an object with wait and charge)")


def _check_limiters(limiters: object) -> None:
    MAPPING.or_none().check("limiters", limiters)
    for method, limiter in cast("Mapping[object, object]", limiters or {}).items():
        _LIMITER.check(f"limiters[{method!r}]", limiter)


class RateLimiter:
    """
    A middleware that makes requests wait until the rate allows them.

    Give it to a client as ``middlewares=[limiter]``; with ``retry=RetryPolicy(on_attempt=limiter.on_attempt)`` it hears
    of a 429 at once and not only when the call ends. Waiting here counts against the timeout of the call. It belongs
    to the event loop of the first call.

    Args:
        limits: The most requests per second.
        limiters: By method, and ``TOTAL`` for all; for limits that several processes share.
        total: Of all requests together, and what follows the server's limits; for a limit that several processes share.
            ``None`` takes that of *limits*, in this process.
        sharers: How many processes share what the server allows: each takes its part of what is left.
        on_wait: Called with the seconds when what the server allows makes requests wait for one or longer.
        clock: Seconds that only grow; the client's.
        sleep: Waits a number of seconds.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        limiters: Mapping[str, Limiter] | None = None,
        total: AdaptiveLimiter | None = None,
        sharers: int = 1,
        on_wait: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        _LIMITS.check("limits", limits)
        _check_limiters(limiters)
        _TOTAL.check("total", total)
        POSITIVE_COUNT.check("sharers", sharers)
        OPTIONAL_FUNCTION.check("on_wait", on_wait)
        FUNCTION.check("clock", clock)
        FUNCTION.check("sleep", sleep)
        asked = limits or Limits()
        by_method = {"GET": asked.get, "POST": asked.post, "DELETE": asked.delete}
        self._total: AdaptiveLimiter = total or LocalLimiter(asked.total, on_wait=on_wait, clock=clock, sleep=sleep)
        self._limiters: Mapping[str, Limiter] = limiters or {
            method: LocalLimiter(rate, clock=clock, sleep=sleep)
            for method, rate in by_method.items()
            if rate is not None
        }
        self._sharers = sharers
        self._clock = clock
        self._loop = RunningLoop("this RateLimiter")
        self._under_way = 0
        self.requests: Counter[str] = Counter()
        """Requests that were sent, by method, retries included."""

    async def __call__(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        """
        Middleware: wait, send, learn.

        Raises:
            APITimeoutError: The wait would be longer than what is left of the call's time; nothing was sent.
            WrongEventLoopError: The limiter belongs to another event loop; nothing was sent.
        """
        self._loop.check()
        method = request.method
        await self._wait(request)
        self._under_way += 1
        try:
            response = await handler(request)
        except APIError as error:
            self._note(method, len(error.attempts))
            self._learn_from(error)
            raise
        finally:
            self._under_way -= 1
        # A call that succeeds at once may keep no record of it.
        self._note(method, max(len(response.attempts), 1))
        self.update_from_headers(response.headers)
        return response

    async def _wait(self, request: HTTPRequest) -> None:
        """Wait for each limiter; whoever does not pass them all gives back what was taken."""
        passed: list[Limiter] = []
        try:
            for limiter in (*self._limiters_of(request.method), self._total):
                await limiter.wait(None if request.deadline is None else request.deadline - self._clock())
                passed.append(limiter)
        except BaseException as error:
            for limiter in passed:
                limiter.charge(-1)
            if isinstance(error, APITimeoutError):
                error.request = request.info
            raise

    def _limiters_of(self, method: str) -> list[Limiter]:
        return [limiter for limiter in (self._limiters.get(method), self._limiters.get("TOTAL")) if limiter is not None]

    def _note(self, method: str, attempts: int) -> None:
        """Count what was sent; retries did not wait, so the next requests wait for them."""
        self.requests[method] += attempts
        if attempts > 1:
            for limiter in (*self._limiters_of(method), self._total):
                limiter.charge(attempts - 1)

    def _learn_from(self, error: APIError) -> None:
        if isinstance(error, RateLimitError):
            self._total.refused(error.retry_after)
        if isinstance(error, APIStatusError):
            self.update_from_headers(error.response.headers)

    def on_attempt(self, attempt: Attempt) -> None:
        """Hear of a 429 when it comes; what ``RetryPolicy(on_attempt=…)`` takes."""
        if attempt.status_code == 429 and attempt.wait is not None:
            self._total.refused(attempt.wait)

    def update_from_headers(self, headers: Mapping[str, str]) -> None:
        """Spread what ``x-ratelimit-*`` says is left over the time until it is renewed."""
        left, seconds = requests_left(headers)
        if left is None or seconds is None or seconds <= 0:
            return
        still = left / self._sharers - self._under_way
        if left == 0:
            self._total.pause(seconds)
        else:
            self._total.slow_down(max(still, 1 / self._sharers) / seconds, seconds)


def requests_left(headers: Mapping[str, str]) -> tuple[int | None, float | None]:
    """
    How many requests are left, and the seconds until they are renewed; ``None`` where the server does not say.

    The headers are those of https://platform.openai.com/docs/guides/rate-limits (``x-ratelimit-remaining-requests``).
    """
    left = headers.get("x-ratelimit-remaining-requests", "")
    return int(left) if left.isdecimal() else None, duration(headers.get("x-ratelimit-reset-requests", ""))


_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd]|)")


def duration(text: str) -> float | None:
    """Seconds of ``1s``, ``6m0s``, ``20ms`` or ``90d``; a bare number counts as seconds; ``None`` for anything else."""
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return sum(float(part[1]) * _UNITS[part[2]] for part in parts)
