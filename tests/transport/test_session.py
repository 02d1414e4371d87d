"""The session manager on real sockets: one attempt, whatever the other side does."""

from __future__ import annotations

import asyncio
import copy
import gc
import gzip
import logging
import os
import socket
import ssl
import traceback
import warnings
import zlib
from contextlib import asynccontextmanager

import aiohttp
import pytest

from openai_conversations.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    ConfigurationError,
    WrongEventLoopError,
)
from openai_conversations.settings import Timeout
from openai_conversations.transport.message import Replay, Write
from openai_conversations.transport.session import SessionManager
from tests.fakes import FakeClock, append_request, delete_request, get_request, until
from tests.sockets import answering, hanging_up, http, read_request, serving, silent

SECRET = "Bearer sk-marker-1234567890"


@pytest.fixture
async def manager():
    manager = SessionManager()
    yield manager
    await manager.close()


def asking(server, make=get_request, path="/conversations/conv_1", **changes):
    return make(url=f"{server.base_url}{path}", **changes)


# What goes out and what comes in


async def test_what_is_sent(manager):
    """Method, encoded URL, headers and body go out as they are; nothing is encoded twice."""
    async with answering(http()) as server:
        request = asking(
            server,
            append_request,
            "/conversations/a%2Fb%20c/items?include%5B%5D=x",
            headers={"X-Marker": "m", "Content-Type": "application/json"},
            body=b'{"a":"\xc3\xa4"}',
        )
        await manager.send(request)

    asked = server.asked[0]
    assert "POST /v1/conversations/a%2Fb%20c/items?include%5B%5D=x HTTP/1.1" == asked.line
    assert b'{"a":"\xc3\xa4"}' == asked.body
    assert ("m", "application/json") == (asked.headers["x-marker"], asked.headers["content-type"])
    assert "cookie" not in asked.headers


async def test_what_comes_back(manager):
    """Status, headers in any case and the body; the request is kept with them."""
    async with answering(http(404, b"nothing", "X-Request-Id: req_1")) as server:
        request = asking(server)
        response = await manager.send(request)

    assert (404, b"nothing", "req_1") == (response.status_code, response.content, response.headers["x-REQUEST-id"])
    assert request is response.source


async def test_what_was_sent_is_kept_with_what_came(manager):
    """A response has all headers that were sent, and shows them without credentials."""
    async with answering(http()) as server:
        request = asking(server, append_request, body=b"{}", headers={"Authorization": SECRET, "X-Marker": "m"})
        response = await manager.send(request)

    sent = {name.lower(): value for name, value in response.request.headers.items()}
    assert {**server.asked[0].headers, "authorization": "***"} == sent
    assert SECRET == response.sent_headers["authorization"]
    assert "sk-marker" not in repr(response)


async def test_elapsed():
    """The time of an attempt is by the clock that the manager was given."""
    clock = FakeClock()

    async def peer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        clock.now += 1.5
        writer.write(http())

    manager = SessionManager(clock=clock)
    async with serving(peer) as server:
        assert 1.5 == (await manager.send(asking(server))).elapsed
        await manager.close()


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
async def test_compressed_bodies(manager, encoding, compress):
    """A compressed body arrives decompressed."""
    async with answering(http(200, compress(b'{"id":"conv_1"}'), f"Content-Encoding: {encoding}")) as server:
        response = await manager.send(asking(server))

    assert b'{"id":"conv_1"}' == response.content
    assert "gzip" in server.asked[0].headers["accept-encoding"]


async def test_large_bodies_are_nothing_special(manager):
    """A body of several megabytes (an image) goes out without a warning."""
    body = b"x" * 3_000_000
    async with answering(http()) as server:
        await manager.send(asking(server, append_request, body=body))

    assert len(body) == len(server.asked[0].body)


async def test_no_cookies(manager):
    """Cookies are not kept."""
    async with answering(http(200, b"{}", "Set-Cookie: edge=1; Path=/")) as server:
        await manager.send(asking(server))
        await manager.send(asking(server))

    assert "cookie" not in server.asked[1].headers
    assert 1 == server.connections


async def test_no_redirects(manager):
    """A redirect is a response like any other: it is not followed."""
    async with answering(http(307, b"", "Location: /v1/conversations/")) as server:
        response = await manager.send(asking(server, append_request))

    assert (307, "/v1/conversations/") == (response.status_code, response.headers["location"])
    assert 1 == len(server.asked)


