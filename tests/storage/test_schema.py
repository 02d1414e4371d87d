"""Whose a file is, and of which version."""

from __future__ import annotations

import contextlib
import sqlite3

import attrs
import pytest

from openai_conversations.bulk import ledger
from openai_conversations.middlewares import registry_file
from openai_conversations.server.storage import tables
from openai_conversations.storage.database import Database
from openai_conversations.storage.errors import DatabaseError
from openai_conversations.storage.schema import APPLICATIONS, DatabaseSchema, bring_up_to_date

FIRST = ("CREATE TABLE IF NOT EXISTS names (name TEXT)",)
SECOND = ("ALTER TABLE names ADD COLUMN age INTEGER", "UPDATE names SET age = 7")
OLD = DatabaseSchema(application=0x4F437376, steps=(FIRST,), unmarked=frozenset({"names"}))
NEW = attrs.evolve(OLD, steps=(FIRST, SECOND))

OURS = {"ledger": ledger.SCHEMA, "registry": registry_file.SCHEMA, "server": tables.SCHEMA}


async def opened(path, schema, job=lambda _: None):
    database = Database(path, schema)
    await database.open()
    outcome = await database.write(job)
    await database.close()
    return outcome


def rows(db):
    return db.execute("SELECT * FROM names").fetchall()


async def test_upgraded(tmp_path):
    """A file of an older version is brought up to date, and keeps what is in it."""
    await opened(tmp_path / "db", OLD, lambda db: db.execute("INSERT INTO names VALUES ('a')") and None)

    assert [("a", 7)] == await opened(tmp_path / "db", NEW, rows)
    assert [("a", 7)] == await opened(tmp_path / "db", NEW, rows)


async def test_newer(tmp_path):
    """A file of a newer version is refused in one line, and left as it is."""
    await opened(tmp_path / "db", NEW)
    before = (tmp_path / "db").read_bytes()

    with pytest.raises(DatabaseError) as raised:
        await opened(tmp_path / "db", OLD)

    said = "is a database of the embedded server of a newer version of this package: 2, and this one knows 1"
    assert f"{tmp_path / 'db'} {said}" == str(raised.value)
    assert before == (tmp_path / "db").read_bytes()


async def test_made_before_versions_were_written(tmp_path):
    """A file with exactly our tables and no mark is one of ours from before there were marks."""
    with contextlib.closing(sqlite3.connect(tmp_path / "db")) as db:
        db.executescript("CREATE TABLE names (name TEXT); INSERT INTO names VALUES ('a');")

    assert [("a", 7)] == await opened(tmp_path / "db", NEW, rows)


async def test_upgrade_that_fails(tmp_path):
    """An upgrade is done whole or not at all."""
    await opened(tmp_path / "db", OLD, lambda db: db.execute("INSERT INTO names VALUES ('a')") and None)
    broken = attrs.evolve(OLD, steps=(FIRST, (*SECOND, "NONSENSE")))

    with pytest.raises(DatabaseError, match="cannot be opened"):
        await opened(tmp_path / "db", broken)

    assert [("a",)] == await opened(tmp_path / "db", OLD, rows)


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("other", OURS)
async def test_kinds_are_told_apart(tmp_path, kind, other):
    """A ledger is no registry, and neither is a server's database, although they have tables of the same name."""
    await opened(tmp_path / "db", OURS[kind])

    if kind == other:
        await opened(tmp_path / "db", OURS[other])
    else:
        said = f"is {APPLICATIONS[OURS[kind].application]}, not {APPLICATIONS[OURS[other].application]}"
        with pytest.raises(DatabaseError, match=said):
            await opened(tmp_path / "db", OURS[other])


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE other (a)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 3",
        OLD.steps[0][0] + "; CREATE TABLE b (c)",
    ],
)
async def test_foreign(tmp_path, script):
    """A database of another program is refused and left as it is."""
    with contextlib.closing(sqlite3.connect(tmp_path / "db")) as db:
        db.executescript(script)
    before = (tmp_path / "db").read_bytes()

    with pytest.raises(DatabaseError, match="is of another program, not a database of the embedded server"):
        await opened(tmp_path / "db", NEW)

    assert before[100:] == (tmp_path / "db").read_bytes()[100:]


@pytest.mark.parametrize("content", [b"conv_1\nconv_2\n" * 100, b"SQLite format 3\0" + b"\xff" * 200])
async def test_no_database(tmp_path, content):
    """A file that is no database is refused and left as it is."""
    (tmp_path / "db").write_bytes(content)

    with pytest.raises(DatabaseError, match="is not a database of the embedded server"):
        await opened(tmp_path / "db", NEW)

    assert content == (tmp_path / "db").read_bytes()


async def test_no_folder(tmp_path):
    """A file that cannot be made is an error that names it."""
    with pytest.raises(DatabaseError, match=r"missing.*cannot be opened"):
        await opened(tmp_path / "missing" / "db", NEW)


def test_made_by_another_between_two_reads(tmp_path):
    """A new file that another process makes while this one looks at it is the same program's, and is taken as it is."""
    path = tmp_path / "db"
    with (
        contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as mine,
        contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other,
    ):
        mine.execute("PRAGMA journal_mode = WAL")
        left = ["PRAGMA user_version"]

        def made_by_the_other(statement):
            if statement in left:
                left.remove(statement)
                bring_up_to_date(other, NEW)

        mine.set_trace_callback(made_by_the_other)
        bring_up_to_date(mine, NEW)

        assert [] == left
        assert [] == rows(mine)
