"""How a bulk run gets on, and what came of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import attrs

_WINDOW: Final = 10.0
"""Seconds over which the rate is measured."""


@attrs.frozen(kw_only=True)
class BulkProgress:
    """
    Where a bulk run stands.

    Attributes:
        total: Conversations; those known so far while the ids are still being read.
        is_total_known: Whether all ids have been read.
        done: Conversations that are done, those of earlier runs included.
        missing: Conversations that are not there.
        failed: Conversations that failed for good in this run.
        items: Items that were dealt with.
        rate: Conversations per second, lately.
        seconds_left: At that rate; ``None`` when it cannot be told.
        elapsed: Seconds since this run began.
    """

    total: int
    is_total_known: bool
    done: int
    missing: int
    failed: int
    items: int
    rate: float
    seconds_left: float | None
    elapsed: float


@attrs.frozen(kw_only=True)
class BulkSummary:
    """
    What came of a bulk run.

    Attributes:
        operation: What was done: ``erase``, ``export`` …
        total: Conversations of the ledger.
        done: Conversations that are done.
        before: Those of them that were done before this run began.
        missing: Conversations of which the service says that they are not there, and of which no earlier attempt is
            known to have erased them. Running again with the same ledger asks for them again.
        failed: Conversations that failed; running again with the same ledger tries them again.
        problems: Conversations in which a check found something.
        items: Items that were dealt with.
        seconds: How long this run took.
        errors: One line for each kind of failure, with how often it happened; the most frequent first.
        failures: The first ids that failed, with their errors.
        missing_ids: The first ids that are not there.
        requests: Requests by method, when a :class:`.rate.RateLimiter` counted them.
    """

    operation: str
    total: int
    done: int
    before: int
    missing: int = 0
    failed: int
    problems: int
    items: int
    seconds: float
    errors: Mapping[str, int] = attrs.field(factory=dict[str, int])
    failures: tuple[tuple[str, str], ...] = ()
    missing_ids: tuple[str, ...] = ()
    requests: Mapping[str, int] = attrs.field(factory=dict[str, int])

    @property
    def is_complete(self) -> bool:
        """Whether every conversation is done."""
        return self.done == self.total


class Meter:
    """Measures a rate over the last seconds, in constant memory."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._marks: deque[tuple[float, int]] = deque(maxlen=128)

    @property
    def elapsed(self) -> float:
        """Seconds since this meter was made."""
        return self._clock() - self._began

    def rate(self, done: int) -> float:
        """Note a count, and give what came to it per second, lately."""
        now = self._clock()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW:
            self._marks.popleft()
        (since, before), *_ = self._marks
        return (done - before) / (now - since) if now > since else 0.0
