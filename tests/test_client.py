"""The client as a whole: making, sharing, bounding and closing it, on real sockets."""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import pickle
import warnings

import aiohttp
import pytest

from openai_conversations import (
    AmbiguousWriteError,
    APIConnectionError,
    APIStatusError,
    BodyLimits,
    ClientClosedError,
    ConfigurationError,
    ConversationsClient,
    InternalServerError,
    RetryPolicy,
    Runtime,
    Timeout,
    WrongEventLoopError,
)
from openai_conversations.server import ConversationsServer
from tests.fakes import FakeClock, respond
from tests.sockets import answering, http, read_request, serving

CONVERSATION = http(200, b'{"id":"conv_1","object":"conversation","created_at":1,"metadata":{}}')


def client_of(server, **settings):
    return ConversationsClient(**{"api_key": "sk-test", "base_url": server.base_url, **settings})


# Making one


def test_making_a_client_needs_no_event_loop():
    """A client can be made at import time; it has nothing to close until it was used."""
    client = ConversationsClient(api_key="sk-test")

    assert ("https://api.openai.com/v1", 2, Timeout(), False) == (
        *(client.base_url, client.max_retries),
        *(client.timeout, client.is_closed),
    )
    asyncio.run(client.close())
    assert client.is_closed


async def test_settings_come_from_the_environment(monkeypatch):
    """Key, organization, project, headers and address come from the environment where no keyword says otherwise."""
    async with answering(CONVERSATION) as server:
        for name, value in {
            "OPENAI_API_KEY": "sk-env",
            "OPENAI_ORG_ID": "org_env",
            "OPENAI_PROJECT_ID": "proj_env",
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_CUSTOM_HEADERS": "X-Team: env",
        }.items():
            monkeypatch.setenv(name, value)
        async with ConversationsClient(project="proj_mine") as client:
            await client.conversations.retrieve("conv_1")

    headers = server.asked[0].headers
    assert ("Bearer sk-env", "org_env", "proj_mine", "env") == (
        *(headers["authorization"], headers["openai-organization"], headers["openai-project"]),
        headers["x-team"],
    )


@pytest.mark.parametrize(
    "bad",
    [{"api_key": "a\n"}, {"base_url": "http://h?x=1"}, {"max_retries": -1}, {"timeout": 0}, {"profile": "aws"}]
    + [{"max_connections": bad} for bad in (0, -1, True, None, 1.5)],
)
def test_bad_settings(bad):
    """A setting that cannot be used is refused when the client is made."""
    with pytest.raises(ConfigurationError):
        ConversationsClient(**{"api_key": "sk-test", **bad})


def test_repr():
    """A repr says where the client talks to, and whether it is a view."""
    client = ConversationsClient(api_key="sk-marker-123456", base_url="http://h/v1", default_query={"key": "marker"})

    assert "<ConversationsClient http://h/v1>" == repr(client)
    assert "<ConversationsClient http://h/v1 (view)>" == repr(client.with_options())


@pytest.mark.parametrize("travel", [pickle.dumps, copy.copy, copy.deepcopy])
def test_clients_stay_here(travel):
    """A client holds connections and a key: it is not pickled or copied; the error names what helps."""
    with pytest.raises(TypeError, match="use with_options for a view"):
        travel(ConversationsClient(api_key="sk-test"))


def test_the_wrong_with():
    """``with`` instead of ``async with`` is an error that says so."""
    with pytest.raises(TypeError, match="use `async with`, not `with`"), ConversationsClient(api_key="sk-test"):
        raise AssertionError("never here")

    ConversationsClient(api_key="sk-test").__exit__()


# Closing


async def test_use_after_close():
    """A closed client refuses every call; closing it twice is allowed."""
    async with answering(CONVERSATION) as server:
        async with client_of(server) as client:
            await client.conversations.retrieve("conv_1")
        await client.close()

        assert client.is_closed
        for call in (client.conversations.retrieve("c"), client.conversations.items.create("c", items=[{"role": "u"}])):
            with pytest.raises(ClientClosedError, match="this client is closed; make a new one"):
                await call
    assert 1 == len(server.asked)


async def test_a_borrowed_session_stays_open():
    """A session of the caller is used and never closed."""
    async with answering(CONVERSATION) as server, aiohttp.ClientSession(headers={"X-Session": "1"}) as session:
        async with client_of(server, session=session) as client:
            await client.conversations.retrieve("conv_1")

        assert not session.closed
        with pytest.raises(ClientClosedError):
            await client.conversations.retrieve("conv_1")
    assert "1" == server.asked[0].headers["x-session"]


