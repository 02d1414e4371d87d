"""Who runs the work on the store: whole transactions, in order, off the event loop, in groups."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest

from openai_conversations.server.storage.engine import GROUP_LIMIT, InlineEngine, ThreadEngine
from openai_conversations.server.storage.store import ItemRow, Store


@pytest.fixture(params=["memory", "file"])
def engine(request, tmp_path):
    in_memory = request.param == "memory"
    engine = InlineEngine(Store(":memory:")) if in_memory else ThreadEngine(Store(str(tmp_path / "db")))
    yield engine
    engine.close()


def add(id, items=()):
    def job(store):
        conversation = store.add_conversation(id=id, owner="", created_at=0, metadata=b"{}")
        store.append(conversation, [ItemRow(id=item, body=b"{}") for item in items])
        return id

    return job


def ids(store):
    return [conversation.id for conversation in store.everything()]


async def test_jobs_answer_in_order(engine):
    """Jobs run in the order in which they were asked for, each with its own result."""
    names = [f"conv_{n}" for n in range(GROUP_LIMIT * 2 + 10)]

    assert names == await asyncio.gather(*(engine.run(add(name)) for name in names))
    assert names == engine.run_now(ids)


async def test_a_job_that_fails_leaves_nothing(engine):
    """A failed job takes back what it did, and nothing of its neighbours'."""

    def fail(store):
        add("conv_bad", ["msg_1"])(store)
        raise ValueError("no")

    outcomes = await asyncio.gather(
        engine.run(add("conv_1")), engine.run(fail), engine.run(add("conv_2")), return_exceptions=True
    )

    assert ["conv_1", "no", "conv_2"] == [str(outcome) for outcome in outcomes]
    assert ["conv_1", "conv_2"] == engine.run_now(ids)
    with pytest.raises(ValueError):
        engine.run_now(fail)
    assert ["conv_1", "conv_2"] == engine.run_now(ids)


async def test_who_was_cancelled_does_not_stop_the_others(engine):
    """A job whose request went away still runs."""
    waiting = [asyncio.ensure_future(engine.run(add(f"conv_{n}"))) for n in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert ["conv_0", "conv_1", "conv_2"] == engine.run_now(ids)


async def test_what_came_together_is_committed_together(tmp_path):
    """Jobs that gather while the thread is busy share one commit, and their changes appear at once."""
    store = Store(str(tmp_path / "db"))
    engine = ThreadEngine(store)
    begun, go_on = threading.Event(), threading.Event()
    statements = []

    def hold(store):
        begun.set()
        go_on.wait()

    holding = asyncio.ensure_future(engine.run(hold))
    await asyncio.to_thread(begun.wait)
    gathered = [asyncio.ensure_future(engine.run(add(f"conv_{n}"))) for n in range(50)]
    await asyncio.sleep(0)
    store.trace(statements.append)
    go_on.set()
    await asyncio.gather(holding, *gathered)
    store.trace(None)
    engine.close()

    assert 2 == statements.count("COMMIT")
    assert 50 == sum(statement.startswith("INSERT INTO conversations") for statement in statements)


async def test_a_commit_that_fails_fails_for_all(tmp_path):
    """When the disk does not take a group, every request of it hears so, and the next group has its chance."""
    store = Store(str(tmp_path / "db"))
    engine = ThreadEngine(store)

    def break_transaction(store):
        store.execute("ROLLBACK")

    with pytest.raises(sqlite3.OperationalError):
        await engine.run(break_transaction)
    assert "conv_1" == await engine.run(add("conv_1"))
    engine.close()


@pytest.mark.parametrize("kind", [InlineEngine, ThreadEngine])
async def test_closing_finishes_what_was_asked(tmp_path, kind):
    """What was asked before the end is stored."""
    engine = kind(Store(str(tmp_path / "db")))
    waiting = [asyncio.ensure_future(engine.run(add(f"conv_{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    engine.close()
    await asyncio.gather(*waiting)

    store = Store(str(tmp_path / "db"))
    assert 20 == len(ids(store))
    store.close()


def test_positions_have_no_holes():
    """Positions rise by one with every item, and are not given twice."""
    store = Store(":memory:")
    conversation = store.add_conversation(id="conv_1", owner="", created_at=0, metadata=b"{}")
    for start in range(0, 9, 3):
        store.append(conversation, [ItemRow(id=f"msg_{start + n}", body=b"{}") for n in range(3)])
        store.remove_item(conversation, f"msg_{start + 2}")

    assert [0, 1, 3, 4, 6, 7] == [store.position(conversation, f"msg_{n}") for n in (0, 1, 3, 4, 6, 7)]
    assert store.position(conversation, "msg_2") is None
    store.close()
