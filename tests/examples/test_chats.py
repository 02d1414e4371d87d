"""Each example is started on a real socket, called over HTTP, and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket

import aiohttp
import pytest
import uvicorn
from aiohttp import web

from examples import aiohttp_chat, fastapi_chat
from tests.chromium import browsing, needs_chromium
from tests.fakes import until


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


async def _said(answer) -> list[tuple[str, object]]:
    """The events of a turn: name and data."""
    blocks = (await answer.text()).removesuffix("\n\n").split("\n\n")
    return [(name[7:], json.loads(data[6:])) for name, data in (block.split("\n") for block in blocks)]


async def test_a_chat(browser):
    """A chat is started, a turn taken in it and streamed, and both are read back."""
    chat = await _start(browser)
    async with browser.post(f"/chats/{chat}/turns", json={"text": "Hi"}) as answer:
        assert "text/event-stream" == answer.content_type
        said = await _said(answer)
    async with browser.get(f"/chats/{chat}") as answer:
        assert b'{"role": "user", "text": "Hi"}\n{"role": "assistant", "text": "You said: Hi"}\n' == await answer.read()

    assert "You said: Hi" == "".join(data for name, data in said if name == "text")
    assert "done" == said[-1][0]


async def test_a_turn_that_fails(browser, conversations_server):
    """What fails after the stream has begun is an event; what is there before it is kept."""
    chat = await _start(browser)
    conversations_server.model.say("Hel").fail("server_error")
    async with browser.post(f"/chats/{chat}/turns", json={"text": "Hi"}) as answer:
        said = await _said(answer)

    assert [("text", "Hel"), ("failed", "the service failed")] == said


async def test_a_turn_that_is_refused(browser, conversations_server):
    """How a model refuses is shown like what it says, then and in the transcript."""
    chat = await _start(browser)
    conversations_server.model.refuse("I cannot help with that.")
    async with browser.post(f"/chats/{chat}/turns", json={"text": "Hi"}) as answer:
        said = await _said(answer)
    async with browser.get(f"/chats/{chat}") as answer:
        assert b'{"role": "assistant", "text": "I cannot help with that."}' in await answer.read()

    assert "I cannot help with that." == "".join(data for name, data in said if name == "refusal")
    assert "done" == said[-1][0]


async def test_a_turn_without_an_answer(browser, conversations_server):
    """An answer that is cut off, or is a call that nobody answers, ends in words and not as if it were done."""
    chat = await _start(browser)
    model, ends = conversations_server.model, []
    for script in (lambda: model.say("Hel").incomplete(), lambda: model.call("pay", {})):
        script()
        async with browser.post(f"/chats/{chat}/turns", json={"text": "Hi"}) as answer:
            ends.append((await _said(answer))[-1])

    assert [
        ("failed", "the answer was cut off"),
        ("failed", "the model asked for a function, and this chat has none"),
    ] == ends


async def _stopped(turn, server) -> None:
    """Wait until a turn was cancelled, letting out what makes the example notice that nobody listens."""
    await until(lambda: turn.release(1) or "cancelResponse" in [entry.operation for entry in server.requests])


async def test_a_turn_that_is_stopped(browser, conversations_server):
    """A browser that goes away stops the turn: it is cancelled, and the chat can be gone on with."""
    chat = await _start(browser)
    turn = conversations_server.model.say("A long" + " story" * 5000).hold()
    conversations_server.model.say("Yes?")
    async with browser.post(f"/chats/{chat}/turns", json={"text": "Tell me"}) as answer:
        turn.release(1)
        assert b"event: text" in await answer.content.readline()
        answer.close()
    await _stopped(turn, conversations_server)
    turn.release()
    async with browser.post(f"/chats/{chat}/turns", json={"text": "Hello?"}) as answer:
        said = await _said(answer)

    assert "Yes?" == "".join(data for name, data in said if name == "text")


async def test_what_is_no_message(browser):
    """A body that is not what is expected is a mistake of whoever sent it."""
    chat = await _start(browser)
    for body in (b"{", b"[]", b"{}", b'"text"'):
        async with browser.post(
            f"/chats/{chat}/turns", data=body, headers={"content-type": "application/json"}
        ) as answer:
            assert answer.status in {400, 422}


@pytest.mark.conversations(keys=["sk-test", "sk-mine"])
async def test_a_key_of_the_users_own(browser):
    """A user's own key is used for their calls: nobody else's key finds their chat."""
    async with browser.post("/chats", headers={"x-user-key": "sk-mine"}) as answer:
        chat = (await answer.json())["chat"]
    statuses = []
    for headers in ({"x-user-key": "sk-mine"}, {}):
        async with browser.post(f"/chats/{chat}/turns", json={"text": "Hi"}, headers=headers) as answer:
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


@needs_chromium
@pytest.mark.parametrize("served", [_aiohttp_served, _fastapi_served], ids=["aiohttp", "fastapi"])
async def test_in_a_browser(served, conversations_server, conversations_environment, tmp_path):
    """Type, see tokens arrive, press Stop, go on, reload: the history is there."""
    last = "[...document.querySelectorAll('p')].at(-1)"
    story = conversations_server.model.say("Once" + " upon" * 5000).hold()
    conversations_server.model.say("The end.")

    async def say(tab, text):
        await tab.evaluate(f"document.querySelector('input').value = {text!r}")
        await tab.evaluate("document.querySelector('form').requestSubmit()")

    async with served() as (url, _), browsing(tmp_path) as tab:
        await tab.open(url)
        await tab.until("document.body.dataset.ready === 'yes'")
        await say(tab, "Tell me a story")
        story.release(1)
        await tab.until(f"{last}.textContent === 'Once'")
        await tab.evaluate("document.querySelector('button').click()")
        await tab.until(f"{last}.textContent === 'stopped'")
        await until(
            lambda: story.release(1) or "cancelResponse" in [e.operation for e in conversations_server.requests]
        )
        story.release()
        await say(tab, "And then?")
        await tab.until("document.querySelector('button').textContent === 'Send'")
        shown = await tab.evaluate(f"{last}.textContent")
        await tab.evaluate("document.body.dataset.ready = 'before'; location.reload()")
        await tab.until("document.body.dataset.ready === 'yes'")
        again = await tab.evaluate("[...document.querySelectorAll('p')].map((p) => p.textContent)")

    assert "The end." == shown
    assert ["And then?", "The end."] == again[-2:]
