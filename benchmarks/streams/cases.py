"""What turns cost: each function is one measurement, in a process of its own, beside a server on the other core."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.static_server import free_port, pin_to_last, wait_for
from benchmarks.streams.clients import TURN_TAKERS
from benchmarks.streams.server import BESIDE_TOKENS, DELTAS

STREAMS: Final = 1000
"""Streams at once."""
RATE: Final = 20
"""Tokens in a second, of each of them."""
SECONDS: Final = 5
WARM_UP: Final = 20
"""Streams that are opened before memory is looked at."""
IN_TIME: Final = 0.5
"""Seconds after which the last of them must have ended when nobody falls behind."""


@contextmanager
def stream_server() -> Iterator[str]:
    """Run the server on the last core; gives its base URL."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.streams.server", str(port)])
    pin_to_last(process.pid)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def _client(contender: str, url: str) -> Any:
    options = {"max_connections": STREAMS + WARM_UP} if contender == "ours" else {}
    return TURN_TAKERS[contender](url, **options)


async def turn(contender: str) -> float:
    """Microseconds of CPU of a turn that is not streamed; sixteen at once."""
    count = 15 if contender.startswith("official") else 120

    with stream_server() as url:
        client = _client(contender, url)

        async def work(times: int) -> None:
            for _ in range(times):
                await client.turn("whole")

        await asyncio.gather(*(work(3) for _ in range(16)))
        began = _begin()
        await asyncio.gather(*(work(count) for _ in range(16)))
        spent = time.process_time() - began
        await client.close()
    return spent / (16 * count) * 1e6


async def events(contender: str, each: int) -> float:
    """Microseconds of CPU of an event, over streams of 2,000 tokens."""
    streams = 2 if contender.startswith("official") else 15
    with stream_server() as url:
        client = _client(contender, url)
        assert await client.stream(f"each-{each}") == DELTAS + BESIDE_TOKENS
        began = _begin()
        for _ in range(streams):
            assert await client.stream(f"each-{each}") == DELTAS + BESIDE_TOKENS
        spent = time.process_time() - began
        await client.close()
    return spent / (streams * (DELTAS + BESIDE_TOKENS)) * 1e6


async def many(contender: str) -> float:
    """
    The share of one core that 1,000 streams take of 20 tokens a second each, in per cent, once all of them are open.

    Raises:
        SystemExit: They fell behind: the last one ended too late.
    """
    tokens = RATE * SECONDS
    with stream_server() as url:
        client = _client(contender, url)
        opened = await asyncio.gather(*(client.open(f"paced-{RATE}-{tokens}") for _ in range(STREAMS)))
        began, clock = _begin(), time.perf_counter()
        counted = await asyncio.gather(*map(client.rest, opened))
        spent, took = time.process_time() - began, time.perf_counter() - clock
        await client.close()
    assert counted == [tokens + BESIDE_TOKENS - 1] * STREAMS
    if (late := took - (tokens + 2) / RATE) > IN_TIME:
        raise SystemExit(f"{contender} fell behind: {late:.1f} s late")
    return spent / took * 100


async def waiting(contender: str) -> float:
    """Microseconds of CPU in a second of one stream that waits, of 1,000."""
    with stream_server() as url:
        client = _client(contender, url)
        opened = await asyncio.gather(*(client.open("silent") for _ in range(STREAMS)))
        waits = [asyncio.ensure_future(_next(stream)) for stream in opened]
        await asyncio.sleep(0.2)
        began = _begin()
        await asyncio.sleep(3)
        spent = time.process_time() - began
        for wait in waits:
            wait.cancel()
        await client.close()
    return spent / 3 / STREAMS * 1e6


async def _next(stream: Any) -> object:
    return await anext(aiter(stream if hasattr(stream, "__anext__") else stream.content))


async def memory(contender: str) -> float:
    """Bytes of resident memory of a stream that is open, of 1,000."""
    with stream_server() as url:
        client = _client(contender, url)
        opened = [await client.open("silent") for _ in range(WARM_UP)]
        gc.collect()
        before = _resident()
        opened += [await client.open("silent") for _ in range(STREAMS)]
        gc.collect()
        grown = _resident() - before
        assert len(opened) == STREAMS + WARM_UP
        await client.close()
    return grown / STREAMS


def _begin() -> float:
    gc.collect()
    gc.freeze()
    return time.process_time()


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
