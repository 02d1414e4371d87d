"""
What a streamed token costs: ``python -m benchmarks.events``.

2,000 text deltas as the service sends them, one and ten in a chunk, without a network.

*typed* is the parser of server-sent events and the codec: an object of its class for each event.
*lines* is what a person writes with aiohttp: ``async for line in response.content``, ``orjson.loads`` of what follows
``data: ``; a dict for each event. All bytes are there before the first line is asked for, which is its best case.
*split* is the least that can be done: each chunk cut at its blank lines, ``orjson.loads``; wrong as soon as a chunk is
cut anywhere else.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any, cast

import orjson
from aiohttp import StreamReader

from benchmarks.streams.server import DELTAS, stream
from openai_conversations.converters.codec import codec
from openai_conversations.transport.sse import EventParser

MUST, GOAL = 1.0, 0.6

Chunks = list[bytes]


def chunks(per_chunk: int, deltas: int = DELTAS) -> Chunks:
    """The body of a stream of text deltas, so many in a chunk."""
    _, events, _ = stream(deltas)
    return [b"".join(events[i : i + per_chunk]) for i in range(0, deltas, per_chunk)]


def typed(body: Chunks) -> float:
    """Seconds of CPU, ours."""
    decode = codec().decode_event
    began = time.process_time()
    parser = EventParser()
    for chunk in body:
        for event in parser.feed(chunk):
            decode(event.data, event.event)
    return time.process_time() - began


def lines(body: Chunks) -> float:
    """Seconds of CPU, aiohttp's lines."""
    return asyncio.run(_lines(body))


class _Unread:
    """The protocol of a stream reader that nobody reads from a socket."""

    _reading_paused = False

    def pause_reading(self) -> None:
        """There is nothing to pause."""

    def resume_reading(self, **_: Any) -> None:
        """There is nothing to resume."""


async def _lines(body: Chunks) -> float:
    reader = StreamReader(cast("Any", _Unread()), 2**26, loop=asyncio.get_running_loop())
    for chunk in body:
        reader.feed_data(chunk)
    reader.feed_eof()
    began = time.process_time()
    async for line in reader:
        if line.startswith(b"data: "):
            orjson.loads(line[6:])
    return time.process_time() - began


def split(body: Chunks) -> float:
    """Seconds of CPU, the least that can be done."""
    began = time.process_time()
    for chunk in body:
        for block in chunk.split(b"\n\n"):
            data = block.partition(b"\ndata: ")[2]
            if data:
                orjson.loads(data)
    return time.process_time() - began


CONTENDERS: dict[str, Callable[[Chunks], float]] = {"typed": typed, "lines": lines, "split": split}


def measure(per_chunk: int, rounds: int) -> dict[str, float]:
    """Median microseconds of CPU per event, by contender; they take turns."""
    body = chunks(per_chunk)
    samples: dict[str, list[float]] = {who: [] for who in CONTENDERS}
    for _ in range(rounds):
        for who, run in CONTENDERS.items():
            gc.collect()
            samples[who].append(run(body) / DELTAS * 1e6)
    return {who: statistics.median(times) for who, times in samples.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description="What a streamed token costs.")
    arguments.add_argument("--rounds", type=int, default=25)
    rounds = arguments.parse_args().rounds
    failed = False
    for per_chunk in (1, 10):
        medians = measure(per_chunk, rounds)
        ratio = medians["typed"] / medians["lines"]
        failed = failed or ratio > MUST
        figures = ", ".join(f"{who} {median:.2f} µs" for who, median in medians.items())
        print(f"{per_chunk:2} in a chunk: {figures}; typed / lines {ratio:.2f} (must <= {MUST}, goal <= {GOAL})")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
