"""
Who runs the work on the store, and when it is committed.

A *job* is a function of the store. Jobs that come together are committed together: one flush to the disk serves many
requests, and no answer leaves before its own work is stored. In memory the jobs of one round of the event loop are
run in the next: that costs less than handing them over. For a file a thread runs them, so that the loop never waits
for the disk; it takes whatever has gathered while the last commit was written.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from openai_conversations.server.storage.store import Store

T = TypeVar("T")
Job = Callable[[Store], T]

GROUP_LIMIT = 256
"""The most jobs that one commit waits for."""


class Engine(Protocol):
    """Runs jobs one at a time, each whole or not at all."""

    async def run(self, job: Job[T]) -> T: ...

    def run_now(self, job: Job[T]) -> T:
        """Run a job in the calling thread, between the others."""
        ...

    def close(self) -> None: ...


class _Engine:
    """What both kinds of engine share: groups of jobs, and a lock for those who look in from elsewhere."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()

    def run_now(self, job: Job[T]) -> T:
        with self._lock:
            return _transact(self._store, job)

    def _commit(self, group: list[_Task]) -> None:
        """Run the jobs of a group in one transaction; each keeps its result or its failure."""
        with self._lock:
            try:
                self._store.execute("BEGIN IMMEDIATE")
                for task in group:
                    task.work(self._store)
                self._store.execute("COMMIT")
            except Exception as error:  # noqa: BLE001  # nothing of the group is stored: every request of it must hear so
                if self._store.in_transaction:
                    self._store.execute("ROLLBACK")
                for task in group:
                    task.fail(error)


class InlineEngine(_Engine):
    """Runs the jobs of one round of the event loop in the next."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._group: list[_Task] = []

    async def run(self, job: Job[T]) -> T:
        task = _Task(job)
        if not self._group:
            task.loop.call_soon(self._flush)
        self._group.append(task)
        result: T = await task.future
        return result

    def _flush(self) -> None:
        group, self._group = self._group, []
        if group:  # else the engine was closed meanwhile
            self._commit(group)
            _settle(group)

    def close(self) -> None:
        self._flush()
        self._store.close()


class ThreadEngine(_Engine):
    """Runs the jobs in a thread of its own."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._jobs: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="conversations-store", daemon=True)
        self._thread.start()

    async def run(self, job: Job[T]) -> T:
        task = _Task(job)
        self._jobs.put(task)
        result: T = await task.future
        return result

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()
        self._store.close()

    def _work(self) -> None:
        while (task := self._jobs.get()) is not None:
            group = [task]
            closing = self._gather(group)
            self._commit(group)
            _deliver(group)
            if closing:
                return

    def _gather(self, group: list[_Task]) -> bool:
        """Add what is waiting; whether the end was among it."""
        try:
            while len(group) < GROUP_LIMIT:
                task = self._jobs.get_nowait()
                if task is None:
                    return True
                group.append(task)
        except queue.Empty:
            pass
        return False


class _Task:
    """A job, the future that waits for it, and what came of it."""

    __slots__ = ("_error", "_job", "_result", "future", "loop")

    def __init__(self, job: Job[Any]) -> None:
        self._job = job
        self._result: Any = None
        self._error: BaseException | None = None
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()

    def work(self, store: Store) -> None:
        """Run the job so that its failure takes back its own changes and nobody else's."""
        store.execute("SAVEPOINT job")
        try:
            self._result = self._job(store)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the request's to hear
            store.execute("ROLLBACK TO job")
            self._error = error
        store.execute("RELEASE job")

    def fail(self, error: BaseException) -> None:
        self._error = error

    def settle(self) -> None:
        if self.future.done():  # its request was cancelled
            return
        if self._error is None:
            self.future.set_result(self._result)
        else:
            self.future.set_exception(self._error)


def _deliver(group: list[_Task]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        group[0].loop.call_soon_threadsafe(_settle, group)


def _settle(group: list[_Task]) -> None:
    for task in group:
        task.settle()


def _transact(store: Store, job: Job[T]) -> T:
    store.execute("BEGIN IMMEDIATE")
    try:
        result = job(store)
    except BaseException:
        store.execute("ROLLBACK")
        raise
    store.execute("COMMIT")
    return result
