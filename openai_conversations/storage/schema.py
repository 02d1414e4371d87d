"""
Whose a file is, and of which version: opened, checked, and brought up to date.

Both stand in the head of the file (``application_id`` and ``user_version``, https://www.sqlite.org/pragma.html), where
any program can read them. A file of somebody else, or of a newer version of ours, is refused and left as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import attrs

APPLICATIONS: Final = {
    0x4F436C67: "the ledger of a bulk run",
    0x4F437267: "a registry",
    0x4F437376: "a database of the embedded server",
}
"""What our files are, by their ``application_id``."""

MigrationStep = Sequence[str]
"""Statements that make one version of a file the next."""


@attrs.frozen(kw_only=True)
class DatabaseSchema:
    """
    The tables of a kind of file.

    Attributes:
        application: Which one, of :data:`APPLICATIONS`.
        steps: The first makes a new file, each further one the next version of an older file.
        unmarked: The tables by which a file is known that was made before versions were written into it.
    """

    application: int
    steps: Sequence[MigrationStep]
    unmarked: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """What its files are."""
        return APPLICATIONS[self.application]

    @property
    def version(self) -> int:
        """The version that the steps lead to."""
        return len(self.steps)


class ForeignFileError(Exception):
    """The file is not what it should be; one line without the file's name."""


def bring_up_to_date(db: sqlite3.Connection, schema: DatabaseSchema) -> None:
    """
    Make the tables of a new file, or the newest version of an older one. Only reads when there is nothing to do.

    Raises:
        ForeignFileError: It is somebody else's, or of a newer version.
        sqlite3.Error: It cannot be read or written, or is no database.
    """
    if _version_at_once(db, schema) == schema.version:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Read again: another process may have done it meanwhile.
        for step in schema.steps[_version(db, schema) :]:
            for statement in step:
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {schema.application}")
        db.execute(f"PRAGMA user_version = {schema.version}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _version_at_once(db: sqlite3.Connection, schema: DatabaseSchema) -> int:
    """The version, read in one transaction: else another process may make the file between two of the reads."""
    db.execute("BEGIN")
    try:
        return _version(db, schema)
    finally:
        db.execute("ROLLBACK")


def _version(db: sqlite3.Connection, schema: DatabaseSchema) -> int:
    """The version of a file of ours; 0 for a new one and for one that was made before versions were written."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != schema.application:
        if application or version or not _is_new_or_unmarked(db, schema):
            raise ForeignFileError(f"is {APPLICATIONS.get(application, 'of another program')}, not {schema.name}")
        return 0
    if version > schema.version:
        raise ForeignFileError(
            f"is {schema.name} of a newer version of this package: {version}, and this one knows {schema.version}"
        )
    return int(version)


def _is_new_or_unmarked(db: sqlite3.Connection, schema: DatabaseSchema) -> bool:
    rows = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    tables: set[str] = {name for (name,) in rows}
    return not tables or frozenset(tables) == schema.unmarked
