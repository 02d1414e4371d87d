"""The two events of a turn that failed, of which one waits for the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from openai_conversations.schemas.responses.events.base import Event
from openai_conversations.writing.turns.snapshot import are_both

# Servers send `error` and `response.failed`, in either order, and the reason in one of them.
_TIME_FOR_THE_OTHER: Final = 0.25


@attrs.define(eq=False)
class HeldEvents:
    """
    Events up to ``error`` or ``response.failed``, held while the other one is waited for.

    They stay here while nobody waits: whoever was cancelled may go on.

    Attributes:
        clock: Seconds.
        events: In their order; empty while neither has come.
    """

    clock: Callable[[], float]
    events: list[Event] = attrs.field(factory=list[Event])
    _until: float | None = attrs.field(init=False, default=None)

    def hold(self, events: list[Event]) -> None:
        """The last of them is one of the two: from the first time on, the other has a while to come."""
        self.events = events
        if self._until is None:
            self._until = self.clock() + _TIME_FOR_THE_OTHER

    @property
    def seconds(self) -> float:
        """Seconds in which the other may still come; 0 when it is there, or time is up."""
        return 0.0 if self._until is None or are_both(self.events) else max(self._until - self.clock(), 0.0)

    def release(self) -> None:
        """They are given: nothing is held any more."""
        self.events = []
