"""Locks of conversations, in a real server."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress

import pytest

from openai_conversations import APITimeoutError, ConversationsClient, InvalidArgumentError
from openai_conversations.integrations.redis import RedisLocks, SharedStateError
from openai_conversations.server import ConversationsServer

HI = {"role": "user", "content": "Hi"}


async def until_true(condition) -> None:
    """Wait for something that takes real time, for ten seconds at the most."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # it happens in the server
            await asyncio.sleep(0.01)


async def test_one_at_a_time(client, prefix, left):
    """Two holders of one lock never meet, those of two do; nothing stays in the server."""
    async with RedisLocks(client, prefix=prefix) as first, RedisLocks(client, prefix=prefix) as second:
        inside: list[str] = []
        most: dict[str, int] = {}

        async def work(locks: RedisLocks, name: str) -> None:
            async with locks.hold(name):
                inside.append(name)
                most[name] = max(most.get(name, 0), inside.count(name))
                await asyncio.sleep(0.001)
                inside.remove(name)

        await asyncio.gather(*(work(locks, name) for locks in (first, second) for name in "aabbaabb"))

    assert ({"a": 1, "b": 1}, []) == (most, await left())


async def test_first_come_first_served(client, prefix):
    """Whoever waits longest has the lock next, whichever process it is in."""
    async with RedisLocks(client, prefix=prefix) as first, RedisLocks(client, prefix=prefix) as second:
        order: list[int] = []

        async def work(number: int) -> None:
            async with (first, second)[number % 2].hold("a"):
                order.append(number)

        async with first.hold("a"):
            waiting = []
            for number in range(6):
                waiting.append(asyncio.ensure_future(work(number)))
                while await client.zcard(f"{prefix}:{{a}}:queue") <= number:  # noqa: ASYNC110  # in the server
                    await asyncio.sleep(0.001)
        await asyncio.gather(*waiting)

    assert list(range(6)) == order


async def test_it_is_renewed(client, prefix):
    """A lock that is held for longer than it lives is renewed, and stays the holder's."""
    async with RedisLocks(client, prefix=prefix, expiry=0.5) as locks:
        async with locks.hold("a"):
            token = await client.get(f"{prefix}:{{a}}:lock")
            await asyncio.sleep(1.2)
            assert token == await client.get(f"{prefix}:{{a}}:lock") is not None

        assert 0 == locks.lost


async def test_a_lock_that_was_lost(client, prefix, caplog):
    """A holder whose lock is somebody else's says so in the log, and takes nothing from the other one."""
    async with RedisLocks(client, prefix=prefix, expiry=0.3) as locks:
        async with locks.hold("a"):
            await client.set(f"{prefix}:{{a}}:lock", "somebody else")
            await until_true(lambda: locks.lost == 1)
        assert b"somebody else" == await client.get(f"{prefix}:{{a}}:lock")

    assert ["a lock expired while it was held, and somebody else has it"] == [r.message for r in caplog.records]


