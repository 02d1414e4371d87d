"""The ledger: what it says it wrote is there, whatever happens next."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sqlite3

import pytest

from openai_conversations.bulk.ledger import Ledger, Result
from openai_conversations.errors import WrongEventLoopError
from openai_conversations.storage.errors import LedgerError


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
    """What failed is kept with its error, and is tried by the next run, after what nobody has tried yet."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        await opened.finish(Result(number=row.number, phase="failed", error="NotFoundError: no"))
        assert [("a", "NotFoundError: no")] == await opened.failures()
        assert [] == await opened.take(1)

    async with ledger(tmp_path) as opened:
        assert [("a", "NotFoundError: no")] == await opened.failures()
        await opened.add(["b"])
        await opened.take_up()
        assert ["b"] == [row.id for row in await opened.take(2)]
        assert ["a"] == [row.id for row in await opened.take(2, phase="again")]


async def test_missing_is_not_final(tmp_path):
    """What is not there keeps its receipt and its notes, and is asked for again by the next run."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        await opened.note(row.number, [1])
        await opened.finish(Result(number=row.number, phase="missing", receipt={"outcome": "already_gone"}))
        assert [] == [row async for row in opened.unfinished()]

    async with ledger(tmp_path) as opened:
        assert {"missing": 1} == opened.counts
        assert [("a", "")] == await opened.failures(phase="missing")
        assert [{"outcome": "already_gone"}] == [receipt async for receipt in opened.receipts()]
        await opened.take_up()
        assert [(1,)] == [row.notes for row in await opened.take(1, phase="again")]


async def test_unfinished(tmp_path):
    """The rows that are not done and of which something is noted, however many there are."""
    async with ledger(tmp_path) as opened:
        await opened.add(map(str, range(450)))
        for row in await opened.take(450):
            if row.number % 2:
                await opened.note(row.number, [row.number])
        assert [(number, (number,)) for number in range(1, 450, 2)] == [
            (row.number, row.notes) async for row in opened.unfinished()
        ]


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


async def test_more_receipts_than_are_read_at_a_time(tmp_path):
    """However many receipts there are, each comes out once and in order; also when they end with a page."""
    for count in (400, 401):
        async with Ledger(tmp_path / f"{count}.sqlite", operation="erase") as opened:
            await opened.add(f"conv_{number}" for number in range(count))
            rows = await opened.take(count)
            for row in rows:
                opened.note_soon(row.number, [])
            await asyncio.gather(
                *(opened.finish(Result(number=row.number, phase="done", receipt={"of": row.id})) for row in rows)
            )

            assert [{"of": f"conv_{n}"} for n in range(count)] == [receipt async for receipt in opened.receipts()]


async def test_one_operation(tmp_path):
    """The ledger of an export cannot be used for an erase."""
    async with ledger(tmp_path, "export"):
        pass

    with pytest.raises(LedgerError, match="of another operation: export, not erase"):
        async with ledger(tmp_path, "erase"):
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


async def test_counted_although_cancelled(tmp_path):
    """A row that was finished is counted, also when whoever finished it was cancelled meanwhile."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a", "b"])
        rows = await opened.take(2)
        writing = asyncio.ensure_future(opened.finish(Result(number=rows[0].number, phase="done", items=3)))
        await asyncio.sleep(0)
        writing.cancel()
        await opened.finish(Result(number=rows[1].number, phase="done", items=4))

        assert ({"waiting": 0, "working": 0, "done": 2}, 7) == (opened.counts, opened.items)


