"""
Jobs in groups: one transaction for many, and every job gets its result, whatever happens to it or to the others.

Each job has a savepoint: one that fails takes back its own changes and nobody else's. Where the transaction as a whole
fails (the disk is full, a job broke it), each job is run again in a transaction of its own, so that the fault meets the
one that has it. A job is therefore a function of the connection that may be called twice, and never commits itself.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

T = TypeVar("T")

Job = Callable[[sqlite3.Connection], T]

POLL: Final = 0.1
"""Seconds that SQLite waits for another process before we look whether anybody still wants it to."""


class BusyError(Exception):
    """Another process had the file for too long."""


class QueuedJob:
    """
    A job, the future that waits for it, and what came of it.

    Attributes:
        then: Called in the event loop with the result, also when nobody waits for the future any more.
    """

    __slots__ = ("error", "future", "job", "result", "started", "then", "withdrawn")

    def __init__(
        self, job: Job[Any], loop: asyncio.AbstractEventLoop, then: Callable[[Any], object] | None = None
    ) -> None:
        self.job: Job[Any] = job
        self.then: Callable[[Any], object] | None = then
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None
        self.started: bool = False
        self.withdrawn: bool = False


class Transactions:
    """
    Runs jobs on a connection, one group at a time, from any thread.

    Args:
        db: In autocommit mode, to be closed by whoever opened it.
        patience: Seconds to wait for another process that writes.
    """

    def __init__(self, db: sqlite3.Connection, *, patience: float) -> None:
        self.db = db
        self.commits: int = 0
        self._patience = patience
        self._lock = threading.Lock()
        self._claims = threading.Lock()

    def run(self, group: Sequence[QueuedJob]) -> None:
        """Run jobs together, and write into each its result or its error."""
        with self._lock:
            try:
                self._take_lock(group)
                live = self._claim(group)
                error = self._together(live)
                if error is not None:
                    self._alone(live, error)
            except BaseException as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it
                for queued in group:
                    queued.error = queued.error or error

    def run_now(self, job: Job[T]) -> T:
        """Run one job between the others, in the calling thread."""
        with self._lock:
            self._take_lock()
            try:
                result = job(self.db)
                self.db.execute("COMMIT")
            finally:
                self._end()
        return result

    def withdraw(self, queued: QueuedJob) -> bool:
        """Take back a job that has not begun; whether it could be."""
        with self._claims:
            queued.withdrawn = not queued.started
        return queued.withdrawn

    def _take_lock(self, group: Sequence[QueuedJob] = ()) -> None:
        """Begin a transaction; another process may have the file, and meanwhile nobody may want it any more."""
        self._end()
        ends = time.monotonic() + self._patience
        while not self._began():
            if time.monotonic() >= ends or (group and all(queued.withdrawn for queued in group)):
                raise BusyError

    def _began(self) -> bool:
        """Whether the write lock could be had."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            return False
        return True

    def _claim(self, group: Sequence[QueuedJob]) -> Sequence[QueuedJob]:
        """The jobs that are still wanted; from now on they cannot be withdrawn."""
        with self._claims:
            live = [queued for queued in group if not queued.withdrawn]
            for queued in live:
                queued.started = True
        return live

    def _together(self, group: Sequence[QueuedJob]) -> BaseException | None:
        """Run jobs in the transaction that was begun, and commit; gives what kept it from being written."""
        try:
            for queued in group:
                self._work(queued)
            self.db.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001  # given to those who wait
            self._end()
            return error
        self.commits += 1
        return None

    def _alone(self, group: Sequence[QueuedJob], error: BaseException) -> None:
        """Run each job whose fault it was not in a transaction of its own."""
        for queued in group:
            if queued.error is None:
                queued.error = self._once_more(queued) if len(group) > 1 else error

    def _once_more(self, queued: QueuedJob) -> BaseException | None:
        try:
            self._take_lock()
        except (BusyError, sqlite3.Error) as error:
            return error
        return self._together([queued]) or queued.error

    def _work(self, queued: QueuedJob) -> None:
        """Run one job in a savepoint."""
        db = self.db
        db.execute("SAVEPOINT job")
        try:
            queued.result = queued.job(db)
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is for whoever asked
            queued.error = error
            db.execute("ROLLBACK TO job")  # fails when SQLite has given up the transaction: then all begin anew
        db.execute("RELEASE job")

    def _end(self) -> None:
        """No transaction stays open."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")


class Reads:
    """Runs jobs on a connection of their own, each in a snapshot: they wait for nobody who writes."""

    def __init__(self, open: Callable[[], sqlite3.Connection]) -> None:
        self._open = open
        self._db: sqlite3.Connection | None = None

    def run(self, group: Sequence[QueuedJob]) -> None:
        """Run jobs one after another, and write into each its result or its error."""
        for queued in group:
            try:
                queued.result = self._read(queued.job)
            except BaseException as error:  # noqa: BLE001  # whatever it is, it is for whoever asked
                queued.error = error

    def _read(self, job: Job[T]) -> T:
        db = self._db = self._db or self._open()
        db.execute("BEGIN")
        try:
            return job(db)
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._db is not None:
            self._db.close()


def is_busy(error: BaseException) -> bool:
    """Whether another connection had the file (https://www.sqlite.org/rescode.html#busy)."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the extended code says more than is asked for
    return isinstance(error, BusyError) or code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
