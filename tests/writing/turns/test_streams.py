"""Streams that end in unusual ways, and who reads them: nothing lost, nothing whole that is not, nothing waits long."""

from __future__ import annotations

import asyncio
import json

import pytest

from openai_conversations import (
    AmbiguousWriteError,
    ConversationsError,
    HTTPResponse,
    ResponseFailedError,
    ResponseIncompleteError,
    StreamInterruptedError,
    Timeout,
    TurnLostError,
)
from tests.writing.helpers import assistant
from tests.writing.turns.scripted import (
    COMPLETED,
    CREATED,
    STREAM,
    TEXT,
    answer,
    event,
    listing,
    message,
    response,
    scripted,
)

ERROR = event("error", 2, code="server_error", message="Out of order.")
FAILED = event("response.failed", 3, response=response("failed", error={"code": None, "message": ""}))


async def impatiently(stream):
    """All types of events, by somebody who stops waiting ten times a second, and goes on."""
    seen = []
    while True:
        try:
            seen.append((await asyncio.wait_for(anext(stream), 0.1)).type)
        except TimeoutError:
            continue
        except StopAsyncIteration:
            return seen


@pytest.mark.parametrize(
    ("steps", "ends"),
    [
        ([ERROR, 60.0], ["error"]),
        ([ERROR, 0.2, FAILED, 60.0], ["error", "response.failed"]),
        ([FAILED, b": alive\n\n", 0.2, event("keepalive", 4), ERROR, 60.0], ["response.failed", "error"]),
        ([ERROR + event("response.output_text.done", 3, text="Hel"), 60.0], ["error"]),
        ([ERROR + COMPLETED, 60.0], ["error"]),
    ],
    ids=["alone", "both", "both, with others between", "more after it", "completed after it"],
)
async def test_a_turn_that_failed_for_whoever_is_cancelled(steps, ends):
    """The other one of ``error`` and ``response.failed`` is waited for, once; who stops waiting loses no event."""
    clock = asyncio.get_running_loop().time
    async with scripted(lambda _: [STREAM, CREATED + TEXT, *steps]) as client:
        stream = await client.responses.create(model="m", stream=True)
        before = clock()

        assert ["response.created", "response.output_text.delta", *ends] == await impatiently(stream)
        assert clock() - before < 1.0
        with pytest.raises(ResponseFailedError, match=r"Out of order|no reason") as raised:
            await stream.get_final_response()
    assert ends[0] != "error" or "Out of order" in str(raised.value)


async def test_json_for_whoever_is_cancelled():
    """A body that is no stream, and comes slowly, is whole for somebody who stops waiting and goes on."""
    whole = answer(response("completed", [message("Hello")]))
    async with scripted(lambda _: [whole[:-40], 0.3, whole[-40:]]) as client:
        stream = await client.responses.create(model="m", stream=True)

        assert "response.completed" == (await impatiently(stream))[-1]
        assert "Hello" == await stream.get_final_text()


async def test_one_reader():
    """Who reads a stream that another task is reading is told so, and disturbs nobody."""
    async with scripted(lambda _: [STREAM, CREATED, 1.0, TEXT + COMPLETED]) as client:
        stream = await client.responses.create(model="m", stream=True)
        await anext(stream)
        first = asyncio.ensure_future(stream.get_final_text())
        await asyncio.sleep(0.1)

        with pytest.raises(ConversationsError, match="another task is reading"):
            await anext(stream)
        assert "Hello" == await first


async def test_the_word_that_nothing_comes_any_more():
    """``[DONE]`` without a terminal event is the end of the stream, though the connection stays open."""

    def answers(asked):
        if asked.line.startswith("POST"):
            return [STREAM, CREATED, TEXT, b"data: [DONE]\n\n", 600.0]
        return [answer(response("completed", [message("Hello")]))]

    clock = asyncio.get_running_loop().time
    async with scripted(answers) as client, client.responses.stream(model="m") as stream:
        assert "Hello" == await stream.get_final_text()
        assert clock() < 1.0