async def test_released(tmp_path):
    """What is under way when a run ends waits again; what is done stays done."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a", "b", "c"])
        done, _ = await opened.take(2)
        await opened.finish(Result(number=done.number, phase="done"))
        opened.release()
        assert {"waiting": 2, "working": 0, "done": 1} == opened.counts
        assert ["b"] == [row.id for row in await opened.take(1)]

    async with ledger(tmp_path) as opened:
        assert {"waiting": 1, "working": 1, "done": 1} == opened.counts


HALF = "half an emoji \ud83d"
ODD_TEXTS = (HALF, "\udcff.jsonl", "", "\0", "ü" * 10_000, "'; DROP TABLE conversations; --")
ODD_VALUES = (*ODD_TEXTS, 2**63, -(2**64), 10**400, 1e999, float("nan"), None, True, {HALF: [HALF]}, {"": {}})


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=ascii)
async def test_odd_texts(tmp_path, odd):
    """Ids, cursors and errors of any text are kept as they are."""
    async with ledger(tmp_path) as opened:
        assert 1 == await opened.add([odd])
        (row,) = await opened.take(1)
        await opened.note(row.number, [], cursor=odd)
        await opened.finish(Result(number=row.number, phase="again", error=odd))
        (again,) = await opened.take(1, phase="again")
        await opened.finish(Result(number=row.number, phase="failed", error=odd))

        assert (odd, odd) == (again.id, again.cursor)
        assert [(odd, odd)] == await opened.failures()


@pytest.mark.parametrize("odd", ODD_VALUES, ids=ascii)
async def test_odd_values(tmp_path, odd):
    """Notes and receipts hold any JSON."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        await opened.note(row.number, [odd])
        opened.note_soon(row.number, [odd])
        await opened.finish(Result(number=row.number, phase="again"))
        (again,) = await opened.take(1, phase="again")
        await opened.finish(Result(number=row.number, phase="done", receipt={"odd": odd}))

        assert json.dumps([odd, odd]) == json.dumps(again.notes)
        assert json.dumps([{"odd": odd}]) == json.dumps([receipt async for receipt in opened.receipts()])


def endless():
    value = []
    value.append(value)
    return value


IMPOSSIBLE = [
    pytest.param(
        lambda opened, row: opened.finish(Result(number=row, phase="done", items=2**63)),
        OverflowError,
        id="items over 64 bits",
    ),
    pytest.param(
        lambda opened, row: opened.finish(Result(number=row, phase="done", items=object())),
        sqlite3.ProgrammingError,
        id="items of another type",
    ),
    pytest.param(
        lambda opened, row: opened.finish(Result(number=2**64, phase="done")), OverflowError, id="a number over 64 bits"
    ),
    pytest.param(
        lambda opened, row: opened.finish(Result(number=row, phase=None)), sqlite3.IntegrityError, id="no phase"
    ),
    pytest.param(
        lambda opened, row: opened.finish(Result(number=row, phase="done", receipt={"a": object()})),
        TypeError,
        id="a receipt that is no JSON",
    ),
    pytest.param(
        lambda opened, row: opened.finish(Result(number=row, phase="done", receipt=endless())),
        ValueError,
        id="an endless receipt",
    ),
    pytest.param(lambda opened, row: opened.note(row, [endless()]), ValueError, id="an endless note"),
    pytest.param(lambda opened, row: opened.note(2**64, ["x"]), OverflowError, id="a note of no row"),
    pytest.param(lambda opened, row: asyncio.sleep(0, opened.note_soon(row, [object()])), TypeError, id="a note soon"),
    pytest.param(
        lambda opened, row: opened.note(row, [], cursor=object()), AttributeError, id="a cursor that is no text"
    ),
    pytest.param(lambda opened, row: opened.add(["b", object()]), AttributeError, id="ids that are no text"),
    pytest.param(lambda opened, row: opened.take(2**64), OverflowError, id="too many"),
    pytest.param(lambda opened, row: opened.failures(2**64), OverflowError, id="failures"),
]


@pytest.mark.parametrize(("bad", "error"), IMPOSSIBLE)
async def test_what_cannot_be_kept(tmp_path, bad, error):
    """What no ledger can keep is an error of whoever gave it: nothing hangs, and the next write succeeds."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        async with asyncio.timeout(5):
            with pytest.raises(error):
                await bad(opened, row.number)
            await opened.finish(Result(number=row.number, phase="done"))

        assert {"waiting": 0, "working": 0, "done": 1} == opened.counts


async def test_a_note_soon_that_cannot_be_kept(tmp_path, caplog):
    """A note that nobody waits for is logged when it is lost."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        with caplog.at_level(logging.WARNING, "openai_conversations"):
            opened.note_soon(2**64, ["x"])
            await opened.note(1, [])

    assert 1 == len(caplog.messages)
    assert "what was done of row 18446744073709551616 was not written down" in caplog.messages[0]


