"""What the journal tells."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations.server import ConversationsServer, faults
from tests.server.api import Api, user


async def test_every_request_has_an_entry(api, server):
    """An entry tells the request, what was understood of it, and what was answered."""
    conversation = await api.create(user("a"))
    listed = await api.list(conversation, "?limit=1&include=a&include=b")
    created, asked = server.requests

    assert ("createConversation", conversation, 200) == (created.operation, created.conversation_id, created.status)
    assert [item["id"] for item in server.items(conversation)] == list(created.item_ids)
    assert (1, True, True) == (created.number, created.committed, created.acknowledged)
    assert {"limit": ["1"], "include": ["a", "b"]} == asked.query
    assert (listed.headers["x-request-id"], 400, False) == (asked.request_id, asked.status, asked.committed)
    assert asked.seconds > 0


async def test_addresses_that_are_none(api, server):
    """A request to nowhere is in the journal too."""
    await api.ask("GET", "/models")

    assert ("", "/v1/models", 404) == (server.requests[0].operation, server.requests[0].path, server.requests[0].status)
    assert "request 1 GET /v1/models: responded 404" == str(server.requests[0])


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Proxy-Authorization",
        "api-key",
        "X-API-Key",
        "Ocp-Apim-Subscription-Key",
        "x-goog-api-key",
        "x-ms-user-isolation-key",
        "cookie",
        "x-auth-token",
        "x-amz-signature",
    ],
)
async def test_keys_are_not_written_down(api, server, name):
    """No credential that comes in a header reaches an entry, whatever the header is called."""
    await api.ask("POST", "/conversations", headers={name: "Bearer sk-secret"})

    assert "***" == server.requests[0].headers[name.lower()]
    assert "sk-secret" not in f"{server.requests[0]!r}{server.requests[0].headers}"


@pytest.mark.parametrize(
    "name", ["key", "api-key", "api_key", "apikey", "access_token", "token", "sig", "X-Amz-Signature"]
)
async def test_keys_in_addresses_are_not_written_down(api, server, name):
    """No credential that comes in a query reaches an entry."""
    await api.ask("POST", f"/conversations?{name}=sk-secret&{name}=sk-too&limit=3")

    assert {name: ["***", "***"], "limit": ["3"]} == server.requests[0].query


async def test_keys_in_bodies_are_not_written_down(api, server):
    """No credential of a tool reaches an entry; the service gets the request as it was sent."""
    tool = {"type": "mcp", "server_label": "a", "server_url": "https://a.example", "authorization": "sk-secret"}
    seen = []
    server.add_fault(faults.status(503, when=lambda request: seen.append(request.body) or False))
    response = await api.turn("Hi", tools=[{**tool, "headers": {"x": "sk-too"}}])

    assert 200 == response.status
    assert b"sk-secret" in seen[0]
    assert b'"authorization":"***","headers":{"x":"***"}' in server.requests[0].body
    assert b"sk-" not in server.requests[0].body


async def test_what_is_no_credential_is_written_down(api, server):
    """Names that only sound like it are shown: a test asks for them."""
    headers = {"idempotency-key": "a", "x-stainless-retry-count": "b", "openai-organization": "c", "x-monkey": "d"}
    await api.ask("POST", "/conversations?after=a", headers=headers)

    assert headers == {name: server.requests[0].headers[name] for name in headers}


async def test_a_client_that_gave_up_was_not_told(session):
    """A response that found nobody is not acknowledged."""
    asked, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def wait(seconds):
        asked.set()
        await go_on.wait()

    async with ConversationsServer(sleep=wait, on_request=lambda entry: ended.set()) as server:
        api = Api(server, session)
        server.add_fault(faults.slow(1))
        asking = asyncio.ensure_future(api.create(user("a")))
        await asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
        await api.create()  # by the time that this is answered, the server has seen the other connection close
        ended.clear()
        go_on.set()
        await ended.wait()

        assert [(True, False), (True, True)] == [(entry.committed, entry.acknowledged) for entry in server.requests]


async def test_the_listener_hears_of_every_request(session):
    """Each ended request is told to the listener."""
    heard = []
    async with ConversationsServer(on_request=heard.append) as server:
        await Api(server, session).create()

        assert server.requests == heard


async def test_the_journal_can_be_short(session):
    """With a limit the oldest entries go."""
    async with ConversationsServer(journal_limit=2) as server:
        api = Api(server, session)
        for _ in range(3):
            await api.create()

        assert [2, 3] == [entry.number for entry in server.requests]


async def test_reset_forgets_everything(api, server):
    """After a reset the server is as new."""
    server.add_fault(faults.locked(operation="getConversation"))
    await api.create(user("a"))
    server.reset()

    assert ([], [], [], []) == (server.conversations(), server.requests, server.faults, server.orphans())


# Behind the client's back


async def test_items_from_nowhere(api, server):
    """Items can appear as if another process had added them, whatever they are."""
    conversation = await api.create(user("a"))
    added = server.add_items(conversation, ["b", {"type": "hologram"}, {"type": "reasoning", "summary": []}])
    await api.append(conversation, user("c"))

    assert added == server.items(conversation)[1:4]
    assert ["message", "message", "hologram", "reasoning", "message"] == [
        item["type"] for item in server.items(conversation)
    ]
    with pytest.raises(ValueError, match="there is no conversation 'conv_none'"):
        server.add_items("conv_none", ["a"])


async def test_looking_behind_the_scenes(api, server):
    """Every conversation can be seen with its items, deleted ones too."""
    first, second = await api.create(user("a"), k="v"), await api.create()
    await api.ask("DELETE", f"/conversations/{first}")

    assert [(first, True, {"k": "v"}, 1), (second, False, {}, 0)] == [
        (seen.id, seen.deleted, seen.metadata, len(seen.items)) for seen in server.conversations()
    ]
    assert server.conversation("conv_none") is None
    assert [] == server.items("conv_none")