async def test_forgetting_to_close():
    """A client that is dropped without being closed gives one warning, and aiohttp gives none of its own."""
    async with answering(CONVERSATION) as server:
        client = client_of(server)
        await client.conversations.retrieve("conv_1")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del client
            gc.collect()

    assert [(ResourceWarning, "a ConversationsClient was never closed")] == [
        (warning.category, str(warning.message).partition(";")[0]) for warning in caught
    ]


def test_a_second_event_loop():
    """A client that is used in two runs of an event loop says what is wrong."""
    client = ConversationsClient(api_key="sk-test", base_url="http://127.0.0.1:1/v1", max_retries=0)

    async def ask():
        with pytest.raises((APIConnectionError, WrongEventLoopError)) as caught:
            await client.conversations.retrieve("conv_1")
        return type(caught.value)

    with asyncio.Runner() as first, asyncio.Runner() as second:
        assert [APIConnectionError, WrongEventLoopError] == [first.run(ask()), second.run(ask())]
        first.run(client.close())


async def test_max_connections():
    """No more connections are opened than asked for; further calls wait for a free one."""
    async with answering(CONVERSATION) as server, client_of(server, max_connections=2) as client:
        await asyncio.gather(*(client.conversations.retrieve("conv_1") for _ in range(20)))

    assert (20, True) == (len(server.asked), server.connections <= 2)


async def test_body_limits():
    """A response that is larger than it may be is an error that is not tried again."""
    async with answering(CONVERSATION) as server, client_of(server, body_limits=BodyLimits(decompressed=9)) as client:
        with pytest.raises(APIConnectionError, match="larger than 9 bytes; see body_limits") as caught:
            await client.conversations.retrieve("conv_1")

    assert (1, 200) == (len(server.asked), caught.value.status_code)


async def test_large_heads_are_asked_for_once():
    """A response whose head is too large is not asked for again, and a write of unknown outcome is not done twice."""
    reply = http(200, b"{}", "Set-Cookie: a=" + "x" * 100_000)
    async with answering(reply) as server, client_of(server) as client:
        with pytest.raises(APIConnectionError, match="the head of the response is too large"):
            await client.conversations.retrieve("conv_1")
        with pytest.raises(AmbiguousWriteError):
            await client.conversations.items.create("conv_1", items=[{"role": "user", "content": "Hi"}], timeout=2)

    assert ["GET", "POST", "GET"] == [asked.line.split()[0] for asked in server.asked][:3]
    assert 1 == sum(asked.line.startswith("POST") for asked in server.asked)


# Views


async def test_a_view_has_other_settings_and_the_same_connections():
    """A view adds headers and query values and changes the rest; it shares the connections of its client."""
    settings = {"default_headers": {"X-Team": "a", "X-Client": "1"}, "default_query": {"a": 1, "b": 2}}
    async with answering(CONVERSATION) as server, client_of(server, **settings) as client:
        view = client.with_options(
            api_key="sk-user",
            organization="org_user",
            default_headers={"x-team": "b"},
            default_query={"b": None, "c": 3},
            max_retries=0,
        )
        await client.conversations.retrieve("conv_1")
        await view.conversations.retrieve("conv_1")

    first, second = server.asked
    assert 1 == server.connections
    assert ("Bearer sk-test", "a", None) == (
        *(first.headers["authorization"], first.headers["x-team"], first.headers.get("openai-organization")),
    )
    assert ("Bearer sk-user", "b", "1", "org_user") == (
        *(second.headers["authorization"], second.headers["x-team"], second.headers["x-client"]),
        second.headers["openai-organization"],
    )
    assert ["?a=1&b=2", "?a=1&c=3"] == [
        asked.line.split()[1].removeprefix("/v1/conversations/conv_1") for asked in server.asked
    ]
    assert (2, 0) == (client.max_retries, view.max_retries)


