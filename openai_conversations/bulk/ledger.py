"""
The ledger of a bulk run: one row per conversation, in a SQLite file, and the truth about what is done.

Rules that hold here:

* What :class:`Ledger` says it wrote is on the disk: every method returns after the commit; see :mod:`.database`.
* A row that is ``working`` when a run begins belonged to a killed one: :meth:`Ledger.take_up` lets it wait again.
* Only one run at a time has a ledger open.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import Any, Final, Literal, Self

import attrs

from openai_conversations.bulk.errors import LedgerError
from openai_conversations.storage.sqlite import Database

Phase = Literal["waiting", "working", "again", "done", "failed"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
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
);
CREATE INDEX IF NOT EXISTS by_phase ON conversations (phase, number);
CREATE TABLE IF NOT EXISTS notes (conversation INTEGER NOT NULL, note TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS notes_of ON notes (conversation);
"""

_RECEIPTS_AT_A_TIME: Final = 200


@attrs.frozen(kw_only=True)
class LedgerRow:
    """
    A conversation of a run.

    Attributes:
        number: Its place in the run, from 1.
        id: The conversation, or the name of the file for imports.
        attempts: How often it was begun, this time included.
        cursor: Where an earlier attempt stopped, in the words of the operation; ``None`` for the beginning.
        notes: What earlier attempts noted; JSON values.
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
        phase: ``done``, ``failed``, or ``again`` for another attempt in this run.
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
        self._file = Database(path, _SCHEMA, exclusive=True, error=LedgerError)
        self._operation = operation
        self._now = now
        self.counts: dict[Phase, int] = {}
        """Rows by phase."""
        self.items: int = 0
        """Items of the rows that are done."""
        self.problems: int = 0
        """Rows that are done and have a problem."""

    async def __aenter__(self) -> Self:
        await self._file.open(self._begin)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._file.close()

    @property
    def commits(self) -> int:
        """Transactions that were written."""
        return self._file.commits

    def _begin(self, db: sqlite3.Connection) -> None:
        """Check whose ledger it is, and count."""
        db.execute("INSERT OR IGNORE INTO run VALUES ('operation', ?)", (self._operation,))
        (operation,) = db.execute("SELECT value FROM run WHERE key = 'operation'").fetchone()
        if operation != self._operation:
            path = self._file.path
            raise LedgerError(f"{path} is the ledger of another operation: {operation}, not {self._operation}")
        self._count(db)

    def _count(self, db: sqlite3.Connection) -> None:
        self.counts = dict(db.execute("SELECT phase, COUNT(*) FROM conversations GROUP BY phase").fetchall())
        self.items, self.problems = db.execute(
            "SELECT COALESCE(SUM(items), 0), COALESCE(SUM(problem), 0) FROM conversations WHERE phase = 'done'"
        ).fetchone()

    # what a run does

    async def take_up(self) -> None:
        """Let what an earlier run left wait again: what was under way when it ended, and what failed."""

        def job(db: sqlite3.Connection) -> None:
            db.execute("UPDATE conversations SET phase = 'waiting' WHERE phase IN ('working', 'again', 'failed')")
            self._count(db)

        await self._file.write(job)

    async def add(self, ids: Iterable[str]) -> int:
        """Add conversations that are not there yet; tells how many these were."""
        rows = [(id,) for id in ids]

        def job(db: sqlite3.Connection) -> int:
            before = db.total_changes
            db.executemany("INSERT OR IGNORE INTO conversations (id) VALUES (?)", rows)
            return db.total_changes - before

        added = await self._file.write(job)
        self._move(None, "waiting", added)
        return added

    async def take(self, count: int, *, phase: Phase = "waiting") -> list[LedgerRow]:
        """Take the next conversations to work on; they are ``working`` from then on."""

        def job(db: sqlite3.Connection) -> list[LedgerRow]:
            found = db.execute(
                "SELECT number, id, attempts, cursor FROM conversations WHERE phase = ? ORDER BY number LIMIT ?",
                (phase, count),
            ).fetchall()
            now = self._now()
            db.executemany(
                "UPDATE conversations SET phase = 'working', attempts = attempts + 1, updated_at = ? WHERE number = ?",
                [(now, number) for number, *_ in found],
            )
            return [
                LedgerRow(
                    number=number, id=id, attempts=attempts + 1, cursor=cursor, notes=_notes(db, number, attempts)
                )
                for number, id, attempts, cursor in found
            ]

        rows = await self._file.write(job)
        self._move(phase, "working", len(rows))
        return rows

    async def finish(self, result: Result) -> None:
        """Write how an attempt ended."""
        receipt = None if result.receipt is None else json.dumps(result.receipt, ensure_ascii=False)

        def job(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE conversations SET phase = ?, items = ?, problem = ?, error = ?, receipt = ?, updated_at = ?"
                " WHERE number = ?",
                (
                    result.phase,
                    result.items,
                    result.problem,
                    result.error,
                    receipt,
                    self._now(),
                    result.number,
                ),
            )
            if result.phase == "done":
                db.execute("DELETE FROM notes WHERE conversation = ?", (result.number,))

        await self._file.write(job)
        self._move("working", result.phase, 1)
        if result.phase == "done":
            self.items += result.items
            self.problems += result.problem

    async def note(self, number: int, notes: Sequence[Any], *, cursor: str | None = None) -> None:
        """Keep JSON values, and a cursor, for the next attempt, should this one not come to its end."""
        await self._file.write(_noting(number, notes, cursor))

    def note_soon(self, number: int, notes: Sequence[Any]) -> None:
        """The same without waiting for the disk."""
        self._file.write_soon(_noting(number, notes, None))

    async def receipts(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every receipt, in the order of the ids."""
        last = 0
        while True:
            page = await self._file.write(partial(_receipts, after=last))
            for number, receipt in page:
                last = number
                yield json.loads(receipt)
            if len(page) < _RECEIPTS_AT_A_TIME:
                return

    async def failures(self, limit: int = 100) -> list[tuple[str, str]]:
        """The ids that failed, with their errors; the first of them."""
        return await self._file.write(
            lambda db: db.execute(
                "SELECT id, error FROM conversations WHERE phase = 'failed' ORDER BY number LIMIT ?", (limit,)
            ).fetchall()
        )

    def _move(self, source: Phase | None, target: Phase, count: int) -> None:
        if source is not None:
            self.counts[source] = self.counts.get(source, 0) - count
        self.counts[target] = self.counts.get(target, 0) + count


def _notes(db: sqlite3.Connection, number: int, attempts: int) -> tuple[Any, ...]:
    """Only what was begun before has notes."""
    if attempts == 0:
        return ()
    found = db.execute("SELECT note FROM notes WHERE conversation = ? ORDER BY rowid", (number,))
    return tuple(json.loads(note) for (note,) in found)


def _noting(number: int, notes: Sequence[Any], cursor: str | None) -> Callable[[sqlite3.Connection], None]:
    rows = [(number, json.dumps(note, ensure_ascii=False)) for note in notes]

    def job(db: sqlite3.Connection) -> None:
        db.executemany("INSERT INTO notes VALUES (?, ?)", rows)
        if cursor is not None:
            db.execute("UPDATE conversations SET cursor = ? WHERE number = ?", (cursor, number))

    return job


def _receipts(db: sqlite3.Connection, after: int) -> list[tuple[int, str]]:
    return db.execute(
        "SELECT number, receipt FROM conversations WHERE number > ? AND receipt IS NOT NULL ORDER BY number LIMIT ?",
        (after, _RECEIPTS_AT_A_TIME),
    ).fetchall()
