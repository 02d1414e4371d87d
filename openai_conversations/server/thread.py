"""A thread with an event loop of its own, for tests that are not coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future


class LoopThread:
    """
    Runs something in a thread from its start to its stop.

    Args:
        start: Runs first; the thread goes on in the background.
        stop: Runs last.
    """

    def __init__(self, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]) -> None:
        self._start = start
        self._stop = stop
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._work, name="conversations-server", daemon=True)

    def start(self) -> None:
        """Return when ``start`` has; raise what it raised."""
        self._thread.start()
        self._ready.result()

    def stop(self) -> None:
        """Return when ``stop`` has and the thread is over."""
        loop, ended = self._ready.result()
        loop.call_soon_threadsafe(ended.set)
        self._thread.join()

    def _work(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        ended = asyncio.Event()
        try:
            await self._start()
        except BaseException as error:  # noqa: BLE001  # it belongs to the thread that waits
            self._ready.set_exception(error)
            return
        self._ready.set_result((asyncio.get_running_loop(), ended))
        await ended.wait()
        await self._stop()
