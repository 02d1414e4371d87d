"""Turns that are stopped, hang, or break: what is promised of time, of event loops, and of ``cancel()``."""

from __future__ import annotations

import asyncio
import json

import pytest

from openai_conversations import (
    APITimeoutError,
    ConversationsClient,
    ConversationsError,
    InvalidArgumentError,
    Response,
    ResponseFailedError,
    StreamInterruptedError,
    Timeout,
    WrongEventLoopError,
)
from tests.sockets import http, read_request, serving
from tests.writing.turns.scripted import COMPLETED, CREATED, STREAM, TEXT, answer, event, message, response, scripted

TURN = {"model": "m", "input": "Hi", "conversation": "conv_1"}


def asked_to_cancel(asked):
    return asked.line.startswith("POST") and "/cancel" in asked.line


# One deadline


@pytest.mark.parametrize("bound", [2.0, Timeout(turn=2.0), Timeout(turn=9.0, stream=2.0)], ids=str)
@pytest.mark.parametrize("way", ["create", "raw", "run", "on_event"])
async def test_the_deadline_of_a_turn_whose_events_are_read_here(way, bound):
    """``timeout`` is for the whole of a turn that is not streamed to its caller, however lively its events are."""
    alive = [
        step for number in range(1, 100) for step in (0.4, event("response.in_progress", number, response=response()))
    ]
    clock = asyncio.get_running_loop().time
    async with scripted(lambda _: [STREAM, CREATED, *alive]) as client:
        call = {
            "create": lambda: client.responses.create(**TURN, safe=True, timeout=bound),
            "raw": lambda: client.responses.with_raw_response.create(**TURN, safe=True, timeout=bound),
            "run": lambda: client.conversations.run("conv_1", model="m", input="Hi", safe=True, timeout=bound),
            "on_event": lambda: client.conversations.run(
                "conv_1", model="m", input="Hi", on_event=lambda _: None, timeout=bound
            ),
        }[way]
        with pytest.raises(StreamInterruptedError, match="did not end within 2 s") as raised:
            await call()

    assert (True, "resp_1") == (1.9 < clock() < 2.5, raised.value.response_id)


async def test_a_safe_turn_without_a_bound():
    """Without a bound for turns, a safe turn takes its time."""
    timeout = Timeout(turn=None, first_event=None, next_event=None)
    async with scripted(lambda _: [STREAM, CREATED, 9000.0, TEXT + COMPLETED], timeout=timeout) as client:
        assert "Hello" == (await client.responses.create(**TURN, safe=True)).output_text


# Cancelling


@pytest.mark.parametrize("is_echoed", [True, False])
@pytest.mark.parametrize("is_read", [True, False])
async def test_cancelling_a_turn_in_the_background(is_echoed, is_read):
    """A turn that was asked for in the background is cancelled, also before its id came, or where nothing echoes it."""
    background = {"background": True} if is_echoed else {}
    created = event("response.created", 0, response=response(**background))

    def answers(asked):
        return [answer(response("cancelled"))] if asked_to_cancel(asked) else [STREAM, 3.0, created, 600.0]

    async with scripted(answers) as client:
        stream = await client.responses.create(**TURN, background=True, stream=True)
        if is_read:
            await anext(stream)

        assert "cancelled" == (await stream.cancel()).status
        assert stream.is_closed


async def test_cancelling_while_another_task_reads():
    """Whoever cancels waits for the id that another task is reading, and ends its reading."""

    def answers(asked):
        return [answer(response("cancelled"))] if asked_to_cancel(asked) else [STREAM, 3.0, CREATED, 600.0]

    async with scripted(answers) as client:
        stream = await client.responses.create(**TURN, background=True, stream=True)

        async def read():
            return [event.type async for event in stream]

        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0.1)
        assert "cancelled" == (await stream.cancel()).status
        assert ["response.created"] == await reading


