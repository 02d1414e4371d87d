"""The engine: whole transactions, in order, in groups, and a result for everybody."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time

import pytest
from hypothesis import given, settings, strategies as st

from openai_conversations.errors import WrongEventLoopError
from openai_conversations.storage.database import Database
from openai_conversations.storage.errors import DatabaseError, LedgerError
from openai_conversations.storage.schema import DatabaseSchema
from openai_conversations.storage.worker import GROUP_LIMIT
from tests.fakes import until

SCHEMA = DatabaseSchema(application=0x4F437376, steps=(("CREATE TABLE names (name TEXT UNIQUE NOT NULL)",),))


@pytest.fixture(params=["memory", "file", "exclusive"])
async def database(request, tmp_path):
    path = None if request.param == "memory" else tmp_path / "db"
    opened = Database(path, SCHEMA, exclusive=request.param == "exclusive")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def shared(tmp_path):
    """A file that others may write to."""
    opened = Database(tmp_path / "db", SCHEMA)
    await opened.open()
    yield opened
    await opened.close()


@contextlib.contextmanager
def writing_elsewhere(path):
    """Another process holds the write lock."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def add(name):
    def job(db):
        db.execute("INSERT INTO names VALUES (?)", (name,))
        return name

    return job


def names(db):
    return [name for (name,) in db.execute("SELECT name FROM names ORDER BY rowid")]


async def hold(database):
    """Keep the writer busy; gives what lets it go on, and what to wait for at the end."""
    begun, go_on = threading.Event(), threading.Event()

    def job(_):
        begun.set()
        go_on.wait(10)

    holding = asyncio.ensure_future(database.write(job))
    await until(begun.is_set)
    return go_on, holding


async def test_jobs_response_in_order(database):
    """Jobs run in the order in which they were asked for, each with its own result."""
    asked = [f"{n}" for n in range(GROUP_LIMIT * 2 + 10)]

    assert asked == await asyncio.gather(*(database.write(add(name)) for name in asked))
    assert asked == await database.read(names) == database.run_now(names)


class Bomb(BaseException):
    """Of a class that nobody expects."""


def undo(db):
    db.execute("ROLLBACK")


FAILURES = {
    "our own": (lambda db: (_ for _ in ()).throw(ValueError("no")), ValueError),
    "twice": (add("1"), sqlite3.IntegrityError),
    "half an emoji": (add("\ud83d"), UnicodeEncodeError),
    "over 64 bits": (add(2**63), OverflowError),
    "no value": (add(object()), sqlite3.ProgrammingError),
    "no table": (lambda db: db.execute("INSERT INTO missing VALUES (1)"), DatabaseError),
    "stop iteration": (lambda db: next(iter(())), DatabaseError),
    "no exception": (lambda db: (_ for _ in ()).throw(Bomb), DatabaseError),
    "exit": (lambda db: exit(), DatabaseError),  # noqa: PLR1722  # what a job must not do
    "cancelled": (lambda db: (_ for _ in ()).throw(asyncio.CancelledError), DatabaseError),
    "out of memory": (lambda db: (_ for _ in ()).throw(MemoryError), MemoryError),
    "no transaction": (undo, DatabaseError),
}


@pytest.mark.parametrize(("bad", "error"), FAILURES.values(), ids=FAILURES)
async def test_one_bad_job_fails_alone(database, bad, error):
    """A failed job takes back what it did and hears why; its neighbours are written, and so is the next job."""

    def fails(db):
        add("bad")(db)
        return bad(db)

    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(
            database.write(add("1")), database.write(fails), database.write(add("2")), return_exceptions=True
        )
        last = await database.write(add("3"))

    assert ("1", "2", "3") == (outcomes[0], outcomes[2], last)
    assert isinstance(outcomes[1], error)
    assert ["1", "2", "3"] == await database.read(names)


