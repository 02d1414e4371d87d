"""
An event loop whose time stands still while anything happens, and jumps to the next timer when nothing does.

Real sockets work in it, as long as both ends are in this loop. What a test measures by ``loop.time()`` is then what was
waited for, and not how busy the machine was; and nobody waits.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any, Final

GRACE: Final = 0.005
"""Real seconds in which what was written to a socket of this machine arrives at its other end."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]  # which one depends on the platform
    """Waits as long as a socket may need; what is asked for beyond that, the clock jumps over."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        events = super().select(GRACE)
        if not events:
            self._loop.now += timeout
        return events
