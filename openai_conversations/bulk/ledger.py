"""
The ledger of a bulk run: one row per conversation, in a SQLite file, and the truth about what is done.

Rules that hold here:

* What :class:`Ledger` says it wrote is on the disk: every method returns after the commit; see :mod:`.database`.
* A row that is ``working`` when a run begins belonged to a killed one: :meth:`Ledger.take_up` lets it wait again.
* Only one run at a time has a ledger open.
* What failed, or was not there, is never final: a later run tries it again, after what nobody has tried yet.
* One row with values that cannot be kept fails alone. Text and JSON of any kind can be; see :mod:`.values`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import Any, Final, Literal, Self

import attrs

from openai_conversations.checks import FUNCTION, NAME, PATH
from openai_conversations.storage.database import Database
from openai_conversations.storage.errors import LedgerError
from openai_conversations.storage.schema import DatabaseSchema
from openai_conversations.storage.values import dump_json, from_sql, load_json, to_sql

Phase = Literal["waiting", "working", "again", "done", "missing", "failed"]

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """
    CREATE TABLE IF NOT EXISTS conversations (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        phase TEXT NOT NULL DEFAULT 'waiting',
        cursor TEXT,
        items INTEGER NOT NULL DEFAULT 0,
        problem INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        error TEXT,
        receipt TEXT,
        updated_at REAL
    )
    """,
    "CREATE INDEX IF NOT EXISTS by_phase ON conversations (phase, number)",
    "CREATE TABLE IF NOT EXISTS notes (conversation INTEGER NOT NULL, note TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS notes_of ON notes (conversation)",
)

SCHEMA: Final = DatabaseSchema(
    application=0x4F436C67,
    steps=(_TABLES,),
    unmarked=frozenset({"run", "conversations", "notes"}),
)

_RECEIPTS_AT_A_TIME: Final = 200

_GATHER: Final = 0.01
"""Seconds in which notes gather that nobody waits for."""


@attrs.frozen(kw_only=True)
class LedgerRow:
    """
    A conversation of a run.

    Attributes:
        number: Its place in the run, from 1.
        id: The conversation, or the name of the file for imports.
        attempts: How often it was begun, this time included.
        cursor: Where an earlier attempt stopped, in the words of the operation; ``None`` for the beginning.
        notes: What earlier attempts noted; JSON values. A note that is JSON no more is ``{"unreadable": text}``.
    """

    number: int
    id: str
    attempts: int = 0
    cursor: str | None = None
    notes: tuple[Any, ...] = ()


@attrs.frozen(kw_only=True)
class Result:
    """
    How an attempt ended.

    Attributes:
        number: Whose.
        phase: ``done``, ``failed``, ``missing`` for what is not there, or ``again`` for another attempt in this run.
        items: How many items it dealt with.
        problem: Whether a check found something.
        error: One line, when it failed.
        receipt: A JSON value to keep, or ``None``.
    """

    number: int
    phase: Phase
    items: int = 0
    problem: bool = False
    error: str | None = None
    receipt: Mapping[str, Any] | None = None


class Ledger:
    """
    Opened with ``async with Ledger(path, operation="erase")``.

    Args:
        path: The file; it is made when it is not there.
        operation: What the run does. A file belongs to one operation.
        now: Unix seconds.
    """

    def __init__(self, path: str | PathLike[str], *, operation: str, now: Callable[[], float] = time.time) -> None:
        PATH.check("path", path)
        NAME.check("operation", operation)
        FUNCTION.check("now", now)
        self._file = Database(path, SCHEMA, exclusive=True, error=LedgerError)
        self._operation = operation
        self._now = now
        self.counts: dict[Phase, int] = {}
        """Rows by phase."""
        self.items: int = 0
        """Items of the rows that are done."""
        self.problems: int = 0
        """Rows that are done and have a problem."""
        self._soon: list[tuple[int, str]] = []
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._file.open()
        try:
            await self._begin()
        except BaseException:
            await self._file.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._write_notes()
        await self._file.close()

    @property
    def commits(self) -> int:
        """Transactions that were written."""
        return self._file.commits

    async def _begin(self) -> None:
        """Check whose ledger it is, and count."""
        operation = await self._file.write(partial(_operation, named=self._operation))
        if operation != self._operation:
            path = self._file.path
            raise LedgerError(f"{path} is the ledger of another operation: {operation}, not {self._operation}")
        self._recount(await self._file.read(_counted))

    def _recount(self, counted: tuple[dict[Phase, int], int, int]) -> None:
        self.counts, self.items, self.problems = counted

    # what a run does

    async def take_up(self) -> None:
        """Let what an earlier run left wait again; what failed or was not there comes last, so that it stops nobody."""
        await self._file.write(_taken_up, then=self._recount)

    async def add(self, ids: Iterable[str]) -> int:
        """Add conversations that are not there yet; tells how many these were."""
        rows = [(to_sql(id),) for id in ids]

        def job(db: sqlite3.Connection) -> int:
            before = db.total_changes
            db.executemany("INSERT OR IGNORE INTO conversations (id) VALUES (?)", rows)
            return db.total_changes - before

        return await self._file.write(job, then=partial(self._move, None, "waiting"))

    async def take(self, count: int, *, phase: Phase = "waiting") -> list[LedgerRow]:
        """Take the next conversations to work on; they are ``working`` from then on."""
        job = partial(_taken, count=count, phase=phase, now=self._now())
        return await self._file.write(job, then=lambda rows: self._move(phase, "working", len(rows)))

    async def finish(self, result: Result) -> None:
        """
        Write how an attempt ended.

        Raises:
            ValueError: The receipt contains itself; the row is as it was.
            TypeError: The receipt is no JSON; the row is as it was.
            OverflowError: A number is too large for its column; the row is as it was.
            LedgerError: The file cannot be written.
        """
        receipt = None if result.receipt is None else dump_json(result.receipt)
        self._write_notes()  # those of this row go when it is done
        job = partial(_finished, result=result, receipt=receipt, now=self._now())
        await self._file.write(job, then=lambda _: self._count(result))

    def release(self) -> None:
        """Let wait again what is under way: nobody works on it any more. On the disk before the ledger is closed."""
        self._write_notes()
        self._file.write_soon(_released, what=f"{self._file.path}: that what was under way waits again")
        self._move("working", "waiting", self.counts.get("working", 0))

    async def note(self, number: int, notes: Sequence[Any], *, cursor: str | None = None) -> None:
        """Keep JSON values, and a cursor, for the next attempt, should this one not come to its end."""
        rows = [(number, dump_json(note)) for note in notes]
        self._write_notes()
        await self._file.write(partial(_noted, rows=rows, number=number, cursor=cursor))

    def note_soon(self, number: int, notes: Sequence[Any]) -> None:
        """
        The same without waiting for the disk; a failure is logged.

        Notes gather for a hundredth of a second and are one job then: a job for each takes a third of an erase.
        """
        self._soon += [(number, dump_json(note)) for note in notes]
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER, self._write_notes)

    def _write_notes(self) -> None:
        """Queue what has gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        rows, self._soon = self._soon, []
        if rows:
            numbers = ", ".join(str(number) for number in sorted({number for number, _ in rows}))
            self._file.write_soon(partial(_noted, rows=rows), what=f"{self._file.path}: what was done of row {numbers}")

    async def receipts(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every receipt, in the order of the ids; one that is JSON no more as ``{"unreadable": text}``."""
        last = 0
        while True:
            page = await self._file.read(partial(_receipts, after=last))
            for number, receipt in page:
                last = number
                yield load_json(receipt)
            if len(page) < _RECEIPTS_AT_A_TIME:
                return

    async def unfinished(self) -> AsyncIterator[LedgerRow]:
        """The rows that are not done and of which an attempt noted something, with their notes."""
        last = 0
        while True:
            page = await self._file.read(partial(_unfinished, after=last))
            for row in page:
                last = row.number
                yield row
            if len(page) < _RECEIPTS_AT_A_TIME:
                return

    async def failures(self, limit: int = 100, *, phase: Phase = "failed") -> list[tuple[str, str]]:
        """The ids that failed, or are in another phase, with their errors; the first of them."""
        return await self._file.read(partial(_failures, limit=limit, phase=phase))

    def _count(self, result: Result) -> None:
        self._move("working", result.phase, 1)
        if result.phase == "done":
            self.items += result.items
            self.problems += result.problem

    def _move(self, source: Phase | None, target: Phase, count: int) -> None:
        if source is not None:
            self.counts[source] = self.counts.get(source, 0) - count
        self.counts[target] = self.counts.get(target, 0) + count


# Jobs: in the thread of the file, and perhaps twice.


def _operation(db: sqlite3.Connection, *, named: str) -> str:
    """Whose ledger it is; a new one belongs to the operation that opened it."""
    db.execute("INSERT OR IGNORE INTO run VALUES ('operation', ?)", (named,))
    (operation,) = db.execute("SELECT value FROM run WHERE key = 'operation'").fetchone()
    return str(operation)


def _counted(db: sqlite3.Connection) -> tuple[dict[Phase, int], int, int]:
    counts = dict(db.execute("SELECT phase, COUNT(*) FROM conversations GROUP BY phase").fetchall())
    items, problems = db.execute(
        # TOTAL, because SUM fails where the sum is over 64 bits.
        "SELECT CAST(TOTAL(items) AS INTEGER), COUNT(NULLIF(problem, 0)) FROM conversations WHERE phase = 'done'"
    ).fetchone()
    return counts, items, problems


def _taken_up(db: sqlite3.Connection) -> tuple[dict[Phase, int], int, int]:
    db.execute("UPDATE conversations SET phase = 'waiting' WHERE phase = 'working'")
    db.execute("UPDATE conversations SET phase = 'again' WHERE phase IN ('failed', 'missing')")
    return _counted(db)


def _taken(db: sqlite3.Connection, *, count: int, phase: Phase, now: float) -> list[LedgerRow]:
    found = db.execute(
        "SELECT number, id, attempts, cursor FROM conversations WHERE phase = ? ORDER BY number LIMIT ?",
        (phase, count),
    ).fetchall()
    db.executemany(
        "UPDATE conversations SET phase = 'working', attempts = attempts + 1, updated_at = ? WHERE number = ?",
        [(now, number) for number, *_ in found],
    )
    return [_row(db, row, attempts=row[2] + 1) for row in found]


def _notes(db: sqlite3.Connection, number: int, attempts: int) -> tuple[Any, ...]:
    """Only what was begun before has notes."""
    if attempts == 0:
        return ()
    found = db.execute("SELECT note FROM notes WHERE conversation = ? ORDER BY rowid", (number,))
    return tuple(load_json(note) for (note,) in found)


def _unfinished(db: sqlite3.Connection, *, after: int) -> list[LedgerRow]:
    found = db.execute(
        "SELECT number, id, attempts, cursor FROM conversations"
        " WHERE number > ? AND phase NOT IN ('done', 'missing')"
        " AND number IN (SELECT conversation FROM notes) ORDER BY number LIMIT ?",
        (after, _RECEIPTS_AT_A_TIME),
    ).fetchall()
    return [_row(db, row, attempts=row[2]) for row in found]


def _row(db: sqlite3.Connection, found: tuple[Any, ...], *, attempts: int) -> LedgerRow:
    number, id, before, cursor = found
    return LedgerRow(
        number=number,
        id=from_sql(id),
        attempts=attempts,
        cursor=None if cursor is None else from_sql(cursor),
        notes=_notes(db, number, before),
    )


def _finished(db: sqlite3.Connection, *, result: Result, receipt: str | None, now: float) -> None:
    db.execute(
        "UPDATE conversations SET phase = ?, items = ?, problem = ?, error = ?, receipt = ?, updated_at = ?"
        " WHERE number = ?",
        (result.phase, result.items, result.problem, to_sql(result.error), receipt, now, result.number),
    )
    if result.phase == "done":
        db.execute("DELETE FROM notes WHERE conversation = ?", (result.number,))


def _released(db: sqlite3.Connection) -> None:
    db.execute("UPDATE conversations SET phase = 'waiting' WHERE phase = 'working'")


def _noted(
    db: sqlite3.Connection, *, rows: Sequence[tuple[int, str]], number: int = 0, cursor: str | None = None
) -> None:
    db.executemany("INSERT INTO notes VALUES (?, ?)", rows)
    if cursor is not None:
        db.execute("UPDATE conversations SET cursor = ? WHERE number = ?", (to_sql(cursor), number))


def _failures(db: sqlite3.Connection, *, limit: int, phase: Phase) -> list[tuple[str, str]]:
    rows = db.execute("SELECT id, error FROM conversations WHERE phase = ? ORDER BY number LIMIT ?", (phase, limit))
    return [(from_sql(id), from_sql(error or "")) for id, error in rows]


def _receipts(db: sqlite3.Connection, after: int) -> list[tuple[int, str]]:
    return db.execute(
        "SELECT number, receipt FROM conversations WHERE number > ? AND receipt IS NOT NULL ORDER BY number LIMIT ?",
        (after, _RECEIPTS_AT_A_TIME),
    ).fetchall()
