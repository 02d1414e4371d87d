"""
How a client tries again: a value.

The rules are those of the official client (its ``_base_client.py`` and ``_constants.py``), so that a service that moves
keeps its timing; waits for a locked conversation are ours. What they mean for an attempt is in :mod:`.classify`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from openai_conversations.checks import OPTIONAL_FUNCTION, SECONDS, Wanted, is_number
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
        for name, wanted in _FIELDS.items():
            wanted.check(f"retry: {name}", getattr(self, name), ConfigurationError)


_FIELDS: Final[Mapping[str, Wanted]] = {
    "initial": SECONDS,
    "maximum": SECONDS,
    "jitter": Wanted("between 0 and 1", lambda value: is_number(value) and 0 <= value <= 1),
    "longest_retry_after": SECONDS,
    "longest_lock_wait": SECONDS,
    "on_attempt": OPTIONAL_FUNCTION,
}
