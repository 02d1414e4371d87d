"""What goes over the wire, byte by byte: every method, its keywords, the styles of servers."""

from __future__ import annotations

import json
from contextlib import suppress

import aiohttp
import pytest
from aioresponses import aioresponses

from openai_conversations import (
    AmbiguousWriteError,
    ConversationsClient,
    InputText,
    ItemReference,
    Message,
    Reasoning,
    omit,
)
from openai_conversations.settings import azure
from tests.sockets import answering, http

CONVERSATION = {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}
MESSAGE = {"type": "message", "id": "msg_1", "role": "user", "status": "completed", "content": []}
PAGE = {"object": "list", "data": [MESSAGE], "has_more": False, "first_id": "msg_1", "last_id": "msg_1"}
DELETED = {"id": "conv_1", "object": "conversation.deleted", "deleted": True}

HI = {"role": "user", "content": "Hi ä"}
HI_BYTES = '{"role":"user","content":"Hi ä"}'.encode()


def client_of(server, **settings):
    return ConversationsClient(**{"api_key": "sk-test", "base_url": server.base_url, **settings})


def line_of(asked):
    return asked.line.removesuffix(" HTTP/1.1")


# Each method with all its keywords: the first line of the request, the body, the response.
CALLS = [
    pytest.param(
        lambda c: c.conversations.create(), "POST /v1/conversations", b"{}", CONVERSATION, id="create nothing"
    ),
    pytest.param(
        lambda c: c.conversations.create(metadata={"a": "1"}, items=[HI]),
        "POST /v1/conversations",
        b'{"metadata":{"a":"1"},"items":[' + HI_BYTES + b"]}",
        CONVERSATION,
        id="create",
    ),
    pytest.param(
        lambda c: c.conversations.create(metadata=None, items=None),
        "POST /v1/conversations",
        b'{"metadata":null,"items":null}',
        CONVERSATION,
        id="create with null",
    ),
    pytest.param(
        lambda c: c.conversations.create(metadata=omit, items=[]),
        "POST /v1/conversations",
        b'{"items":[]}',
        CONVERSATION,
        id="create with no items",
    ),
    pytest.param(
        lambda c: c.conversations.retrieve("conv_1"),
        "GET /v1/conversations/conv_1",
        b"",
        CONVERSATION,
        id="retrieve",
    ),
    pytest.param(
        lambda c: c.conversations.update("conv_1", metadata={"a": "ä", "b": ""}),
        "POST /v1/conversations/conv_1",
        '{"metadata":{"a":"ä","b":""}}'.encode(),
        CONVERSATION,
        id="update",
    ),
    pytest.param(
        lambda c: c.conversations.update("conv_1", metadata=None),
        "POST /v1/conversations/conv_1",
        b'{"metadata":null}',
        CONVERSATION,
        id="update to null",
    ),
    pytest.param(
        lambda c: c.conversations.delete("conv_1"), "DELETE /v1/conversations/conv_1", b"", DELETED, id="delete"
    ),
    pytest.param(
        lambda c: c.conversations.items.create("conv_1", items=[HI]),
        "POST /v1/conversations/conv_1/items",
        b'{"items":[' + HI_BYTES + b"]}",
        PAGE,
        id="append",
    ),
    pytest.param(
        lambda c: c.conversations.items.create("conv_1", items=iter([HI]), include=["a.b", "c"]),
        "POST /v1/conversations/conv_1/items?include%5B%5D=a.b&include%5B%5D=c",
        b'{"items":[' + HI_BYTES + b"]}",
        PAGE,
        id="append with include",
    ),
    pytest.param(
        lambda c: c.conversations.items.list("conv_1"),
        "GET /v1/conversations/conv_1/items",
        b"",
        PAGE,
        id="list",
    ),
    pytest.param(
        lambda c: c.conversations.items.list("conv_1", after="msg 0", include=["a"], limit=0, order="asc"),
        "GET /v1/conversations/conv_1/items?include%5B%5D=a&limit=0&order=asc&after=msg%200",
        b"",
        PAGE,
        id="list with everything",
    ),
    pytest.param(
        lambda c: c.conversations.items.list("conv_1", after=None, include=None, limit=None, order=None),
        "GET /v1/conversations/conv_1/items",
        b"",
        PAGE,
        id="list with null",
    ),
    pytest.param(
        lambda c: c.conversations.items.list("conv_1", limit=1000, order="sideways"),
        "GET /v1/conversations/conv_1/items?limit=1000&order=sideways",
        b"",
        PAGE,
        id="list with what the server may refuse",
    ),
    pytest.param(
        lambda c: c.conversations.items.retrieve("msg_1", conversation_id="conv_1"),
        "GET /v1/conversations/conv_1/items/msg_1",
        b"",
        MESSAGE,
        id="retrieve an item",
    ),
    pytest.param(
        lambda c: c.conversations.items.retrieve("msg_1", conversation_id="conv_1", include=[]),
        "GET /v1/conversations/conv_1/items/msg_1",
        b"",
        MESSAGE,
        id="retrieve an item with an empty include",
    ),
    pytest.param(
        lambda c: c.conversations.items.retrieve("msg_1", conversation_id="conv_1", include=("a",)),
        "GET /v1/conversations/conv_1/items/msg_1?include%5B%5D=a",
        b"",
        MESSAGE,
        id="retrieve an item with include",
    ),
    pytest.param(
        lambda c: c.conversations.items.delete("msg_1", conversation_id="conv_1"),
        "DELETE /v1/conversations/conv_1/items/msg_1",
        b"",
        CONVERSATION,
        id="delete an item",
    ),
]