# What goes wrong


async def test_connection_refused(manager):
    """Nobody listens: a connection error, and certainly nothing was sent."""
    async with answering(http()) as server:
        request = asking(server, append_request)

    with pytest.raises(APIConnectionError, match="Connection error: Cannot connect to host 127") as caught:
        await manager.send(request)

    assert (APIConnectionError, False) == (type(caught.value), caught.value.sent)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


async def test_no_such_host():
    """A name that nobody knows: a connection error, and certainly nothing was sent."""

    class NoNames(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            raise OSError(None, "no such host")

        async def close(self):
            """Nothing is open."""

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=NoNames())) as session:
        with pytest.raises(APIConnectionError, match="nowhere") as caught:
            await SessionManager(session=session).send(append_request(url="http://nowhere.invalid/v1/conversations"))

    assert not caught.value.sent


async def test_no_tls(manager):
    """A server that does not speak TLS: a connection error, and certainly nothing was sent."""

    async def peer(reader, writer):
        await reader.read(1)
        writer.write(http(400))

    async with serving(peer) as server:
        with pytest.raises(APIConnectionError, match="Connection error: Cannot connect") as caught:
            await manager.send(append_request(url=server.base_url.replace("http", "https")))

    assert not caught.value.sent


async def test_connect_timeout(manager):
    """A connection that is not ready in time: a timeout, and certainly nothing was sent."""

    async def peer(reader, _):
        await reader.read(1)  # never answers the greeting of TLS
        await asyncio.Event().wait()

    async with serving(peer) as server:
        request = append_request(
            url=server.base_url.replace("http", "https"), timeout=Timeout(total=None, attempt=None, connect=0.05)
        )
        with pytest.raises(APITimeoutError, match=r"No connection within 0\.05 s") as caught:
            await manager.send(request)

    assert not caught.value.sent


def bounded(attempt=None, *, call=None):
    """The timeouts of a request, and when its call must be over, by the clock of the loop."""
    deadline = None if call is None else asyncio.get_running_loop().time() + call
    return {"timeout": Timeout(total=call, attempt=attempt, connect=None), "deadline": deadline}


@pytest.fixture
async def timed():
    """A manager by the clock of the event loop."""
    manager = SessionManager(clock=asyncio.get_running_loop().time)
    yield manager
    await manager.close()


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"attempt": 2.0}, "No response within 2 s."),
        ({"attempt": 2.0, "call": 9.0}, "No response within 2 s."),
        ({"attempt": 9.0, "call": 2.0}, "createConversationItems did not finish within 2 s."),
        ({"call": 2.0}, "createConversationItems did not finish within 2 s."),
    ],
)
async def test_a_server_that_does_not_respond(timed, bounds, said):
    """An attempt ends with its own bound or with the deadline of the call; the server may know of the request."""
    async with silent() as server:
        with pytest.raises(APITimeoutError) as caught:
            await timed.send(asking(server, append_request, body=b"{}", **bounded(**bounds)))

    assert (said, True, None) == (str(caught.value), caught.value.sent, caught.value.status_code)
    assert 2.0 == pytest.approx(asyncio.get_running_loop().time(), abs=0.1)


async def test_a_write_leaves_time_for_its_lookup(timed):
    """The attempt of a write that may be looked up takes at most 70 % of what is left of the call."""
    async with silent() as server:
        request = asking(server, append_request, write=Write(), **bounded(20, call=1.0))
        with pytest.raises(APITimeoutError, match=r"No response within 0\.7 s"):
            await timed.send(request)