def test_timeouts_of_views():
    """A number bounds the whole call and each event, ``None`` lifts these bounds, and the rest stays as it is."""
    client = ConversationsClient(api_key="sk-test", timeout=Timeout(total=7, attempt=3, connect=1))

    assert [
        Timeout(total=7, attempt=3, connect=1),
        Timeout(total=2, attempt=3, connect=1, turn=2, first_event=2, next_event=2),
        Timeout(total=None, attempt=3, connect=1, turn=None, first_event=None, next_event=None),
        Timeout(total=1),
    ] == [
        client.with_options().timeout,
        client.with_options(timeout=2).timeout,
        client.with_options(timeout=None).timeout,
        client.with_options(timeout=Timeout(total=1)).timeout,
    ]


async def test_closing_a_view_closes_nothing():
    """A view may be used with ``async with`` and closed; only the client itself ends the connections."""
    async with answering(CONVERSATION) as server, client_of(server) as client:
        async with client.with_options(timeout=1) as view:
            await view.conversations.retrieve("conv_1")
        await view.close()
        await view.conversations.retrieve("conv_1")
        await client.copy(max_retries=1).conversations.retrieve("conv_1")
        await client.close()

        assert view.is_closed
        with pytest.raises(ClientClosedError):
            await view.conversations.retrieve("conv_1")
    assert 1 == server.connections


@pytest.mark.parametrize("changes", [{"api_key": ""}, {"base_url": ""}, {"max_retries": -1}, {"timeout": 0}])
def test_bad_settings_of_views(changes):
    """A view is refused what a client is refused; an empty key never means that of the client."""
    with pytest.raises(ConfigurationError):
        ConversationsClient(api_key="sk-test").with_options(**changes)


async def test_a_view_of_a_view():
    """A view of a view has the settings of both."""
    async with answering(CONVERSATION) as server, client_of(server) as client:
        view = (
            client.with_options(organization="org_1")
            .with_options(project="proj_1")
            .with_options(base_url=server.base_url)
        )
        await view.conversations.retrieve("conv_1")

    assert ("org_1", "proj_1") == (
        server.asked[0].headers["openai-organization"],
        server.asked[0].headers["openai-project"],
    )


# Middlewares


async def test_middlewares_stand_around_a_call():
    """A middleware sees a call once, with its final outcome, whatever the retries; the first is the outermost."""
    seen = []

    def named(name):
        async def middleware(request, handler):
            seen.append(f"{name} {request.operation}")
            response = await handler(request.with_headers({f"X-{name}": "1"}))
            seen.append(f"{name} {response.status_code} after {len(response.attempts)}")
            return response

        return middleware

    replies = (http(503, b"", "retry-after-ms: 1"), CONVERSATION)
    async with answering(*replies) as server, client_of(server, middlewares=[named("a"), named("b")]) as client:
        await client.with_options(timeout=5).conversations.retrieve("conv_1")

    assert ["a getConversation", "b getConversation", "b 200 after 2", "a 200 after 2"] == seen
    assert [("1", "1")] * 2 == [(asked.headers["x-a"], asked.headers["x-b"]) for asked in server.asked]


async def test_middlewares_see_no_credentials():
    """The request that a middleware sees has the headers of the call; those of the client are added below."""
    seen = []

    async def middleware(request, handler):
        seen.append((dict(request.headers), request.body, request.conversation_id))
        return await handler(request)

    async with answering(CONVERSATION) as server, client_of(server, middlewares=[middleware]) as client:
        await client.conversations.update("conv_1", metadata={}, extra_headers={"X-Call": "1"})

    assert [({"X-Call": "1"}, b'{"metadata":{}}', "conv_1")] == seen


async def test_a_middleware_may_answer():
    """What a middleware answers by itself is decoded like a response of the server."""

    async def cached(request, _handler):
        return respond(200, b'{"id":"cached"}').replace(source=request)

    async with answering(CONVERSATION) as server, client_of(server, middlewares=[cached]) as client:
        assert "cached" == (await client.conversations.retrieve("conv_1")).id
    assert [] == server.asked


@pytest.mark.parametrize("how", ["raises", "cancelled", "drops", "reads", "asks twice"])
async def test_a_middleware_that_loses_a_stream(how):
    """A response that a middleware does not pass on costs no place in the pool."""

    async def middleware(request, handler):
        response = await handler(request)
        if response.stream is None:
            return response
        if how == "raises":
            raise KeyError("of the middleware")
        if how == "cancelled":
            raise asyncio.CancelledError
        if how == "reads":
            return response.replace(content=await response.stream.read(), stream=None)
        return await handler(request) if how == "asks twice" else response.replace(content=b"{}", stream=None)

    async with (
        answering(http(200, b'{"id":"conv_1"}')) as server,
        client_of(server, middlewares=[middleware], max_connections=2, timeout=5.0) as client,
    ):
        streaming = client.conversations.with_streaming_response
        for _ in range(3):
            try:
                async with streaming.retrieve("conv_1") as response:
                    await response.read()
            except (KeyError, asyncio.CancelledError):
                assert how in ("raises", "cancelled")
        assert "conv_1" == (await client.conversations.retrieve("conv_1")).id