@pytest.mark.parametrize(("call", "line", "body", "reply"), CALLS)
async def test_requests(call, line, body, reply):
    """Each method sends one request: method, path, query and body are exactly these."""
    async with answering(http(200, json.dumps(reply).encode())) as server, client_of(server) as client:
        await call(client)

    assert [(line, body)] == [(line_of(asked), asked.body) for asked in server.asked]
    assert ("application/json" if body else None) == server.asked[0].headers.get("content-type")
    assert str(len(body)) == server.asked[0].headers.get("content-length", "0")


async def test_headers():
    """Every request carries who asks, what is taken and who we are; not more."""
    async with answering(http(200, json.dumps(CONVERSATION).encode())) as server:
        settings = {"organization": "org_1", "project": "proj_1", "default_headers": {"X-Team": "a"}}
        async with client_of(server, **settings) as client:
            await client.conversations.retrieve("conv_1", extra_headers={"x-team": "b", "X-Call": "1"})
    headers = server.asked[0].headers

    assert headers.pop("user-agent").startswith("openai_conversations/")
    assert {
        "host": f"127.0.0.1:{server.port}",
        "accept": "application/json",
        "accept-encoding": headers["accept-encoding"],
        "authorization": "Bearer sk-test",
        "openai-organization": "org_1",
        "openai-project": "proj_1",
        "x-team": "b",
        "x-call": "1",
    } == headers


@pytest.mark.parametrize(
    ("conversation_id", "path"),
    [
        ("conv_a-B9", "conv_a-B9"),
        ("a b", "a%20b"),
        ("a%2Fb", "a%252Fb"),
        ("a+b&c=d", "a%2Bb%26c%3Dd"),
        ("ä€😀", "%C3%A4%E2%82%AC%F0%9F%98%80"),
        ("...", "..."),
        ("a.b~c:d@e;f", "a.b~c%3Ad%40e%3Bf"),
        ("{item_id}", "%7Bitem_id%7D"),
    ],
)
async def test_ids_are_encoded(conversation_id, path):
    """An id is one segment of the path, whatever it holds, and is encoded once."""
    async with answering(http(200, json.dumps(MESSAGE).encode())) as server, client_of(server) as client:
        await client.conversations.items.retrieve("{conversation_id}", conversation_id=conversation_id)

    assert f"GET /v1/conversations/{path}/items/%7Bconversation_id%7D" == line_of(server.asked[0])


async def test_objects_are_sent_like_mappings():
    """Items are taken as objects, too; what must not be sent back of them is left out."""
    items = [
        Message(role="user", content=[InputText(text="Hi")]),
        Message(id="msg_1", role="assistant", content="Hello", status="completed"),
        Reasoning(id="rs_1", encrypted_content="x"),
        ItemReference(id="msg_2"),
    ]
    async with answering(http(200, json.dumps(PAGE).encode())) as server, client_of(server) as client:
        with suppress(AmbiguousWriteError):  # the canned page is not what was sent
            await client.conversations.items.create("conv_1", items=items, guard="off")

    assert [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "message", "status": "completed", "role": "assistant", "content": "Hello"},
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "x", "summary": []},
        {"type": "item_reference", "id": "msg_2"},
    ] == json.loads(server.asked[0].body)["items"]


# Keywords of every call


@pytest.mark.parametrize(
    ("extra_query", "query"),
    [
        ({"a": 1, "b": True, "c": "x y", "d": None, "e": 0.5}, "a=1&b=true&c=x%20y&e=0.5"),
        ({"a": ["x", "y"], "b": ()}, "a%5B%5D=x&a%5B%5D=y"),
        ({"limit": 7, "order": None}, "limit=7"),
        (None, "limit=5&order=asc"),
        ({}, "limit=5&order=asc"),
    ],
)
async def test_extra_query(extra_query, query):
    """Query values of a call win over ours, ``None`` drops one, a list is sent as an array."""
    ours = {} if extra_query and "a" in extra_query else {"limit": 5, "order": "asc"}
    async with answering(http(200, json.dumps(PAGE).encode())) as server, client_of(server) as client:
        await client.conversations.items.list("conv_1", **ours, extra_query=extra_query)

    assert f"GET /v1/conversations/conv_1/items?{query}" == line_of(server.asked[0])


