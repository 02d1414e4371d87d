"""
The retry budget: a token bucket per client, as the AWS and gRPC clients have, so that retries cannot become a storm.

Each request beyond the first of a call takes a token, be it a retry or a look at what became of a write. A call that
succeeds gives back what it took, and a tenth of a token besides. When the bucket is empty, calls fail with their first
error instead of being tried again.
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

    def give_back(self, taken: int = 0) -> None:
        """Note the success of a call that had taken so many tokens: a service that answers in the end is not down."""
        if self.tokens < self._capacity:
            self.tokens = min(self._capacity, self.tokens + taken + self._refund)