@pytest.mark.parametrize("output", [[], [message("Bye", name="msg_0"), message("Help")]], ids=["nothing", "others"])
async def test_a_final_response_without_what_was_streamed(output):
    """A response that is complete, and lacks what came as a stream, is not given as whole."""

    def answers(asked):
        return [STREAM, CREATED, TEXT] if asked.line.startswith("POST") else [answer(response("completed", output))]

    async with scripted(answers) as client, client.responses.stream(model="m") as stream:
        with pytest.raises(StreamInterruptedError, match="not what was streamed") as raised:
            await stream.get_final_text()
    assert "Hel" == raised.value.text


@pytest.mark.parametrize("bound", [Timeout(stream=5), Timeout(turn=5), 5], ids=["stream", "turn", "number"])
@pytest.mark.parametrize("polled", [[answer(response())], [600.0]], ids=["runs on", "silence"])
async def test_finding_out_has_an_end(bound, polled):
    """What bounds a stream as a whole, or a turn, bounds finding out how it ended, whatever is answered."""
    clock = asyncio.get_running_loop().time

    def answers(asked):
        return [STREAM, CREATED, TEXT] if asked.line.startswith("POST") else polled

    async with scripted(answers) as client, client.responses.stream(model="m", timeout=bound) as stream:
        with pytest.raises(StreamInterruptedError):
            await stream.get_final_text()
        assert clock() < 6.0


@pytest.mark.parametrize(
    "said",
    [
        event("error", 1, code=None, message="The key 0123-wxyz is wrong."),
        event("error", 1, error={"message": "The key 0123-wxyz is wrong."}),
        event("response.failed", 1, response=response("failed", error={"message": "The key 0123-wxyz is wrong."})),
        b"data: The key 0123-wxyz is wrong.\n\n",
    ],
    ids=["error", "nested", "failed", "text"],
)
async def test_a_key_that_an_event_repeats(said):
    """No error of a stream, and nothing on it, shows the key that was sent."""
    async with (
        scripted(lambda _: [STREAM, CREATED, said], api_key="0123-wxyz", max_retries=0) as client,
        client.responses.stream(model="m", timeout=1) as stream,
    ):
        with pytest.raises((ResponseFailedError, StreamInterruptedError)) as raised:
            await stream.get_final_text()
    error = raised.value
    shown = f"{error} {error!r} {error.body} {error.response} {error.__cause__!r}"
    assert "The key" in shown
    assert "0123" not in shown


# What a stream may be instead


JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
WHOLE = json.dumps(response("completed", [message("Hello")])).encode()


@pytest.mark.parametrize(
    "steps",
    [
        [STREAM, WHOLE],
        [STREAM, b" \r\n", 0.1, WHOLE],
        [JSON, WHOLE[:1], 0.1, WHOLE[1:]],
        [JSON, CREATED, TEXT, COMPLETED],
    ],
    ids=["a stream by its head", "white space first", "JSON by its head", "a stream that is called JSON"],
)
async def test_what_the_head_says_does_not_count(steps):
    """Whether JSON came in place of a stream is told by its first character: gateways call either by either name."""
    async with scripted(lambda _: steps) as client, client.responses.stream(model="m") as stream:
        assert "Hello" == await stream.get_final_text()


@pytest.mark.parametrize("head", [b"HTTP/1.1 204 No Content\r\n\r\n", STREAM, JSON, STREAM + b"<html>"])
async def test_nothing_in_place_of_a_stream(head):
    """A 2xx response without events says nothing of the turn; the next write goes."""

    def answers(asked):
        return [head] if "/responses" in asked.line else [listing([message("Before", name="msg_0")])]

    async with scripted(answers) as client:
        for _ in range(2):
            stream = await client.responses.create(conversation="conv_1", model="m", input="Hi", stream=True, timeout=5)
            with pytest.raises(AmbiguousWriteError, match="without a terminal event"):
                await stream.get_final_text()


async def test_a_middleware_that_has_read_the_stream():
    """A response whose body a middleware of the user's has read, or made, is a stream all the same."""

    async def middleware(request, handler):
        return HTTPResponse(status_code=200, content=CREATED + TEXT + COMPLETED, source=request)

    async with (
        scripted(lambda _: [], middlewares=[middleware]) as client,
        client.responses.stream(model="m") as stream,
    ):
        assert "Hello" == await stream.get_final_text()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (event("response.completed", 2, response=response("failed")), "is 'failed'"),
        (event("response.completed", 2, response=response("incomplete")), "incomplete"),
        (b"event: error\ndata: upstream is away\n\n", "upstream is away"),
    ],
    ids=["completed, and failed", "completed, and incomplete", "an error in words"],
)
async def test_what_is_no_success(said, expected):
    """A terminal event whose response says that it is not complete, and an error in plain words, are errors."""
    async with scripted(lambda _: [STREAM, CREATED, said]) as client, client.responses.stream(model="m") as stream:
        with pytest.raises((ResponseFailedError, ResponseIncompleteError), match=expected):
            await stream.get_final_response()