async def test_a_turn_that_could_not_be_cancelled():
    """Where the id does not come, or the stream was closed before, it is said that nothing was cancelled."""
    async with scripted(lambda _: [STREAM, b": alive\n\n", 600.0], timeout=Timeout(total=5.0)) as client:
        late = await client.responses.create(**TURN, background=True, stream=True)
        with pytest.raises(APITimeoutError, match="did not come within 5 s: it was not cancelled"):
            await late.cancel()
        assert late.is_closed
        closed = await client.responses.create(**TURN, background=True, stream=True)
        await closed.close()
        with pytest.raises(ConversationsError, match="the turn was not cancelled"):
            await closed.cancel()


@pytest.mark.parametrize(
    ("ended", "expected"), [("cancelled", "is 'cancelled'"), ("in_progress", "closed before"), ("completed", None)]
)
async def test_the_final_response_of_a_turn_that_was_cancelled(ended, expected):
    """What ``cancel()`` has learnt of the end is what the final response is, or why there is none."""
    last = response(ended, [message("Hello")] if ended == "completed" else [])
    async with scripted(lambda asked: [answer(last)] if asked_to_cancel(asked) else [STREAM, CREATED, 600.0]) as client:
        stream = await client.responses.create(**TURN, background=True, stream=True)
        assert ended == (await stream.cancel()).status
        if expected is None:
            assert "Hello" == await stream.get_final_text()
            return
        with pytest.raises(ConversationsError, match=expected) as raised:
            await stream.get_final_response()

    assert (ended == "cancelled") is isinstance(raised.value, ResponseFailedError)
    assert ended != "cancelled" or raised.value.response.id == "resp_1"


BEGUN = event("response.created", 0, response=response(background=True))


@pytest.mark.parametrize(
    ("statuses", "requests", "last"),
    [
        (["cancelled"], ["POST", "GET"], "response.cancelled"),
        (["failed"], ["POST", "GET"], "response.failed"),
        (["in_progress", "cancelled"], ["POST", "GET", "resume", "GET"], "response.cancelled"),
        (["completed", "completed"], ["POST", "GET", "resume", "GET"], "response.completed"),
        ([None, "cancelled"], ["POST", "GET", "resume", "GET"], "response.cancelled"),
    ],
    ids=["cancelled", "failed", "later", "completed", "not to be had at first"],
)
async def test_a_stream_without_an_end(statuses, requests, last):
    """When a stream in the background ends without its end, a status that is final is taken at once."""
    asked_for, left = [], list(statuses)

    def answers(asked):
        kind = "POST" if asked.line.startswith("POST") else "resume" if "stream=true" in asked.line else "GET"
        asked_for.append(kind)
        if kind == "GET":
            status = left.pop(0)
            output = [message("Hello" if status == "completed" else "Hel")]
            return [http(404, b"{}") if status is None else answer(response(status, output))]
        return [STREAM, BEGUN, TEXT] if kind == "POST" else [STREAM]

    clock = asyncio.get_running_loop().time
    async with scripted(answers) as client, client.responses.stream(**TURN, safe=True) as stream:
        seen = [event.type async for event in stream]

    assert (requests, last) == (asked_for[: len(requests)], seen[-1])
    assert clock() < 0.5


async def test_a_complete_turn_is_resumed():
    """Of a turn that became complete after its stream broke, every event is given as it was sent."""

    def answers(asked):
        if asked.line.startswith("POST"):
            return [STREAM, BEGUN, TEXT]
        rest = event("response.output_text.delta", 2, output_index=0, content_index=0, item_id="msg_1", delta="lo")
        whole = response("completed", [message("Hello")])
        done = event("response.output_item.done", 3, output_index=0, item=message("Hello"))
        last = event("response.completed", 4, response=whole)
        return [STREAM, rest, done, last] if "stream=true" in asked.line else [answer(whole)]

    async with scripted(answers) as client, client.responses.stream(**TURN, safe=True) as stream:
        assert [(number, False) for number in range(5)] == [
            (event.sequence_number, event.is_recovered) async for event in stream
        ]


