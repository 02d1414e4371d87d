"""When everything fails: retries stay few, calls end in time, and one request is one request when nothing fails."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import AmbiguousWriteError, APIError, RetryPolicy
from openai_conversations.server import faults
from tests.writing.helpers import operations, user

CALLS = 1_000

CALLS_OF = {
    "retrieve": lambda client, n: client.conversations.retrieve(f"conv_{n}"),
    "append": lambda client, n: client.conversations.items.create(f"conv_{n}", items=[user("a")]),
    "list": lambda client, n: client.conversations.items.list(f"conv_{n}"),
    "delete": lambda client, n: client.conversations.delete(f"conv_{n}"),
}

DOWN = {
    "503": faults.status(503, count=None),
    "dropped": faults.drop_before_commit(count=None),
    "500 after the commit": faults.commit_then_status(500, count=None),
}


async def outcome(call):
    try:
        await call
    except APIError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("kind", "down"),
    [
        ("mixed", "503"),
        ("mixed", "dropped"),
        ("append", "503"),
        ("append", "500 after the commit"),
        ("retrieve", "503"),
    ],
)
async def test_the_service_is_down(server, make_client, kind, down):
    """1,000 calls at once send at most 1.2 times as many requests as without retries, and no more than that later."""
    client = make_client(max_retries=5, timeout=None)
    server.add_fault(DOWN[down])
    kinds = list(CALLS_OF.values()) if kind == "mixed" else [CALLS_OF[kind]]

    async def wave(calls):
        before = len(server.requests)
        errors = await asyncio.gather(*(outcome(kinds[n % len(kinds)](client, n)) for n in range(calls)))
        assert all(errors)
        return len(server.requests) - before

    assert CALLS < await wave(CALLS) <= 1.2 * CALLS
    assert 100 == await wave(100)


async def test_appends_that_time_out(server, make_client):
    """Looks for writes that may arrive late are counted too: a service that is slow is not flooded with them."""
    client = make_client(timeout=None, retry=RetryPolicy(initial=0.02))
    conversations = [(await client.conversations.create()).id for _ in range(200)]
    server.add_fault(faults.status(504, operation="createConversationItems", count=None))
    before = len(server.requests)

    hurried = client.with_options(timeout=2)
    append = hurried.conversations.items.create
    errors = await asyncio.gather(*(outcome(append(one, items=[user("a")])) for one in conversations))

    assert {AmbiguousWriteError} == {type(error) for error in errors}
    looks = operations(server)[before:].count("listConversationItems")
    assert looks <= 100 + 0.1 * looks  # every look that succeeds gives a tenth of its token back


async def test_the_budget_comes_back(server, make_client):
    """A service that fails now and then does not use the budget up: calls that succeed in the end pay nothing."""
    client = make_client(max_retries=9)
    conversation = await client.conversations.create()
    server.add_fault(faults.status(503, operation="getConversation", probability=0.5, count=None))

    for _ in range(300):
        await client.conversations.retrieve(conversation.id)

    assert len(server.requests) > 500


async def test_one_request_per_call(server, client):
    """When nothing fails, every method sends one request, and an append one per chunk."""
    calls = client.conversations
    conversation = await calls.create(items=[user("a")])
    await calls.retrieve(conversation.id)
    await calls.update(conversation.id, metadata={"a": "b"})
    for guard in ("auto", "off"):
        page = await calls.items.create(conversation.id, items=[user("b")], guard=guard)
    await calls.items.append(conversation.id, [user(str(n)) for n in range(45)])
    await calls.items.list(conversation.id)
    await calls.items.retrieve(page.data[0].id, conversation_id=conversation.id)
    await calls.items.delete(page.data[0].id, conversation_id=conversation.id)
    await calls.delete(conversation.id)

    server.assert_requests(
        "createConversation",
        "getConversation",
        "updateConversation",
        *["createConversationItems"] * (2 + 3),
        "listConversationItems",
        "getConversationItem",
        "deleteConversationItem",
        "deleteConversation",
    )
