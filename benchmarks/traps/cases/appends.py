"""Appends of more items than a request holds, and what stands around a write."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.traps.clients import Contender, Item
from benchmarks.traps.stage import APPEND, Stage, in_real_time, lost, message, server, stage
from benchmarks.traps.trap import Traps
from benchmarks.traps.words import attempted, outcome, returned
from openai_conversations import Registry
from openai_conversations.server import faults
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse

trap = Traps()

ITEMS: list[Item] = [message(str(n)) for n in range(50)]


def nothing(_: Any) -> None:
    """A progress callback."""


def told(at: Stage, came: str) -> str:
    """What is stored of 50 items."""
    number = Counter(item["content"][0]["text"] for item in at.items)
    twice = sum(count > 1 for count in number.values())
    return f"{came}; {len(number)} of {len(ITEMS)} stored{f', **{twice} of them repeatedly**' if twice else ''}"


@trap("50 items are appended; of the second chunk the service stores ten, and its 200 lists ten")
async def fewer(who: Contender) -> str:
    async with stage(who) as at:
        at.server.add_fault(faults.partial_commit(10, skip=1, operation=APPEND))
        return told(at, await outcome(who.append(at.client, at.id, ITEMS, nothing)))


@trap("50 items are appended; another task writes after the first chunk")
async def intruder(who: Contender) -> str:
    async with stage(who) as at:
        at.server.add_fault(faults.slow(1.0, before_commit=True, skip=1, operation=APPEND))
        tasks: list[asyncio.Task[Any]] = []

        def start(_: Any) -> None:
            if not tasks and at.items:
                tasks.append(asyncio.ensure_future(at.append(message("Hi"))))

        await who.append(at.client, at.id, ITEMS, start)
        await asyncio.gather(*tasks)
        place = [item["content"][0]["text"] for item in at.items].index("Hi")
        return f"its message stands {'behind them' if place == len(ITEMS) else f'**between them**, after {place}'}"


@trap("50 items are appended; the process dies in the first chunk, and the next one goes on")
async def killed(who: Contender) -> str:
    async with stage(who) as at:
        at.server.add_fault(faults.slow(1.0, operation=APPEND))
        kept: list[Any] = []
        task = asyncio.ensure_future(who.append(at.client, at.id, ITEMS, kept.append))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with who.client(at.server) as client:
            resume = {"resume": kept[-1].resume} if who.is_ours else {}
            return told(at, await outcome(who.append(client, at.id, ITEMS, nothing, **resume)))


@trap("50 items are appended; a middleware or hook raises after the first chunk was stored; the caller goes on")
async def hook_raises(who: Contender) -> str:
    async with stage(who) as at, who.client(at.server, **who.raising_after(broken)) as client:
        came, error = await attempted(who.append(client, at.id, ITEMS, nothing))
        resume = {"resume": getattr(error, "resume", None)} if who.is_ours else {}
        return told(at, f"{came}, then {await outcome(who.append(at.client, at.id, ITEMS, nothing, **resume))}")


def broken() -> None:
    """What is called after every response."""
    raise ValueError("a bug in what counts requests")


@trap("50 items are appended; the callback for the progress raises")
async def progress_raises(who: Contender) -> str:
    async with stage(who) as at:
        return told(at, await outcome(who.append(at.client, at.id, ITEMS, lambda _: broken())))


@trap("A conversation is made, and what writes down its id fails")
async def registry_fails(who: Contender) -> str:
    return await in_real_time(closed_registry(who))


async def closed_registry(who: Contender) -> str:
    """The registry is closed, as at the end of a program, between the response and the record."""
    with tempfile.TemporaryDirectory() as folder:
        async with server() as running, Registry(Path(folder) / "registry") as registry:

            async def close(request: HTTPRequest, handler: Handler) -> HTTPResponse:
                response = await handler(request)
                await registry.__aexit__()
                return response

            settings = {"middlewares": [registry, close]} if who.is_ours else who.raising_after(broken)
            async with who.client(running, **settings) as client:
                came = await outcome(client.conversations.create())
                return f"{came}; {len(running.conversations())} made"


@trap("A conversation of 50 items is copied, and the first response is lost")
async def copied(who: Contender) -> str:
    async with stage(who) as at:
        at.server.add_items(at.id, [item["content"] for item in ITEMS])
        at.server.add_fault(lost())
        came, copy = await copy_of(at)
        return told(Stage(who=who, server=at.server, client=at.client, id=copy), came)


async def copy_of(at: Stage) -> tuple[str, str]:
    """A copy, by the client's own means; what is told, and the copy's id."""
    if at.who.is_ours:
        report = await at.client.conversations.fork(at.id)
        return returned(report), report.conversation_id
    copy = (await at.client.conversations.create()).id
    found = [item async for item in at.client.conversations.items.list(at.id, order="asc", limit=100)]
    items = [message(item.content[0].text) for item in found]
    return await outcome(at.who.append(at.client, copy, items, nothing)), copy
