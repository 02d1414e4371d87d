"""Writes that are carried out, and whose response is lost, spoiled or late."""

from __future__ import annotations

import asyncio

from benchmarks.traps.clients import Contender
from benchmarks.traps.stage import APPEND, CREATE, LIST, lost, message, server, stage, stored_message
from benchmarks.traps.trap import Scenario, Trap, Traps
from benchmarks.traps.words import outcome, times
from openai_conversations.server import faults

trap = Traps()


async def spoiled(who: Contender, *spoils: faults.Fault, attempt: float | None = None) -> str:
    """Append one message while its response is spoiled."""
    async with stage(who, **({} if attempt is None else who.bound_attempt(attempt))) as at:
        for fault in spoils:
            at.server.add_fault(fault)
        came = await outcome(at.append(message("Hi")))
        await asyncio.sleep(0 if attempt is None else 2 * attempt)
        return f"{came}; stored {times(len(at.items))}"


def spoiling(*spoils: faults.Fault, attempt: float | None = None) -> Scenario:
    return lambda who: spoiled(who, *spoils, attempt=attempt)


LATE = faults.slow(1.0, before_commit=True, operation=APPEND)
CUT = faults.truncated_json(cut=True, operation=APPEND)

trap += [
    Trap(f"A message is stored, then {what}", spoiling(*spoils))
    for what, *spoils in (
        ("the connection drops", lost()),
        ("the connection is reset", lost(reset=True)),
        ("a 500 comes", faults.commit_then_status(500, operation=APPEND)),
        ("a 502 comes", faults.commit_then_status(502, operation=APPEND)),
        ("a 409 comes", faults.commit_then_status(409, operation=APPEND)),
        ("a gateway's 499 comes", faults.commit_then_status(499, body="html", operation=APPEND)),
        ("half of the response comes", CUT),
        ("half of the response comes, and lists lag behind", CUT, faults.stale_reads(3_600)),
        ("the response is not JSON", faults.malformed_json(operation=APPEND)),
        ("the response is a page of HTML", faults.html(operation=APPEND)),
        ("the response is empty", faults.empty_body(operation=APPEND)),
        ("the response is a stream of events", faults.event_stream(operation=APPEND)),
        ('a 200 says `{"error": …}`', faults.error_in_200(commit=True, operation=APPEND)),
    )
]
trap("A message is stored, then the response is slower than an attempt may take")(
    spoiling(faults.slow(1.5, operation=APPEND), attempt=0.5)
)
trap("A request is slower than an attempt may take, and is carried out later")(spoiling(LATE, attempt=0.5))


@trap("The same message is sent twice on purpose, and the response to the second is lost")
async def on_purpose(who: Contender) -> str:
    async with stage(who) as at:
        await at.append(message("yes"))
        at.server.add_fault(lost())
        came = await outcome(at.append(message("yes")))
        return f"{came}; {len(at.items)} stored{'' if len(at.items) == 2 else ' (**one too many**)'}"


async def created(who: Contender, fault: faults.Fault) -> str:
    """Create a conversation with a message while the response is spoiled."""
    async with server() as running, who.client(running) as client:
        running.add_fault(fault)
        came = await outcome(client.conversations.create(items=[message("Hi")]))
        return f"{came}; {len(running.conversations())} made"


@trap("A conversation with a message is created, and the response is lost")
async def lost_create(who: Contender) -> str:
    return await created(who, faults.commit_then_drop(operation=CREATE))


@trap("A conversation with a message is created, and the response is a 200 that nobody can read")
async def unreadable_create(who: Contender) -> str:
    return await created(who, faults.malformed_json(operation=CREATE))


@trap("The conversation is locked by another process for a moment")
async def locked(who: Contender) -> str:
    async with stage(who) as at:
        at.server.add_fault(faults.locked(2))
        return f"{await outcome(at.append(message('Hi')))}; stored {times(len(at.items))}"


@trap("A message is stored, the caller gives up, and tries again 150 messages of the assistant later")
async def many_others(who: Contender) -> str:
    async with stage(who, max_retries=0) as at:
        await at.append(message("Hello"))
        last = at.items[-1]["id"]
        at.server.add_fault(lost())
        at.server.add_fault(faults.status(503, operation=LIST))
        await outcome(at.append(message("Hi")))
        at.server.add_items(at.id, [stored_message(str(n), "assistant") for n in range(150)])
        came = await outcome(at.append(message("Hi"), **who.lookup_first(last)))
        return f"{came}; stored {times(at.number_of('Hi'))}"
