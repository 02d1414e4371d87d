"""
Where groups of jobs are run.

In memory, the jobs of one round of the event loop are run in the next: that costs less than handing them over. For a
file a thread runs them, so that the loop never waits for the disk; it takes whatever has gathered while the last
commit was written.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final

from openai_conversations.storage.transaction import QueuedJob

GROUP_LIMIT: Final = 256
"""The most jobs that one commit waits for."""

Run = Callable[[Sequence[QueuedJob]], None]
Deliver = Callable[[Sequence[QueuedJob]], None]


class InlineWorker:
    """
    Runs the jobs of one round of the event loop in the next.

    Args:
        loop: The event loop that the jobs come from.
        run: Runs a group.
        deliver: Gives the results to those who wait.
        close: Called at the end.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, run: Run, deliver: Deliver, close: Callable[[], object]
    ) -> None:
        self._loop = loop
        self._run = run
        self._deliver = deliver
        self._close = close
        self._group: list[QueuedJob] = []

    def put(self, queued: QueuedJob) -> None:
        """Run it soon."""
        if not self._group:
            self._loop.call_soon(self._flush)
        self._group.append(queued)

    def _flush(self) -> None:
        group, self._group = self._group, []
        if group:  # else the end came first
            self._run(group)
            self._deliver(group)

    def end(self) -> None:
        """Run what was put in, then close."""
        self._flush()
        self._close()

    async def ended(self) -> None:
        """Return when it is closed."""


class ThreadWorker:
    """
    Runs jobs in a thread of its own.

    Args:
        loop: The event loop that the jobs come from.
        run: Runs a group, in the thread.
        deliver: Gives the results to those who wait, in the event loop.
        close: Called at the end, in the thread.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, run: Run, deliver: Deliver, close: Callable[[], object]
    ) -> None:
        self._loop = loop
        self._run = run
        self._deliver = deliver
        self._close = close
        self._queue: queue.SimpleQueue[QueuedJob | None] = queue.SimpleQueue()
        self._closed: asyncio.Future[None] = loop.create_future()
        # A daemon: a process that ends without closing is a process that was killed, which the files bear.
        self._thread = threading.Thread(target=self._live, name="conversations-storage", daemon=True)
        self._thread.start()

    def put(self, queued: QueuedJob) -> None:
        """Run it soon."""
        self._queue.put(queued)

    def end(self) -> None:
        """Run what was put in, then close."""
        self._queue.put(None)

    async def ended(self) -> None:
        """Return when it is closed."""
        await asyncio.shield(self._closed)
        self._thread.join()  # it has nothing more to do

    def _live(self) -> None:
        while (queued := self._queue.get()) is not None:
            group = [queued]
            is_last = self._gather(group)
            self._run(group)
            is_heard = self._tell(self._deliver, group)
            if is_last or (not is_heard and self._queue.empty()):
                break
        self._close()
        self._tell(self._closed.set_result, None)

    def _gather(self, group: list[QueuedJob]) -> bool:
        """Add what is waiting; whether the end was among it."""
        with contextlib.suppress(queue.Empty):
            while len(group) < GROUP_LIMIT:
                queued = self._queue.get_nowait()
                if queued is None:
                    return True
                group.append(queued)
        return False

    def _tell(self, listener: Callable[..., object], value: object) -> bool:
        """Call something in the event loop; whether that is still there."""
        try:
            self._loop.call_soon_threadsafe(listener, value)
        except RuntimeError:  # it is closed: nobody waits any more
            return False
        return True