async def test_a_middleware_with_a_stream_of_its_own():
    """A middleware may put its own stream around that of the response: it is whoever reads it that closes both."""

    class Around:
        def __init__(self, stream):
            self._stream = stream

        def __getattr__(self, name):
            return getattr(self._stream, name)

    async def middleware(request, handler):
        response = await handler(request)
        return response.replace(stream=Around(response.stream))

    async with (
        answering(http(200, b'{"id":"conv_1"}')) as server,
        client_of(server, middlewares=[middleware]) as client,
        client.conversations.with_streaming_response.retrieve("conv_1") as response,
    ):
        assert b'{"id":"conv_1"}' == await response.read()


async def test_errors_reach_a_middleware():
    """Error statuses are exceptions for a middleware, too."""
    seen = []

    async def middleware(request, handler):
        try:
            return await handler(request)
        except APIStatusError as error:
            seen.append(error.status_code)
            raise

    async with answering(http(404, b"")) as server, client_of(server, middlewares=[middleware]) as client:
        with pytest.raises(APIStatusError):
            await client.conversations.retrieve("conv_1")
    assert [404] == seen


# What comes from outside


async def test_clock_sleep_and_dice_come_from_outside():
    """A client waits by the sleep that it is given, by the clock and the dice that it is given."""
    clock = FakeClock()
    runtime = Runtime(clock=clock, sleep=clock.sleep, uniform=lambda: 1.0)
    async with answering(http(500, b"")) as server, client_of(server, runtime=runtime, max_retries=3) as client:
        with pytest.raises(InternalServerError) as caught:
            await client.conversations.retrieve("conv_1")

    assert [0.375, 0.75, 1.5] == clock.slept
    assert [0.0, 0.375, 1.125, 2.625] == [attempt.started for attempt in caught.value.attempts]


async def test_the_key_is_asked_for_before_every_attempt():
    """A function that gives keys, plain or async, is asked before each attempt of each call."""
    keys = iter(range(100))

    async def provider():
        return f"key-{next(keys)}"

    replies = (http(500, b"", "retry-after-ms: 1"), CONVERSATION, CONVERSATION)
    async with answering(*replies) as server, client_of(server, api_key=provider) as client:
        await client.conversations.retrieve("conv_1")
        await client.with_options(api_key=lambda: "plain").conversations.retrieve("conv_1")

    assert ["Bearer key-0", "Bearer key-1", "Bearer plain"] == [
        asked.headers["authorization"] for asked in server.asked
    ]


@pytest.mark.parametrize("key", [None, 7, "", "a\n", " a"])
async def test_a_bad_key_of_a_provider(key):
    """A key that cannot be sent is refused before a byte is sent."""
    async with answering(CONVERSATION) as server, client_of(server, api_key=lambda: key) as client:
        with pytest.raises(ConfigurationError, match="api_key"):
            await client.conversations.retrieve("conv_1")
    assert 0 == server.connections


async def test_the_proxy_of_the_environment(monkeypatch):
    """The proxy of the environment is looked up once, when the client is made."""
    async with answering(CONVERSATION) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        client = ConversationsClient(api_key="sk-test", base_url="http://api.example/v1")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        async with client:
            await client.conversations.retrieve("conv_1")

    assert "GET http://api.example/v1/conversations/conv_1 HTTP/1.1" == proxy.asked[0].line


