"""Groups of jobs on a connection, while another connection has the file."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3

import pytest

from openai_conversations.storage.transaction import BusyError, QueuedJob, Transactions
from tests.fakes import until


def connect(path, **options):
    return contextlib.closing(
        sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0, **options)
    )


@pytest.fixture
def connections(tmp_path):
    """Two connections to one file, which wait for nobody."""
    with connect(tmp_path / "db") as ours, connect(tmp_path / "db") as theirs:
        ours.execute("PRAGMA journal_mode = WAL")
        ours.execute("CREATE TABLE names (name TEXT)")
        yield ours, theirs


def task(job):
    return QueuedJob(job, asyncio.get_running_loop())


def add(name):
    return lambda db: db.execute("INSERT INTO names VALUES (?)", (name,)) and name


async def test_waits_for_another_process(connections):
    """A group begins when the other connection ends."""
    ours, theirs = connections
    tries = []
    theirs.execute("BEGIN IMMEDIATE")
    ours.set_trace_callback(tries.append)
    group = [task(add("1"))]

    running = asyncio.ensure_future(asyncio.to_thread(Transactions(ours, patience=30).run, group))
    await until(lambda: tries.count("BEGIN IMMEDIATE") > 2)
    theirs.execute("ROLLBACK")
    await running

    assert ("1", None) == (group[0].result, group[0].error)


async def test_nobody_waits_any_more(connections):
    """A group that nobody wants any more waits for nobody, and is not run."""
    ours, theirs = connections
    transactions = Transactions(ours, patience=30)
    theirs.execute("BEGIN IMMEDIATE")
    group = [task(add("1")), task(add("2"))]
    withdrawn = [transactions.withdraw(each) for each in group]

    transactions.run(group)
    theirs.execute("ROLLBACK")

    assert [True, True] == withdrawn
    assert [BusyError, BusyError] == [type(each.error) for each in group]
    assert [] == ours.execute("SELECT * FROM names").fetchall()


async def test_some_do_not_wait_any_more(connections):
    """Of a group only those are run who are still wanted."""
    ours, _ = connections
    transactions = Transactions(ours, patience=30)
    group = [task(add("1")), task(add("2"))]
    transactions.withdraw(group[0])

    transactions.run(group)

    assert (False, [("2",)]) == (transactions.withdraw(group[1]), ours.execute("SELECT * FROM names").fetchall())


async def test_lock_lost_between(connections):
    """Where the transaction is lost and another process takes the file, those who can be run no more hear so."""
    ours, theirs = connections

    def breaks(db):
        db.execute("ROLLBACK")
        theirs.execute("BEGIN IMMEDIATE")
        raise ValueError("broken")

    group = [task(add("1")), task(breaks), task(add("2"))]
    Transactions(ours, patience=0).run(group)
    theirs.execute("ROLLBACK")

    assert [BusyError, ValueError, BusyError] == [type(each.error) for each in group]
    assert [] == ours.execute("SELECT * FROM names").fetchall()


async def test_cannot_begin(connections):
    """What keeps a transaction from beginning, other than another process, is told at once."""
    ours, _ = connections
    ours.set_progress_handler(lambda: True, 1)
    group = [task(add("1")), task(add("2"))]
    Transactions(ours, patience=30).run(group)
    ours.set_progress_handler(None, 1)

    assert ["interrupted"] * 2 == [str(each.error) for each in group]


async def test_cannot_be_written(tmp_path, connections):
    """A file that can only be read is told as it is."""
    with connect(f"file:{tmp_path}/db?mode=ro", uri=True) as ours:
        group = [task(add("1"))]
        Transactions(ours, patience=30).run(group)

    assert "readonly" in str(group[0].error)