async def test_disconnecting():
    """Of a turn that is not in the background nothing can be cancelled; of one that has ended there is the response."""
    async with scripted(lambda _: [STREAM, CREATED, TEXT + COMPLETED]) as client:
        one = await client.responses.create(**TURN, stream=True)
        assert await one.cancel() is None
        two = await client.responses.create(**TURN, stream=True, background=True)
        await two.get_final_response()
        assert "completed" == (await two.cancel()).status


# Event loops


def test_a_stream_in_another_event_loop():
    """A stream belongs to its event loop: another one is refused at once, whatever it asks for, and disturbs none."""
    refused = []

    def elsewhere(stream):
        async def use():
            for call in (stream.__anext__, stream.get_final_response, stream.close, stream.cancel):
                with pytest.raises(WrongEventLoopError, match="another event loop"):
                    await call()
                refused.append(call.__name__)

        asyncio.run(use())

    async def here():
        is_refused = asyncio.Event()

        async def peer(reader, writer):
            await read_request(reader)
            writer.write(STREAM + CREATED)
            await is_refused.wait()
            writer.write(TEXT)
            await reader.read()

        async with (
            serving(peer) as server,
            ConversationsClient(api_key="sk-test", base_url=server.base_url) as client,
            client.responses.stream(**TURN) as stream,
        ):
            await anext(stream)
            await asyncio.get_running_loop().run_in_executor(None, elsewhere, stream)
            is_refused.set()
            assert "response.output_text.delta" == (await anext(stream)).type
            assert not stream.is_closed

    asyncio.run(here())
    assert ["__anext__", "get_final_response", "close", "cancel"] == refused


# What nobody has thought of


async def test_a_time_of_thousands_of_digits():
    """A stream that names a time which nobody waits is read like any other, and leaves its conversation free."""
    digits = b"retry: " + b"1" * 5000 + b"\n\n"

    def answers(asked):
        if asked.line.startswith("POST") and "/items" in asked.line:
            items = json.loads(asked.body)["items"]
            data = [{**item, "id": "msg_9"} for item in items]
            return [answer({"object": "list", "data": data, "has_more": False, "first_id": "", "last_id": ""})]
        return [STREAM, digits, CREATED + TEXT + COMPLETED]

    async with scripted(answers) as client:
        stream = await client.responses.create(**TURN, stream=True)
        assert "Hello" == await stream.get_final_text()
        await client.conversations.items.create("conv_1", items=[message("x", "user")], timeout=1.0)


class _Breaking:
    """The body of a response that breaks in a way of its own when it has given what it has."""

    limit = 1 << 20
    is_at_end = False

    def __init__(self, content, error):
        self.left, self.error, self.is_open = content, error, True

    def take(self):
        left, self.left = self.left, b""
        return left

    async def read(self):
        raise self.error

    def abort(self):
        self.is_open = False


@pytest.mark.parametrize("polled", ["completed", "broken"])
async def test_a_body_that_breaks_in_its_own_way(polled):
    """An error that is none of ours ends the reading, not the turn; nothing of it keeps the conversation."""
    broken = _Breaking(CREATED + TEXT, KeyError("of the stream"))

    async def middleware(request, handler):
        response = await handler(request)
        if response.stream is not None:
            return response.replace(stream=broken)
        if polled == "broken" and request.operation == "getResponse":
            raise ZeroDivisionError("of the middleware")
        return response

    def answers(asked):
        return [answer(response("completed", [message("Hello")]))] if "GET" in asked.line else [STREAM, CREATED, 600.0]

    async with scripted(answers, middlewares=[middleware]) as client:
        stream = await client.responses.create(**TURN, stream=True)
        if polled == "completed":
            assert "Hello" == await stream.get_final_text()
        else:
            with pytest.raises(StreamInterruptedError, match="could not be read: ZeroDivisionError") as raised:
                await stream.get_final_response()
            assert "resp_1" == raised.value.response_id
        assert (True, False) == (stream.is_closed, broken.is_open)
        again = asyncio.ensure_future(client.responses.create(**TURN, stream=True))
        await (await asyncio.wait_for(again, 1.0)).close()


# What is asked for, and what comes


