"""What a client takes from outside, in one value: clock, sleep, randomness. Tests that must not wait pass their own."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import attrs

from openai_conversations.checks import FUNCTION
from openai_conversations.errors import ConfigurationError


@attrs.frozen(kw_only=True)
class Runtime:
    """
    What a client takes from outside, for tests that must not wait.

    Attributes:
        clock: Seconds that only grow; deadlines are by this clock.
        now: Unix seconds, for what is written down.
        sleep: Waits a number of seconds.
        uniform: A random number from 0 to 1.
    """

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    uniform: Callable[[], float] = random.random

    def __attrs_post_init__(self) -> None:
        for name in ("clock", "now", "sleep", "uniform"):
            FUNCTION.check(f"runtime: {name}", getattr(self, name), ConfigurationError)
