"""Answers as they came: the official attribute names, for every method, with and without a body."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from openai_conversations import (
    AmbiguousWriteError,
    APIConnectionError,
    APIResponse,
    APIResponseValidationError,
    APITimeoutError,
    ConversationItemPage,
    ConversationsClient,
    NotFoundError,
    RetryPolicy,
    StreamedAPIResponse,
    Timeout,
)
from tests.sockets import answering, hanging_up, http, read_request, serving
from tests.virtual_time import runtime

pytestmark = pytest.mark.virtual_time

CONVERSATION = {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}
MESSAGE = {"type": "message", "id": "msg_1", "role": "user", "status": "completed", "content": []}
PAGE = {"object": "list", "data": [MESSAGE], "has_more": False, "first_id": "msg_1", "last_id": "msg_1"}
UNNAMED = {**PAGE, "data": [{**MESSAGE, "id": ""}]}
"""A page that may come twice: ids that come again are not believed."""
DELETED = {"id": "conv_1", "object": "conversation.deleted", "deleted": True}
HI = {"role": "user", "content": "Hi"}

EVERY_METHOD = [
    pytest.param(lambda c: c.conversations, lambda m: m.create(), CONVERSATION, id="create"),
    pytest.param(lambda c: c.conversations, lambda m: m.retrieve("c"), CONVERSATION, id="retrieve"),
    pytest.param(lambda c: c.conversations, lambda m: m.update("c", metadata={}), CONVERSATION, id="update"),
    pytest.param(lambda c: c.conversations, lambda m: m.delete("c"), DELETED, id="delete"),
    pytest.param(
        lambda c: c.conversations.items, lambda m: m.create("c", items=[HI], guard="off"), UNNAMED, id="items.create"
    ),
    pytest.param(lambda c: c.conversations.items, lambda m: m.list("c"), PAGE, id="items.list"),
    pytest.param(
        lambda c: c.conversations.items, lambda m: m.retrieve("m", conversation_id="c"), MESSAGE, id="items.retrieve"
    ),
    pytest.param(
        lambda c: c.conversations.items, lambda m: m.delete("m", conversation_id="c"), CONVERSATION, id="items.delete"
    ),
]


def client_of(server, **settings):
    settings.setdefault("retry", RetryPolicy(initial=0.001))
    return ConversationsClient(api_key="sk-test", base_url=server.base_url, runtime=runtime(), **settings)


@pytest.mark.parametrize(("resource", "call", "reply"), EVERY_METHOD)
async def test_raw(resource, call, reply):
    """A raw response is parsed to what the plain method returns; it was read, and its connection given back."""
    body = json.dumps(reply).encode()
    async with answering(http(200, body)) as server, client_of(server) as client:
        plain = await call(resource(client))
        raw = await call(resource(client).with_raw_response)

    assert plain == raw.parse()
    assert type(plain) is type(raw.parse())
    assert (200, body, body.decode(), True) == (raw.status_code, raw.content, raw.text, raw.is_closed)


@pytest.mark.parametrize(("resource", "call", "reply"), EVERY_METHOD)
async def test_streaming(resource, call, reply):
    """A streamed response is parsed to what the plain method returns; the connection is given back at the end."""
    body = json.dumps(reply).encode()
    async with answering(http(200, body)) as server, client_of(server) as client:
        plain = await call(resource(client))
        async with call(resource(client).with_streaming_response) as response:
            assert (200, False) == (response.status_code, response.is_closed)
            assert plain == await response.parse()
            assert reply == await response.json()
            assert (body, body.decode()) == (await response.read(), await response.text())
        assert response.is_closed
        await call(resource(client))

    assert 1 == server.connections


async def test_attributes():
    """The attributes have the official names; headers are found in any case, repeated ones are all there."""
    replies = (http(503, b"", "retry-after-ms: 1"), http(200, json.dumps(CONVERSATION).encode(), "X-A: 1", "X-A: 2"))
    async with answering(*replies) as server, client_of(server) as client:
        raw = await client.conversations.with_raw_response.update("conv_1", metadata={}, extra_headers={"X-Call": "1"})

    assert ("POST", f"{server.base_url}/conversations/conv_1") == (raw.method, raw.url)
    assert (["1", "2"], None) == (raw.headers.getall("x-a"), raw.request_id)
    assert (1, [503, 200]) == (raw.retries_taken, [attempt.status_code for attempt in raw.attempts])
    assert ("updateConversation", "1") == (raw.http_request.operation, raw.http_request.headers["X-Call"])
    assert "***" == raw.http_request.headers["Authorization"]
    assert {"User-Agent", "Accept-Encoding", "Content-Length", "Host"} <= raw.http_request.headers.keys()


async def test_elapsed():
    """``elapsed`` is the time of the last attempt, from sending to the last byte; ``attempts`` has those before it."""

    async def peer(reader, writer):
        while await read_request(reader) is not None:
            await asyncio.sleep(0.25)
            writer.write(replies.pop(0))

    replies = [http(503, b"", "retry-after-ms: 500"), http(200, json.dumps(CONVERSATION).encode())]
    async with serving(peer) as server, client_of(server) as client:
        raw = await client.conversations.with_raw_response.retrieve("conv_1")

    assert [pytest.approx(0.25)] * 3 == [raw.elapsed.total_seconds(), *(attempt.elapsed for attempt in raw.attempts)]


async def test_a_response_that_was_lost():
    """What is known without a response looks like one, raw and streamed: headers, body, history."""
    message = "Conversation with id 'conv_1' not found."
    gone = json.dumps({"error": {"message": message, "type": "invalid_request_error"}}).encode()

    async def peer(reader, writer):
        if (asked := await read_request(reader)) and asked.headers.get("x-stainless-retry-count"):
            writer.write(http(404, gone))

    async with serving(peer) as server, client_of(server) as client:
        raw = await client.conversations.with_raw_response.delete("conv_1")
        async with client.conversations.with_streaming_response.delete("conv_1") as streamed:
            assert streamed.is_closed
            assert "conv_1" == (await streamed.parse()).id

    assert ("conv_1", True, []) == (raw.parse().id, raw.parse().deleted, raw.headers.getall("x-a", []))
    assert [None, 404] == [attempt.status_code for attempt in raw.attempts]


async def test_repr():
    """A repr has the status, the method and the URL, without what is secret in it."""
    async with (
        answering(http(200, json.dumps(CONVERSATION).encode())) as server,
        client_of(server, default_query={"api-key": "marker"}) as client,
    ):
        raw = await client.conversations.with_raw_response.retrieve("conv_1")
        async with client.conversations.with_streaming_response.retrieve("conv_1") as streamed:
            assert repr(streamed).startswith("<StreamedAPIResponse [200] GET http://127.0.0.1:")

    assert f"<APIResponse [200] GET {server.base_url}/conversations/conv_1?api-key=***>" == repr(raw)
    assert "marker" in raw.url


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"[]", b'"done"', b"null", b'{"id":', b'{"id":[7]}', b"\xff"])
@pytest.mark.parametrize(("resource", "call", "reply"), [case for case in EVERY_METHOD if case.id != "items.create"])
async def test_responses_that_are_none(resource, call, reply, body):
    """A 2xx response that is not what the API promises is a validation error, for every method; raw ones are kept."""
    async with answering(http(200, body)) as server, client_of(server, max_retries=0) as client:
        with pytest.raises(APIResponseValidationError, match="200: the response does not fit") as caught:
            await call(resource(client))
        raw = await call(resource(client).with_raw_response)
        with pytest.raises(APIResponseValidationError):
            raw.parse()

    assert (200, body, body) == (caught.value.status_code, caught.value.response.content, raw.content)
    assert caught.value.__context__ is None, "errors of cattrs cannot be copied once tblib, which Dask brings, is there"


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"[]", b'"done"', b"null", b'{"id":', b'{"id":7}', b"\xff"])
async def test_an_append_that_is_not_confirmed(body):
    """A 2xx response to an append that does not say what was stored is no success: its outcome is unknown."""
    async with answering(http(200, body)) as server, client_of(server, max_retries=0) as client:
        for items in (client.conversations.items, client.conversations.items.with_raw_response):
            with pytest.raises(AmbiguousWriteError) as caught:
                await items.create("conv_1", items=[{"role": "user", "content": "Hi"}], guard="off")

            assert isinstance(caught.value.__cause__, APIResponseValidationError)
            assert body == caught.value.__cause__.response.content


async def test_raw_errors():
    """An error status is raised by raw and streamed calls, too; its body has been read."""
    async with answering(http(404, b'{"error":{"message":"gone"}}')) as server, client_of(server) as client:
        with pytest.raises(NotFoundError, match="gone"):
            await client.conversations.with_raw_response.retrieve("conv_1")
        with pytest.raises(NotFoundError, match="gone"):
            async with client.conversations.with_streaming_response.retrieve("conv_1"):
                raise AssertionError("never here")


@pytest.mark.parametrize("streaming", [False, True])
async def test_pages_of_raw_responses_go_on(streaming):
    """A page that is parsed from a raw or a streamed response can get the next one."""
    first = json.dumps({**PAGE, "has_more": True}).encode()
    second = json.dumps({**PAGE, "data": [], "last_id": None}).encode()
    async with answering(http(200, first), http(200, second)) as server, client_of(server) as client:
        items = client.conversations.items
        if streaming:
            async with items.with_streaming_response.list("conv_1") as response:
                page = await response.parse()
        else:
            page = (await items.with_raw_response.list("conv_1")).parse()
        following = await page.get_next_page()

    assert (ConversationItemPage, "msg_1", []) == (type(page), page.last_id, following.data)
    assert "GET /v1/conversations/conv_1/items?after=msg_1 HTTP/1.1" == server.asked[1].line


async def test_the_middle_of_a_stream_can_be_left():
    """Leaving a streamed response before its end closes its connection, and the next call opens another."""
    async with answering(http(200, b"x" * 1_000_000), http(200, b'{"id":"c"}')) as server, client_of(server) as client:
        async with client.conversations.with_streaming_response.retrieve("conv_1") as response:
            async for _ in response.iter_bytes(10):
                break
        await client.conversations.retrieve("conv_1")

    assert 2 == server.connections


# Reading a stream


@pytest.fixture
async def stream():
    """A streamed response of three lines, one of them not ASCII."""
    async with (
        answering(http(200, "one\r\ntwö\n\nthree".encode())) as server,
        client_of(server) as client,
        client.conversations.with_streaming_response.retrieve("conv_1") as response,
    ):
        yield response


async def test_iter_bytes(stream):
    """The body comes in chunks, of a size where one is given."""
    assert [5, 5, 5, 1] == [len(chunk) async for chunk in stream.iter_bytes(5)]


async def test_iter_text(stream):
    """A character that is cut by a chunk stays whole."""
    assert "one\r\ntwö\n\nthree" == "".join([text async for text in stream.iter_text(1)])


async def test_half_a_character():
    """A character that is cut by the end of the body is shown as one that cannot be read."""
    async with (
        answering(http(200, "aä".encode()[:-1])) as server,
        client_of(server) as client,
        client.conversations.with_streaming_response.retrieve("conv_1") as response,
    ):
        assert ["a", "\ufffd"] == [text async for text in response.iter_text(1) if text]


async def test_iter_lines(stream):
    """Lines come without their ends, the last one too."""
    assert ["one", "twö", "", "three"] == [line async for line in stream.iter_lines()]


async def test_a_stream_is_read_once(stream):
    """A body that was read in parts is gone: asking for it again is an error, and not an empty body."""
    async for _ in stream.iter_bytes():
        pass

    with pytest.raises(RuntimeError, match="the body of this response has been read"):
        await stream.read()
    with pytest.raises(RuntimeError, match="the body of this response has been read"):
        [chunk async for chunk in stream.iter_bytes()]


async def test_what_was_read_as_a_whole_is_kept(stream):
    """A body that was read as a whole can be read again, in any way, also after the end."""
    body = await stream.read()
    await stream.close()

    assert body == await stream.read() == b"".join([chunk async for chunk in stream.iter_bytes()])
    assert ["one", "twö", "", "three"] == [line async for line in stream.iter_lines()]


async def test_an_empty_text_has_no_lines():
    """Nothing has no lines; a line end at the end is none of its own."""
    for body, lines in ((b"", []), (b"a\n", ["a"]), (b"\n", [""])):
        async with (
            answering(http(200, body)) as server,
            client_of(server) as client,
            client.conversations.with_streaming_response.retrieve("conv_1") as response,
        ):
            assert lines == [line async for line in response.iter_lines()]


async def test_a_stream_that_breaks():
    """A connection that breaks under the body is a connection error."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nabc"
    async with (
        hanging_up(after=head) as server,
        client_of(server, max_retries=0) as client,
        client.conversations.with_streaming_response.retrieve("conv_1") as response,
    ):
        with pytest.raises(APIConnectionError) as caught:
            await response.read()

    assert caught.value.sent


