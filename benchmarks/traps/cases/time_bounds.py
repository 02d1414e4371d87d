"""Deadlines, rates and event loops."""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.traps.clients import KEY, Contender
from benchmarks.traps.stage import APPEND, in_real_time, lost, message, server, stage
from benchmarks.traps.trap import Traps
from benchmarks.traps.words import counted, outcome
from openai_conversations import Limits, RateLimiter
from openai_conversations.server import ConversationsServer, faults
from tests.fakes import until

trap = Traps()


async def timed(who: Contender, seconds: float, fault: faults.Fault) -> str:
    """How a retrieve ends that may take so many seconds."""
    async with stage(who, **who.bound(seconds)) as at:
        at.server.add_fault(fault)
        before = len(at.server.requests)
        came = await clocked(at.client.conversations.retrieve(at.id))
        return f"{came} and {counted(len(at.server.requests) - before)}"


async def clocked(call: Any) -> str:
    """What comes of a call, and when."""
    clock = asyncio.get_running_loop().time
    started = clock()
    came = await outcome(call)
    return f"{came} after {clock() - started:.1f} s"


@trap("`timeout=1`, and the server says nothing")
async def silent(who: Contender) -> str:
    return await timed(who, 1.0, faults.slow(20, count=None))


@trap("`timeout=1`, and the response trickles in for four seconds")
async def trickling(who: Contender) -> str:
    return await timed(who, 1.0, faults.trickle(0.04, operation="getConversation"))


@trap("`timeout=1`, and the server asks to wait for 3 seconds")
async def asked_to_wait(who: Contender) -> str:
    return await timed(who, 1.0, faults.status(503, retry_after=3, count=None))


@trap("`timeout=1`, and the server has said that no request is left for an hour")
async def an_hour(who: Contender) -> str:
    clock = asyncio.get_running_loop().time
    settings: dict[str, Any] = {"middlewares": [RateLimiter(clock=clock)]} if who.is_ours else {}
    spent = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1h"}
    async with stage(who, **who.bound(1.0), **settings) as at:
        at.server.add_fault(faults.status(429, headers=spent, should_retry=False, count=None))
        await outcome(at.client.conversations.retrieve(at.id))
        before = len(at.server.requests)
        came = await clocked(at.client.conversations.retrieve(at.id))
        return f"{came} and {counted(len(at.server.requests) - before)}"


@trap("One request a second may be sent, by the client's own limit where it has one; a response is lost")
async def limited(who: Contender) -> str:
    clock = asyncio.get_running_loop().time
    settings: dict[str, Any] = {"middlewares": [RateLimiter(Limits(post=1.0), clock=clock)]} if who.is_ours else {}
    async with stage(who, **who.bound(3.0), **settings) as at:
        at.server.add_fault(lost(skip=1))
        calls = [outcome(at.append(message(str(number)))) for number in range(2)]
        came = await asyncio.gather(*calls)
        return (
            f"{' and '.join(came)}; 2 sent, {len(at.items)} stored{' (**one too many**)' if len(at.items) > 2 else ''}"
        )


@trap("One client is used in two `asyncio.run()`")
async def two_runs(who: Contender) -> str:
    with ConversationsServer() as server:
        client = who.make(api_key=KEY, base_url=server.base_url)

        def twice() -> str:
            asyncio.run(outcome(client.conversations.retrieve("conv_1")))
            return asyncio.run(outcome(client.conversations.retrieve("conv_1")))

        came = await asyncio.to_thread(twice)
        await asyncio.gather(client.close(), return_exceptions=True)
        return came


@trap("A second event loop writes to a conversation while the first one does")
async def two_loops(who: Contender) -> str:
    return await in_real_time(second_loop(who))


async def second_loop(who: Contender) -> str:
    async with server() as running:
        client = who.made(running)
        items = client.conversations.items
        conversation_id = (await client.conversations.create()).id
        running.add_fault(faults.slow(0.3, operation=APPEND))
        first = asyncio.ensure_future(outcome(items.create(conversation_id, items=[message("Hi")])))
        await until(lambda: bool(running.items(conversation_id)))
        second = await in_real_time(outcome(items.create(conversation_id, items=[message("Hey")])))
        await first
        await asyncio.gather(client.close(), return_exceptions=True)
        stored = ", ".join(item["content"][0]["text"] for item in running.items(conversation_id))
        return f"{second}, the first {first.result()}; stored: {stored}"
