"""Streams that nobody reads or closes: whoever waits for one is told, and so is who dropped one."""

from __future__ import annotations

import asyncio
import gc
import logging
import warnings

import pytest

from openai_conversations import AmbiguousWriteError, APITimeoutError
from tests.writing.turns.scripted import COMPLETED, CREATED, STREAM, TEXT, answer, message, response, scripted

TURN = {"model": "m", "input": "Hi", "conversation": "conv_1"}
WHOLE = answer(response("completed", [message("Hello")]))


def warned(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


async def test_a_write_that_waits_for_a_stream_that_nobody_reads(caplog):
    """After two seconds, the log names the conversation and what to do, once for each stream, whoever else waits."""
    async with scripted(lambda _: [STREAM, CREATED, 600.0]) as client:
        stream = await client.responses.create(**TURN, stream=True)
        await anext(stream)
        first = asyncio.ensure_future(client.responses.create(**TURN, timeout=9))
        await asyncio.sleep(1.9)
        assert [] == warned(caplog)
        with pytest.raises(APITimeoutError, match="other writes"):
            await client.responses.create(**TURN, timeout=5)
        assert "a write to conv_1 has waited for 2 s" in warned(caplog)[0]
        assert "await stream.close()" in warned(caplog)[0]
        await asyncio.gather(first, return_exceptions=True)
        assert 1 == len(warned(caplog))

        await stream.close()
        again = await client.responses.create(**TURN, stream=True)
        with pytest.raises(APITimeoutError, match="other writes"):
            await client.responses.create(**TURN, timeout=5)
        await again.close()
    assert 2 == len(warned(caplog))


@pytest.mark.parametrize(
    "steps",
    [[9.0, STREAM, CREATED, TEXT + COMPLETED], [STREAM, CREATED, 9.0, TEXT + COMPLETED], [9.0, WHOLE]],
    ids=["a late head", "a slow stream", "no stream"],
)
async def test_a_write_that_waits_for_what_goes_on(steps, caplog):
    """Nothing is said of a turn that takes its time, or of a stream that somebody reads: to wait for it is right."""
    async with scripted(lambda _: steps) as client:

        async def take():
            if steps[-1] is WHOLE:
                return await client.responses.create(**TURN)
            async with client.responses.stream(**TURN) as stream:
                return await stream.until_done()

        await asyncio.gather(take(), take())

    assert [] == warned(caplog)


async def test_a_stream_that_is_reached_while_a_write_waits(caplog):
    """A stream that has only just got the conversation is not told of for what others waited before it."""
    async with scripted(lambda asked: [STREAM, CREATED] if b"stream" in asked.body else [1.5, WHOLE]) as client:
        before = asyncio.ensure_future(client.responses.create(**TURN))
        await asyncio.sleep(0.1)
        opening = asyncio.ensure_future(client.responses.create(**TURN, stream=True))
        await asyncio.sleep(0.1)
        after = asyncio.ensure_future(client.responses.create(**TURN))
        await before
        stream = await opening
        await asyncio.sleep(1.0)
        await stream.close()
        await after

    assert [] == warned(caplog)


# Streams that are dropped


@pytest.mark.parametrize("read", [0, 1], ids=["not read", "read"])
async def test_a_stream_that_is_dropped(read):
    """Who drops a stream before its end is warned, and told what to do; the conversation is free all the same."""
    async with scripted(lambda asked: [STREAM, CREATED, 600.0] if b"stream" in asked.body else [WHOLE]) as client:
        held = [await client.responses.create(**TURN, stream=True)]
        for _ in range(read):
            await anext(held[0])
        with pytest.warns(ResourceWarning, match=r"never closed: use `async with`.*await stream\.close\(\)"):
            held.clear()
        assert "Hello" == (await client.responses.create(**TURN)).output_text


@pytest.mark.parametrize("way", ["closed", "read", "left at the terminal event", "cancelled", "broken"])
async def test_a_stream_that_was_not_dropped(way):
    """Nobody is warned of a stream that was closed, read to the end of its turn, or ended in an error."""
    steps = [STREAM, CREATED] if way == "broken" else [STREAM, CREATED, TEXT + COMPLETED, 600.0]
    async with scripted(lambda _: steps) as client:
        stream = await client.responses.create(**TURN, stream=True, timeout=3)
        if way == "closed":
            await stream.close()
        elif way == "cancelled":
            await stream.cancel()
        elif way == "read":
            await stream.until_done()
        elif way == "broken":
            with pytest.raises(AmbiguousWriteError):
                await stream.until_done()
        else:
            async for event in stream:
                if event.type == "response.completed":
                    break
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del stream
            gc.collect()

    assert [] == caught
