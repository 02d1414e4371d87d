"""A client of Redis whose commands wait until the test lets them go."""

from __future__ import annotations

import asyncio
from typing import Any


class Slow:
    """
    Holds commands up: *before* they reach the server, or *after* they were carried out.

    Attributes:
        before: Commands go on when it is set.
        after: Answers come when it is set.
        asked: How many commands were begun.
        done: How many were carried out.
        failure: What every command raises instead, while it is there.
    """

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self.before = asyncio.Event()
        self.after = asyncio.Event()
        self.before.set()
        self.after.set()
        self.asked = self.done = 0
        self.failure: Exception | None = None

    async def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any:
        self.asked += 1
        before, after = self.before, self.after
        await before.wait()
        if self.failure is not None:
            raise self.failure
        answer = await self._redis.eval(script, numkeys, *keys_and_args)
        self.done += 1
        await after.wait()
        return answer

    def hold(self, where: str) -> asyncio.Event:
        """From now on, hold commands up; those that come after the next call of :meth:`pass_on` are not."""
        held = asyncio.Event()
        setattr(self, where, held)
        return held

    def pass_on(self) -> None:
        """Let commands that begin from now on go; what is held stays held."""
        self.before, self.after = asyncio.Event(), asyncio.Event()
        self.before.set()
        self.after.set()