async def test_default_query():
    """Query values of the client go with every request; lists are arrays; those of a call win."""
    query = {"api-version": "preview", "tags": ["a", "b"], "flag": False}
    async with (
        answering(http(200, json.dumps(CONVERSATION).encode())) as server,
        client_of(server, default_query=query) as client,
    ):
        await client.conversations.retrieve("conv_1")
        await client.conversations.retrieve("conv_1", extra_query={"api-version": "v1", "tags": None})

    assert [
        "GET /v1/conversations/conv_1?api-version=preview&tags%5B%5D=a&tags%5B%5D=b&flag=false",
        "GET /v1/conversations/conv_1?api-version=v1&flag=false",
    ] == [line_of(asked) for asked in server.asked]


async def test_extra_body():
    """Members of a call are added to the body and win; a call without a body gets one."""
    body = json.dumps({**CONVERSATION, "deleted": True}).encode()
    async with answering(http(200, body)) as server, client_of(server) as client:
        await client.conversations.update("conv_1", metadata={"a": "1"}, extra_body={"metadata": {"a": 1}, "x": [None]})
        await client.conversations.delete("conv_1", extra_body={"reason": "x"})
        await client.conversations.create(extra_body={"x": 1})

    assert [b'{"metadata":{"a":1},"x":[null]}', b'{"reason":"x"}', b'{"x":1}'] == [a.body for a in server.asked]


async def test_retries_say_their_number():
    """A retry carries its number, as the official client's does."""
    replies = (http(503, b"", "retry-after-ms: 1"), http(503, b"", "retry-after-ms: 1"), http(200, b'{"id":"c"}'))
    async with answering(*replies) as server, client_of(server) as client:
        await client.conversations.retrieve("conv_1")

    assert [None, "1", "2"] == [asked.headers.get("x-stainless-retry-count") for asked in server.asked]


# Other servers


@pytest.mark.parametrize(
    ("profile", "query"),
    [("openai", "include%5B%5D=a&include%5B%5D=b"), ("azure", "include%5B%5D=a&include%5B%5D=b"), ("generic", None)],
)
async def test_styles_of_include(profile, query):
    """Arrays go in brackets where OpenAI is spoken, and repeated without them to other servers."""
    async with (
        answering(http(200, json.dumps(MESSAGE).encode())) as server,
        client_of(server, profile=profile) as client,
    ):
        await client.conversations.items.retrieve("m", conversation_id="c", include=["a", "b"])

    assert f"GET /v1/conversations/c/items/m?{query or 'include=a&include=b'}" == line_of(server.asked[0])


async def test_azure():
    """Azure: the v1 path after the bare endpoint, the version in the query, the key in a header of its own."""
    async with answering(http(200, json.dumps(CONVERSATION).encode())) as server:
        base_url = server.base_url.removesuffix("/v1")
        async with client_of(server, base_url=base_url, profile=azure(api_version="preview")) as client:
            await client.conversations.retrieve("conv_1")
            await client.with_options(api_key=lambda: "entra").conversations.retrieve("conv_1")

    key, token = (asked.headers for asked in server.asked)
    assert "GET /openai/v1/conversations/conv_1?api-version=preview" == line_of(server.asked[0])
    assert ("sk-test", None) == (key.get("api-key"), key.get("authorization"))
    assert (None, "Bearer entra") == (token.get("api-key"), token.get("authorization"))


async def test_no_key():
    """A generic server may be asked without a key."""
    async with (
        answering(http(200, json.dumps(CONVERSATION).encode())) as server,
        client_of(server, api_key=None, profile="generic") as client,
    ):
        await client.conversations.retrieve("conv_1")

    assert "authorization" not in server.asked[0].headers


# Under aioresponses, as other people test


async def test_under_aioresponses():
    """People who test with aioresponses see method, URL, headers and body; nothing goes out."""
    with aioresponses() as mocked:
        mocked.post("https://api.openai.com/v1/conversations", payload=CONVERSATION, headers={"x-request-id": "req_1"})
        async with ConversationsClient(api_key="sk-test") as client:
            raw = await client.conversations.with_raw_response.create(metadata={"a": "1"})

    [(asked, [call])] = mocked.requests.items()
    assert ("POST", "https://api.openai.com/v1/conversations") == (asked[0], str(asked[1]))
    assert "Bearer sk-test" == call.kwargs["headers"]["Authorization"]
    assert '{"metadata":{"a":"1"}}' == call.kwargs["data"].decode()
    assert ("conv_1", "req_1") == (raw.parse().id, raw.request_id)


async def test_failures_under_aioresponses():
    """Failures that aioresponses is told to make are what they would be on a network."""
    with aioresponses() as mocked:
        url = "https://api.openai.com/v1/conversations/conv_1"
        mocked.get(url, exception=aiohttp.ServerDisconnectedError())
        mocked.get(url, status=503, headers={"retry-after-ms": "1"})
        mocked.get(url, payload=CONVERSATION)
        async with ConversationsClient(api_key="sk-test") as client:
            raw = await client.conversations.with_raw_response.retrieve("conv_1")

    assert [None, 503, 200] == [attempt.status_code for attempt in raw.attempts]
