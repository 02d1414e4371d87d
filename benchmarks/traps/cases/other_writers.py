"""Somebody else writes to the same conversation, or ids and lists do not say where it ends."""

from __future__ import annotations

import asyncio

from benchmarks.traps.clients import Contender, Item
from benchmarks.traps.stage import Stage, lost, message, stage, stored_message
from benchmarks.traps.trap import Traps
from benchmarks.traps.words import outcome, times
from openai_conversations.server import faults

trap = Traps()

REASONING: Item = {"type": "reasoning", "id": "rs_ours", "summary": [], "encrypted_content": "b3Vycw=="}


async def beside_a_turn(who: Contender, *, committed: bool) -> str:
    """Append an answer whose response or request is lost, after another client's turn with the same."""
    async with stage(who) as at:
        await at.append(message("Shall I book it?", "assistant"))
        at.server.add_items(at.id, [stored_message("yes", "user"), stored_message("Booked.", "assistant")])
        at.server.add_fault(lost(committed=committed))
        came = await outcome(at.append(message("yes")))
        return f"{came}; stored {times(at.number_of('yes') - 1)}"


@trap("Another client appended an equal message and its answer; ours is stored, and the response is lost")
async def equal_message(who: Contender) -> str:
    return await beside_a_turn(who, committed=True)


@trap("Another client appended an equal message and its answer; ours is lost before it is stored")
async def equal_message_lost(who: Contender) -> str:
    return await beside_a_turn(who, committed=False)


async def beside_reasoning(who: Contender, *, committed: bool) -> str:
    async with stage(who, profile="openai,repeat_ids=true,unknown_types=true") as at:
        theirs = {**REASONING, "id": "rs_theirs", "encrypted_content": "dGhlaXJz"}
        at.server.add_items(at.id, [theirs])
        at.server.add_fault(lost(committed=committed))
        came = await outcome(at.append(REASONING))
        return f"{came}; stored {times(len(at.items) - 1)}"


@trap("Another client appended reasoning; ours is stored, and the response is lost")
async def reasoning(who: Contender) -> str:
    return await beside_reasoning(who, committed=True)


@trap("Another client appended reasoning; ours is lost before it is stored")
async def reasoning_lost(who: Contender) -> str:
    return await beside_reasoning(who, committed=False)


async def on_purpose(at: Stage, *, committed: bool) -> str:
    """Append what was appended once before; the connection drops."""
    at.server.add_fault(lost(committed=committed))
    came = await outcome(at.append(message("yes")))
    number = at.number_of("yes")
    verdict = {1: " (**one is lost**)", 2: ""}.get(number, " (**one too many**)")
    return f"{came}; {number} stored{verdict if came == 'returns' or number > 2 else ''}"


async def after_lagging_list(who: Contender, *, committed: bool) -> str:
    """Append, read a list that does not show it yet, append the same."""
    async with stage(who) as at:
        await at.append(message("Shall I book it?", "assistant"))
        await asyncio.sleep(2)
        await at.append(message("yes"))
        at.server.add_fault(faults.stale_reads(1.0))
        await at.client.conversations.items.list(at.id)
        return await on_purpose(at, committed=committed)


@trap("A list that lags behind is read, the last message is sent again on purpose, and the request is lost")
async def lagging_list(who: Contender) -> str:
    return await after_lagging_list(who, committed=False)


@trap("A list that lags behind is read, the last message is sent again on purpose, and the response is lost")
async def lagging_list_committed(who: Contender) -> str:
    return await after_lagging_list(who, committed=True)


@trap("A list that shows the oldest first is read, the last message is sent again on purpose, and the request is lost")
async def oldest_first(who: Contender) -> str:
    async with stage(who, profile="openai,default_order=asc") as at:
        await at.append(message("Shall I book it?", "assistant"), message("yes"))
        await at.client.conversations.items.list(at.id)
        return await on_purpose(at, committed=False)


@trap("A response lists the newest first, the last message is sent again on purpose, and the request is lost")
async def newest_first(who: Contender) -> str:
    async with stage(who) as at:
        at.server.add_fault(faults.reordered_response())
        await outcome(at.append(message("Shall I book it?", "assistant"), message("yes")))
        return await on_purpose(at, committed=False)


@trap("The last two items have the same id, and the response is lost")
async def repeated_id(who: Contender) -> str:
    async with stage(who, profile="openai,repeat_ids=true") as at:
        for text in ("yes", "Booked."):
            await at.append({"type": "message", "id": "msg_same", **message(text)})
        at.server.add_fault(lost())
        came = await outcome(at.append(message("Thanks")))
        return f"{came}; stored {times(at.number_of('Thanks'))}"
