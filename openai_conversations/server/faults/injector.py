"""The faults that wait for requests: which of them fires at a request, and which never did."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

from openai_conversations.server.faults.fault import Fault
from openai_conversations.server.http.messages import ServerRequest


class ActiveFault:
    """A fault with its counters."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.fired: int = 0
        self._passed = 0
        self._dice = random.Random(fault.seed)

    @property
    def exhausted(self) -> bool:
        return self.fault.count is not None and self.fired >= self.fault.count

    def matches(self, request: ServerRequest) -> bool:
        """Whether it fires at this request; if so, it is counted."""
        if self.exhausted or not self.fault.matches(request):
            return False
        if self._passed < self.fault.skip:
            self._passed += 1
            return False
        fires = self.fault.probability >= 1 or self._dice.random() < self.fault.probability
        self.fired += fires
        return fires


class FaultInjector:
    """
    Every fault that was added.

    Of those with an effect at most one fires at a request: the first that matches. What rewrites items comes on top:
    a store that sorts keys does so whether the response is lost or not.
    """

    def __init__(self) -> None:
        self._active: list[ActiveFault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._active.append(ActiveFault(fault))

    def remove(self, fault: Fault) -> None:
        """
        Forget the one that was added as this object; an equal one stays.

        Raises:
            ValueError: There is none.
        """
        with self._lock:
            left = [active for active in self._active if active.fault is not fault]
            if len(left) == len(self._active):
                raise ValueError(f"there is no such fault: {fault}")
            self._active = left

    def clear(self) -> None:
        with self._lock:
            self._active.clear()

    def take(self, request: ServerRequest) -> list[Fault]:
        """The faults that fire at this request: every rewrite that matches, and one effect at most."""
        if not self._active:
            return []
        with self._lock:
            return list(self._firing(request))

    def _firing(self, request: ServerRequest) -> Iterator[Fault]:
        has_effect = False
        for active in self._active:
            if has_effect and active.fault.effect is not None:
                continue
            if active.matches(request):
                has_effect = has_effect or active.fault.effect is not None
                yield active.fault

    def all(self) -> list[tuple[Fault, int]]:
        """Every fault with how often it fired."""
        return [(active.fault, active.fired) for active in list(self._active)]

    def unfired(self) -> list[Fault]:
        """The faults that never fired."""
        return [fault for fault, fired in self.all() if not fired]