async def test_hosts_without_a_proxy(monkeypatch):
    """``no_proxy`` excepts hosts."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    async with answering(CONVERSATION) as server, client_of(server) as client:
        assert "conv_1" == (await client.conversations.retrieve("conv_1")).id


async def test_a_given_proxy():
    """A proxy of the caller is used."""
    async with answering(CONVERSATION) as proxy:
        settings = {"base_url": "http://api.example/v1", "proxy": f"http://127.0.0.1:{proxy.port}"}
        async with client_of(proxy, **settings) as client:
            await client.conversations.retrieve("conv_1")

    assert proxy.asked[0].line.startswith("GET http://api.example/v1")


async def test_the_hook_sees_every_attempt():
    """The hook of the retry policy is told of each attempt, also by views."""
    seen = []
    policy = RetryPolicy(on_attempt=seen.append)
    replies = (http(500, b"", "retry-after-ms: 1"), CONVERSATION)
    async with answering(*replies) as server, client_of(server, retry=policy) as client:
        await client.with_options(timeout=5).conversations.retrieve("conv_1")

    assert [(1, 500), (2, 200)] == [(attempt.number, attempt.status_code) for attempt in seen]


async def test_log(caplog):
    """At DEBUG each attempt is one record, with the template of the path and without ids, headers and content."""
    caplog.set_level(logging.DEBUG, "openai_conversations")
    reply = http(200, b'{"id":"conv_1"}', "x-request-id: req_1")
    async with answering(reply) as server, client_of(server) as client:
        await client.conversations.update("conv_marker", metadata={"marker": "marker"}, extra_headers={"X-A": "marker"})

    [record] = [r.getMessage() for r in caplog.records if r.name == "openai_conversations"]
    assert record.startswith("POST /conversations/{conversation_id} -> 200, attempt 1, request id req_1, 0.0")
    assert "marker" not in caplog.text


# Bad networks


async def test_nobody_listens():
    """A refused connection is an APIConnectionError after two retries; nothing was sent."""
    clock = FakeClock()
    runtime = Runtime(clock=clock, sleep=clock.sleep)
    async with answering(CONVERSATION) as server:
        pass
    async with client_of(server, runtime=runtime) as client:
        with pytest.raises(APIConnectionError, match="Cannot connect to host") as caught:
            await client.conversations.items.create("conv_1", items=[{"role": "user", "content": "Hi"}])

    assert (APIConnectionError, False, 2) == (type(caught.value), caught.value.sent, caught.value.retries_taken)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects(status):
    """A redirect is an error that says where it points and what to check; it is not followed, not even once."""
    async with answering(http(status, b"", "Location: /v1/conversations/")) as server, client_of(server) as client:
        with pytest.raises(APIStatusError, match="redirects are not followed; check base_url") as caught:
            await client.conversations.create(metadata={"a": "1"})

    assert (status, ["POST /v1/conversations HTTP/1.1"]) == (caught.value.status_code, [a.line for a in server.asked])


async def test_a_connection_that_was_closed_meanwhile():
    """A kept connection that the server has closed is replaced; a read that met it is tried again."""

    async def peer(reader, writer):
        await read_request(reader)
        writer.write(CONVERSATION)

    async with serving(peer) as server, client_of(server, retry=RetryPolicy(initial=0.001)) as client:
        for _ in range(5):
            assert "conv_1" == (await client.conversations.retrieve("conv_1")).id


async def test_many_tasks_share_a_client():
    """A client may be shared between tasks: more calls at once than it has connections all succeed."""
    async with ConversationsServer() as server, client_of(server) as client:
        made = await asyncio.gather(*(client.conversations.create(metadata={"n": str(n)}) for n in range(300)))
        found = await asyncio.gather(*(client.conversations.retrieve(each.id) for each in made))

    assert [{"n": str(n)} for n in range(300)] == [each.metadata for each in found]


async def test_a_whole_conversation():
    """Create, append, list, retrieve, update, delete: the eight operations on a server that knows the rules."""
    async with ConversationsServer() as server, client_of(server) as client:
        conversation = await client.conversations.create(
            metadata={"user": "42"}, items=[{"role": "user", "content": "Hi"}]
        )
        added = await client.conversations.items.create(
            conversation.id, items=[{"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"}]
        )
        listed = [item async for item in client.conversations.items.list(conversation.id, order="asc", limit=1)]
        item = await client.conversations.items.retrieve(added.data[0].id, conversation_id=conversation.id)
        await client.conversations.items.delete(item.id, conversation_id=conversation.id)
        updated = await client.conversations.update(conversation.id, metadata={"user": "43"})
        deleted = await client.conversations.delete(conversation.id)

    assert ["message", "function_call"] == [each.type for each in listed]
    assert (added.data[0], {"user": "43"}, True) == (item, updated.metadata, deleted.deleted)
    server_saw = [entry.operation for entry in server.requests]
    assert 10 >= len(server_saw) >= 8
