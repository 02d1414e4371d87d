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

    async def sleep(self, seconds: float) -> None:
        """
        Wait, but no longer than the server lives.

        Raises:
            ServerClosing: It is being closed.
        """
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        await asyncio.wait((sleeping, self._closing), return_when=asyncio.FIRST_COMPLETED)
        if not sleeping.done():
            sleeping.cancel()
            raise ServerClosing
        await sleeping

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