LIVELY = [STREAM, CREATED, *[step for _ in range(9) for step in (1.0, b": alive\n\n")], TEXT + COMPLETED]


async def lines_of(steps, bound, lines):
    """The lines of a stream, noted as they come."""
    async with (
        scripted(lambda _: steps) as client,
        client.responses.with_streaming_response.create(**TURN, stream=True, timeout=bound) as raw,
    ):
        async for line in raw.iter_lines():
            lines.append(line)  # what came before it was late counts


@pytest.mark.parametrize("bound", [2.0, Timeout(next_event=None, first_event=None, turn=None)], ids=str)
async def test_the_lines_of_a_stream(bound):
    """Whoever reads the lines of a stream himself may read for as long as they come."""
    lines = []
    await lines_of(LIVELY, bound, lines)

    assert 2 + 2 * 9 + 4 == len(lines)


@pytest.mark.parametrize(
    ("steps", "bound", "count", "said"),
    [
        ([STREAM, 5.0, CREATED], 2.0, 0, "did not arrive within the deadline"),
        ([STREAM, CREATED, 5.0, TEXT], 2.0, 2, "fell silent"),
        (LIVELY, Timeout(next_event=None, next_byte=0.5), 2, "fell silent"),
        (LIVELY, Timeout(stream=3.5), 2 + 2 * 3, "did not end in time"),
    ],
    ids=["first", "next event", "next byte", "stream"],
)
async def test_the_bounds_of_lines(steps, bound, count, said):
    """The bounds of a stream hold for its lines: for the first, for each wait, and for the whole."""
    lines = []
    with pytest.raises(APITimeoutError, match=said):
        await lines_of(steps, bound, lines)

    assert count == len(lines)


@pytest.mark.parametrize("wrapper", ["with_raw_response", "with_streaming_response"])
async def test_a_safe_turn_through_a_wrapper(wrapper):
    """A safe turn that is not streamed is read to its end: what its HTTP response parses to is the response."""
    async with scripted(lambda _: [STREAM, CREATED, TEXT + COMPLETED]) as client:
        wrapped = getattr(client.responses, wrapper).create(**TURN, safe=True)
        if wrapper == "with_raw_response":
            raw = await wrapped
            made, body = raw.parse(), raw.content
        else:
            async with wrapped as raw:
                made, body = await raw.parse(), await raw.read()

    assert isinstance(made, Response)
    assert ("Hello", "resp_1", 200) == (made.output_text, json.loads(body)["id"], raw.status_code)


async def test_previous_responses_that_are_hidden():
    """A turn in a conversation cannot have a previous response, not even by ``extra_body``."""
    async with scripted(lambda _: [STREAM]) as client:
        with pytest.raises(InvalidArgumentError, match="give conversation or previous_response_id, not both"):
            await client.responses.create(**TURN, extra_body={"previous_response_id": "resp_0"})


@pytest.mark.parametrize(
    ("members", "times"),
    [
        ({}, 3),
        ({"tools": [{"type": "function", "name": "f", "parameters": {}}]}, 3),
        ({"extra_body": {"tools": [{"type": "function", "name": "f", "parameters": {}}], "metadata": {}}}, 3),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, 1),
        ({"extra_body": {"tools": [{"type": "web_search"}]}}, 1),
        ({"extra_body": {"tools": "all of them"}}, 1),
        ({"extra_body": {"agent_reference": {"name": "a"}}}, 1),
        ({"prompt": {"id": "pmpt_1"}}, 1),
        ({"extra_body": {"prompt": {"id": "pmpt_1"}}}, 1),
    ],
    ids=str,
)
async def test_turns_that_are_sent_again(members, times):
    """Only what leaves nothing behind is sent again; tools may be hidden in a prompt, or in what nobody here knows."""
    sent = []

    def answers(asked):
        sent.append(asked)
        return []

    async with scripted(answers) as client:
        with pytest.raises(ConversationsError, match="Connection error"):
            await client.responses.create(model="m", input="a", store=False, **members)

    assert times == len(sent)
