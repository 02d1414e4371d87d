"""Every fault and every operation: no call takes longer than its deadline."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from openai_conversations import ConversationsError, Timeout
from openai_conversations.server import faults
from openai_conversations.server.faults.fault import CONVERSATION_OPERATIONS
from tests.writing.helpers import user

DEADLINE = 0.3
LATE = 0.001
"""What the clock, which stands still while anything is done, may be over the deadline: the rounding of timers."""

ANYWHERE = {
    "commit, then drop": faults.commit_then_drop,
    "commit, then reset": lambda **select: faults.commit_then_drop(reset=True, **select),
    "commit, then 500": faults.commit_then_status,
    "commit, then 504": lambda **select: faults.commit_then_status(504, **select),
    "drop before the commit": faults.drop_before_commit,
    "refuse": lambda **select: faults.refuse(1.0, **select),
    "429": lambda **select: faults.status(429, **select),
    "503": faults.status,
    "503, asks for 0.25 s": lambda **select: faults.status(503, retry_after_ms=250, **select),
    "503, asks for 10 s": lambda **select: faults.status(503, retry_after=10, **select),
    "503, asks for 10 minutes": lambda **select: faults.status(503, retry_after=600, **select),
    "503, asks to retry": lambda **select: faults.status(503, should_retry=True, **select),
    "307": lambda **select: faults.status(307, headers={"location": "/v1/conversations"}, **select),
    "locked": faults.locked,
    "locked, asks for 10 s": lambda **select: faults.status(400, code="conversation_locked", retry_after=10, **select),
    "slow answer": lambda **select: faults.slow(5.0, **select),
    "slow commit": lambda **select: faults.slow(5.0, before_commit=True, **select),
    "trickle": lambda **select: faults.trickle(0.05, chunk=1, **select),
    "truncated": faults.truncated_json,
    "cut": lambda **select: faults.truncated_json(cut=True, **select),
    "malformed": faults.malformed_json,
    "HTML": faults.html,
    "502 HTML": lambda **select: faults.html(502, **select),
    "array": faults.wrong_shape,
    "object": lambda **select: faults.wrong_shape("object", **select),
    "unknown fields": faults.unknown_fields,
}
IN_LISTS = {
    "empty pages": faults.empty_page,
    "stuck cursor": faults.stuck_cursor,
    "missing last_id": faults.missing_last_id,
    "unknown item": faults.unknown_item,
}


async def create(client, conversation_id, item_id):
    await client.conversations.create(items=[user("a")])


async def retrieve(client, conversation_id, item_id):
    await client.conversations.retrieve(conversation_id)


async def update(client, conversation_id, item_id):
    await client.conversations.update(conversation_id, metadata={"a": "b"})


async def delete(client, conversation_id, item_id):
    await client.conversations.delete(conversation_id)


async def append(client, conversation_id, item_id):
    await client.conversations.items.create(conversation_id, items=[user("a")])


async def list_items(client, conversation_id, item_id):
    await client.conversations.items.list(conversation_id)


async def retrieve_item(client, conversation_id, item_id):
    await client.conversations.items.retrieve(item_id, conversation_id=conversation_id)


async def delete_item(client, conversation_id, item_id):
    await client.conversations.items.delete(item_id, conversation_id=conversation_id)


CALLS = dict(
    zip(
        CONVERSATION_OPERATIONS,
        (create, retrieve, update, delete, append, list_items, retrieve_item, delete_item),
        strict=True,
    )
)


async def seconds(call, client, conversation_id, item_id):
    """How long a call takes, however it ends."""
    clock = asyncio.get_running_loop().time
    started = clock()
    with contextlib.suppress(ConversationsError):
        await call(client, conversation_id, item_id)
    return clock() - started


async def measured(server, make_client, fault, calls):
    """The seconds of some calls of a client, made at the same time, each to a conversation of its own."""
    client = make_client(timeout=Timeout(total=DEADLINE, attempt=0.12), retry=None)
    patient = client.with_options(timeout=10)
    made = [await patient.conversations.create() for _ in calls]
    items = [(await patient.conversations.items.create(one.id, items=[user("a")])).data[0].id for one in made]
    server.add_fault(fault)
    return await asyncio.gather(
        *(seconds(call, client, one.id, item) for call, one, item in zip(calls, made, items, strict=True))
    )


@pytest.mark.parametrize("fault", ANYWHERE.values(), ids=ANYWHERE)
async def test_every_operation_through_every_fault(server, make_client, fault):
    """Whatever goes wrong with every request, each of the eight operations ends by its deadline."""
    taken = await measured(server, make_client, fault(count=None), list(CALLS.values()))

    assert [] == [name for name, one in zip(CALLS, taken, strict=True) if one > DEADLINE + LATE]
    assert [] == server.unfired_faults


@pytest.mark.parametrize("fault", [*ANYWHERE.values(), *IN_LISTS.values()], ids=[*ANYWHERE, *IN_LISTS])
async def test_a_lookup_through_every_fault(server, make_client, fault):
    """Whatever goes wrong with the lookup of an append, it ends by the deadline of the append."""
    in_lookups = fault(operation="listConversationItems", count=None)
    lost = faults.commit_then_drop(operation="createConversationItems", count=None)

    async def lookup(client, conversation_id, item_id):
        server.add_fault(in_lookups)
        await append(client, conversation_id, item_id)

    [taken] = await measured(server, make_client, lost, [lookup])

    assert taken <= DEADLINE + LATE


async def test_a_server_that_says_nothing(make_client):
    """A server that accepts connections and never answers is given up at the deadline, not after as many attempts."""

    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent:
        client = make_client(timeout=DEADLINE, base_url=f"http://127.0.0.1:{port}/v1")
        taken = await asyncio.gather(*(seconds(call, client, "conv_1", "msg_1") for call in CALLS.values()))
        await client.close()

    assert [pytest.approx(DEADLINE)] * len(CALLS) == taken


async def test_a_pool_without_a_free_connection(server, make_client):
    """The wait for a connection is part of the call."""
    client = make_client(timeout=DEADLINE)
    server.add_fault(faults.slow(1.0, count=None))

    taken = await asyncio.gather(*(seconds(retrieve, client, "conv_1", "") for _ in range(150)))

    assert max(taken) <= DEADLINE + LATE
