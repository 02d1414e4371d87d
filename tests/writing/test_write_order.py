"""Whose turn it is to write to a conversation."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from contextlib import asynccontextmanager

import pytest

from openai_conversations.errors import APITimeoutError
from openai_conversations.writing.write_order import WriteOrder
from tests.fakes import FakeClock, append_request, until


def request(conversation_id="conv_1", **changes):
    return append_request(conversation_id=conversation_id, **changes)


class SharedLock:
    """A lock of several processes: notes what happens; holds everybody up while it is not open."""

    def __init__(self, *, is_open=True, release_error=None):
        self.is_open = asyncio.Event()
        self.release_error = release_error
        self.log = []
        if is_open:
            self.is_open.set()

    @asynccontextmanager
    async def hold(self, conversation_id):
        try:
            await self.is_open.wait()
        except asyncio.CancelledError:
            self.log.append(f"gave up {conversation_id}")
            raise
        self.log.append(f"took {conversation_id}")
        try:
            yield
        finally:
            self.log.append(f"released {conversation_id}")
            if self.release_error is not None:
                raise self.release_error


async def hold(order, name, log, gate=None, **changes):
    async with order.turn(request(**changes)):
        log.append(f"{name} in")
        if gate is not None:
            await gate.wait()
        log.append(f"{name} out")


async def test_first_come_first_served():
    """Writes to one conversation go one at a time, in the order in which they were asked for."""
    order, log, gate = WriteOrder(), [], asyncio.Event()
    tasks = [asyncio.create_task(hold(order, n, log, gate)) for n in range(5)]
    await until(lambda: log)
    assert ["0 in"] == log

    gate.set()
    await asyncio.gather(*tasks)

    assert [f"{n} {what}" for n in range(5) for what in ("in", "out")] == log


async def test_other_conversations_are_not_delayed():
    """A write that takes its time delays nobody but the writers of its own conversation."""
    order, log, gate = WriteOrder(), [], asyncio.Event()
    slow = asyncio.create_task(hold(order, "slow", log, gate))
    await until(lambda: log)

    await hold(order, "other", log, conversation_id="conv_2")

    assert ["slow in", "other in", "other out"] == log
    gate.set()
    await slow


async def test_places_tell_servers_apart():
    """The same id on another server is another conversation."""
    order, gate, log = WriteOrder(), asyncio.Event(), []

    async def writer(place):
        async with order.turn(request(), place):
            log.append(place)
            await gate.wait()

    tasks = [asyncio.create_task(writer(place)) for place in ("a/conv_1", "b/conv_1")]
    await until(lambda: len(log) == 2)
    gate.set()
    await asyncio.gather(*tasks)


async def test_a_failure_gives_the_turn_on():
    """A write that fails is over."""
    order, log = WriteOrder(), []

    with pytest.raises(KeyError):
        async with order.turn(request()):
            raise KeyError
    await hold(order, "next", log)

    assert ["next in", "next out"] == log


async def test_waiters_that_are_cancelled_are_passed_over():
    """Who gave up waiting leaves the queue; who comes after is not held up."""
    order, log, gate = WriteOrder(), [], asyncio.Event()
    tasks = [asyncio.create_task(hold(order, n, log, gate)) for n in range(4)]
    await until(lambda: log)

    tasks[1].cancel()
    tasks[2].cancel()
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(None), asyncio.CancelledError, asyncio.CancelledError, type(None)] == [type(r) for r in results]
    assert ["0 in", "0 out", "3 in", "3 out"] == log


async def test_a_waiter_that_is_cancelled_in_the_moment_of_its_turn():
    """A turn that comes in the very moment of giving up is handed on."""
    order, log, elsewhere = WriteOrder(), [], contextvars.copy_context()
    async with order.turn(request()):
        second = asyncio.create_task(hold(order, "second", log), context=elsewhere)
        await asyncio.sleep(0)

    second.cancel()  # the turn is its own since the line before, and it does not know yet
    with pytest.raises(asyncio.CancelledError):
        await second
    await hold(order, "third", log)

    assert ["third in", "third out"] == log


async def test_the_deadline_ends_the_wait():
    """A write whose deadline passes while it waits is a timeout, and certainly was not sent."""
    order, log, gate, clock = WriteOrder(clock=FakeClock(1000)), [], asyncio.Event(), 1000
    first = asyncio.create_task(hold(order, "first", log, gate))
    await until(lambda: log)

    with pytest.raises(APITimeoutError, match="the deadline passed while other writes to the conversation") as caught:
        await hold(order, "second", log, deadline=clock + 0.01)

    assert not caught.value.sent
    gate.set()
    await first
    await hold(order, "third", log)
    assert ["first in", "first out", "third in", "third out"] == log


async def test_no_wait_no_timeout():
    """A turn that is free is taken, whatever the deadline; the retry loop judges it."""
    order, log = WriteOrder(clock=FakeClock(1000)), []

    await hold(order, "only", log, deadline=1)

    assert ["only in", "only out"] == log


async def test_a_shared_lock_is_held_for_the_write():
    """The lock of several processes is taken after our own turn has come, and released before it is given on."""
    lock, log = SharedLock(), []
    order = WriteOrder(lock)

    await asyncio.gather(hold(order, "a", log), hold(order, "b", log))

    assert ["took conv_1", "released conv_1"] * 2 == lock.log
    assert ["a in", "a out", "b in", "b out"] == log


async def test_the_deadline_ends_the_wait_for_a_shared_lock():
    """The wait for a lock of others counts towards the deadline, too."""
    lock, log = SharedLock(is_open=False), []
    order = WriteOrder(lock, clock=FakeClock(1000))

    with pytest.raises(APITimeoutError, match="the deadline passed"):
        await hold(order, "late", log, deadline=1000.01)

    assert ["gave up conv_1"] == lock.log
    lock.is_open.set()
    await hold(order, "next", log)
    assert ["next in", "next out"] == log


async def test_a_cancelled_wait_for_a_shared_lock():
    """Who is cancelled while waiting for a lock of others gives our own turn on."""
    lock, log = SharedLock(is_open=False), []
    order = WriteOrder(lock)
    task = asyncio.create_task(hold(order, "first", log))
    await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    lock.is_open.set()
    await hold(order, "next", log)
    assert ["gave up conv_1", "took conv_1", "released conv_1"] == lock.log


async def test_a_shared_lock_that_cannot_be_had():
    """The error of a lock is the caller's: nothing was sent, and the next may try."""

    class Broken:
        def hold(self, _):
            raise ConnectionError("no Redis")

    order = WriteOrder(Broken())

    for _ in range(2):
        with pytest.raises(ConnectionError, match="no Redis"):
            await hold(order, "first", [])


