"""Each example is started on a real socket, called over HTTP, and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import aiohttp
import pytest
import uvicorn
from aiohttp import web

from examples import aiohttp_chat, fastapi_chat


@contextlib.asynccontextmanager
async def _aiohttp_served():
    app = aiohttp_chat.make_app()
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{site.port}", lambda: app[aiohttp_chat.CLIENT]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _fastapi_served():
    with socket.create_server(("127.0.0.1", 0)) as listening:  # a first call waits in its queue until uvicorn is up
        server = uvicorn.Server(uvicorn.Config(fastapi_chat.app, log_config=None, lifespan="on"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", lambda: fastapi_chat.app.state.client
        finally:
            server.should_exit = True
            await task


@pytest.fixture(params=[_aiohttp_served, _fastapi_served], ids=["aiohttp", "fastapi"])
async def browser(request, conversations_environment):
    """An HTTP session whose base is the running example."""
    async with request.param() as (url, _), aiohttp.ClientSession(url) as session:
        yield session


async def _start(browser) -> str:
    async with browser.post("/chats") as answer:
        assert 201 == answer.status
        return (await answer.json())["chat"]


async def test_a_chat(browser):
    """A chat is started, filled and read back."""
    chat = await _start(browser)
    async with browser.post(f"/chats/{chat}/messages", json={"text": "Hi"}) as answer:
        assert {"answer": "You said: Hi"} == await answer.json()
    async with browser.get(f"/chats/{chat}") as answer:
        assert b'{"role": "user", "text": "Hi"}\n{"role": "assistant", "text": "You said: Hi"}\n' == await answer.read()


@pytest.mark.conversations(keys=["sk-test", "sk-mine"])
async def test_a_key_of_the_users_own(browser):
    """A user's own key is used for their calls: nobody else's key finds their chat."""
    async with browser.post("/chats", headers={"x-user-key": "sk-mine"}) as answer:
        chat = (await answer.json())["chat"]
    statuses = []
    for headers in ({"x-user-key": "sk-mine"}, {}):
        async with browser.post(f"/chats/{chat}/messages", json={"text": "Hi"}, headers=headers) as answer:
            statuses.append(answer.status)

    assert [200, 404] == statuses


async def test_unknown_chat(browser):
    """An id that the service does not know is a 404 of the example, not a failure."""
    async with browser.get("/chats/conv_nowhere") as answer:
        assert (404, {"error": "no such chat"}) == (answer.status, await answer.json())


async def test_an_empty_chat(browser):
    """A chat that nobody has written to has an empty transcript."""
    chat = await _start(browser)
    async with browser.get(f"/chats/{chat}") as answer:
        assert (200, b"") == (answer.status, await answer.read())


@pytest.mark.usefixtures("conversations_environment")
@pytest.mark.parametrize("served", [_aiohttp_served, _fastapi_served], ids=["aiohttp", "fastapi"])
async def test_shutdown(served):
    """An application that stops closes its client."""
    async with served() as (url, client), aiohttp.ClientSession(url) as session:
        await _start(session)
        shared = client()
        assert not shared.is_closed

    assert shared.is_closed