async def test_a_server_that_forgot(client, prefix, left):
    """A lock that the server forgot is taken again as long as nobody else has it, and given back at the end."""
    async with RedisLocks(client, prefix=prefix, expiry=0.3) as locks:
        async with locks.hold("a"):
            await client.delete(f"{prefix}:{{a}}:lock")
            while not await left():  # noqa: ASYNC110  # in the server
                await asyncio.sleep(0.01)

        assert (0, []) == (locks.lost, await left())


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("is_slow", [False, True])
async def test_cancelled_while_it_is_taken(where, is_slow, slow, prefix, left):
    """
    Whoever is cancelled while the server is asked leaves nothing behind.

    Not even when the command arrives later than the one that takes it back.
    """
    locks = RedisLocks(slow, prefix=prefix, patience=0.05 if is_slow else 5)
    gate = slow.hold(where)
    task = asyncio.ensure_future(locks.hold("a").__aenter__())
    await until_true(lambda: slow.asked == 1 and (where == "before" or slow.done == 1))
    slow.pass_on()
    task.cancel()
    if not is_slow:
        asyncio.get_running_loop().call_soon(gate.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    if is_slow:  # the release has overtaken it
        await until_true(lambda: slow.done == (1 if where == "before" else 2))
    gate.set()
    await locks.aclose()

    assert [] == await left()
    async with asyncio.timeout(5), locks.hold("a"):
        pass
    await locks.aclose()


async def test_cancelled_at_every_await(client, prefix, left):
    """However far a holder has come when it is cancelled, twice even, the lock is free soon, without its expiry."""
    async with RedisLocks(client, prefix=prefix, expiry=60) as locks:
        for steps in range(80):
            for again in (False, True):
                await cancelled_after(steps, hold(locks), again=again)
        await locks.commands.drain()
        assert [] == await left()


async def test_cancelled_in_the_queue(client, prefix, left):
    """Who gives up while waiting leaves the queue, and the next one has the lock."""
    async with RedisLocks(client, prefix=prefix, expiry=60) as locks:
        async with locks.hold("a"):
            for steps in range(0, 60, 3):
                await cancelled_after(steps, hold(locks), again=False)
            task = asyncio.ensure_future(hold(locks))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await locks.commands.drain()
            assert [f"{prefix}:{{a}}:lock"] == await left()
        async with asyncio.timeout(5), locks.hold("a"):
            pass


async def hold(locks: RedisLocks) -> None:
    async with locks.hold("a"):
        await asyncio.sleep(0)


async def cancelled_after(steps: int, awaitable, *, again: bool) -> None:
    task = asyncio.ensure_future(awaitable)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    if again:
        await asyncio.sleep(0)
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_dead_holder(client, prefix, started):
    """A process that is killed keeps its lock until it expires, and no longer; its place in the queue likewise."""
    holder = await started("hold")
    waiter = await started("wait")
    async with RedisLocks(client, prefix=prefix, expiry=1) as locks:
        for process in (holder, waiter):
            process.kill()
            await process.wait()
        async with asyncio.timeout(10), locks.hold("a"):
            pass


@pytest.mark.parametrize("client", ["redis"], indirect=True)
async def test_twenty_processes(client, prefix, left, started):
    """Twenty processes that append to one conversation never meet a lock of the service's, and lose nothing."""
    with ConversationsServer() as server:
        async with ConversationsClient(api_key="k", base_url=server.base_url) as api:
            conversation = await api.conversations.create()
            more = (server.base_url, conversation.id)
            processes = await asyncio.gather(*(started("append", *more) for _ in range(20)))
            await client.set(f"{prefix}:go", "1")
            told = [json.loads((await process.communicate())[0]) for process in processes]
            items = [item async for item in api.conversations.items.list(conversation.id, order="asc")]

    texts = [item.content[0].text for item in items]
    assert [0] * 20 == [each["overlaps"] for each in told]
    assert sorted(text for each in told for text in each["texts"]) == sorted(texts)
    assert 60 == len(texts)
    assert [f"{prefix}:go", f"{prefix}:inside"] == await left()


async def test_the_deadline_of_a_call(client, prefix):
    """A call that waits for the lock until its deadline is refused, unsent, and leaves the queue."""
    async with RedisLocks(client, prefix=prefix) as locks, ConversationsServer() as server:
        async with ConversationsClient(api_key="k", base_url=server.base_url, lock=locks) as api:
            conversation = await api.conversations.create()
            async with locks.hold(conversation.id):
                with pytest.raises(APITimeoutError, match="other writes to the conversation"):
                    await api.conversations.items.create(conversation.id, items=[HI], timeout=0.1)
                assert 0 == await client.zcard(f"{prefix}:{{{conversation.id}}}:queue")
            await api.conversations.items.create(conversation.id, items=[HI])

        server.assert_requests("createConversation", "createConversationItems")


async def test_a_server_that_is_gone(slow, prefix, caplog):
    """Without an answer a write is refused, unsent; where the lock is not required, it goes on with a warning."""
    slow.failure = ConnectionError("refused")
    async with ConversationsServer() as server:
        for required in (True, False):
            locks = RedisLocks(slow, prefix=prefix, required=required)
            async with ConversationsClient(api_key="k", base_url=server.base_url, lock=locks) as api:
                conversation = await api.conversations.create()
                if required:
                    with pytest.raises(SharedStateError, match="ConnectionError: refused"):
                        await api.conversations.items.create(conversation.id, items=[HI])
                else:
                    await api.conversations.items.create(conversation.id, items=[HI])
            await locks.aclose()

    assert ["createConversation", "createConversation", "createConversationItems"] == [
        entry.operation for entry in server.requests
    ]
    assert "a write goes on without the lock of its conversation: Redis: ConnectionError: refused" in caplog.messages


async def test_it_goes_away_while_the_lock_is_held(slow, prefix, caplog):
    """A lock that can be neither renewed nor given back is told of in the log; the write is what counts."""
    async with ConversationsServer() as server:
        locks = RedisLocks(slow, prefix=prefix, expiry=1.0, patience=10.0)
        async with ConversationsClient(api_key="k", base_url=server.base_url, lock=locks) as api:
            conversation = await api.conversations.create()
            with caplog.at_level(logging.WARNING):
                async with locks.hold("held"):
                    slow.failure = ConnectionError("gone")
                    await until_true(lambda: "a lock could not be renewed" in caplog.text)
                    slow.failure = None
            await api.conversations.items.create(conversation.id, items=[HI])
        await locks.aclose()


async def test_no_answer(slow, prefix):
    """A server that accepts commands and does not answer is waited for as long as *patience* says."""
    slow.hold("before")
    locks = RedisLocks(slow, prefix=prefix, patience=0.05)
    with pytest.raises(SharedStateError, match=r"did not answer within 0\.05 s"):
        await locks.hold("a").__aenter__()
    slow.before.set()
    slow.pass_on()
    await locks.aclose()


async def test_from_a_url(socket_path, prefix, left):
    """Locks that were made from a URL close what they opened."""
    async with RedisLocks.from_url(f"unix://{socket_path}", prefix=prefix) as locks, locks.hold("a"):
        assert [f"{prefix}:{{a}}:lock"] == await left()


@pytest.mark.parametrize("options", [{"expiry": 0}, {"patience": -1}])
def test_what_is_refused(options):
    """Times must be above 0."""
    with pytest.raises(InvalidArgumentError, match="above 0"):
        RedisLocks(None, **options)
