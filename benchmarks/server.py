"""
What the embedded server costs: ``python benchmarks/server.py [--json] [--seconds 5] [--items 1000000]``.

The server runs in a process of its own, pinned to one core; the load comes from this process on another core, over
plain asyncio streams, which are cheaper than any client. Nothing here is a test: it prints figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from openai_conversations.server import ConversationsServer
from openai_conversations.server.storage.store import ItemRow, Store, on_store
from openai_conversations.server.storage.tables import SCHEMA
from openai_conversations.storage.database import Database

PULSE = 0.002
"""Seconds between two looks at the event loop of the server."""

MESSAGE = b'{"items":[{"role":"user","content":"What is the capital of France?"}]}'


def pin(core: int) -> None:
    """Stay on one core, where the system can be told so."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})


# The server's process


def serve(pipe: Connection, database: str | None) -> None:
    pin(0)
    asyncio.run(_serve(pipe, database))


async def _serve(pipe: Connection, database: str | None) -> None:
    loop = asyncio.get_running_loop()
    async with ConversationsServer(database=database, journal_limit=1000) as server:
        lags: list[tuple[float, float]] = []
        watch = asyncio.create_task(_watch(lags))
        pipe.send(server.port)
        begun = 0.0
        while (order := await loop.run_in_executor(None, pipe.recv)) != "stop":
            if order == "begin":
                lags.clear()
                begun = time.process_time()
            else:
                waited, worked = ([pair[n] for pair in lags] for n in (0, 1))
                pipe.send((time.process_time() - begun, sorted(waited), sorted(worked)))
        watch.cancel()


async def _watch(lags: list[tuple[float, float]]) -> None:
    """
    What keeps the loop from coming back, again and again.

    The first figure is how much later than asked it came back. On a machine with other work that includes the time in
    which the process was not run at all, so the second is the CPU time that the loop's thread spent meanwhile.
    """
    while True:
        started, worked = time.perf_counter(), time.thread_time()
        await asyncio.sleep(PULSE)
        lags.append((time.perf_counter() - started - PULSE, time.thread_time() - worked))


class Remote:
    """The server in its process."""

    def __init__(self, database: str | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, database))
        self._process.start()
        self.port: int = self._pipe.recv()

    def begin(self) -> None:
        self._pipe.send("begin")

    def end(self) -> tuple[float, list[float], list[float]]:
        """CPU seconds of the server since :meth:`begin`, and what :func:`_watch` saw, sorted."""
        self._pipe.send("end")
        seconds, waited, worked = self._pipe.recv()
        return seconds, waited, worked

    def stop(self) -> None:
        self._pipe.send("stop")
        self._process.join()


# The load