async def test_a_body_that_does_not_end(timed):
    """A response that has begun and does not end in time: the error has its status."""

    async def peer(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
        await asyncio.Event().wait()

    async with serving(peer) as server:
        with pytest.raises(APITimeoutError, match="No response within 2 s") as caught:
            await timed.send(asking(server, append_request, **bounded(2.0)))

    assert (True, 200) == (caught.value.sent, caught.value.status_code)


async def test_a_deadline_while_connecting(timed):
    """As long as there is no connection, a write is known to be unsent."""

    async def peer(reader, _):
        await reader.read(1)  # never answers the greeting of TLS
        await asyncio.Event().wait()

    async with serving(peer) as server:
        url = server.base_url.replace("http", "https")
        with pytest.raises(APITimeoutError, match="did not finish within 2 s") as caught:
            await timed.send(append_request(url=url, body=b"{}", **bounded(call=2.0)))

    assert not caught.value.sent


async def test_a_read_that_is_late_may_be_sent(timed):
    """Without a body nobody notes when a request goes out: it counts as sent once it had a place in the pool."""
    async with silent() as server:
        with pytest.raises(APITimeoutError) as caught:
            await timed.send(asking(server, **bounded(2.0)))

    assert caught.value.sent


async def test_a_cancellation_is_no_timeout(timed):
    """Who cancels a call gets its cancellation back, and the frames of it hold no headers."""
    async with silent() as server:
        task = asyncio.create_task(timed.send(asking(server, append_request, body=b"{}", **bounded(9.0, call=9.0))))
        await until(lambda: server.asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("make", [get_request, append_request, delete_request])
@pytest.mark.parametrize(
    "after",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/9.9 nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{",
    ],
)
async def test_broken_responses(manager, make, after):
    """Whatever is left of a response, it is a connection error, the request may have been carried out, once."""
    async with hanging_up(after=after) as server:
        with pytest.raises(APIConnectionError, match=r"^Connection error: ") as caught:
            await manager.send(asking(server, make, headers={"Authorization": SECRET}))

    assert (APIConnectionError, True) == (type(caught.value), caught.value.sent)
    assert 1 == len(server.asked)
    assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize("make", [get_request, delete_request])
@pytest.mark.parametrize("borrowing", [False, True])
async def test_kept_connections_that_are_dropped(make, borrowing):
    """A kept connection that breaks is an error like any other: aiohttp must not send again behind our back."""

    async def peer(reader, writer):
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            requests.append(1)
            if len(requests) == 2:
                return
            writer.write(http())

    requests = []
    async with serving(peer) as server, aiohttp.ClientSession() as session:
        manager = SessionManager(session=session if borrowing else None)
        await manager.send(asking(server, make))
        with pytest.raises(APIConnectionError):
            await manager.send(asking(server, make))
        await manager.close()

    assert (2, 1) == (len(requests), server.connections)


async def test_no_secret_in_causes(manager):
    """Neither a failure, nor what caused it, nor a traceback shows a header: aiohttp's errors would."""
    async with hanging_up(after=b"HTTP/9.9 nonsense\r\n\r\n") as server:
        with pytest.raises(APIConnectionError) as caught:
            await manager.send(asking(server, headers={"Authorization": SECRET}))

    shown, error = "".join(traceback.format_exception(caught.value)), caught.value
    while error is not None:
        shown += repr(error) + str(error) + repr(vars(error))
        error = error.__cause__ or error.__context__
    assert "sk-marker" not in shown


# Proxies


async def test_a_proxy_is_asked():
    """With a proxy, requests go to it, whole URLs in their first line, with its credentials."""
    async with answering(http(200, b'{"via":"proxy"}')) as proxy:
        manager = SessionManager(proxy=f"http://user:pass@127.0.0.1:{proxy.port}")
        response = await manager.send(get_request(url="http://api.example/v1/conversations/conv_1"))
        await manager.close()

    assert b'{"via":"proxy"}' == response.content
    assert "GET http://api.example/v1/conversations/conv_1 HTTP/1.1" == proxy.asked[0].line
    assert proxy.asked[0].headers["proxy-authorization"].startswith("Basic ")


async def test_a_proxy_that_refuses():
    """A proxy that opens no tunnel: nothing reached the server, and its password is not shown."""
    async with answering(http(407, b"", "Proxy-Authenticate: Basic")) as proxy:
        manager = SessionManager(proxy=f"http://user:hunter2222@127.0.0.1:{proxy.port}")
        with pytest.raises(APIConnectionError, match="407") as caught:
            await manager.send(append_request(url="https://api.example/v1/conversations"))
        await manager.close()

    assert not caught.value.sent
    error, shown = caught.value, ""
    while error is not None:
        shown += repr(error) + str(error) + repr(vars(error))
        error = error.__cause__ or error.__context__
    assert "hunter2222" not in shown
    assert "dXNlcjpodW50ZXIyMjIy" not in shown


async def test_no_proxy_no_look_up(monkeypatch, manager):
    """The manager itself never asks the environment for a proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with answering(http()) as server:
        assert 200 == (await manager.send(asking(server))).status_code


# The pool


@asynccontextmanager
async def one_at_a_time(seconds):
    """A server that takes so long for a request, and a manager with one connection, by the clock of the loop."""

    async def peer(reader, writer):
        while await read_request(reader) is not None:
            await asyncio.sleep(seconds)
            writer.write(http())

    manager = SessionManager(limit=1, clock=asyncio.get_running_loop().time)
    async with serving(peer) as server:
        yield server, manager
        await manager.close()


async def test_requests_wait_for_a_connection():
    """With all connections in use a request waits its turn; the bound of its attempt counts from then on."""
    async with one_at_a_time(2.0) as (server, manager):
        requests = [asking(server, append_request, **bounded(3.0, call=20.0)) for _ in range(3)]
        responses = await asyncio.gather(*map(manager.send, requests))

        assert [200, 200, 200] == [response.status_code for response in responses]
        assert [2.0, 2.0, 2.0] == [pytest.approx(response.elapsed, abs=0.1) for response in responses]
        assert 1 == server.connections


async def test_the_deadline_counts_while_waiting_for_a_connection():
    """A request whose call is over before it gets a connection was not sent; those behind it go on."""
    async with one_at_a_time(2.0) as (server, manager):
        bounds = [bounded(9.0), bounded(9.0, call=1.0), bounded(9.0)]
        requests = [asking(server, append_request, body=b"{}", **each) for each in bounds]
        first, late, last = await asyncio.gather(*map(manager.send, requests), return_exceptions=True)

    assert [200, 200] == [first.status_code, last.status_code]
    assert ("createConversationItems did not finish within 1 s.", False) == (str(late), late.sent)
    assert 1 == server.connections


async def test_a_cancelled_request_gives_its_place_back():
    """A request that is cancelled while it waits, or while it is under way, leaves its place to others."""
    async with silent() as server:
        manager = SessionManager(limit=1)
        tasks = [asyncio.create_task(manager.send(asking(server))) for _ in range(3)]
        await until(lambda: server.asked)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async with answering(http()) as server:
        assert 200 == (await manager.send(asking(server))).status_code
        await manager.close()


# Streaming


async def test_a_streamed_body_is_left_unread(manager):
    """A 2xx response to be streamed comes with its body unread, in chunks as they arrive."""
    async with answering(http(200, b"x" * 10)) as server:
        response = await manager.send(asking(server, stream=True))

        assert b"" == response.content
        assert b"x" * 10 == b"".join([chunk async for chunk in response.stream.chunks()])
        await response.stream.close()
        await manager.send(asking(server))

    assert 1 == server.connections


async def test_chunks_of_a_size(manager):
    """Chunks are as large as they are asked for."""
    async with answering(http(200, b"x" * 10)) as server:
        response = await manager.send(asking(server, stream=True))

        assert [4, 4, 2] == [len(chunk) async for chunk in response.stream.chunks(4)]
        await response.stream.close()


async def test_a_stream_is_closed_once():
    """Closing a stream twice gives its place in the pool back once."""
    manager = SessionManager(limit=1)
    async with answering(http()) as server:
        response = await manager.send(asking(server, stream=True))
        await response.stream.close()
        await response.stream.close()
        held = await manager.send(asking(server, stream=True))
        waiting = asyncio.create_task(manager.send(asking(server)))
        await asyncio.sleep(0)

        assert not waiting.done()
        await held.stream.close()
        await waiting
        await manager.close()


async def test_an_abandoned_stream_closes_its_connection(manager):
    """A body that is not read to its end costs its connection, and no more: the next request has one of its own."""
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nabc", http(200, b"{}")) as server:
        response = await manager.send(asking(server, stream=True))
        await response.stream.close()
        after = await manager.send(asking(server))

    assert (2, b"{}") == (server.connections, after.content)


async def test_a_stream_that_breaks(manager):
    """A connection that breaks under a body is a connection error."""
    async with hanging_up(after=b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nabc") as server:
        response = await manager.send(asking(server, stream=True))

        with pytest.raises(APIConnectionError, match="Connection error") as caught:
            [chunk async for chunk in response.stream.chunks()]
        await response.stream.close()
    assert caught.value.sent


async def test_a_stream_that_is_dropped():
    """A response that nobody holds any more gives its place in the pool back."""
    manager = SessionManager(limit=1)
    async with hanging_up(after=b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nabc") as server:
        response = await manager.send(asking(server, stream=True))
        assert response.stream is not None
        del response
        gc.collect()
        async with asyncio.timeout(5):
            held = await manager.send(asking(server, stream=True))

        await held.stream.close()
        await manager.close()


def test_a_stream_in_another_event_loop():
    """A response is read and closed in its own event loop: another one is refused at once, and disturbs nothing."""
    manager = SessionManager(limit=1)

    async def begin():
        listening = answering(http(200, b"x" * 10))
        server = await listening.__aenter__()
        return listening, await manager.send(asking(server, stream=True))

    async def use(stream):
        for step in (anext(stream.chunks()), stream.read(), stream.close()):
            with pytest.raises(WrongEventLoopError, match="read and close it there"):
                await step

    async def finish(listening, stream):
        assert b"x" * 10 == b"".join([chunk async for chunk in stream.chunks()])
        await stream.close()
        await manager.close()
        await listening.__aexit__(None, None, None)

    with asyncio.Runner() as first, asyncio.Runner() as second:
        listening, response = first.run(begin())
        second.run(use(response.stream))
        first.run(finish(listening, response.stream))


async def test_errors_are_not_streamed(manager):
    """The body of an error is read at once: the message needs it."""
    async with answering(http(404, b"nothing")) as server:
        response = await manager.send(asking(server, stream=True))

    assert (b"nothing", None) == (response.content, response.stream)


async def test_no_content_is_not_streamed(manager):
    """A response that has no body is not left open."""
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as server:
        response = await manager.send(asking(server, stream=True))

    assert (b"", None) == (response.content, response.stream)


# Owning and borrowing


async def test_a_borrowed_session_is_not_closed():
    """Closing the manager closes nothing that it borrowed."""
    async with answering(http()) as server, aiohttp.ClientSession() as session:
        manager = SessionManager(session=session)
        await manager.send(asking(server))
        await manager.close()

        assert not session.closed
        with pytest.raises(ClientClosedError, match="this client is closed"):
            await manager.send(asking(server))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # aiohttp 4 takes no ``auth`` any more
async def test_a_borrowed_session_with_credentials_of_its_own():
    """A session with ``auth`` would fail at every request that has a key: it is refused when the client is made."""
    async with aiohttp.ClientSession(auth=aiohttp.BasicAuth("user", "marker")) as session:
        with pytest.raises(ConfigurationError, match="the aiohttp session has auth=") as caught:
            SessionManager(session=session)
    assert "marker" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ["keeps cookies"]),
        ({"cookie_jar": aiohttp.DummyCookieJar}, []),
        ({"cookie_jar": aiohttp.DummyCookieJar, "trust_env": True}, ["looks for a proxy"]),
    ],
)
async def test_what_is_said_of_a_borrowed_session(options, said, caplog):
    """What a session of the caller does beside sending is said once in the log, when the client is made."""
    caplog.set_level(logging.INFO, "openai_conversations")
    options = {name: value() if callable(value) else value for name, value in options.items()}
    async with aiohttp.ClientSession(**options) as session:
        SessionManager(session=session)

    messages = [record.getMessage() for record in caplog.records]
    assert len(said) == len(messages)
    assert all(part in message for part, message in zip(said, messages, strict=True))


async def test_a_borrowed_session_that_does_not_decompress():
    """Bodies are decompressed, whatever a borrowed session was told."""
    body = http(200, gzip.compress(b"{}"), "Content-Encoding: gzip")
    async with answering(body) as server, aiohttp.ClientSession(auto_decompress=False) as session:
        assert b"{}" == (await SessionManager(session=session).send(asking(server))).content


@pytest.mark.parametrize("status", [404, 503])
async def test_a_borrowed_session_that_raises_for_status(status):
    """Statuses are ours to judge, whatever a borrowed session was told."""
    async with answering(http(status)) as server, aiohttp.ClientSession(raise_for_status=True) as session:
        assert status == (await SessionManager(session=session).send(asking(server))).status_code


async def test_native_middlewares_run_inside_an_attempt():
    """The middlewares of a borrowed session see each attempt, and the errors as aiohttp makes them."""
    seen = []

    async def native(request, handler):
        seen.append(request.method)
        request.headers["X-Native"] = "1"
        try:
            return await handler(request)
        except aiohttp.ServerDisconnectedError as error:
            seen.append(type(error).__name__)
            raise

    async with aiohttp.ClientSession(middlewares=(native,)) as session:
        manager = SessionManager(session=session)
        async with answering(http()) as server:
            await manager.send(asking(server))
        async with hanging_up() as broken:
            with pytest.raises(APIConnectionError):
                await manager.send(asking(broken))

    assert "1" == server.asked[0].headers["x-native"]
    assert ["GET", "GET", "ServerDisconnectedError"] == seen


async def test_native_middlewares_may_read_the_response():
    """A body that a native middleware has read is still the body of the response."""

    async def native(request, handler):
        answer = await handler(request)
        assert b'{"id":"conv_1"}' == await answer.read()
        return answer

    async with (
        answering(http(200, b'{"id":"conv_1"}')) as server,
        aiohttp.ClientSession(middlewares=(native,)) as session,
    ):
        response = await SessionManager(session=session).send(asking(server))

    assert b'{"id":"conv_1"}' == response.content


@pytest.mark.parametrize("borrowing", [False, True])
@pytest.mark.parametrize("pieces", [1, 2, 5])
@pytest.mark.parametrize("size", [0, 40, 400_000])
async def test_bodies_are_whole(borrowing, pieces, size):
    """A compressed body is whole whether it came with its head or in pieces, and its connection is used again."""
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    answer = http(200, gzip.compress(body), "Content-Encoding: gzip")
    step = -(-len(answer) // pieces)

    async def peer(reader, writer):
        while await read_request(reader) is not None:
            for start in range(0, len(answer), step):
                writer.write(answer[start : start + step])
                await writer.drain()
                await asyncio.sleep(0)

    async with serving(peer) as server, aiohttp.ClientSession() as session:
        manager = SessionManager(session=session if borrowing else None)
        received = [(await manager.send(asking(server))).content for _ in range(3)]
        await manager.close()

    assert [body] * 3 == received
    assert 1 == server.connections


async def test_native_middlewares_may_see_and_change_the_body():
    """A native middleware reads the body that goes out, and may put another in its place."""
    seen = []

    async def native(request, handler):
        copied = copy.deepcopy(request.body)  # as mocks of aiohttp keep it
        seen.append((copied.decode(), await request.body.as_bytes()))
        await request.update_body(b'{"changed":true}')
        return await handler(request)

    async with answering(http()) as server, aiohttp.ClientSession(middlewares=(native,)) as session:
        await SessionManager(session=session).send(asking(server, append_request, body=b'{"a":1}'))

    assert [('{"a":1}', b'{"a":1}')] == seen
    assert b'{"changed":true}' == server.asked[0].body


async def test_a_body_that_a_native_middleware_replaced():
    """When another body went out in the place of ours, the write counts as sent: nobody notes when it goes."""

    async def native(request, handler):
        await request.update_body(b'{"signed":true}')
        return await handler(request)

    async with hanging_up() as server, aiohttp.ClientSession(middlewares=(native,)) as session:
        with pytest.raises(APIConnectionError) as caught:
            await SessionManager(session=session).send(asking(server, append_request, body=b"{}"))

    assert (True, 1) == (caught.value.sent, len(server.asked))


async def test_a_native_middleware_that_tries_again():
    """What a native middleware sent before its second try found nobody is sent."""

    async def native(request, handler):
        try:
            return await handler(request)
        except aiohttp.ServerDisconnectedError:
            stopped.set()
            await gone.wait()
            return await handler(request)

    stopped, gone = asyncio.Event(), asyncio.Event()
    async with aiohttp.ClientSession(middlewares=(native,)) as session:
        async with hanging_up() as server:
            request = asking(server, append_request, body=b"{}")
            task = asyncio.create_task(SessionManager(session=session).send(request))
            await stopped.wait()
        gone.set()
        with pytest.raises(APIConnectionError, match="Cannot connect") as caught:
            await task

    assert (True, 1) == (caught.value.sent, len(server.asked))


async def test_timeouts_of_a_borrowed_session():
    """What somebody else's timeout ends may have been carried out."""

    async def native(_request, _handler):
        raise TimeoutError("theirs")

    async with answering(http()) as server, aiohttp.ClientSession(middlewares=(native,)) as session:
        with pytest.raises(APITimeoutError, match=r"^Request timed out\.$") as caught:
            await SessionManager(session=session).send(asking(server))

    assert caught.value.sent
    assert "theirs" == str(caught.value.__cause__)


async def test_a_borrowed_session_closed_by_its_owner():
    """The owner closed the session: the error says that, before and after the first request."""
    async with answering(http()) as server:
        session = aiohttp.ClientSession()
        manager = SessionManager(session=session)
        await manager.send(asking(server))
        await session.close()

        with pytest.raises(ClientClosedError, match="the aiohttp session of this client is closed"):
            await manager.send(asking(server))
        with pytest.raises(ClientClosedError, match="the aiohttp session of this client is closed"):
            await SessionManager(session=session).send(asking(server))


async def test_runtime_errors_of_others_pass():
    """A RuntimeError of a native middleware is its own business."""

    async def native(_request, _handler):
        raise RuntimeError("a bug of the middleware")

    async with answering(http()) as server, aiohttp.ClientSession(middlewares=(native,)) as session:
        with pytest.raises(RuntimeError, match="a bug of the middleware"):
            await SessionManager(session=session).send(asking(server))


async def test_the_ssl_of_a_borrowed_session():
    """``ssl`` goes with each request when the session is not ours."""
    context = ssl.create_default_context()
    seen = []

    async def native(request, handler):
        seen.append(request.ssl)
        return await handler(request)

    async with answering(http()) as server, aiohttp.ClientSession(middlewares=(native,)) as session:
        await SessionManager(session=session, ssl=context).send(asking(server))
        await SessionManager(session=session).send(asking(server))

    assert [context, True] == seen


async def test_no_tls_context_of_its_own(monkeypatch):
    """Clients share the TLS context that aiohttp made when it was imported."""
    made = []
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: made.append(True))
    manager = SessionManager()

    async with answering(http()) as server:
        await manager.send(asking(server))
    await manager.close()

    assert [] == made


async def test_a_pool_without_a_limit():
    """A borrowed session whose pool has no limit is used without one."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        manager = SessionManager(session=session)
        async with answering(http()) as server:
            assert 200 == (await manager.send(asking(server))).status_code
        with pytest.raises(APIConnectionError):
            await manager.send(asking(server))


# Opening and closing


async def test_nothing_is_open_before_the_first_request():
    """A manager that sent nothing has nothing to close."""
    manager = SessionManager()

    assert not manager.is_closed
    await manager.close()
    assert manager.is_closed


async def test_use_after_close():
    """A closed manager sends nothing; closing twice is allowed."""
    manager = SessionManager()
    async with answering(http()) as server:
        await manager.send(asking(server))
        await manager.close()
        await manager.close()

        with pytest.raises(ClientClosedError, match="this client is closed; make a new one"):
            await manager.send(asking(server))


def test_another_event_loop():
    """Connections belong to the loop that they were opened in; use from another is one clear error."""
    manager = SessionManager()

    async def ask():
        async with answering(http()) as server:
            return await manager.send(asking(server))

    async def finish():
        with pytest.raises(WrongEventLoopError, match="another event loop; make one client per event loop"):
            await ask()

    with asyncio.Runner() as first, asyncio.Runner() as second:
        assert 200 == first.run(ask()).status_code
        second.run(finish())
        first.run(manager.close())


def test_a_session_of_another_event_loop():
    """A borrowed session belongs to its loop from the start."""

    async def borrow():
        return aiohttp.ClientSession()

    async def ask(manager):
        async with answering(http()) as server:
            with pytest.raises(WrongEventLoopError, match="another event loop"):
                await manager.send(asking(server))

    with asyncio.Runner() as first, asyncio.Runner() as second:
        session = first.run(borrow())
        second.run(ask(SessionManager(session=session)))
        first.run(session.close())


async def test_forgetting_to_close(caplog):
    """A manager that is dropped without being closed gives one warning that says what to do, and closes its sockets."""
    caplog.set_level(logging.WARNING)
    async with answering(http()) as server:
        manager = SessionManager()
        await manager.send(asking(server))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del manager
            gc.collect()

        assert ["a ConversationsClient was never closed; use `async with ConversationsClient()` or `await "] == [
            str(warning.message).partition("client.close")[0] for warning in caught
        ]
        assert [ResourceWarning] == [warning.category for warning in caught]
        assert [] == caplog.records
        await until(lambda: not server.open)


def test_forgetting_to_close_until_the_loop_is_gone(caplog):
    """The same when the event loop is closed already."""
    caplog.set_level(logging.WARNING)

    async def ask(manager):
        async with answering(http(200, b"{}", "Connection: close")) as server:
            await manager.send(asking(server))

    manager = SessionManager()
    asyncio.run(ask(manager))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del manager
        gc.collect()

    assert ["a ConversationsClient was never closed"] == [str(w.message).partition(";")[0] for w in caught]
    assert [] == caplog.records


async def test_dropping_what_needs_no_closing():
    """Nobody is warned of a manager that sent nothing, was closed, or only borrowed."""
    async with answering(http()) as server, aiohttp.ClientSession() as session:
        closed, borrowing = SessionManager(), SessionManager(session=session)
        await closed.send(asking(server))
        await borrowing.send(asking(server))
        await closed.close()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del closed, borrowing
            SessionManager()
            gc.collect()

    assert [] == caught


async def test_a_request_that_fits_no_pool():
    """Replay rules are of no interest to the session: it sends what it is given, once."""
    manager = SessionManager()
    async with answering(http(500), http(200)) as server:
        assert 500 == (await manager.send(asking(server, append_request, replay=Replay.SAFE))).status_code
        await manager.close()


async def test_a_response_that_comes_twice(manager):
    """A connection on which something came while nobody waited for it is not used again: it is no later response."""
    again, connections = asyncio.Event(), []

    async def peer(reader, writer):
        connections.append(writer)
        number = len(connections)
        while await read_request(reader) is not None:
            writer.write(http(200, b'{"number":%d}' % number))
            if number == 1:
                await again.wait()
                writer.write(http(200, b'{"number":1}'))

    async with serving(peer) as server:
        first = await manager.send(asking(server))
        again.set()
        for _ in range(50):
            await asyncio.sleep(0)
        second = await manager.send(asking(server))

    assert [b'{"number":1}', b'{"number":2}'] == [first.content, second.content]


@pytest.mark.parametrize("last", [http(200, b'{"number":1}'), b"HTTP/1.1 20", None], ids=["again", "a part", "the end"])
async def test_what_came_while_the_event_loop_was_busy(manager, last):
    """What is in the socket when a connection is taken, be it its end, was not meant for the request to come."""
    connections = []

    async def peer(reader, writer):
        connections.append(writer)
        number = len(connections)
        while await read_request(reader) is not None:
            writer.write(http(200, b'{"number":%d}' % number))

    async with serving(peer) as server:
        await manager.send(asking(server))
        # Sent past the event loop, which has no turn before the next request.
        with socket.socket(fileno=os.dup(connections[0].get_extra_info("socket").fileno())) as end:
            end.shutdown(socket.SHUT_WR) if last is None else end.send(last)
        second = await manager.send(asking(server, append_request))

    assert b'{"number":2}' == second.content


async def test_a_part_of_a_head_while_idle(manager):
    """The rest of a response that nobody waited for is no response: the outcome of the next request is unknown."""
    again = asyncio.Event()

    async def peer(reader, writer):
        await read_request(reader)
        writer.write(http(200, b'{"number":1}'))
        await again.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
        await read_request(reader)
        writer.write(b"ngth: 2\r\n\r\n{}")

    async with serving(peer) as server:
        await manager.send(asking(server))
        again.set()
        for _ in range(50):
            await asyncio.sleep(0)
        with pytest.raises(APIConnectionError, match="not HTTP") as caught:
            await manager.send(asking(server, append_request, body=b"{}"))

    assert caught.value.sent


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"no colon\r\n",
        b"x: a\x00b\r\n",
    ],
)
async def test_an_answer_that_is_no_http(manager, head):
    """Whoever answers, in whatever words, has done what it was asked: no write is sent again on the strength of it."""

    async def peer(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n{}")

    async with serving(peer) as server:
        with pytest.raises(APIConnectionError, match="not HTTP") as caught:
            await manager.send(asking(server, append_request, body=b"{}"))

    assert (True, True, None) == (caught.value.sent, caught.value.is_answered, caught.value.status_code)
