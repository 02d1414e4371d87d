"""
The file of the registry: its tables, and the jobs that read and write it.

Jobs run in the thread of the file, and perhaps twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import attrs

from openai_conversations.storage.schema import DatabaseSchema
from openai_conversations.storage.values import from_sql, load_json, to_sql

PAGE: Final = 500
"""Conversations that are read at a time."""

_TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS conversations (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        owner TEXT,
        metadata TEXT NOT NULL DEFAULT '{}',
        created_at REAL,
        active_at REAL NOT NULL,
        deleted_at REAL
    )
    """,
    "CREATE INDEX IF NOT EXISTS by_owner ON conversations (owner, number) WHERE deleted_at IS NULL",
    "CREATE INDEX IF NOT EXISTS by_activity ON conversations (active_at, number) WHERE deleted_at IS NULL",
    """
    CREATE TABLE IF NOT EXISTS pending_creates (
        number INTEGER PRIMARY KEY,
        owner TEXT,
        metadata TEXT NOT NULL,
        at REAL NOT NULL
    )
    """,
)

SCHEMA: Final = DatabaseSchema(application=0x4F437267, steps=(_TABLES,))

_COLUMNS: Final = "number, id, owner, metadata, created_at, active_at, deleted_at"


@attrs.frozen(kw_only=True)
class Registered:
    """
    A conversation as the registry knows it.

    Attributes:
        id: The conversation.
        owner: Whose it is; ``None`` when nobody said.
        metadata: As it was last written by a client with this registry.
        created_at: Unix seconds; ``None`` when it was tracked later and nobody knows.
        active_at: When it was last written to, in Unix seconds; of one that was tracked later, when that was.
        deleted_at: Unix seconds; ``None`` when it is there.
    """

    id: str
    owner: str | None
    metadata: Mapping[str, Any]
    created_at: float | None
    active_at: float
    deleted_at: float | None = None


@attrs.frozen(kw_only=True)
class PendingCreate:
    """
    A creation whose outcome the registry does not know: a conversation may exist whose id nobody has.

    Attributes:
        number: What :meth:`Registry.resolve` takes.
        owner: Whose it would be.
        metadata: What it would have.
        at: When it was sent, in Unix seconds.
    """

    number: int
    owner: str | None
    metadata: Mapping[str, Any]
    at: float


def pending(db: sqlite3.Connection, *, owner: str | None, metadata: str, at: float) -> int:
    """Write down a create that is about to be sent; gives its number."""
    row = (to_sql(owner), metadata, at)
    cursor = db.execute("INSERT INTO pending_creates (owner, metadata, at) VALUES (?, ?, ?)", row)
    return cast("int", cursor.lastrowid)


def named(db: sqlite3.Connection, *, number: int, id: str) -> None:
    """A pending create became a conversation with this id."""
    db.execute(
        "INSERT OR IGNORE INTO conversations (id, owner, metadata, created_at, active_at)"
        " SELECT ?, owner, metadata, at, at FROM pending_creates WHERE number = ?",
        (to_sql(id), number),
    )
    resolved(db, number=number)


def resolved(db: sqlite3.Connection, *, number: int) -> None:
    """A pending create came to nothing, or was looked into."""
    db.execute("DELETE FROM pending_creates WHERE number = ?", (number,))


def pending_before(db: sqlite3.Connection, *, moment: float) -> list[PendingCreate]:
    """The pending creates that were sent by then."""
    rows = db.execute(
        "SELECT number, owner, metadata, at FROM pending_creates WHERE at <= ? ORDER BY number", (moment,)
    )
    return [
        PendingCreate(number=number, owner=_owner(owner), metadata=load_json(metadata), at=at)
        for number, owner, metadata, at in rows
    ]


def touched(db: sqlite3.Connection, *, id: str, at: float) -> None:
    """A conversation was written to."""
    db.execute("UPDATE conversations SET active_at = MAX(active_at, ?) WHERE id = ?", (at, to_sql(id)))


def updated(db: sqlite3.Connection, *, id: str, owner: str | None, metadata: str, at: float) -> None:
    """A conversation got new metadata."""
    db.execute(
        "UPDATE conversations SET metadata = ?, owner = COALESCE(?, owner), active_at = MAX(active_at, ?) WHERE id = ?",
        (metadata, to_sql(owner), at, to_sql(id)),
    )


def deleted(db: sqlite3.Connection, *, id: str, at: float) -> None:
    """A conversation is gone."""
    db.execute("UPDATE conversations SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", (at, to_sql(id)))


def tracked(db: sqlite3.Connection, *, ids: Sequence[str], owner: str | None, at: float) -> int:
    """Add conversations that are not known; tells how many these were."""
    before = db.total_changes
    rows = [(to_sql(id), to_sql(owner), at) for id in ids]
    db.executemany("INSERT OR IGNORE INTO conversations (id, owner, active_at) VALUES (?, ?, ?)", rows)
    return db.total_changes - before


def one(db: sqlite3.Connection, *, id: str) -> Registered | None:
    """What is known of one conversation."""
    row = db.execute(f"SELECT {_COLUMNS} FROM conversations WHERE id = ?", (to_sql(id),)).fetchone()  # noqa: S608  # our own
    return None if row is None else _registered(row)[1]


def page(
    db: sqlite3.Connection, *, after: int, owner: str | None, before: float | None, deleted: bool
) -> list[tuple[int, Registered]]:
    """The next conversations that fit, with their numbers."""
    wanted: list[tuple[str, Any]] = [("number > ?", after)]
    if owner is not None:
        wanted.append(("owner = ?", to_sql(owner)))
    if before is not None:
        wanted.append(("active_at <= ?", before))
    conditions = " AND ".join(condition for condition, _ in wanted)
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM conversations WHERE {conditions} AND deleted_at IS {'NOT ' if deleted else ''}NULL"  # noqa: S608  # our own
        " ORDER BY number LIMIT ?",
        (*(value for _, value in wanted), PAGE),
    )
    return [_registered(row) for row in rows]


def _registered(row: Sequence[Any]) -> tuple[int, Registered]:
    number, id, owner, metadata, created_at, active_at, deleted_at = row
    return number, Registered(
        id=from_sql(id),
        owner=_owner(owner),
        metadata=load_json(metadata),
        created_at=created_at,
        active_at=active_at,
        deleted_at=deleted_at,
    )


def _owner(value: Any) -> str | None:
    return None if value is None else from_sql(value)
