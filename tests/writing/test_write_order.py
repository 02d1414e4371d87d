"""Whose turn it is to write to a conversation."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import asynccontextmanager

import attrs
import pytest
from hypothesis import given, strategies as st

from openai_conversations.errors import APITimeoutError, ConversationsError, WrongEventLoopError
from openai_conversations.transport.message import Write
from openai_conversations.writing.write_order import WriteOrder
from tests.fakes import FakeClock, Script, append_request, get_request, respond, until


def request(conversation_id="conv_1", **changes):
    return append_request(conversation_id=conversation_id, is_ordered=True, **changes)


def turn(order, deadline=None, **changes):
    """The right to write, as an append of many chunks has it."""
    made = request(**changes)
    return order.hold(
        made.conversation_key, conversation_id=made.conversation_id or "", deadline=deadline, request=made
    )


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
    """One write, which takes until the gate is opened."""

    async def handler(_):
        log.append(f"{name} in")
        if gate is not None:
            await gate.wait()
        log.append(f"{name} out")
        return respond()

    await order(request(**changes), handler)


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


async def test_servers_are_told_apart():
    """The same id on another server is another conversation."""
    order, gate, log = WriteOrder(), asyncio.Event(), []

    tasks = [
        asyncio.create_task(hold(order, name, log, gate, base_url=f"https://{name}.example/v1")) for name in ("a", "b")
    ]
    await until(lambda: len(log) == 2)
    gate.set()
    await asyncio.gather(*tasks)

    assert ["a in", "b in"] == log[:2]


async def test_what_has_no_order_does_not_wait():
    """A read goes its way while somebody writes."""
    order, handler = WriteOrder(), Script(respond())

    async with turn(order):
        await asyncio.create_task(order(get_request(), handler))

    assert 1 == len(handler.requests)


async def test_a_failure_gives_the_turn_on():
    """A write that fails is over."""
    order, log = WriteOrder(), []

    with pytest.raises(KeyError):
        await order(request(), Script(KeyError()))
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
    order, log = WriteOrder(), []
    async with turn(order):
        second = asyncio.create_task(hold(order, "second", log))
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

    assert (False, True) == (caught.value.sent, caught.value.not_carried_out)
    gate.set()
    await first
    await hold(order, "third", log)
    assert ["first in", "first out", "third in", "third out"] == log


async def test_the_deadline_of_a_write_that_an_earlier_call_may_have_done():
    """That this call sent nothing says nothing about the earlier one."""
    order, second = (
        WriteOrder(clock=FakeClock(1000)),
        request(write=Write(lookup_first=True), deadline=1000.01),
    )

    async with turn(order):
        with pytest.raises(APITimeoutError) as caught:
            await asyncio.create_task(order(second, Script(respond())))

    assert (False, False) == (caught.value.sent, caught.value.not_carried_out)


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


async def test_a_shared_lock_that_cannot_be_released(caplog):
    """The write is over: that its lock cannot be released is logged, and does not hide its outcome."""
    caplog.set_level(logging.ERROR)
    order, log = WriteOrder(SharedLock(release_error=ConnectionError("no Redis"))), []

    await hold(order, "a", log)
    await hold(order, "b", log)

    assert ["a in", "a out", "b in", "b out"] == log
    assert 2 == len(caplog.records)


async def test_a_foreign_timeout_passes():
    """A TimeoutError of the lock itself is not taken for the deadline: it is why the lock could not be taken."""

    class Late:
        @asynccontextmanager
        async def hold(self, _):
            raise TimeoutError("Redis is slow")
            yield

    with pytest.raises(ConversationsError, match="could not be taken: TimeoutError: Redis is slow") as caught:
        await hold(WriteOrder(Late()), "first", [])

    assert (ConversationsError, TimeoutError) == (type(caught.value), type(caught.value.__cause__))


async def test_inside_a_turn_the_turn_is_there_already():
    """The task that holds a turn has it already: waiting would be waiting for oneself."""
    order, log = WriteOrder(), []

    async with turn(order), turn(order, conversation_id="conv_2"):
        await hold(order, "inner", log)
        async with turn(order):
            await hold(order, "innermost", log)
        await hold(order, "inner of 2", log, conversation_id="conv_2")

    names = ("inner", "innermost", "inner of 2")
    assert [f"{name} {what}" for name in names for what in ("in", "out")] == log


async def test_a_task_that_was_started_inside_a_turn_waits():
    """A turn belongs to the task that took it, and not to those that it starts."""
    order, log = WriteOrder(), []

    async with turn(order):
        other = asyncio.create_task(hold(order, "other", log))
        await asyncio.sleep(0)
        await hold(order, "own", log)
        assert ["own in", "own out"] == log
    await other

    assert ["own in", "own out", "other in", "other out"] == log


async def test_another_order_is_another_turn():
    """The turn of one client is none of another."""
    gate, log = asyncio.Event(), []
    first, second = WriteOrder(), WriteOrder()
    task = asyncio.create_task(hold(second, "other", log, gate))
    await until(lambda: log)

    async with turn(first):
        inner = asyncio.create_task(hold(second, "inner", log))
        await asyncio.sleep(0)
        assert ["other in"] == log
        gate.set()
        await inner
    await task

    assert ["other in", "other out", "inner in", "inner out"] == log


async def test_nothing_is_left_behind():
    """A conversation costs nothing when nobody writes to it."""
    order, log = WriteOrder(), []

    await asyncio.gather(*(hold(order, n, log, conversation_id=f"conv_{n % 7}") for n in range(50)))

    assert {} == order._queues  # noqa: SLF001  # memory has no public face


# event loops


def elsewhere(coroutine):
    """Run a coroutine in an event loop of its own, in a thread; what it raised."""

    def run():
        try:
            asyncio.run(coroutine)
        except Exception as error:  # noqa: BLE001  # what it is, is for the test to say
            return error
        return None

    return asyncio.to_thread(run)


@pytest.mark.parametrize("is_busy", [True, False])
async def test_another_event_loop_is_refused_at_once(is_busy):
    """A write from another loop is an error before anything is queued, be the conversation busy or not."""
    order, log, gate = WriteOrder(), [], asyncio.Event()
    first = asyncio.create_task(hold(order, "first", log, gate))
    await until(lambda: log)
    if not is_busy:
        gate.set()
        await first

    error = await elsewhere(hold(order, "second", log))
    error_of_many = await elsewhere(anext(aiter_of(turn(order))))

    assert (WrongEventLoopError, WrongEventLoopError) == (type(error), type(error_of_many))
    assert "second in" not in log
    gate.set()
    await first
    await hold(order, "third", log)
    assert ["first in", "first out", "third in", "third out"] == log


async def aiter_of(context):
    async with context:
        yield


def test_a_loop_that_was_closed_is_no_other():
    """A client that was used in one ``asyncio.run`` may be used in the next."""
    order, log = WriteOrder(), []

    asyncio.run(hold(order, "first", log))
    asyncio.run(hold(order, "second", log))

    assert ["first in", "first out", "second in", "second out"] == log


def test_a_turn_of_a_closed_loop_is_over():
    """A write left behind in a closed loop neither holds up those of the next one nor gives their turn away."""
    order, log = WriteOrder(), []
    left_behind = hold(order, "left behind", log, asyncio.Event())
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # a task that never ends is told of
    task = loop.create_task(left_behind)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()

    async def next_loop():
        gate = asyncio.Event()
        first = asyncio.create_task(hold(order, "first", log, gate))
        await asyncio.sleep(0)
        left_behind.close()  # what the garbage collector does
        second = asyncio.create_task(hold(order, "second", log))
        await asyncio.sleep(0)
        assert ["left behind in", "first in"] == log
        gate.set()
        await asyncio.gather(first, second)

    asyncio.run(next_loop())

    assert ["left behind in", "first in", "first out", "second in", "second out"] == log
    del task
    gc.collect()


# cancellation


@attrs.define
class Steps:
    """Counts the awaits of a task, and cancels it in one of them."""

    cancel_in: int | None
    count: int = 0

    async def __call__(self):
        """An await that another task ends."""
        self.count += 1
        if self.count == self.cancel_in:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        await asyncio.sleep(0)


class LockOfSteps:
    """A lock of several processes that takes its time to be taken and to be released."""

    def __init__(self, steps):
        self.steps = steps
        self.is_taken = False

    @asynccontextmanager
    async def hold(self, _):
        await self.steps()
        assert not self.is_taken
        self.is_taken = True
        try:
            await self.steps()
            yield
        finally:
            try:
                await self.steps()
            finally:
                self.is_taken = False


@given(
    cancel_in=st.integers(1, 12),
    waits=st.integers(0, 3),
    deadline=st.none() | st.just(1e9),
    nested=st.booleans(),
)
async def test_cancelled_anywhere(cancel_in, waits, deadline, nested):
    """In whichever await a task is cancelled, the turn is given on, no lock is kept, and nobody hangs."""
    steps = Steps(cancel_in)
    lock = LockOfSteps(Steps(None))
    order, log = WriteOrder(lock), []
    lock.steps = steps

    async def victim():
        async with turn(order, deadline):
            await steps()
            if nested:
                await order(request(), one_step)
            await steps()

    async def one_step(_):
        await steps()
        return respond()

    async def cancelled_while_it_waits():
        for _ in range(waits):
            await asyncio.sleep(0)
        task.cancel()

    others = [asyncio.create_task(hold(order, "before", log))]
    await asyncio.sleep(0)
    task = asyncio.create_task(victim())
    others += [asyncio.create_task(hold(order, n, log)) for n in range(3)]
    if waits:
        others.append(asyncio.create_task(cancelled_while_it_waits()))
    async with asyncio.timeout(5):
        await asyncio.gather(task, *others, return_exceptions=True)
        await hold(order, "after", log)

    assert not lock.is_taken
    assert ["after in", "after out"] == log[-2:]
    assert {} == order._queues  # noqa: SLF001  # memory has no public face


@pytest.mark.parametrize("where", ["hold", "enter"])
async def test_a_shared_lock_that_cannot_be_taken(where):
    """What a lock of the user's own raises is the cause of one of our errors: nothing was sent, and nobody is held."""

    class Broken:
        def hold(self, conversation_id):
            if where == "hold":
                raise ConnectionError(f"no Redis for {conversation_id}")
            return self

        async def __aenter__(self):
            raise ConnectionError("no Redis for conv_1")

        async def __aexit__(self, *_):
            raise AssertionError("it was never taken")

    order, script = WriteOrder(Broken()), Script(respond())
    for changes, is_new in (({}, True), ({"write": Write(lookup_first=True)}, False)):
        with pytest.raises(ConversationsError, match=r"nothing was sent, .* ConnectionError: no Redis for conv_1") as e:
            await order(request(**changes), script)
        assert (is_new, ConnectionError) == (e.value.not_carried_out, type(e.value.__cause__))
    assert [] == script.requests


@pytest.mark.parametrize(("changes", "is_new"), [({}, True), ({"write": Write(lookup_first=True)}, False)])
async def test_our_own_error_of_a_shared_lock(changes, is_new):
    """One of our errors, as the locks of Redis raise it, comes as it is, and says that nothing was carried out, too."""

    class Away:
        def hold(self, conversation_id):
            raise ConversationsError(f"{conversation_id}: Redis did not answer")

    script = Script(respond())
    with pytest.raises(ConversationsError, match="Redis did not answer") as caught:
        await WriteOrder(Away())(request(**changes), script)

    assert is_new is caught.value.not_carried_out
    assert [] == script.requests


async def test_a_stream_whose_lock_is_not_released_in_time():
    """Whoever is cancelled while the shared lock is released never gets the open response: it is closed."""

    class Stream:
        is_open = True

        def abort(self):
            self.is_open = False

    class Slow(SharedLock):
        @asynccontextmanager
        async def hold(self, conversation_id):
            yield
            await asyncio.Event().wait()

    stream = Stream()
    writing = asyncio.ensure_future(WriteOrder(Slow())(request(), Script(respond().replace(stream=stream))))
    await asyncio.sleep(0.01)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert not stream.is_open
