"""A server that forwards every request to a real service, and writes down its turns."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from openai_conversations.server.http import io
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.listener import Listener
from openai_conversations.server.http.messages import error_response
from openai_conversations.server.recording.turns import HeardTurn, TurnRecorder
from openai_conversations.server.thread import LoopThread

# RFC 9110, 7.6.1; and what aiohttp writes itself.
_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
    }
)
MAX_BODY = 64 * 1024 * 1024
PATIENCE = 30.0

_TURNS = re.compile(r"/responses$")
_TURN = re.compile(r"/responses/([^/]+)$")


class RecordingServer:
    """
    Stands between a program and a real service: forwards what comes, and makes a script of the turns.

    ::

        async with RecordingServer("https://api.openai.com/v1", path="turns.json") as recording:
            ...  # run the program once, with OPENAI_BASE_URL=recording.base_url and the real key

    The key goes to the service and nowhere else. ``async with`` runs it in the current event loop, ``with``
    in a thread.

    Args:
        upstream: The base URL of the service.
        path: The file that holds the script; it is written anew after each turn. ``None`` writes none.
        host: Where to listen; it answers whoever reaches it, so a loopback address is best.
        port: 0 takes a free one.
    """

    def __init__(
        self, upstream: str, *, path: str | PathLike[str] | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._upstream = urlsplit(upstream.rstrip("/"))
        self._path = None if path is None else Path(path)
        self._host = host
        self._wanted = port
        self._recorder = TurnRecorder()
        self._running: tuple[Listener, aiohttp.ClientSession] | None = None
        self._thread: LoopThread | None = None

    @property
    def recorder(self) -> TurnRecorder:
        """What was heard so far."""
        return self._recorder

    @property
    def base_url(self) -> str:
        """What the program takes as ``OPENAI_BASE_URL``."""
        listener, _ = self._alive
        return f"http://{self._host}:{listener.port}{self._upstream.path}"

    @property
    def _alive(self) -> tuple[Listener, aiohttp.ClientSession]:
        if self._running is None:
            raise RuntimeError("the server is not running; use `async with server:` or `with server:`")
        return self._running

    async def start(self) -> None:
        """
        Listen.

        Raises:
            OSError: The address is taken.
        """
        listener = Listener(
            self._handle, host=self._host, port=self._wanted, patience=PATIENCE, keepalive=75.0, sleep=asyncio.sleep
        )
        session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
        )
        self._running = (listener, session)
        await listener.open()

    async def stop(self) -> None:
        """Stop listening. Does nothing when the server does not run."""
        running, self._running = self._running, None
        if running is not None:
            await running[0].close()
            await running[1].close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        self._thread = LoopThread(self.start, self.stop)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._thread is not None:
            self._thread.stop()

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        _, session = self._alive
        # What is compressed could not be read.
        headers = {**_forwarded(raw.headers), "accept-encoding": "identity"}
        url = f"{self._upstream.scheme}://{self._upstream.netloc}{raw.raw_path}"
        try:
            body = await io.read_body(raw, MAX_BODY, PATIENCE)
            async with session.request(
                raw.method, url, headers=headers, data=body or None, allow_redirects=False
            ) as response:
                return await self._forward(raw, response, self._turn_of(raw))
        except HTTPError as error:
            told = error_response(error)
        except aiohttp.ClientError as error:
            told = error_response(HTTPError(502, f"The service cannot be reached: {type(error).__name__}."))
        return web.Response(status=told.status, body=told.body, content_type=told.content_type)

    def _turn_of(self, raw: web.BaseRequest) -> HeardTurn | None:
        """The turn that a request asks for, or reads."""
        if raw.method == "POST" and _TURNS.search(raw.path):
            return self._recorder.begin(headers={name.lower(): value for name, value in raw.headers.items()})
        found = _TURN.search(raw.path) if raw.method == "GET" else None
        return self._recorder.find(found[1]) if found else None

    async def _forward(
        self, raw: web.BaseRequest, response: aiohttp.ClientResponse, turn: HeardTurn | None
    ) -> web.StreamResponse:
        if response.content_type == "text/event-stream":
            return await self._forward_stream(raw, response, turn)
        body = await response.read()
        self._hear(response, body, turn)
        return web.Response(status=response.status, body=body, headers=_forwarded(response.headers))

    async def _forward_stream(
        self, raw: web.BaseRequest, response: aiohttp.ClientResponse, turn: HeardTurn | None
    ) -> web.StreamResponse:
        sent = web.StreamResponse(status=response.status, headers=_forwarded(response.headers))
        await sent.prepare(raw)
        heard: list[bytes] = []
        try:
            async for chunk in response.content.iter_any():
                heard.append(chunk)
                await sent.write(chunk)
        except (aiohttp.ClientError, ConnectionError):  # one side has hung up: so does the other
            io.hang_up(raw.transport, reset=False)
        finally:
            self._hear(response, b"".join(heard), turn)
        return sent

    def _hear(self, response: aiohttp.ClientResponse, body: bytes, turn: HeardTurn | None) -> None:
        if turn is not None and response.status == 200:
            turn.hear(body, response.content_type)
            self._write()

    def _write(self) -> None:
        if self._path is not None:
            self._path.write_bytes(self._recorder.to_json())


def _forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that go on to the other side."""
    named = {part.strip().lower() for part in headers.get("connection", "").split(",")}
    return {name: value for name, value in headers.items() if name.lower() not in _HOP | named}
