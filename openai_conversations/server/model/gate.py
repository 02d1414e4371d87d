"""What holds a turn until a test lets it go on, from any thread."""

from __future__ import annotations

import asyncio
import threading


class Gate:
    """Lets everything pass until it is closed; then as much as is released."""

    def __init__(self) -> None:
        self._allowed: int | None = None
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._lock = threading.Lock()

    def hold(self) -> None:
        """Let nothing pass from now on."""
        with self._lock:
            self._allowed = 0

    @property
    def is_closed(self) -> bool:
        """Whether what comes next has to wait."""
        return self._allowed == 0

    def release(self, n: int | None = None) -> None:
        """Let ``n`` more pass; ``None`` opens the gate. One that is open lets everything pass anyway."""
        with self._lock:
            self._allowed = None if n is None or self._allowed is None else self._allowed + n
            waiting, self._waiting = self._waiting, []
        for loop, future in waiting:
            loop.call_soon_threadsafe(_wake, future)

    def take(self) -> asyncio.Future[None] | None:
        """Pass, or get a future that is done when it is worth asking again."""
        with self._lock:
            if self._allowed is None:
                return None
            if self._allowed > 0:
                self._allowed -= 1
                return None
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            self._waiting.append((loop, future))
            return future


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
