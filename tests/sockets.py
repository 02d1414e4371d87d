"""Servers of a few lines on a real socket, for responses that no well-behaved server gives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import attrs

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@attrs.frozen
class Asked:
    """A request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes


@attrs.define
class Listening:
    """A running server."""

    port: int
    connections: int = 0
    open: int = 0
    asked: list[Asked] = attrs.field(factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


async def read_request(reader: asyncio.StreamReader) -> Asked | None:
    """One request, or ``None`` when the other side has hung up."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    line, *fields = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return Asked(line, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def http(status: int = 200, body: bytes = b"{}", *headers: str) -> bytes:
    """The bytes of a response."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@asynccontextmanager
async def serving(peer: Peer) -> AsyncIterator[Listening]:
    """Run *peer* for each connection; close whatever is left open at the end."""
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        listening.connections += 1
        listening.open += 1
        try:
            # asyncio would report the cancellation at the end as an error.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await peer(reader, writer)
        finally:
            listening.open -= 1
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    listening = Listening(server.sockets[0].getsockname()[1])
    try:
        yield listening
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[Listening]:
    """Answer each request with the next of *answers*, the last for ever, on connections that are kept alive."""
    left = list(answers)

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (asked := await read_request(reader)) is not None:
            listening.asked.append(asked)
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()

    async with serving(peer) as listening:
        yield listening


@asynccontextmanager
async def silent() -> AsyncIterator[Listening]:
    """Accept connections, read what comes, and never answer."""

    async def peer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while (asked := await read_request(reader)) is not None:
            listening.asked.append(asked)

    async with serving(peer) as listening:
        yield listening


@asynccontextmanager
async def hanging_up(*, after: bytes = b"") -> AsyncIterator[Listening]:
    """Read a request, send *after* of a response, and close the connection."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await read_request(reader)
        if asked is not None:
            listening.asked.append(asked)
            writer.write(after)
            await writer.drain()

    async with serving(peer) as listening:
        yield listening
