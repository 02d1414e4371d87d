"""How long a turn may take to be found out: nothing goes on for ever, and nobody's own time counts."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import AmbiguousWriteError, StreamInterruptedError, Timeout
from tests.sockets import http
from tests.writing.turns.scripted import (
    COMPLETED,
    STREAM,
    TEXT,
    answer,
    event,
    message,
    response,
    scripted,
)

BEGUN = event("response.created", 0, response=response(background=True))


def number_after(asked):
    return int(asked.line.partition("starting_after=")[2].split("&")[0].split(" ")[0])


async def streamed(client, **turn):
    async with client.responses.stream(**turn) as stream:
        await stream.until_done()


@pytest.mark.parametrize("is_read", [True, False], ids=["read for its caller", "streamed"])
@pytest.mark.parametrize("bound", [4, Timeout(turn=4)], ids=["number", "turn"])
@pytest.mark.parametrize("rest", [[900.0], [STREAM, 900.0]], ids=["no head", "no event"])
async def test_a_service_that_takes_and_never_answers(rest, bound, is_read):
    """All tries to resume, and asking for the response, have one bound, and each its part of it."""
    seen = []

    def answers(asked):
        seen.append(asked.line)
        return [STREAM, BEGUN] if asked.line.startswith("POST") else rest

    clock = asyncio.get_running_loop().time
    async with scripted(answers) as client:
        turn = {"model": "m", "safe": True, "timeout": bound}
        taking = client.responses.create(**turn) if is_read else streamed(client, **turn)
        with pytest.raises(StreamInterruptedError):
            await taking
    assert clock() < 4.5
    assert any("stream=true" not in line for line in seen[1:])


async def test_a_resumed_stream_that_is_kept_alive():
    """What only keeps a stream alive does not begin its time anew, whatever its number is."""

    def answers(asked):
        if asked.line.startswith("POST"):
            return [STREAM, BEGUN, TEXT]
        if "stream=true" not in asked.line:
            return [answer(response(background=True))]
        return [STREAM, event("keepalive", number_after(asked) + 1), 0.5]

    clock = asyncio.get_running_loop().time
    async with scripted(answers) as client, client.responses.stream(model="m", safe=True, timeout=20) as stream:
        with pytest.raises(StreamInterruptedError, match="in_progress"):
            await stream.until_done()
    assert clock() < 25


async def test_a_resumed_stream_that_never_falls_silent():
    """The same for one that is kept alive without an end."""

    def answers(asked):
        if asked.line.startswith("POST"):
            return [STREAM, BEGUN, TEXT]
        if "stream=true" not in asked.line:
            return [answer(response("completed", [message("Hello")]))]
        number = number_after(asked)
        return [STREAM, *(step for n in range(100) for step in (event("keepalive", number + n + 1), 1.0))]

    clock = asyncio.get_running_loop().time
    async with scripted(answers) as client, client.responses.stream(model="m", safe=True, timeout=20) as stream:
        assert await stream.get_final_text() == "Hello"
    assert clock() < 25


async def test_a_resumed_stream_that_goes_on():
    """A stream that breaks again and again is resumed for as long as each time brings some of the output."""
    text = "Hello, my dear friend"

    def answers(asked):
        if asked.line.startswith("POST"):
            return [STREAM, BEGUN]
        number = number_after(asked) + 1
        if number > len(text):
            return [STREAM, event("response.completed", number, response=response("completed", [message(text)]))]
        piece = {"output_index": 0, "content_index": 0, "delta": text[number - 1]}
        return [STREAM, 1.0, event("response.output_text.delta", number, **piece)]

    async with scripted(answers) as client, client.responses.stream(model="m", safe=True, timeout=10) as stream:
        assert [piece async for piece in stream.text_stream] == list(text)


async def test_the_time_before_somebody_waits():
    """The bound of the first event counts while somebody waits for it, also for one that stops waiting and goes on."""
    large = event("response.created", 0, response=response(instructions="y" * 3_000_000))
    async with scripted(lambda _: [STREAM, large, TEXT + COMPLETED]) as client:
        stream = await client.responses.create(model="m", stream=True, timeout=2)
        await asyncio.sleep(10.0)
        assert await stream.get_final_text() == "Hello"


async def test_the_time_while_somebody_waits():
    """Who stops waiting and goes on waits no longer than others; the pauses between do not count."""
    clock = asyncio.get_running_loop().time
    async with scripted(lambda asked: [STREAM, 60.0] if asked.line.startswith("POST") else []) as client:
        stream = await client.responses.create(model="m", stream=True, timeout=2)
        waits = []
        while True:
            before = clock()
            try:
                await asyncio.wait_for(anext(stream), 0.3)
            except TimeoutError:
                waits.append(clock() - before)
                await asyncio.sleep(5.0)
            except StreamInterruptedError:
                break
    assert 1.5 < sum(waits) < 2.5


async def test_a_last_look_that_met_the_deadline():
    """It does not hide why the looks before it saw nothing."""

    def answers(asked):
        if "/responses" in asked.line:
            return [STREAM] if b"stream" in asked.body else []
        return [http(404, b'{"error": {"message": "None."}}')] if clock() < 3.0 else [600.0]

    clock = asyncio.get_running_loop().time
    async with scripted(answers) as client:
        with pytest.raises(AmbiguousWriteError, match=r"The lookup failed: 404 Not Found: None\."):
            await client.responses.create(conversation="conv_1", model="m", input="Hi", timeout=6)
