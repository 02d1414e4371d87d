"""
An event loop whose time stands still while anything happens, and jumps to the next timer when nothing does.

Real sockets work in it, as long as both ends are in this loop: no other process, no thread. What a test measures by
``loop.time()`` is then what was waited for, and not how busy the machine was; and nobody waits.

The conftest.py of a folder that imports ``pytest_asyncio_loop_factories`` from here puts its tests into virtual time;
elsewhere the marker ``virtual_time`` does it for a test.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any, Final

import pytest

from openai_conversations import Runtime

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


def runtime() -> Runtime:
    """What a client takes from outside, by the clock of the running loop."""
    return Runtime(clock=asyncio.get_running_loop().time)


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time for every test but those that are marked ``real_time``: a hook of pytest-asyncio."""
    return {"time": asyncio.new_event_loop if item.get_closest_marker("real_time") else VirtualTimeLoop}
