"""Many tasks and one conversation: no error, every task's order kept, nobody else delayed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from openai_conversations import APITimeoutError, ConversationLock, RetryPolicy
from openai_conversations.server import faults
from tests.writing.conftest import CREATE_ITEMS
from tests.writing.helpers import is_subsequence, operations, texts, user

TASKS = 50
EACH = 4


async def write(client, conversation_id, task, guard="auto"):
    for number in range(EACH):
        await client.conversations.items.create(conversation_id, items=[user(f"{task}.{number}")], guard=guard)


async def test_fifty_tasks_and_a_lock(server, client):
    """50 tasks append to a conversation that is locked three times: no error, and first come is first served."""
    conversation = await client.conversations.create()
    server.add_fault(faults.locked(3, operation=CREATE_ITEMS, skip=7))

    await asyncio.gather(*(write(client, conversation.id, task) for task in range(TASKS)))

    # Each task asks for its next turn when it has had one, so that they come round after round in the same order.
    assert [f"{task}.{number}" for number in range(EACH) for task in range(TASKS)] == texts(server, conversation.id)
    assert TASKS * EACH + 3 == operations(server).count(CREATE_ITEMS)


async def test_fifty_tasks_and_every_fault(server, make_client):
    """The order of each task is kept through lost responses, lost requests and locks."""
    client = make_client(max_retries=9)
    conversation = await client.conversations.create()
    for seed, make in enumerate((faults.commit_then_drop, faults.drop_before_commit, faults.locked)):
        server.add_fault(make(operation=CREATE_ITEMS, probability=0.1, seed=seed, count=None))
    server.add_fault(faults.commit_then_status(502, operation=CREATE_ITEMS, probability=0.1, count=None))

    await asyncio.gather(*(write(client, conversation.id, task) for task in range(TASKS)))

    stored = texts(server, conversation.id)
    assert TASKS * EACH == len(stored) == len(set(stored))
    for task in range(TASKS):
        assert is_subsequence([f"{task}.{number}" for number in range(EACH)], stored)


async def test_other_conversations_are_not_delayed(server, make_client):
    """While 50 tasks wait for a conversation that is locked, another one is written to without a wait."""
    client = make_client(retry=RetryPolicy(initial=0.05), timeout=30)
    crowded, other = [(await client.conversations.create()).id for _ in range(2)]
    server.add_fault(faults.locked(10_000, operation=CREATE_ITEMS, when=lambda call: call.conversation_id == crowded))
    tasks = [asyncio.ensure_future(write(client, crowded, task)) for task in range(TASKS)]
    clock = asyncio.get_running_loop().time
    waited = []

    for number in range(20):
        await asyncio.sleep(0.05)
        began = clock()
        await client.conversations.items.create(other, items=[user(str(number))])
        waited.append(clock() - began)

    assert [0.0] * 20 == waited
    assert not any(task.done() for task in tasks)
    server.clear_faults()
    await asyncio.gather(*tasks)


async def test_metadata_and_deletion_take_their_turn(server, make_client):
    """Updates and the deletion of a conversation come after the writes that were asked for before them."""
    client = make_client()
    conversation = await client.conversations.create()
    server.add_fault(faults.locked(2, operation=CREATE_ITEMS))
    before = len(server.requests)

    await asyncio.gather(
        client.conversations.items.create(conversation.id, items=[user("a")]),
        client.conversations.update(conversation.id, metadata={"n": "1"}),
        client.conversations.update(conversation.id, metadata={"n": "2"}),
        client.conversations.items.create(conversation.id, items=[user("b")]),
        client.conversations.delete(conversation.id),
    )

    names = [CREATE_ITEMS] * 3 + ["updateConversation"] * 2 + [CREATE_ITEMS, "deleteConversation"]
    assert names == operations(server)[before:]
    assert ({"n": "2"}, True) == (server.conversation(conversation.id).metadata, server.conversations()[0].deleted)


async def test_reads_and_deletions_of_items_do_not_wait(server, client):
    """Only what has an order waits for its turn."""
    conversation = await client.conversations.create()
    page = await client.conversations.items.create(conversation.id, items=[user("a"), user("b")])
    server.add_fault(faults.slow(0.3, operation=CREATE_ITEMS))
    slow = asyncio.ensure_future(client.conversations.items.create(conversation.id, items=[user("c")]))
    await asyncio.sleep(0.02)

    await asyncio.gather(
        client.conversations.retrieve(conversation.id),
        client.conversations.items.list(conversation.id),
        client.conversations.items.retrieve(page.data[0].id, conversation_id=conversation.id),
        *(client.conversations.items.delete(item.id, conversation_id=conversation.id) for item in page.data),
    )

    assert not slow.done()
    await slow


async def test_two_appends_share_a_conversation(server, client):
    """Chunks of two appends may alternate; each keeps its own order. ``together`` keeps one in a piece."""
    conversation = await client.conversations.create()

    def numbered(prefix):
        return [user(f"{prefix}{number}") for number in range(60)]

    await asyncio.gather(*(client.conversations.items.append(conversation.id, numbered(p)) for p in "ab"))
    mixed = texts(server, conversation.id)
    await asyncio.gather(
        client.conversations.items.append(conversation.id, numbered("c"), together=True),
        client.conversations.items.append(conversation.id, numbered("d")),
    )
    apart = texts(server, conversation.id)[120:]

    for prefix in "ab":
        assert is_subsequence([item["content"] for item in numbered(prefix)], mixed)
    assert [f"a{n}" for n in range(20)] + [f"b{n}" for n in range(20)] == mixed[:40]
    assert [item["content"] for prefix in "cd" for item in numbered(prefix)] == apart


async def test_a_turn_that_does_not_come(server, make_client):
    """A write whose turn does not come before its deadline was not sent, and says so."""
    client = make_client()
    conversation = await client.conversations.create()
    server.add_fault(faults.slow(0.3, operation=CREATE_ITEMS))
    first = asyncio.ensure_future(client.conversations.items.create(conversation.id, items=[user("a")]))
    await asyncio.sleep(0.02)

    with pytest.raises(APITimeoutError, match="other writes to the conversation were under way") as caught:
        await client.conversations.items.create(conversation.id, items=[user("b")], timeout=0.05)

    assert caught.value.sent is False
    await first
    assert ["a"] == texts(server, conversation.id)


async def test_a_middleware_that_writes_to_the_same_conversation(server, make_client):
    """A middleware stands outside the write order: it may append to the conversation whose append it is part of."""

    async def audit(request, handler):
        if request.operation == CREATE_ITEMS and b"audit" not in (request.body or b""):
            await client.conversations.items.create(request.conversation_id, items=[user("audit")])
        return await handler(request)

    client = make_client(middlewares=[audit], timeout=2)
    conversation = await client.conversations.create()

    await asyncio.gather(*(client.conversations.items.create(conversation.id, items=[user(t)]) for t in "ab"))

    assert ["a", "audit", "audit", "b"] == sorted(texts(server, conversation.id))


class OneAtATime:
    """
    A lock that several clients share, as processes would over Redis.

    Attributes:
        log: Who took and gave back what.
    """

    def __init__(self):
        self.lock = asyncio.Lock()
        self.log = []

    @asynccontextmanager
    async def hold(self, conversation_id):
        async with self.lock:
            self.log.append(("took", conversation_id))
            try:
                yield
            finally:
                self.log.append(("gave back", conversation_id))


async def test_a_lock_between_processes(server, make_client):
    """With a shared lock the writes of two clients exclude each other, retries and lookups included."""
    lock: ConversationLock = OneAtATime()
    first, second = make_client(lock=lock), make_client(lock=lock)
    conversation = await first.conversations.create()
    server.add_fault(faults.commit_then_drop(operation=CREATE_ITEMS, probability=0.3, count=None))

    await asyncio.gather(
        *(write(client, conversation.id, n, guard="strict") for n, client in enumerate((first, second)))
    )

    assert 2 * EACH == len(set(texts(server, conversation.id))) == len(texts(server, conversation.id))
    assert [("took", conversation.id), ("gave back", conversation.id)] * (2 * EACH) == lock.log
