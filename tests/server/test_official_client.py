"""The official client, async and sync, lives its whole life against the server."""

from __future__ import annotations

import httpx2
import openai
import pytest

from openai_conversations.server import ConversationsServer, faults
from tests.server import description, samples

MESSAGES = [{"role": "user", "content": text} for text in "abcde"]


@pytest.fixture
async def client(server):
    """The async client; every response that it gets is checked against the description."""

    async def check(response):
        await response.aread()
        _check(server, response)

    hooks = {"response": [check]}
    async with (
        httpx2.AsyncClient(event_hooks=hooks) as http,
        openai.AsyncOpenAI(api_key="sk-test", base_url=server.base_url, max_retries=0, http_client=http) as client,
    ):
        yield client


@pytest.fixture
def sync_server():
    with ConversationsServer(seed=1) as server:
        yield server


@pytest.fixture
def sync_client(sync_server):
    """The sync client of a server in a thread, watched in the same way."""

    def check(response):
        response.read()
        _check(sync_server, response)

    hooks = {"response": [check]}
    with (
        httpx2.Client(event_hooks=hooks) as http,
        openai.OpenAI(api_key="sk-test", base_url=sync_server.base_url, max_retries=0, http_client=http) as client,
    ):
        yield client


def _check(server, response):
    entry = server.requests[-1]
    assert entry.request_id == response.headers["x-request-id"]
    if not entry.fault:
        description.check(entry.operation, response.status_code, response.content)


async def test_the_async_life_cycle(client, server):
    """All eight operations, from the first to the last, and what they leave behind."""
    conversation = await client.conversations.create(metadata={"user": "42"}, items=MESSAGES[:2])
    assert conversation == await client.conversations.retrieve(conversation.id)
    updated = await client.conversations.update(conversation.id, metadata={"user": "43"})
    created = await client.conversations.items.create(conversation.id, items=MESSAGES[2:])
    item = await client.conversations.items.retrieve(created.data[0].id, conversation_id=conversation.id)
    after_delete = await client.conversations.items.delete(item.id, conversation_id=conversation.id)
    left = [item async for item in client.conversations.items.list(conversation.id, order="asc", limit=1)]
    deleted = await client.conversations.delete(conversation.id)

    assert ({"user": "43"}, created.data[0]) == (updated.metadata, item)
    assert updated == after_delete
    assert list("abde") == [item.content[0].text for item in left]
    assert (conversation.id, True, "conversation.deleted") == (deleted.id, deleted.deleted, deleted.object)
    assert 4 == len(server.orphans(conversation.id))
    server.assert_no_duplicates(by="content")


def test_the_sync_life_cycle(sync_client, sync_server):
    """The same without a coroutine, against a server in a thread."""
    conversation = sync_client.conversations.create(items=MESSAGES)
    assert conversation == sync_client.conversations.retrieve(conversation.id)
    sync_client.conversations.update(conversation.id, metadata={"a": "b"})
    created = sync_client.conversations.items.create(conversation.id, items=[samples.of("function_call")])
    item = sync_client.conversations.items.retrieve(created.data[0].id, conversation_id=conversation.id)
    pages = list(sync_client.conversations.items.list(conversation.id, limit=2).iter_pages())
    sync_client.conversations.items.delete(item.id, conversation_id=conversation.id)
    deleted = sync_client.conversations.delete(conversation.id)

    assert "function_call" == item.type
    assert [2, 2, 2] == [len(page.data) for page in pages]
    assert deleted.deleted
    sync_server.assert_requests(
        "createConversation",
        "getConversation",
        "updateConversation",
        "createConversationItems",
        "getConversationItem",
        "listConversationItems",
        "listConversationItems",
        "listConversationItems",
        "deleteConversationItem",
        "deleteConversation",
    )


async def test_every_item(client):
    """Every type of item goes in and comes out as its own class, none as a message in disguise."""
    for start in range(0, len(samples.ITEMS), 20):
        conversation = await client.conversations.create()
        batch = samples.ITEMS[start : start + 20]
        created = await client.conversations.items.create(conversation.id, items=batch)

        assert [item.get("type", "message") for item in batch] == [item.type for item in created.data]
        assert all((item.type == "message") == (type(item).__name__ == "Message") for item in created.data)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pagination(client, order):
    """Listing walks over all pages, forwards and backwards."""
    conversation = await client.conversations.create(items=MESSAGES)
    seen = [
        item.content[0].text async for item in client.conversations.items.list(conversation.id, order=order, limit=2)
    ]

    assert list("abcde" if order == "asc" else "edcba") == seen


async def test_include(client):
    """The arrays of the official client are understood."""
    conversation = await client.conversations.create(items=[samples.of("file_search_call")])
    (plain,) = (await client.conversations.items.list(conversation.id)).data
    (asked,) = (
        await client.conversations.items.list(
            conversation.id, include=["reasoning.encrypted_content", "file_search_call.results"]
        )
    ).data

    assert plain.results is None
    assert "t" == asked.results[0].text


async def test_a_received_item_is_sent_to_another_conversation(client):
    """What was received can be sent on."""
    first = await client.conversations.create(items=[samples.of("program_output")])
    second = await client.conversations.create()
    (item,) = (await client.conversations.items.list(first.id)).data
    created = await client.conversations.items.create(second.id, items=[item.to_dict()])

    assert item == created.data[0]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda it: it.conversations.retrieve("conv_none"), openai.NotFoundError),
        (lambda it: it.conversations.create(metadata={"k": "v" * 513}), openai.BadRequestError),
        (lambda it: it.conversations.create(items=[{"role": "critic", "content": "a"}]), openai.BadRequestError),
        (lambda it: it.conversations.items.list("conv_none", limit=0), openai.BadRequestError),
        (lambda it: it.conversations.items.delete("msg_1", conversation_id="conv_none"), openai.NotFoundError),
    ],
    ids=["unknown conversation", "metadata", "items", "limit", "unknown item"],
)
async def test_errors(client, call, error):
    """Errors arrive as the classes that the official client has for them, with their fields."""
    with pytest.raises(error) as caught:
        await call(client)

    assert "invalid_request_error" == caught.value.type
    assert caught.value.request_id.startswith("req_")


async def test_a_wrong_key():
    """A key that is not on the list is an authentication error."""
    async with (
        ConversationsServer(keys=["sk-right"]) as server,
        openai.AsyncOpenAI(api_key="sk-wrong", base_url=server.base_url) as client,
    ):
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.conversations.create()

    assert "invalid_api_key" == caught.value.code


async def test_a_lock(client, server):
    """A locked conversation is what the service says it is."""
    server.add_fault(faults.locked())
    with pytest.raises(openai.BadRequestError) as caught:
        await client.conversations.create()

    assert ("conversation_locked", "conversation") == (caught.value.code, caught.value.param)


async def test_the_duplicate_that_this_server_is_for(server):
    """The official client, its response lost, stores an item twice and reports success; the assertion finds it."""
    async with openai.AsyncOpenAI(api_key="sk-test", base_url=server.base_url) as client:
        conversation = await client.conversations.create()
        server.add_fault(faults.commit_then_status(500, headers={"retry-after-ms": "1"}))
        await client.conversations.items.create(conversation.id, items=MESSAGES[:1])

    with pytest.raises(AssertionError, match="2 times message user: 'a'"):
        server.assert_no_duplicates()
