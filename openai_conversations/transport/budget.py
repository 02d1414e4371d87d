"""
The retry budget: a token bucket per client, as the AWS and gRPC clients have, so that retries cannot become a storm.

Each retry takes a token; each call that succeeds gives a tenth of one back. When the bucket is empty, calls fail with
their first error instead of being tried again.
"""

from __future__ import annotations

from typing import Final

CAPACITY: Final = 100.0
REFUND: Final = 0.1


class RetryBudget:
    """
    Tokens for retries; shared by all tasks and views of a client.

    Args:
        capacity: Tokens at the start and at the most.
        refund: What a successful call gives back.
    """

    __slots__ = ("_capacity", "_refund", "tokens")

    def __init__(self, capacity: float = CAPACITY, refund: float = REFUND) -> None:
        self._capacity = capacity
        self._refund = refund
        self.tokens: float = capacity

    def take(self) -> bool:
        """Whether a retry may be made; takes its token."""
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def give_back(self) -> None:
        """Note a success."""
        if self.tokens < self._capacity:
            self.tokens = min(self._capacity, self.tokens + self._refund)
