"""How long the server lives: its end wakes whoever waits in it, and waits for what runs in the background."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any


class ServerClosing(Exception):  # noqa: N818  # not an error of anybody's
    """The server is being closed: whoever waits in it gives up."""


class Lifetime:
    """
    Waits that the end of the server ends, and tasks that it waits for.

    Args:
        sleep: How to wait.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._sleep = sleep
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()

    async def sleep(self, seconds: float, end: asyncio.Future[None] | None = None) -> bool:
        """
        Wait, but no longer than the server lives, nor than ``end``. Whether the time has passed.

        Raises:
            ServerClosing: It is being closed.
        """
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        try:
            if await self.wait(sleeping, end):
                await sleeping
                return True
            return False
        finally:
            sleeping.cancel()

    async def wait(self, awaited: asyncio.Future[None], end: asyncio.Future[None] | None = None) -> bool:
        """
        Wait for something, but no longer than the server lives, nor than ``end``. Whether it has happened.

        Raises:
            ServerClosing: It is being closed.
        """
        futures = [future for future in (awaited, end, self._closing) if future is not None]
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        if awaited.done():
            return True
        if end is not None and end.done():
            return False
        raise ServerClosing

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that no request waits for; the end of the server ends its waits."""
        task = asyncio.get_running_loop().create_task(_until_closing(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wake whoever waits; return when nothing runs in the background any more."""
        if not self._closing.done():
            self._closing.set_result(None)
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _until_closing(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(ServerClosing):
        await work