@pytest.mark.parametrize("ended", [None, {"id": "", "status": "completed", "output": []}], ids=["null", "empty"])
async def test_a_completed_event_that_tells_nothing(ended):
    """The final response is made of what was streamed, and marked so, when the terminal event has none of it."""
    rest = event("response.output_text.delta", 2, output_index=0, content_index=0, item_id="x", delta="lo")
    last = event("response.completed", 3, response=ended)
    async with (
        scripted(lambda _: [STREAM, CREATED, TEXT, rest, last]) as client,
        client.responses.stream(model="m") as stream,
    ):
        final = await stream.get_final_response()
    assert ("resp_1", "Hello", True) == (final.id, final.output_text, stream.is_rebuilt)


async def test_a_resumed_stream_without_numbers():
    """Parts of the output that cannot be placed are not given twice: the response is retrieved instead."""
    rest = [
        b"data: " + json.dumps({"type": "response.output_text.delta", "delta": text}).encode() + b"\n\n"
        for text in ("Hel", "lo")
    ]
    begun = event("response.created", 0, response=response(background=True))

    def answers(asked):
        if asked.line.startswith("POST"):
            return [STREAM, begun, TEXT]
        return [STREAM, *rest] if "stream=true" in asked.line else [answer(response("completed", [message("Hello")]))]

    async with scripted(answers) as client, client.responses.stream(model="m", safe=True) as stream:
        assert ["Hel", "lo"] == [text async for text in stream.text_stream]


async def test_a_stream_is_begun_once():
    """What ``stream()`` returns takes one turn: to enter it again is a mistake."""
    async with scripted(lambda _: [STREAM, CREATED, TEXT + COMPLETED]) as client:
        begin = client.responses.stream(model="m")
        async with begin as stream:
            await stream.until_done()
        with pytest.raises(ConversationsError, match="begun before"):
            await begin.__aenter__()


async def test_what_was_seen_before_the_deadline():
    """A last look that meets the deadline does not hide what an earlier one has seen."""
    items = [message("Before", name="msg_0")]

    def answers(asked):
        if asked.line.startswith("GET"):
            return [listing(items, asked)] if len(items) < 2 or clock() < 3.0 else [600.0]
        items.append(message("Hi", "user", "msg_1"))
        return []

    clock = asyncio.get_running_loop().time
    async with scripted(answers) as client:
        await client.conversations.items.list("conv_1", order="desc")
        with pytest.raises(TurnLostError, match="without any output") as raised:
            await client.responses.create(conversation="conv_1", model="m", input="Hi", timeout=10)
    assert ["msg_1"] == [item.id for item in raised.value.items]


# What a turn that was given up adds later


@pytest.mark.parametrize("is_listed", [False, True], ids=["", "listed meanwhile"])
@pytest.mark.parametrize("append", [assistant("Hello"), {"role": "user", "content": "Hi"}], ids=["output", "input"])
async def test_an_append_that_is_lost_while_a_turn_goes_on(is_listed, append):
    """What a turn adds after its stream was closed is not taken for an append like it whose answer is lost."""
    items = [message("Before", name="msg_0")]

    def answers(asked):
        if asked.line.startswith("GET"):
            return [listing(items)]
        if "/responses" in asked.line:
            return [STREAM, CREATED, TEXT, 600.0]
        items.append(message("Hi", "user", "msg_1"))
        items.extend([message("Hello", name="msg_2")] * (append["role"] == "assistant"))
        return []

    async with scripted(answers) as client:
        await client.conversations.items.list("conv_1", order="desc")
        async with client.responses.stream(conversation="conv_1", model="m", input="Hi") as stream:
            await anext(stream)
        if is_listed:
            await client.conversations.items.list("conv_1", order="desc")
        with pytest.raises(AmbiguousWriteError, match="An earlier write like this one"):
            await client.conversations.items.create("conv_1", items=[append], timeout=5)
