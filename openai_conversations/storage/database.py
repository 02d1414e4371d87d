"""
A SQLite database for the tasks of one event loop.

A write returns when it is on the disk (WAL, ``synchronous=FULL``). While one transaction is on its way there, the next
writes gather, and go together. A read has a connection of its own and waits for no writer, of whatever process.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike, fspath
from typing import Any, Final, TypeVar, cast

import attrs

from openai_conversations.errors import WrongEventLoopError
from openai_conversations.storage.errors import DatabaseError
from openai_conversations.storage.schema import DatabaseSchema, ForeignFileError, bring_up_to_date
from openai_conversations.storage.transaction import POLL, BusyError, Job, QueuedJob, Reads, Transactions, is_busy
from openai_conversations.storage.worker import InlineWorker, ThreadWorker

T = TypeVar("T")

PATIENCE: Final = 10.0
"""Seconds to wait for another process that writes."""

EXCLUSIVE_TIMEOUT: Final = 2.0
"""Seconds to wait for a file that is to be had alone: whoever has it, keeps it."""

MEMORY: Final = ":memory:"

logger: Final = logging.getLogger("openai_conversations")


@attrs.define(kw_only=True, eq=False)
class _Open:
    """What exists only while the database is open; the reader from the first read on."""

    loop: asyncio.AbstractEventLoop
    transactions: Transactions
    writer: InlineWorker | ThreadWorker
    reader: InlineWorker | ThreadWorker | None


class Database:
    """
    A SQLite database. It belongs to the event loop in which it was opened, and may be opened again when it is closed.

    Args:
        path: The file; it is made when it is not there. ``None`` keeps everything in memory.
        schema: Its tables.
        exclusive: Whether nobody else may have the file open.
        error: What is raised when the file cannot be used; takes a message.
        patience: Seconds to wait for another process that writes; ``None`` for 10, or 2 for a file to be had alone.
    """

    def __init__(
        self,
        path: str | PathLike[str] | None,
        schema: DatabaseSchema,
        *,
        exclusive: bool = False,
        error: type[DatabaseError] = DatabaseError,
        patience: float | None = None,
    ) -> None:
        self.path: str = MEMORY if path is None else fspath(path)
        self._schema = schema
        self._exclusive = exclusive
        self._error = error
        self._patience = (EXCLUSIVE_TIMEOUT if exclusive else PATIENCE) if patience is None else patience
        self._opened: _Open | None = None

    @property
    def commits(self) -> int:
        """Transactions that were written since it was opened."""
        return self._opened.transactions.commits if self._opened is not None else 0

    # opening and closing

    async def open(self) -> None:
        """
        Open the file, make its tables or bring them up to date.

        Raises:
            DatabaseError: It cannot be opened, is in use or open already, is something else or of a newer version.
        """
        if self._opened is not None:
            raise self._error(f"{self.path} is open already")
        loop = asyncio.get_running_loop()
        if self.path == MEMORY:
            self._begin(loop, self._connect())
            return
        connecting = loop.run_in_executor(None, self._connect)
        try:
            db = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(_close_unwanted)
            raise
        self._begin(loop, db)

    def _begin(self, loop: asyncio.AbstractEventLoop, db: sqlite3.Connection) -> None:
        worker = InlineWorker if self.path == MEMORY else ThreadWorker
        transactions = Transactions(db, patience=self._patience)
        writer = worker(loop, transactions.run, self._deliver, db.close)
        # Where nobody else writes, a connection of its own would gain nothing, or could not be had.
        reader = writer if self._exclusive or self.path == MEMORY else None
        self._opened = _Open(loop=loop, transactions=transactions, writer=writer, reader=reader)

    async def close(self) -> None:
        """Write what is waiting, and close the file. Does nothing when it is not open."""
        if self._opened is None:
            return
        opened = self._here()
        self._opened = None
        workers = [opened.writer] if opened.reader in (None, opened.writer) else [opened.writer, opened.reader]
        for worker in workers:
            worker.end()  # all of them before the first wait: whoever closes may be cancelled
        for worker in workers:
            await worker.ended()

    # using

    async def write(
        self,
        job: Job[T],
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # whether it was written hangs on when it ran out
        then: Callable[[T], object] | None = None,
    ) -> T:
        """
        Run a job in the next transaction; return when it is on the disk. Cancelled, the job is done all the same.

        What a job raises is raised here; its changes are taken back, and nobody else's. A job may be called twice.

        Args:
            job: Takes the connection.
            timeout: Seconds; a job that has not begun by then is not done. ``None`` waits as long as it takes.
            then: Called with the result in the event loop when it is on the disk, also when the caller was cancelled.

        Raises:
            DatabaseError: The file cannot be written, or not in time, or is closed.
            WrongEventLoopError: It was opened in another event loop.
        """
        opened = self._here()
        queued = QueuedJob(job, opened.loop, then)
        opened.writer.put(queued)
        if timeout is None:
            result: T = await queued.future
            return result
        timer = opened.loop.call_later(max(timeout, 0.0), self._give_up, opened, queued, timeout)
        try:
            return cast("T", await queued.future)
        finally:
            timer.cancel()

    def write_soon(self, job: Job[Any], *, what: str) -> asyncio.Future[Any]:
        """
        Queue a job without waiting for it; a failure is logged.

        Args:
            job: Takes the connection.
            what: What is not there when it fails, for the log.

        Returns:
            What can be waited for: done when the job is on the disk or has failed.

        Raises:
            DatabaseError: It is closed.
            WrongEventLoopError: It was opened in another event loop.
        """
        opened = self._here()
        queued = QueuedJob(job, opened.loop)
        queued.future.add_done_callback(partial(_log_failure, what))
        opened.writer.put(queued)
        return queued.future

    async def read(self, job: Job[T]) -> T:
        """
        Run a job that only reads, in a snapshot of what is committed; it waits for no writer.

        Raises:
            DatabaseError: The file cannot be read, or is closed.
            WrongEventLoopError: It was opened in another event loop.
        """
        opened = self._here()
        queued = QueuedJob(job, opened.loop)
        self._reader(opened).put(queued)
        result: T = await queued.future
        return result

    def run_now(self, job: Job[T]) -> T:
        """
        Run a job in a transaction of its own, in the calling thread, whichever that is.

        Raises:
            DatabaseError: The file cannot be written, or is closed.
        """
        opened = self._opened
        if opened is None:
            raise self._error(f"{self.path} is closed")
        try:
            return opened.transactions.run_now(job)
        except (BusyError, sqlite3.Error) as error:
            raise self._told(error) from error

    def check_loop(self) -> None:
        """
        See that the running event loop is the one in which it was opened; a closed database belongs to none.

        Raises:
            WrongEventLoopError: It is another.
        """
        if self._opened is not None and self._opened.loop is not asyncio.get_running_loop():
            raise WrongEventLoopError(f"{self.path} was opened in another event loop; open it once in each")

    def _here(self) -> _Open:
        self.check_loop()
        if self._opened is None:
            raise self._error(f"{self.path} is closed")
        return self._opened

    def _reader(self, opened: _Open) -> InlineWorker | ThreadWorker:
        if opened.reader is None:
            reads = Reads(self._connect_to_read)
            opened.reader = ThreadWorker(opened.loop, reads.run, self._deliver, reads.close)
        return opened.reader

    def _give_up(self, opened: _Open, queued: QueuedJob, timeout: float) -> None:
        if not queued.future.done():
            late = "it was not written" if opened.transactions.withdraw(queued) else "it may be written later"
            queued.future.set_exception(self._error(f"{self.path} was not free within {timeout:.3g} s: {late}"))

    def _deliver(self, group: Sequence[QueuedJob]) -> None:
        """Give the results to whoever waits for these jobs."""
        for queued in group:
            if queued.then is not None and queued.error is None and not queued.withdrawn:
                queued.then(queued.result)
            if queued.future.done():  # cancelled, or given up
                continue
            if queued.error is None:
                queued.future.set_result(queued.result)
            else:
                queued.future.set_exception(self._told(queued.error))

    def _told(self, error: BaseException) -> BaseException:
        """The error that whoever waits is to see: what is no fault of a job is the file's."""
        if isinstance(error, (BusyError, sqlite3.OperationalError)) or type(error) is sqlite3.DatabaseError:
            return _caused(self._error(self._why(error)), error)
        if isinstance(error, StopIteration) or not isinstance(error, Exception):
            return _caused(self._error(f"{self.path}: a job ended with {type(error).__name__}"), error)
        return error

    def _why(self, error: Exception) -> str:
        if is_busy(error):
            return f"{self.path} is in use: another process writes to it"
        return f"{self.path} cannot be used: {error}"

    # in a thread

    def _connect(self) -> sqlite3.Connection:
        """A connection to write with."""
        ends = time.monotonic() + self._patience
        while True:
            try:
                return self._connect_once()
            except ForeignFileError as error:
                raise self._error(f"{self.path} {error}") from None
            except sqlite3.Error as error:
                if not is_busy(error) or time.monotonic() >= ends:
                    raise self._error(self._why_not(error)) from error
            # SQLite does not wait for every lock, and two who want a file alone would wait for each other.
            time.sleep(POLL * random.random())

    def _connect_once(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=POLL
        )
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("SELECT COUNT(*) FROM sqlite_master")  # fails before anything is changed in what is no database
        if self.path != MEMORY:
            if self._exclusive:
                db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
        bring_up_to_date(db, self._schema)
        if self._exclusive:
            db.execute("BEGIN IMMEDIATE")
            db.execute("COMMIT")  # from here on it is ours alone

    def _connect_to_read(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=self._patience)
        db.execute("PRAGMA query_only = ON")
        return db

    def _why_not(self, error: sqlite3.Error) -> str:
        if is_busy(error):
            return f"{self.path} is in use: another run has it open"
        if isinstance(error, sqlite3.OperationalError):
            return f"{self.path} cannot be opened: {error}"
        return f"{self.path} is not {self._schema.name}: {error}"


def _caused(error: DatabaseError, cause: BaseException) -> DatabaseError:
    error.__cause__ = cause
    return error


def _log_failure(what: str, future: asyncio.Future[Any]) -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None:
        logger.warning("%s was not written down: %s: %s", what, type(error).__name__, error)


def _close_unwanted(connecting: asyncio.Future[sqlite3.Connection]) -> None:
    """Whoever wanted it was cancelled, and it was opened all the same."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()
