"""Ids that look like the service's, and the clock, both reproducible from a seed."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable

EPOCH = 1_767_225_600
"""The first second of a seeded clock: 2026-01-01T00:00:00Z."""


class IdFactory:
    """Makes ids such as ``conv_`` and 48 hexadecimal digits; the same seed and ``opening`` make the same ids."""

    def __init__(self, seed: int | None = None, *, opening: int = 0) -> None:
        # Each opening of a database has ids of its own: neither a restart nor a second server may repeat them.
        self._random = random.Random() if seed is None else random.Random(f"{seed}:{opening}")

    def new(self, prefix: str) -> str:
        return f"{prefix}_{self._random.getrandbits(192):048x}"


def make_clock(seed: int | None, *, started: int = 0) -> Callable[[], int]:
    """Unix seconds: the real ones without a seed, else one second more at each call."""
    if seed is None:
        return lambda: int(time.time())
    ticks = itertools.count(EPOCH + started)
    return lambda: next(ticks)
