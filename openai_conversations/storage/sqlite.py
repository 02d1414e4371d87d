"""
A SQLite file behind the event loop: one thread that has the file, and commits that many writers share.

A write returns when it is on the disk (WAL, ``synchronous=FULL``). While one transaction is on its way there, the next
writes gather, and go together.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike, fspath
from typing import Any, Final, TypeVar

from openai_conversations.bulk.errors import DatabaseError

T = TypeVar("T")

Job = Callable[[sqlite3.Connection], T]

_BUSY: Final = {True: 2.0, False: 10.0}
"""Seconds to wait for another process, by whether the file is to be had alone."""


class Database:
    """
    A SQLite file.

    Args:
        path: The file; it is made when it is not there.
        schema: ``CREATE … IF NOT EXISTS`` statements.
        exclusive: Whether nobody else may have the file open.
        error: What is raised when the file cannot be used; takes a message.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        schema: str,
        *,
        exclusive: bool,
        error: type[DatabaseError] = DatabaseError,
    ) -> None:
        self.path: str = fspath(path)
        self.commits: int = 0
        """Transactions that were written."""
        self._schema = schema
        self._exclusive = exclusive
        self._error = error
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._queue: list[tuple[Job[Any], asyncio.Future[Any]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._db: sqlite3.Connection | None = None

    async def open(self, first: Job[T]) -> T:
        """
        Open the file and run a first job in a transaction.

        Raises:
            DatabaseError: The file cannot be opened, is in use, or is something else.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._open, first)
        except BaseException:
            self._thread.submit(self._close_unwanted)
            self._thread.shutdown(wait=False)
            raise

    async def close(self) -> None:
        """Write what is waiting, and close the file."""
        while self._flushing is not None:
            await asyncio.wait([self._flushing])
        db, self._db = self._db, None
        if db is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, db.close)
        self._thread.shutdown(wait=False)

    async def write(self, job: Job[T]) -> T:
        """Run a job in the next transaction; return when it is on the disk. Cancelled, the job is done all the same."""
        return await asyncio.shield(self._enqueue(job))

    def write_soon(self, job: Job[Any]) -> None:
        """The same without waiting. A failure meets the next write that somebody waits for."""
        self._enqueue(job).add_done_callback(_look_at)

    def _enqueue(self, job: Job[T]) -> asyncio.Future[T]:
        if self._db is None:
            raise self._error(f"{self.path} is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.append((job, future))
        if self._flushing is None:
            self._flushing = loop.create_task(self._flush())
        return future

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                jobs, self._queue = self._queue, []
                outcomes = await loop.run_in_executor(self._thread, self._commit, [job for job, _ in jobs])
                for (_, future), outcome in zip(jobs, outcomes, strict=True):
                    _settle(future, outcome)
        finally:
            self._flushing = None

    # in the thread

    def _open(self, first: Job[T]) -> T:
        try:
            db = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=_BUSY[self._exclusive]
            )
            try:
                outcome = self._prepare(db, first)
            except BaseException:
                db.close()
                raise
        except sqlite3.OperationalError as error:
            raise self._error(self._why(error)) from error
        except sqlite3.DatabaseError as error:
            raise self._error(f"{self.path} is not a file of this program: {error}") from error
        self._db = db
        return outcome

    def _close_unwanted(self) -> None:
        """Whoever wanted it was cancelled, and it was opened all the same."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _prepare(self, db: sqlite3.Connection, first: Job[T]) -> T:
        db.execute("SELECT COUNT(*) FROM sqlite_master")  # fails before anything is changed in what is no database
        if self._exclusive:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        db.executescript(self._schema)
        db.execute("BEGIN IMMEDIATE")
        outcome = first(db)
        db.execute("COMMIT")
        return outcome

    def _why(self, error: sqlite3.OperationalError) -> str:
        if "locked" in str(error):
            return f"{self.path} is in use: another run has it open"
        return f"{self.path} cannot be opened: {error}"

    def _commit(self, jobs: Sequence[Job[Any]]) -> list[Any]:
        db = self._db
        assert db is not None  # noqa: S101  # for type checkers: it is closed after the last commit
        try:
            db.execute("BEGIN IMMEDIATE")
            outcomes = [job(db) for job in jobs]
            db.execute("COMMIT")
            self.commits += 1
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            return [self._error(f"{self.path} cannot be written: {error}")] * len(jobs)
        return outcomes


def _settle(future: asyncio.Future[Any], outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, DatabaseError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _look_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