async def test_full_disk(database):
    """What does not fit fails alone, when there is room again the next is written."""
    (pages,) = database.run_now(lambda db: db.execute("PRAGMA page_count").fetchone())
    database.run_now(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 10}").fetchone())

    outcomes = await asyncio.gather(
        database.write(add("1")), database.write(add("x" * 1_000_000)), database.write(add("2")), return_exceptions=True
    )

    assert ["1", "2"] == [outcomes[0], outcomes[2]] == await database.read(names)
    assert isinstance(outcomes[1], DatabaseError)
    assert "full" in str(outcomes[1])


async def test_nothing_fits(database):
    """When the disk takes nothing at all everybody hears so, and nobody once it does again."""
    (pages,) = database.run_now(lambda db: db.execute("PRAGMA page_count").fetchone())
    database.run_now(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    big = [f"{n}" * 10_000 for n in range(3)]

    outcomes = await asyncio.gather(*(database.write(add(name)) for name in big), return_exceptions=True)
    database.run_now(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())

    assert [DatabaseError] * 3 == [type(outcome) for outcome in outcomes]
    assert big == await asyncio.gather(*(database.write(add(name)) for name in big))


async def test_who_was_cancelled_does_not_stop_the_others(database):
    """A job whose caller went away still runs, and what is to follow it follows."""
    seen = []
    waiting = [asyncio.ensure_future(database.write(add(f"{n}"), then=seen.append)) for n in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await database.write(lambda _: None)

    assert ["0", "1", "2"] == seen == await database.read(names)


async def test_now(database):
    """A job can be run between the others from any thread; one that fails leaves nothing."""
    await asyncio.to_thread(database.run_now, add("1"))
    with pytest.raises(ZeroDivisionError):
        database.run_now(lambda db: add("2")(db) and 1 / 0)
    with pytest.raises(DatabaseError, match="no such table"):
        database.run_now(lambda db: db.execute("SELECT * FROM missing"))

    assert ["1"] == database.run_now(names)


async def test_what_came_together_is_committed_together(shared):
    """Jobs that gather while the thread is busy share one commit."""
    go_on, holding = await hold(shared)
    gathered = [asyncio.ensure_future(shared.write(add(f"{n}"))) for n in range(50)]
    await asyncio.sleep(0)
    before = shared.commits
    go_on.set()
    await asyncio.gather(holding, *gathered)

    assert 2 == shared.commits - before


async def test_closing_finishes_what_was_asked(database):
    """What was asked before the end is stored, and who asks later hears that it is closed."""
    waiting = [asyncio.ensure_future(database.write(add(f"{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()

    assert [f"{n}" for n in range(20)] == await asyncio.gather(*waiting)
    for use in (database.write, database.read):
        with pytest.raises(DatabaseError, match="is closed"):
            await use(names)
    with pytest.raises(DatabaseError, match="is closed"):
        database.run_now(names)
    await database.close()


async def test_cancelled_closing(tmp_path):
    """Whoever closes may be cancelled: what was asked is written, and the file is there for others."""
    database = Database(tmp_path / "db", SCHEMA, exclusive=True)
    await database.open()
    go_on, holding = await hold(database)
    writing = asyncio.ensure_future(database.write(add("1")))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(database.close())
    await asyncio.sleep(0)
    closing.cancel()
    go_on.set()
    await asyncio.gather(holding, closing, return_exceptions=True)

    assert "1" == await writing
    async with asyncio.timeout(10):
        while not await can_be_had(tmp_path / "db"):
            pass


async def test_again(tmp_path):
    """A closed database can be opened again, an open one cannot."""
    database = Database(tmp_path / "db", SCHEMA, exclusive=True)
    for number in range(2):
        await database.open()
        await database.write(add(f"{number}"))
        with pytest.raises(DatabaseError, match="is open already"):
            await database.open()
        await database.close()

    assert 0 == database.commits


async def test_read_beside_a_writer(shared):
    """A read waits for no writer of another process, and sees what was committed before."""
    await shared.write(add("1"))

    with writing_elsewhere(shared.path):
        began = time.monotonic()
        seen = await shared.read(names)
        took = time.monotonic() - began
        another = Database(shared.path, SCHEMA)
        await another.open()
        assert ["1"] == await another.read(names)
        await another.close()

    assert ["1"] == seen
    assert took < 1


async def test_read_of_a_file_that_went_away(tmp_path):
    """A file that went away is an error of the read, and can be closed."""
    (tmp_path / "folder").mkdir()
    database = Database(tmp_path / "folder" / "db", SCHEMA)
    await database.open()
    (tmp_path / "folder").rename(tmp_path / "elsewhere")

    with pytest.raises(DatabaseError, match="unable to open"):
        await database.read(names)
    await database.close()


async def test_read_that_ends_its_transaction(database):
    """A read that ends its own transaction harms nobody."""
    with contextlib.suppress(DatabaseError):
        await database.read(undo)

    assert [] == await database.read(names)
    assert "1" == await database.write(add("1"))


async def test_no_time_in_memory():
    """In memory nothing is waited for, so that no time is too short."""
    database = Database(None, SCHEMA)
    await database.open()

    assert "1" == await database.write(add("1"), timeout=0)
    await database.close()


async def test_read_writes_nothing(shared):
    """The connection for reads cannot write; the next read works."""
    with pytest.raises(DatabaseError, match="readonly"):
        await shared.read(add("1"))

    assert [] == await shared.read(names)


async def test_write_in_time(shared):
    """A write whose time is over before it could begin is not done later either."""
    with writing_elsewhere(shared.path):
        with pytest.raises(DatabaseError, match=r"was not free within 0\.05 s: it was not written"):
            await shared.write(add("late"), timeout=0.05)
        waiting = asyncio.ensure_future(shared.write(add("1"), timeout=10))
        await asyncio.sleep(0)
    await waiting

    assert ["1"] == await shared.read(names)


async def test_write_that_has_begun_in_time(shared):
    """A write that is under way when its time is over may be written, and the error says so."""
    go_on = threading.Event()

    def slow(db):
        go_on.wait(10)
        return add("slow")(db)

    with pytest.raises(DatabaseError, match="it may be written later"):
        await shared.write(slow, timeout=0.05)
    go_on.set()
    await shared.write(lambda _: None)

    assert ["slow"] == await shared.read(names)


async def test_file_in_use_for_too_long(tmp_path):
    """After a while of waiting for another process everybody hears that the file is in use."""
    database = Database(tmp_path / "db", SCHEMA, error=LedgerError, patience=0.1)
    await database.open()
    with writing_elsewhere(database.path):
        outcomes = await asyncio.gather(*(database.write(add(f"{n}")) for n in range(3)), return_exceptions=True)
        with pytest.raises(LedgerError, match="in use"):
            database.run_now(names)
    assert "4" == await database.write(add("4"))
    await database.close()

    assert [LedgerError] * 3 == [type(outcome) for outcome in outcomes]
    assert "in use: another process writes to it" in str(outcomes[0])


async def test_soon(database, caplog):
    """What nobody waits for is written too, and logged when it fails."""
    database.write_soon(add("1"), what="the first")
    with caplog.at_level(logging.WARNING, "openai_conversations"):
        await asyncio.wait([database.write_soon(add("1"), what="the second")])

    assert ["1"] == await database.read(names)
    assert ["the second was not written down: IntegrityError: UNIQUE constraint failed: names.name"] == caplog.messages


async def test_another_event_loop(database):
    """Another event loop is refused before anything is queued."""

    async def elsewhere():
        for use in (
            lambda: database.write(add("1")),
            lambda: database.read(names),
            lambda: asyncio.sleep(0, database.write_soon(add("2"), what="it")),
            database.close,
        ):
            with pytest.raises(WrongEventLoopError, match="another event loop"):
                await use()

    await asyncio.to_thread(lambda: asyncio.run(elsewhere()))

    assert [] == await database.read(names)


async def test_loop_that_ended(tmp_path):
    """Where the event loop ended before its jobs did, the thread goes on to the end of them, and ends."""
    database = Database(tmp_path / "db", SCHEMA)
    go_on = threading.Event()

    async def leave():
        await database.open()
        database.write_soon(lambda _: go_on.wait(10), what="nothing")
        database.write_soon(add("1"), what="it")

    await asyncio.to_thread(lambda: asyncio.run(leave()))
    go_on.set()

    with contextlib.closing(sqlite3.connect(database.path)) as db:
        await until(lambda: names(db) == ["1"])
    await until(lambda: not [thread for thread in threading.enumerate() if thread.name == "conversations-storage"])


async def test_cancelled_opening(tmp_path):
    """A file that was opened although whoever wanted it was cancelled meanwhile is closed again, for others to have."""
    path = tmp_path / "db"
    with writing_elsewhere(path):
        opening = asyncio.create_task(Database(path, SCHEMA, exclusive=True, patience=10).open())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    async with asyncio.timeout(10):
        while not await can_be_had(path):
            pass


async def test_cancelled_opening_of_something_else(tmp_path):
    """Whoever was cancelled does not hear any more that the file was none of ours."""
    (tmp_path / "db").write_bytes(b"x" * 4096)
    opening = asyncio.create_task(Database(tmp_path / "db", SCHEMA).open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    await asyncio.get_running_loop().shutdown_default_executor()
    await asyncio.sleep(0)


async def test_opened_by_many_at_once(tmp_path):
    """A new file can be opened by many at the same moment; one of them makes its tables."""

    async def one(name):
        database = Database(tmp_path / "db", SCHEMA)
        await database.open()
        await database.write(add(name))
        await database.close()

    wanted = [f"{n}" for n in range(8)]
    await asyncio.gather(*(asyncio.to_thread(asyncio.run, one(name)) for name in wanted))

    with contextlib.closing(sqlite3.connect(tmp_path / "db")) as db:
        assert wanted == sorted(names(db))


async def can_be_had(path):
    other = Database(path, SCHEMA, exclusive=True)
    try:
        await other.open()
    except DatabaseError:
        return False
    await other.close()
    return True


STEPS = st.lists(st.sampled_from(["good", "given up", "late", *FAILURES]) | st.just("pause"), min_size=1, max_size=40)


@pytest.mark.parametrize("exclusive", [False, True])
@given(steps=STEPS)
@settings(max_examples=30, deadline=None)
def test_any_jobs_in_any_order(tmp_path_factory, exclusive, steps):
    """Of any jobs, good, bad and given up, each is answered, the good ones are stored, and nothing of the bad ones."""
    path = tmp_path_factory.mktemp("any") / "db"

    async def live():
        database = Database(path, SCHEMA, exclusive=exclusive)
        await database.open()
        await database.write(add("1"))
        tasks = []
        for number, step in enumerate(steps):
            if step == "pause":
                await asyncio.sleep(0)
                continue
            bad = FAILURES.get(step, (None, None))[0]
            job = add(f"good {number}") if bad is None else bad
            timeout = 0.0 if step == "late" else None
            tasks.append((number, step, asyncio.ensure_future(database.write(job, timeout=timeout))))
            if step == "given up":
                await asyncio.sleep(0)
                tasks[-1][2].cancel()
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(*(task for *_, task in tasks), return_exceptions=True)
            await database.write(add("last"))
        stored = await database.read(names)
        await database.close()
        return [(number, step) for number, step, _ in tasks], outcomes, stored

    tasks, outcomes, stored = asyncio.run(live())

    surely = [f"good {number}" for number, step in tasks if step in ("good", "given up")]
    maybe = {f"good {number}" for number, step in tasks if step == "late"}
    assert ["1", *surely, "last"] == [name for name in stored if name not in maybe]
    for (number, step), outcome in zip(tasks, outcomes, strict=True):
        if step in FAILURES:
            assert isinstance(outcome, FAILURES[step][1])
        elif step == "late" and f"good {number}" in stored:
            assert f"good {number}" == outcome or "may be written later" in str(outcome)
        elif step == "late":
            assert "it was not written" in str(outcome)
