"""Which items were stored a short while ago: what a replica that lags does not show yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

LIMIT = 100_000
"""The most items that are remembered; older ones count as long stored."""


class RecentWrites:
    """
    The items that were stored last, with the time of each.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._written: deque[tuple[float, str]] = deque(maxlen=LIMIT)

    def note(self, item_ids: Iterable[str]) -> None:
        now = self._clock()
        self._written.extend((now, item_id) for item_id in item_ids)

    def younger_than(self, seconds: float) -> frozenset[str]:
        """The ids of the items that were stored less than so many seconds ago."""
        oldest = self._clock() - seconds
        young: list[str] = []
        for time, item_id in reversed(tuple(self._written)):
            if time <= oldest:
                break
            young.append(item_id)
        return frozenset(young)

    def clear(self) -> None:
        self._written.clear()
