"""
How long to wait before another attempt, and what a server says of it.

The rules are those of the official client (its ``_base_client.py`` and ``_constants.py``), so that a service that moves
keeps its pace; waits for a locked conversation are ours.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from email.utils import mktime_tz, parsedate_tz
from typing import Final

import attrs

from openai_conversations.errors import Attempt, ConfigurationError

LONGEST_RETRY_AFTER: Final = 120.0


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """
    How a client tries again. All times are in seconds.

    The delay before the n-th retry, counted from 0, is ``min(initial · 2ⁿ, maximum) · (1 − jitter · random)``, unless
    the server names one. How often is ``max_retries`` of the client.

    Attributes:
        initial: The first delay.
        maximum: The longest delay of our own.
        jitter: The part of a delay that is random, from 0 to 1.
        longest_retry_after: A server that asks for more than this is not asked again.
        longest_lock_wait: How long a call waits for a locked conversation when it has no deadline of its own.
        on_attempt: Called with each :class:`Attempt` after it ended and before the wait that follows.
    """

    initial: float = 0.5
    maximum: float = 8.0
    jitter: float = 0.25
    longest_retry_after: float = LONGEST_RETRY_AFTER
    longest_lock_wait: float = 60.0
    on_attempt: Callable[[Attempt], None] | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("initial", "maximum", "longest_retry_after", "longest_lock_wait"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigurationError(
                    f"retry: {name} must be a finite number of seconds of 0 or more, not {value!r}"
                )
        if not 0 <= self.jitter <= 1:
            raise ConfigurationError(f"retry: jitter must be between 0 and 1, not {self.jitter!r}")


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


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """
    Seconds that a server asks to wait, or ``None``: ``retry-after-ms``, else ``retry-after`` in seconds or as a date.

    Values that are not finite, or not above zero, count as none.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _positive(milliseconds / 1000)
    text = headers.get("retry-after")
    if text is None:
        return None
    seconds = _number(text)
    if seconds is not None:
        return _positive(seconds)
    try:
        moment = parsedate_tz(text)
        return _positive(mktime_tz(moment) - now()) if moment else None
    except (ValueError, OverflowError):  # a year or an hour that no calendar has
        return None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _positive(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) and seconds > 0 else None


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

    __slots__ = ("_capacity", "_refund", "tokens")

    def __init__(self, capacity: float = 100.0, refund: float = 0.1) -> None:
        self._capacity = capacity
        self._refund = refund
        self.tokens: float = capacity

    def take(self) -> bool:
        """Whether a retry may be made; takes its token."""
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def give_back(self, taken: int = 0) -> None:
        """Note the success of a call that had taken so many tokens: a service that answers in the end is not down."""
        if self.tokens < self._capacity:
            self.tokens = min(self._capacity, self.tokens + taken + self._refund)
