"""Bytes in and bytes out: reading a body within its limits, and sending a reply in all the ways a fault may ask for."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from openai_conversations.server.http.errors import Refusal
from openai_conversations.server.http.messages import Reply, error_reply

Sleep = Callable[[float], Awaitable[None]]


async def read_body(request: web.BaseRequest, limit: int, patience: float) -> bytes:
    """
    The body, decompressed.

    Args:
        request: Its headers have arrived.
        limit: The most bytes that are taken.
        patience: Seconds in which the whole body must arrive.

    Raises:
        Refusal: The body is too large, too slow, or not what its headers say.
    """
    if not request.body_exists:
        return b""
    if (request.content_length or 0) > limit:
        raise _too_large()
    if request.headers.get("expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    try:
        if request.content.is_eof():  # all of it came with the head, as small bodies do: no need for a timer
            return _within(request.content.read_nowait(), limit)
        async with asyncio.timeout(patience):
            return await _gather(request, limit)
    except TimeoutError:
        raise Refusal(408, "The body of the request took too long to arrive.", closes=True) from None
    except (web.RequestPayloadError, HttpProcessingError, ValueError):
        message = "The body of the request is not what its headers say."
        raise Refusal(400, message, code="invalid_body", closes=True) from None


async def _gather(request: web.BaseRequest, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := await request.content.readany():
        size += len(_within(chunk, limit - size))
        chunks.append(chunk)
    return b"".join(chunks)


def _within(chunk: bytes, limit: int) -> bytes:
    if len(chunk) > limit:
        raise _too_large()
    return chunk


def _too_large() -> Refusal:
    message = "The body of the request is larger than this server takes."
    return Refusal(413, message, code="request_too_large", closes=True)


async def deliver(
    request: web.BaseRequest, reply: Reply, headers: Mapping[str, str], sleep: Sleep
) -> web.StreamResponse:
    """Send a reply; the response that aiohttp shall finish."""
    if reply.drop:
        hang_up(request.transport, reset=reply.reset)
        return web.Response(status=500)
    every = {**headers, **reply.headers}
    if reply.cut or reply.pace:
        return await _deliver_in_pieces(request, reply, every, sleep)
    response = web.Response(status=reply.status, body=reply.body, content_type=reply.content_type, headers=every)
    if reply.close:
        response.force_close()
    return response


async def _deliver_in_pieces(
    request: web.BaseRequest, reply: Reply, headers: Mapping[str, str], sleep: Sleep
) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_type = reply.content_type
    response.content_length = len(reply.body)
    await response.prepare(request)
    if reply.cut:
        await response.write(reply.body[: len(reply.body) // 2])
        hang_up(request.transport, reset=False)
        return response
    for start in range(0, len(reply.body), reply.chunk):
        if start:
            await sleep(reply.pace)
        await response.write(reply.body[start : start + reply.chunk])
    return response


def hang_up(transport: asyncio.Transport | None, *, reset: bool) -> None:
    """Close a connection; with ``reset`` the other side sees it reset."""
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if reset and sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()


class Protocol(web.RequestHandler):
    """
    aiohttp's side of a connection, with two changes.

    A connection on which no whole request head arrives in time is closed; aiohttp watches only those that have
    brought a request before. And what is not HTTP is answered in the form that all errors have, as is what goes
    wrong in here.
    """

    __slots__ = ("_patience", "_timer")

    def __init__(self, manager: web.Server, *, patience: float, **options: Any) -> None:
        super().__init__(manager, **options)
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._close_if_silent)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _close_if_silent(self) -> None:
        if self._request_count == 0:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, HttpProcessingError):
            refusal = Refusal(status, f"This is not a valid HTTP request: {message}")
        elif request.writer.output_size:  # too late for another answer
            return super().handle_error(request, status, exc, message)
        else:
            self.log_exception("Error handling a request", exc_info=exc)
            refusal = Refusal(status, "The server had an error while processing your request.", type="server_error")
        reply = error_reply(refusal)
        response = web.Response(status=status, body=reply.body, content_type=reply.content_type)
        response.force_close()
        return response


class Server(web.Server):
    """aiohttp's low-level server with our protocol."""

    def __init__(self, handler: Any, *, patience: float, **options: Any) -> None:
        super().__init__(handler)
        self._options = {"patience": patience, **options}

    def __call__(self) -> Protocol:
        return Protocol(self, loop=asyncio.get_running_loop(), **self._options)
