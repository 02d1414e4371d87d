"""Headless Chromium, driven over its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")


def command(profile: Path, *flags: str) -> list[str]:
    """How it is started: without a window, and without talking to anybody."""
    return [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={profile}",
        *flags,
    ]


class Tab:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def call(self, method: str, **params: Any) -> Any:
        """A command of the protocol; its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(60):
            while (message := await self._socket.receive_json()).get("id") != number:
                pass
        assert "error" not in message, message
        return message["result"]

    async def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded, with whatever it loads."""
        before = await self.evaluate("performance.timeOrigin")
        await self.call("Page.navigate", url=url)
        await self.until(f"performance.timeOrigin !== {before!r} && document.readyState === 'complete'")

    async def evaluate(self, expression: str) -> Any:
        """What an expression of JavaScript says; a promise is awaited."""
        result = await self.call(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
            allowUnsafeEvalBlockedByCSP=False,
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression holds; a page that is being left has none."""
        async with asyncio.timeout(30):
            while not await self._holds(expression):  # noqa: ASYNC110  # in the browser's process, in real time
                await asyncio.sleep(0.05)

    async def _holds(self, expression: str) -> bool:
        try:
            return bool(await self.evaluate(expression))
        except AssertionError:
            return False


@contextlib.asynccontextmanager
async def browsing(profile: Path, *flags: str) -> AsyncIterator[Tab]:
    """A browser with one empty page."""
    process = await asyncio.create_subprocess_exec(
        *command(profile, *flags, "--remote-debugging-port=0", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with aiohttp.ClientSession() as session:
            async with asyncio.timeout(60):
                port = await _port(process)
            async with _draining(process), session.ws_connect(await _page(session, port), max_msg_size=0) as socket:
                tab = Tab(socket)
                await tab.call("Page.enable")
                yield tab
    finally:
        process.kill()
        await process.communicate()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    async for line in process.stderr:
        if b"DevTools listening on ws://" in line:
            return int(line.split(b"://")[1].split(b"/")[0].split(b":")[1])
    raise AssertionError("Chromium did not start")


@contextlib.asynccontextmanager
async def _draining(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """What it has to say does not stop it from going on."""
    reading = asyncio.ensure_future(_drain(process))
    try:
        yield
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    while await process.stderr.read(65536):
        pass


async def _page(session: aiohttp.ClientSession, port: int) -> str:
    while True:
        async with session.get(f"http://127.0.0.1:{port}/json") as response:
            targets = await response.json()
        for target in targets:
            if target["type"] == "page":
                return str(target["webSocketDebuggerUrl"])
        await asyncio.sleep(0.05)