async def test_the_deadline_holds_for_the_body():
    """A body that does not come in time is a timeout, by the deadline of the call."""
    async with (
        hanging_on() as server,
        client_of(server, timeout=0.1) as client,
        client.conversations.with_streaming_response.retrieve("conv_1") as response,
    ):
        with pytest.raises(APITimeoutError, match="The body did not arrive within the deadline"):
            await response.read()


def hanging_on():
    """A server that sends the beginning of a body, and then nothing."""

    async def peer(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nabc")
        await asyncio.Event().wait()

    return serving(peer)


async def test_the_bound_of_an_attempt_does_not_count_for_a_body_that_is_streamed():
    """A body is read at the pace of who reads it; only the deadline of the call bounds it."""
    gate = asyncio.Event()

    async def peer(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        await gate.wait()
        writer.write(b"cd")

    timeout = Timeout(total=None, attempt=0.02, connect=None)
    async with (
        serving(peer) as server,
        client_of(server, timeout=timeout) as client,
        client.conversations.with_streaming_response.retrieve("conv_1") as response,
    ):
        await asyncio.sleep(0.05)
        gate.set()
        assert b"abcd" == await response.read()


async def test_an_open_stream_holds_its_connection():
    """A streamed response has a connection of the pool until it is closed: others wait for one."""
    timeout = Timeout(total=5, attempt=0.05, connect=None)
    async with (
        answering(http(200, b'{"id":"c"}')) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session,
    ):
        client = client_of(server, timeout=timeout, max_retries=0, session=session)
        async with client.conversations.with_streaming_response.retrieve("conv_1"):
            waiting = asyncio.create_task(client.conversations.retrieve("conv_1"))
            await asyncio.sleep(0.1)
            assert not waiting.done()
        assert "c" == (await waiting).id
        assert "c" == (await client.conversations.retrieve("conv_1")).id


async def test_closing_twice():
    """A streamed response can be closed more than once, before and after its end."""
    async with answering(http(200, b'{"id":"c"}')) as server, client_of(server) as client:
        async with client.conversations.with_streaming_response.retrieve("conv_1") as response:
            await response.close()
            await response.close()
            assert response.is_closed
        for _ in range(3):
            await client.conversations.retrieve("conv_1")


def test_kinds():
    """Raw and streamed responses are public classes."""
    assert {"APIResponse", "StreamedAPIResponse"} == {APIResponse.__name__, StreamedAPIResponse.__name__}
