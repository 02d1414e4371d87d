"""Bytes in and bytes out: reading a body within its bounds, and sending a response in all the ways of the faults."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from aiohttp.http import HttpProcessingError

from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.messages import ServerResponse, StreamEvent, StreamFormat

Sleep = Callable[[float], Awaitable[object]]


async def read_body(raw: web.BaseRequest, limit: int, patience: float) -> bytes:
    """
    The body, decompressed.

    Args:
        raw: Its headers have arrived.
        limit: The most bytes that are taken.
        patience: Seconds in which the whole body must arrive.

    Raises:
        HTTPError: The body is too large, too slow, or not what its headers say.
    """
    if not raw.body_exists:
        return b""
    if (raw.content_length or 0) > limit:
        raise _too_large()
    if raw.headers.get("expect", "").lower() == "100-continue":
        await raw.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw.writer.output_size = 0
    try:
        if raw.content.is_eof():  # all of it came with the head, as small bodies do: no need for a timer
            return _within(raw.content.read_nowait(), limit)
        async with asyncio.timeout(patience):
            return await _gather(raw, limit)
    except TimeoutError:
        raise HTTPError(408, "The body of the request took too long to arrive.", closes=True) from None
    except (web.RequestPayloadError, HttpProcessingError, ValueError):
        message = "The body of the request is not what its headers say."
        raise HTTPError(400, message, code="invalid_body", closes=True) from None


async def _gather(raw: web.BaseRequest, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := await raw.content.readany():
        size += len(_within(chunk, limit - size))
        chunks.append(chunk)
    return b"".join(chunks)


def _within(chunk: bytes, limit: int) -> bytes:
    if len(chunk) > limit:
        raise _too_large()
    return chunk


def _too_large() -> HTTPError:
    message = "The body of the request is larger than this server takes."
    return HTTPError(413, message, code="request_too_large", closes=True)


async def send(
    raw: web.BaseRequest, response: ServerResponse, headers: Mapping[str, str], sleep: Sleep
) -> web.StreamResponse:
    """Send a response in the way that it says; what aiohttp shall finish."""
    if response.drop:
        hang_up(raw.transport, reset=response.reset)
        return web.Response(status=500)
    every = {**headers, **response.headers}
    if response.cut or response.interval:
        return await _send_in_pieces(raw, response, every, sleep)
    whole = web.Response(status=response.status, body=response.body, content_type=response.content_type, headers=every)
    if response.close:
        whole.force_close()
    return whole


async def _send_in_pieces(
    raw: web.BaseRequest, response: ServerResponse, headers: Mapping[str, str], sleep: Sleep
) -> web.StreamResponse:
    body = response.body
    stream = web.StreamResponse(status=response.status, headers=headers)
    stream.content_type = response.content_type
    stream.content_length = len(body)
    await stream.prepare(raw)
    if response.cut:
        await stream.write(body[: len(body) // 2])
        hang_up(raw.transport, reset=False)
        return stream
    for start in range(0, len(body), response.chunk):
        if start:
            await sleep(response.interval)
        await stream.write(body[start : start + response.chunk])
    return stream


async def send_events(raw: web.BaseRequest, response: ServerResponse, headers: Mapping[str, str]) -> web.StreamResponse:
    """
    Send a stream of events as they come; the next ones are asked for when those before are sent.

    Raises:
        ConnectionError: The client has hung up, or a fault wants the server to.
    """
    assert response.events is not None  # noqa: S101  # the caller asked
    stream = web.StreamResponse(status=response.status, headers={**headers, **response.headers})
    stream.headers["content-type"] = f"{response.content_type}; charset=utf-8"
    form = response.format
    async with contextlib.aclosing(response.events) as events:
        await stream.prepare(raw)
        if form.bom:
            await stream.write(_BOM)
        async for batch in events:
            await _write(stream, b"".join(map(_frame, batch)), form)
    if form.done_marker:
        await _write(stream, b"data: [DONE]\n\n", form)
    return stream


_BOM = b"\xef\xbb\xbf"


def _frame(frame: StreamEvent | bytes) -> bytes:
    return frame if isinstance(frame, bytes) else frame.frame()


async def _write(stream: web.StreamResponse, data: bytes, form: StreamFormat) -> None:
    if form.crlf:
        data = data.replace(b"\n", b"\r\n")
    step = form.chunk or len(data) or 1
    for start in range(0, len(data), step):
        await stream.write(data[start : start + step])


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
