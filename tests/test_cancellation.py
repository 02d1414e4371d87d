"""A call may be cancelled at any await: no connection is leaked, nothing is left running, the next call goes on."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest

from openai_conversations import ConversationsClient, ConversationsError, RetryPolicy
from openai_conversations.server import ConversationsServer, faults
from tests.fakes import until
from tests.sockets import answering, http, read_request, serving

HI = {"role": "user", "content": "Hi"}
CONVERSATION = b'{"id":"conv_1","object":"conversation","created_at":1,"metadata":{}}'


async def listed(client, conversation_id):
    return [item async for item in client.conversations.items.list(conversation_id, limit=1)]


async def streamed(client, conversation_id):
    async with client.conversations.with_streaming_response.retrieve(conversation_id) as response:
        return await response.json()


# Each takes a client and a conversation; several requests, waits and turns in each of them.
CALLS = {
    "retrieve": lambda c, i: c.conversations.retrieve(i),
    "update": lambda c, i: c.conversations.update(i, metadata={"a": "b"}),
    "create": lambda c, _: c.conversations.create(items=[HI]),
    "append": lambda c, i: c.conversations.items.create(i, items=[HI]),
    "append strictly": lambda c, i: c.conversations.items.create(i, items=[HI], guard="strict"),
    "append many": lambda c, i: c.conversations.items.append(i, [HI] * 25),
    "list": listed,
    "stream": streamed,
    "raw": lambda c, i: c.conversations.with_raw_response.retrieve(i),
}


@asynccontextmanager
async def small_client(server, **settings):
    """A client that can keep two connections, so that a leak of one shows soon."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=2)) as session:
        yield ConversationsClient(
            api_key="sk-test",
            base_url=server.base_url,
            session=session,
            retry=RetryPolicy(initial=0.001, maximum=0.001),
            **settings,
        )


async def cancelled_after(steps, awaitable):
    """Start a call, let the event loop turn so many times, cancel it; whether it was still under way."""
    task = asyncio.ensure_future(awaitable)
    for _ in range(steps):
        await asyncio.sleep(0)
    was_under_way = task.cancel()
    with suppress(asyncio.CancelledError, ConversationsError):
        await task
    return was_under_way


@pytest.fixture
def server():
    """A server in a thread of its own, so that all tasks of the event loop of the test are the client's."""
    with ConversationsServer() as running:
        yield running


async def works_as_before(client, conversation_id, tasks):
    """Nothing is left running; more calls at once than there are connections succeed; so does a write."""
    await until(lambda: asyncio.all_tasks() <= tasks)
    together = [client.conversations.retrieve(conversation_id) for _ in range(5)]
    assert [conversation_id] * 5 == [found.id for found in await asyncio.gather(*together)]
    await client.conversations.items.create(conversation_id, items=[HI])


@pytest.mark.parametrize("call", CALLS)
async def test_cancelled_at_any_await(call, server):
    """However far a call has come when it is cancelled, the calls after it find their connections and their turn."""
    async with small_client(server, timeout=5) as client:
        conversation = await client.conversations.create(items=[HI] * 3)
        tasks = asyncio.all_tasks()
        for steps in range(60):
            await cancelled_after(steps, CALLS[call](client, conversation.id))

        await works_as_before(client, conversation.id, tasks)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "fault",
    [
        faults.slow(9.0, count=None),
        faults.status(503, retry_after_ms=50, count=None),
        faults.commit_then_drop(count=None),
        faults.trickle(0.01, count=None),
        faults.locked(n=1_000_000),
    ],
    ids=lambda fault: fault.name,
)
async def test_cancelled_in_the_middle_of_trouble(call, fault, server):
    """The same while a call waits for a slow server, between retries, for a lock, or looks what became of a write."""
    async with small_client(server, timeout=5) as client:
        conversation = await client.conversations.create(items=[HI] * 3)
        tasks = asyncio.all_tasks()
        server.add_fault(fault)
        under_way = [asyncio.ensure_future(CALLS[call](client, conversation.id)) for _ in range(4)]
        await asyncio.wait(under_way, timeout=0.03)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        server.clear_faults()

        await works_as_before(client, conversation.id, tasks)


async def test_a_thousand_cancelled_calls():
    """A thousand calls that are cancelled at any time leave at most a pool of connections, and nothing running."""
    dice = random.Random(7)

    async def peer(reader, writer):
        while await read_request(reader) is not None:
            if busy.is_set() and dice.random() < 0.5:
                await reader.read()  # until the other side hangs up
                return
            writer.write(http(200, CONVERSATION))

    busy = asyncio.Event()
    busy.set()
    async with serving(peer) as server, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=10)) as session:
        client = ConversationsClient(api_key="sk-test", base_url=server.base_url, session=session)
        before, ended = len(asyncio.all_tasks()), []
        for _ in range(20):
            tasks = [asyncio.create_task(client.conversations.retrieve("conv_1")) for _ in range(50)]
            for task in dice.sample(tasks, 50):
                await asyncio.sleep(0)
                ended.append(task.cancel())
            await asyncio.gather(*tasks, return_exceptions=True)

        busy.clear()
        together = [client.conversations.retrieve("conv_1") for _ in range(50)]
        assert ["conv_1"] * 50 == [found.id for found in await asyncio.gather(*together)]
        assert (1000, True, True) == (len(ended), sum(ended) > 200, server.open <= 10)
        await session.close()
        await until(lambda: not server.open and len(asyncio.all_tasks()) <= before)


async def test_a_cancelled_call_closes_its_connection():
    """The connection of a call that was cancelled under way is closed: its response must not reach the next call."""
    gate = asyncio.Event()

    async def peer(reader, writer):
        number = server.connections
        while (await read_request(reader)) is not None:
            if number == 1:
                asked.set()
                await gate.wait()
            writer.write(http(200, b'{"id":"conv_%d"}' % number))

    asked = asyncio.Event()
    async with serving(peer) as server, small_client(server) as client:
        task = asyncio.create_task(client.conversations.retrieve("conv_1"))
        await asked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        gate.set()

        assert "conv_2" == (await client.conversations.retrieve("conv_2")).id


async def test_closing_while_calls_are_under_way():
    """A client that is closed while calls wait and are under way ends them with an error of ours, each of them."""
    async with ConversationsServer(faults=[faults.slow(9.0, count=None)]) as server:
        client = ConversationsClient(api_key="sk-test", base_url=server.base_url, max_retries=0)
        tasks = [asyncio.create_task(client.conversations.retrieve("conv_1")) for _ in range(150)]
        await until(lambda: server.requests or server.faults[0][1])
        await client.close()

        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert 150 == len([error for error in results if isinstance(error, ConversationsError)])


async def test_leaving_a_listing_early(server):
    """A loop over a listing that is left while the next page is being fetched leaves nothing running."""
    async with small_client(server) as client:
        conversation = await client.conversations.create(items=[HI] * 10)
        tasks = asyncio.all_tasks()
        for _ in range(20):
            async for _item in client.conversations.items.list(conversation.id, limit=2):
                break
        await works_as_before(client, conversation.id, tasks)
        assert 11 == len(await listed(client, conversation.id))


async def test_a_timeout_around_a_call():
    """``asyncio.timeout`` around a call ends it like a cancellation, and not like an error of ours."""
    async with answering(http(503, b"", "retry-after: 5")) as server, small_client(server) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await client.conversations.retrieve("conv_1")
        assert not asyncio.current_task().cancelling()