async def test_notes_soon_are_one_job(tmp_path):
    """Notes that nobody waits for gather, and are on the disk in their order with the next that somebody waits for."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        commits = opened.commits
        for number in range(100):
            opened.note_soon(row.number, [number])
        await opened.note(row.number, ["the last"])
        written = opened.commits - commits
        opened.release()
        (again,) = await opened.take(1)

    assert (*range(100), "the last") == again.notes
    assert written <= 2


async def test_notes_soon_of_a_ledger_that_is_closed(tmp_path):
    """Notes that nobody waited for are on the disk when the ledger is closed."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        opened.note_soon(row.number, ["x"])
    async with ledger(tmp_path) as opened:
        await opened.take_up()
        (again,) = await opened.take(1)

    assert ("x",) == again.notes


async def test_many_receipts(tmp_path):
    """Receipts come page by page, each once."""
    async with ledger(tmp_path) as opened:
        await opened.add(f"{number}" for number in range(401))
        rows = await opened.take(401)
        await asyncio.gather(
            *(opened.finish(Result(number=row.number, phase="done", receipt={"id": row.id})) for row in rows)
        )

        assert [{"id": row.id} for row in rows] == [receipt async for receipt in opened.receipts()]


async def test_broken_notes_and_receipts(tmp_path):
    """A note or a receipt that is JSON no more is told as it stands in the file, and stops nothing."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a"])
        (row,) = await opened.take(1)
        await opened.note(row.number, ["note"])
        await opened.finish(Result(number=row.number, phase="again", receipt={}))
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db, db:
        db.execute("UPDATE notes SET note = '{'")
        db.execute("UPDATE conversations SET receipt = 'nonsense'")

    async with ledger(tmp_path) as opened:
        (again,) = await opened.take(1, phase="again")

        assert ({"unreadable": "{"},) == again.notes
        assert [{"unreadable": "nonsense"}] == [receipt async for receipt in opened.receipts()]


async def test_counts_of_any_size(tmp_path):
    """A ledger whose sums are over 64 bits can still be opened."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a", "b", "c"])
        for row in await opened.take(3):
            await opened.finish(Result(number=row.number, phase="done", items=2**62))

    async with ledger(tmp_path) as opened:
        assert 3 == opened.counts["done"]


async def test_made_before_versions_were_written(tmp_path):
    """A ledger from before there were versions goes on where it stopped."""
    async with ledger(tmp_path) as opened:
        await opened.add(["a", "b"])
        (row,) = await opened.take(1)
        await opened.finish(Result(number=row.number, phase="done"))
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db:
        db.executescript("PRAGMA application_id = 0; PRAGMA user_version = 0;")

    async with ledger(tmp_path) as opened:
        assert {"waiting": 1, "done": 1} == opened.counts


async def test_newer_ledger(tmp_path):
    """A ledger of a newer version is refused in one line."""
    async with ledger(tmp_path):
        pass
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")

    with pytest.raises(LedgerError, match="of a newer version of this package: 99, and this one knows 1"):
        async with ledger(tmp_path):
            pass


async def test_another_event_loop(tmp_path):
    """A ledger refuses another event loop than the one that it was opened in."""
    async with ledger(tmp_path) as opened:

        async def elsewhere():
            with pytest.raises(WrongEventLoopError):
                await opened.add(["a"])

        await asyncio.to_thread(asyncio.run, elsewhere())

        assert {} == opened.counts


async def test_closed(tmp_path):
    """A closed ledger writes nothing, and says so."""
    async with ledger(tmp_path) as opened:
        pass

    with pytest.raises(LedgerError, match="is closed"):
        await opened.add(["a"])
