"""The rate limit and its headers: so many requests in each minute, told on every response."""

from __future__ import annotations

import math
from collections.abc import Callable

from openai_conversations.server.http.errors import HTTPError

WINDOW = 60.0
TOLD = 10_000
"""What the headers say when no limit is held."""


class RequestRate:
    """
    Counts requests in windows of a minute.

    Args:
        limit: How many requests a minute may hold; ``None`` refuses none.
        clock: Seconds that only grow.
    """

    def __init__(self, limit: int | None, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._ends = 0.0
        self._used = 0

    def take(self) -> None:
        """
        Count one request.

        Raises:
            HTTPError: The minute is used up.
        """
        now = self._clock()
        if now >= self._ends:
            self._ends, self._used = now + WINDOW, 0
        self._used += 1
        if self._limit is not None and self._used > self._limit:
            raise self._error(self._ends - now)

    def headers(self) -> dict[str, str]:
        """What every response says of the limit."""
        limit, used = (TOLD, 0) if self._limit is None else (self._limit, self._used)
        return {
            "x-ratelimit-limit-requests": str(limit),
            "x-ratelimit-remaining-requests": str(max(0, limit - used)),
            "x-ratelimit-reset-requests": f"{max(0.0, self._ends - self._clock()):.3f}s",
        }

    def _error(self, wait: float) -> HTTPError:
        message = f"Rate limit reached: Limit {self._limit} requests per min. Please try again in {wait:.3f}s."
        headers = {"retry-after": str(max(1, math.ceil(wait))), "retry-after-ms": str(math.ceil(wait * 1000))}
        return HTTPError(429, message, code="rate_limit_exceeded", type="requests", headers=headers)
