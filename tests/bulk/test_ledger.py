"""The ledger: what it says it wrote is there, whatever happens next."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading

import pytest

from openai_conversations.bulk.errors import LedgerError
from openai_conversations.bulk.ledger import Ledger, Result
from openai_conversations.storage.sqlite import Database, DatabaseError
from tests.fakes import until


def ledger(tmp_path, operation="erase"):
    return Ledger(tmp_path / "ledger.sqlite", operation=operation, now=lambda: 1_000.0)


async def test_ids_once(tmp_path):
    """An id is added once, however often it is given."""
    async with ledger(tmp_path) as opened:
        added = [await opened.add(["a", "b", "a"]), await opened.add(["b", "c"])]

        assert [2, 1] == added
        assert {"waiting": 3} == opened.counts


async def test_taken_in_order(tmp_path):
    """Conversations are taken in the order in which they came, and by nobody twice."""
    async with ledger(tmp_path) as opened:
        await opened.add(["c", "a", "b"])
        first, second, third = await opened.take(2), await opened.take(2), await opened.take(2)

        assert ["c", "a"] == [row.id for row in first]
        assert ["b"] == [row.id for row in second]
        assert [] == third


async def test_taken_up_again(tmp_path):
    """What was under way when a run ended can be taken up, with its cursor, its notes and the number of attempts."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        await opened.note(row.number, [{"seen": 1}], cursor="item_1")
        opened.note_soon(row.number, [{"seen": 2}])

    async with ledger(tmp_path) as opened:
        assert {"working": 1} == opened.counts
        await opened.take_up()
        (row,) = await opened.take(1)

    assert (2, "item_1", ({"seen": 1}, {"seen": 2})) == (row.attempts, row.cursor, row.notes)


async def test_done_stays_done(tmp_path):
    """What is done is not taken again, and its receipt is there; its notes are not needed any more."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a", "b"])
        for row in await opened.take(2):
            await opened.note(row.number, ["note"])
            await opened.finish(Result(number=row.number, phase="done", items=2, receipt={"of": row.id, "ü": "€"}))

    async with ledger(tmp_path) as opened:
        await opened.add(["b", "a"])

        assert [] == await opened.take(2)
        assert (2, 4) == (opened.counts["done"], opened.items)
        assert [{"of": "a", "ü": "€"}, {"of": "b", "ü": "€"}] == [receipt async for receipt in opened.receipts()]
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db:
        assert [] == db.execute("SELECT * FROM notes").fetchall()


async def test_failed_is_tried_by_the_next_run(tmp_path):
    """What failed is kept with its error, and waits again when the next run takes it up."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        await opened.finish(Result(number=row.number, phase="failed", error="NotFoundError: no"))
        assert [("a", "NotFoundError: no")] == await opened.failures()
        assert [] == await opened.take(1)

    async with ledger(tmp_path) as opened:
        assert [("a", "NotFoundError: no")] == await opened.failures()
        await opened.take_up()
        assert ["a"] == [row.id for row in await opened.take(1)]


async def test_again(tmp_path):
    """What is to be tried again in this run is taken when it is asked for by that name."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        await opened.finish(Result(number=row.number, phase="again", error="timeout"))

        assert [] == await opened.take(1)
        assert [(row.number, 2)] == [(again.number, again.attempts) for again in await opened.take(1, phase="again")]


async def test_writes_share_commits(tmp_path):
    """Writes that come while one is on its way to the disk go there together."""
    async with ledger(tmp_path) as opened:
        await opened.add(str(number) for number in range(200))
        rows = await opened.take(200)
        before = opened.commits

        await asyncio.gather(*(opened.finish(Result(number=row.number, phase="done")) for row in rows))

        assert opened.commits - before <= 3


async def test_one_run_at_a_time(tmp_path):
    """A ledger that another run has open is refused, in words."""
    async with ledger(tmp_path):
        with pytest.raises(LedgerError, match="another run has it open"):
            async with ledger(tmp_path):
                pass


async def test_one_operation(tmp_path):
    """The ledger of an export cannot be used for an erase."""
    async with ledger(tmp_path, "export"):
        pass

    with pytest.raises(LedgerError, match="of another operation: export, not erase"):
        async with ledger(tmp_path, "erase"):
            pass


@pytest.mark.parametrize("content", [b"conv_1\nconv_2\n" * 100, b"SQLite format 3\0" + b"\xff" * 200])
async def test_no_ledger(tmp_path, content):
    """A file that is something else is refused and left as it is."""
    (tmp_path / "ledger.sqlite").write_bytes(content)

    with pytest.raises(LedgerError, match=r"ledger\.sqlite"):
        async with ledger(tmp_path):
            pass

    assert content == (tmp_path / "ledger.sqlite").read_bytes()


async def test_no_folder(tmp_path):
    """A ledger that cannot be made is an error that names it."""
    with pytest.raises(LedgerError, match="cannot be opened"):
        async with Ledger(tmp_path / "missing" / "ledger.sqlite", operation="erase"):
            pass


async def test_cancelled_write(tmp_path):
    """A write whose caller is cancelled is done all the same."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        writing = asyncio.ensure_future(opened.finish(Result(number=row.number, phase="done", receipt={"id": "a"})))
        await asyncio.sleep(0)
        writing.cancel()

    async with ledger(tmp_path) as opened:
        assert 1 == opened.counts["done"]


async def test_cancelled_opening(tmp_path):
    """A file that was opened although whoever wanted it was cancelled meanwhile is closed again, for others to have."""
    path, held = tmp_path / "file.sqlite", []
    begun, go_on = threading.Event(), threading.Event()

    def first(db):
        held.append(db)  # not closed because nobody knows of it
        begun.set()
        go_on.wait(10)

    opening = asyncio.create_task(Database(path, "", exclusive=True).open(first))
    await until(begun.is_set)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    go_on.set()

    async with asyncio.timeout(5):
        while not await can_be_had(path):
            pass


async def can_be_had(path):
    other = Database(path, "", exclusive=True)
    try:
        await other.open(lambda _: None)
    except DatabaseError:
        return False
    await other.close()
    return True


async def test_closed(tmp_path):
    """A closed ledger writes nothing, and says so."""
    async with ledger(tmp_path) as opened:
        pass

    with pytest.raises(LedgerError, match="is closed"):
        await opened.add(["a"])