async def test_a_shared_lock_that_cannot_be_released(caplog):
    """The write is over: that its lock cannot be released is logged, and does not hide its outcome."""
    caplog.set_level(logging.ERROR)
    order, log = WriteOrder(SharedLock(release_error=ConnectionError("no Redis"))), []

    await hold(order, "a", log)
    await hold(order, "b", log)

    assert ["a in", "a out", "b in", "b out"] == log
    assert 2 == len(caplog.records)


async def test_a_foreign_timeout_passes():
    """A TimeoutError of the lock itself is not taken for the deadline."""

    class Late:
        @asynccontextmanager
        async def hold(self, _):
            raise TimeoutError("Redis is slow")
            yield

    with pytest.raises(TimeoutError, match="Redis is slow") as caught:
        await hold(WriteOrder(Late()), "first", [])

    assert TimeoutError is type(caught.value)


async def test_inside_a_turn_the_turn_is_there_already():
    """Who writes to the same conversation inside of a turn has it already: waiting would be waiting for oneself."""
    order, log = WriteOrder(), []

    async with order.turn(request()), order.turn(request("conv_2")):
        await hold(order, "inner", log)
        await hold(order, "inner of 2", log, conversation_id="conv_2")

    assert ["inner in", "inner out", "inner of 2 in", "inner of 2 out"] == log


async def test_another_order_is_another_turn():
    """The turn of one client is none of another."""
    gate, log = asyncio.Event(), []
    first, second = WriteOrder(), WriteOrder()
    task = asyncio.create_task(hold(second, "other", log, gate))
    await until(lambda: log)

    async with first.turn(request()):
        inner = asyncio.create_task(hold(second, "inner", log))
        await asyncio.sleep(0)
        assert ["other in"] == log
        gate.set()
        await inner
    await task

    assert ["other in", "other out", "inner in", "inner out"] == log


async def test_tasks_that_outlive_a_turn_wait_again():
    """A task that was started inside of a turn has it no longer when the turn is over."""
    order, log, gate, later = WriteOrder(), [], asyncio.Event(), asyncio.Event()

    async def background():
        await later.wait()
        await hold(order, "background", log)

    async with order.turn(request()):
        task = asyncio.create_task(background())
    holder = asyncio.create_task(hold(order, "holder", log, gate))
    await until(lambda: log)
    later.set()
    await asyncio.sleep(0)
    assert ["holder in"] == log
    gate.set()
    await asyncio.gather(task, holder)

    assert ["holder in", "holder out", "background in", "background out"] == log


async def test_nothing_is_left_behind():
    """A conversation costs nothing when nobody writes to it."""
    order, log = WriteOrder(), []

    await asyncio.gather(*(hold(order, n, log, conversation_id=f"conv_{n % 7}") for n in range(50)))

    assert {} == order._waiting  # noqa: SLF001  # memory has no public face