class Connected:
    """One connection that is kept alive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: bytes) -> bytes:
        """The body of the response, which must be 200."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(head.decode())
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        return await self._reader.readexactly(length)

    async def stream(self, request: bytes) -> int:
        """The events of a response that is streamed in chunks, which must be 200."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(head.decode())
        body = bytearray()
        while not body.endswith(b"\r\n0\r\n\r\n"):
            body += await self._reader.read(2**18)
        return body.count(b"event: response.")

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(port: int, count: int) -> AsyncIterator[list[Connected]]:
    connections = [Connected(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


def http(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} /v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{head}{kind}\r\n".encode() + body


async def create(connection: Connected) -> str:
    return str(json.loads(await connection.ask(http("POST", "/conversations", b"{}")))["id"])


async def hammer(remote: Remote, options: argparse.Namespace, request: Callable[[str], bytes]) -> dict[str, float]:
    """Ask as fast as it goes over all connections."""
    async with connected(remote.port, options.connections) as connections:
        conversation = await create(connections[0])
        remote.begin()
        started = time.perf_counter()
        latencies: list[float] = []

        async def work(connection: Connected) -> None:
            while (asked := time.perf_counter()) < started + options.seconds:
                await connection.ask(request(conversation))
                latencies.append(time.perf_counter() - asked)

        await asyncio.gather(*(work(connection) for connection in connections))
        elapsed = time.perf_counter() - started
    cpu, waited, worked = remote.end()
    return {
        "requests_per_second": len(latencies) / elapsed,
        "requests_per_cpu_second": len(latencies) / cpu,
        "latency_p50_ms": percentile(sorted(latencies), 50) * 1000,
        "loop_blocked_p99_ms": percentile(waited, 99) * 1000,
        "loop_busy_p99_ms": percentile(worked, 99) * 1000,
        "loop_busy_max_ms": worked[-1] * 1000,
    }


def percentile(values: list[float], percent: float) -> float:
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


# The cases


async def start_to_first_answer(options: argparse.Namespace) -> dict[str, float]:  # a case like the others
    times: list[float] = []
    for _ in range(20):
        started = time.perf_counter()
        async with ConversationsServer() as server, connected(server.port, 1) as (connection,):
            await create(connection)
            times.append(time.perf_counter() - started)
    return {"median_ms": statistics.median(times) * 1000, "max_ms": max(times) * 1000}


def _retrieve(conversation: str) -> bytes:
    return http("GET", f"/conversations/{conversation}")


def _append(conversation: str) -> bytes:
    return http("POST", f"/conversations/{conversation}/items", MESSAGE)


async def retrieve_in_memory(options: argparse.Namespace) -> dict[str, float]:
    return await _with(Remote(), lambda remote: hammer(remote, options, _retrieve))


async def append_in_memory(options: argparse.Namespace) -> dict[str, float]:
    return await _with(Remote(), lambda remote: hammer(remote, options, _append))


async def append_to_file(options: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        remote = Remote(str(Path(directory) / "conversations.sqlite"))
        return await _with(remote, lambda remote: hammer(remote, options, _append))


async def stream_events(options: argparse.Namespace) -> dict[str, float]:
    """Turns of two thousand deltas, over all connections at once."""
    body = json.dumps({"model": "m", "input": "word " * 2000, "stream": True, "store": False}).encode()
    return await _with(Remote(), lambda remote: _streams(remote, options, http("POST", "/responses", body)))


async def _streams(remote: Remote, options: argparse.Namespace, request: bytes) -> dict[str, float]:
    async with connected(remote.port, options.connections) as connections:
        remote.begin()
        started = time.perf_counter()
        counts: list[int] = []

        async def work(connection: Connected) -> None:
            while time.perf_counter() < started + options.seconds:
                counts.append(await connection.stream(request))

        await asyncio.gather(*(work(connection) for connection in connections))
        elapsed = time.perf_counter() - started
    cpu, waited, _ = remote.end()
    return {
        "events_per_second": sum(counts) / elapsed,
        "events_per_cpu_second": sum(counts) / cpu,
        "loop_blocked_p99_ms": percentile(waited, 99) * 1000,
    }


async def page_from_the_middle(options: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        database = str(Path(directory) / "conversations.sqlite")
        conversation, middle = await _fill(database, options.items)
        request = http("GET", f"/conversations/{conversation}/items?after={middle}&limit=100&order=asc")
        return await _with(Remote(database), lambda remote: _pages(remote, request))


async def _fill(path: str, count: int) -> tuple[str, str]:
    """A conversation of ``count`` items; its id and the id of the item in the middle."""
    content = b'[{"type":"input_text","text":"What is the capital of France?"}]'
    body = b'{"type":"message","id":"msg_%%048x","status":"completed","role":"user","content":%b}' % content

    def fill(store: Store) -> str:
        conversation = store.add_conversation(id=f"conv_{0:048x}", owner="", created_at=0, metadata=b"{}")
        for start in range(0, count, 10_000):
            numbers = range(start, min(count, start + 10_000))
            store.append(conversation, [ItemRow(id=f"msg_{n:048x}", body=body % n) for n in numbers])
        return conversation.id

    database = Database(path, SCHEMA)
    await database.open()
    try:
        return await database.write(on_store(fill)), f"msg_{count // 2:048x}"
    finally:
        await database.close()


async def _pages(remote: Remote, request: bytes, rounds: int = 300) -> dict[str, float]:
    async with connected(remote.port, 1) as (connection,):
        times: list[float] = []
        for _ in range(rounds):
            started = time.perf_counter()
            await connection.ask(request)
            times.append(time.perf_counter() - started)
    times.sort()
    return {
        "max_ms": times[-1] * 1000,
        "median_ms": percentile(times, 50) * 1000,
        "p99_ms": percentile(times, 99) * 1000,
    }


async def _with(remote: Remote, work: Callable[[Remote], Awaitable[dict[str, float]]]) -> dict[str, float]:
    try:
        return await work(remote)
    finally:
        remote.stop()


CASES: dict[str, Callable[[argparse.Namespace], Awaitable[dict[str, float]]]] = {
    case.__name__: case
    for case in (
        start_to_first_answer,
        retrieve_in_memory,
        append_in_memory,
        append_to_file,
        stream_events,
        page_from_the_middle,
    )
}


async def run(options: argparse.Namespace) -> dict[str, Any]:
    pin(1)
    results: dict[str, Any] = {}
    for name in options.case or CASES:
        results[name] = await CASES[name](options)
        if not options.json:
            print(f"{name}: " + ", ".join(f"{figure} {value:,.1f}" for figure, value in results[name].items()))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", action="append", choices=CASES, help="only this case; may be given again")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument("--connections", type=int, default=32, help="that ask at the same time")
    parser.add_argument("--items", type=int, default=1_000_000, help="of the long conversation")
    parser.add_argument("--directory", default=None, help="where database files are made; a disk, not a RAM disk")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    results = asyncio.run(run(options))
    if options.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
