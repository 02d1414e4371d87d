"""The socket: listening, hanging up on everybody, being unreachable for a while."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

from openai_conversations.server.http.connection import ConnectionFactory

BACKLOG = 2048
GRACE = 1.0
"""Seconds that a request in progress is given when the server stops."""

LINGER = 2.0
"""Seconds in which the rest of a refused body is read and thrown away, so that the client hears why."""


class Listener:
    """
    Listens on one address and hands requests to ``handler``.

    Args:
        handler: Answers a request.
        host: A name or an address of this machine.
        port: 0 takes a free one.
        patience: Seconds for the head of a request.
        keepalive: Seconds after which an idle connection is closed.
        sleep: Used while unreachable.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        host: str,
        port: int,
        patience: float,
        keepalive: float,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._host = host
        self._web = ConnectionFactory(
            handler,
            patience=patience,
            keepalive_timeout=keepalive,
            lingering_time=min(LINGER, patience),
            access_log=None,
        )
        self._sleep = sleep
        self._bound = bind(host, port)
        self._listening: asyncio.Server | None = None
        self._outage: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return int(self._bound.getsockname()[1])

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._web, sock=self._bound, backlog=BACKLOG)

    async def close(self) -> None:
        if self._outage is not None:
            self._outage.cancel()
        await self._stop_listening()
        transports = [connection.transport for connection in self._web.connections]
        self._web.pre_shutdown()
        await self._web.shutdown(GRACE)
        for transport in transports:
            if transport is not None:
                transport.abort()
        await _rounds()

    def go_down(self, seconds: float) -> None:
        """Hang up on everybody and refuse connections for so many seconds."""
        if self._outage is None or self._outage.done():
            self._outage = asyncio.get_running_loop().create_task(self._go_down(seconds))

    async def _go_down(self, seconds: float) -> None:
        port = self.port
        await self._stop_listening()
        # Bound but not listening: the system refuses connections, and nobody else gets the port.
        self._bound = bind(self._host, port)
        for connection in self._web.connections:
            connection.force_close()
        await self._sleep(seconds)
        await self.open()

    async def _stop_listening(self) -> None:
        if self._listening is not None:
            # Stop accepting first: asyncio loses a connection that it is accepting while its server is closed.
            with contextlib.suppress(NotImplementedError):  # event loops without readers, as on Windows
                asyncio.get_running_loop().remove_reader(self._bound)
            await _rounds()
            self._listening.close()
            self._listening = None
        self._bound.close()


async def _rounds(count: int = 3) -> None:
    """Let the loop finish what takes it a few rounds: accepting a connection, or closing the socket of a transport."""
    for _ in range(count):
        await asyncio.sleep(0)


def bind(host: str, port: int) -> socket.socket:
    """A socket that has the address but does not listen yet."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere the option lets two programs listen on one port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock
