"""What no client can know from outside, with each way of guarding against it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from benchmarks.traps.clients import Contender
from benchmarks.traps.stage import APPEND, lost, message, stage, stored_message
from benchmarks.traps.trap import Trap, Traps
from benchmarks.traps.words import outcome, times
from openai_conversations.server import faults

trap = Traps()

STRICT: Mapping[str, Any] = {"guard": "strict"}


async def equal_alone(who: Contender, *, says_so: bool = False, **options: Any) -> str:
    """Another client appended the same; then ours is lost before it is stored."""
    async with stage(who) as at:
        await at.append(message("Shall I book it?", "assistant"))
        at.server.add_items(at.id, [stored_message("yes", "user")])
        if says_so and who.is_ours:
            at.client.conversations.items.written_elsewhere(at.id)
        at.server.add_fault(lost(committed=False))
        came = await outcome(at.append(message("yes"), **(options if who.is_ours else {})))
        number = at.number_of("yes") - 1
        return f"{came}; stored {'**not at all**' if came == 'returns' and not number else times(number)}"


async def stored_late(who: Contender, **options: Any) -> str:
    """The connection drops, and three seconds later the service carries the append out."""
    async with stage(who) as at:
        at.server.add_fault(faults.late_commit(3.0, operation=APPEND))
        came = await outcome(at.append(message("Hi"), **(options if who.is_ours else {})))
        await asyncio.sleep(4)
        return f"{came}; stored {times(len(at.items))}"


async def cancelled(who: Contender, *, wait: float, **options: Any) -> str:
    """A call is cancelled, its request is carried out three seconds later, and the caller tries again."""
    async with stage(who) as at:
        await at.append(message("Hello"))
        last = at.items[-1]["id"]
        options = options if who.is_ours else {}
        at.server.add_fault(faults.slow(3.0, before_commit=True, operation=APPEND))
        task = asyncio.ensure_future(at.append(message("Hi"), **options))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(wait)
        came = await outcome(at.append(message("Hi"), **options, **who.lookup_first(last)))
        await asyncio.sleep(4)
        return f"{came}; stored {times(at.number_of('Hi'))}"


async def not_shown(who: Contender, **options: Any) -> str:
    """The connection drops after the message is stored, and lists show it an hour later."""
    async with stage(who) as at:
        for fault in (lost(), faults.stale_reads(3_600)):
            at.server.add_fault(fault)
        came = await outcome(at.append(message("Hi"), **(options if who.is_ours else {})))
        return f"{came}; stored {times(len(at.items))}"


async def refused_after(who: Contender, fault: faults.Fault, **options: Any) -> str:
    """The service stores a message, and says that it did not; what it says is believed."""
    async with stage(who) as at:
        at.server.add_fault(fault)
        came = await outcome(at.append(message("Hi"), **(options if who.is_ours else {})))
        return f"{came}; stored {times(len(at.items))}"


TOO_MANY = faults.commit_then_status(429, operation=APPEND)
FORBIDDEN = faults.commit_then_status(403, body="html", operation=APPEND)


ALONE = "Another client appended an equal message that nothing follows, ours is lost before it is stored"
LATE = "The connection drops, and the service stores the message three seconds later"
LAGGING = "A message is stored, the connection drops, and lists lag behind so long that no lookup sees it"
CANCELLED = "A call is cancelled, the service stores it three seconds later, the caller tries again"

trap += [
    Trap(ALONE, equal_alone),
    Trap(f'{ALONE}; ours with `guard="strict"`', lambda who: equal_alone(who, **STRICT)),
    Trap(f"{ALONE}; ours after `items.written_elsewhere()`", lambda who: equal_alone(who, says_so=True)),
    Trap(LATE, stored_late),
    Trap(f'{LATE}; ours with `guard="strict"`', lambda who: stored_late(who, **STRICT)),
    Trap(LAGGING, not_shown),
    Trap(f'{LAGGING}; ours with `guard="strict"`', lambda who: not_shown(who, **STRICT)),
    Trap(f"{CANCELLED}, ours with `lookup_first`", lambda who: cancelled(who, wait=0.0)),
    Trap(
        f'{CANCELLED} after ten seconds, ours with `lookup_first` and `guard="strict"`',
        lambda who: cancelled(who, wait=10.0, **STRICT),
    ),
    Trap("A message is stored, then a 429 comes", lambda who: refused_after(who, TOO_MANY)),
    Trap(
        'A message is stored, then a 429 comes; ours with `guard="strict"`',
        lambda who: refused_after(who, TOO_MANY, **STRICT),
    ),
    Trap("A message is stored, then a gateway's 403 comes", lambda who: refused_after(who, FORBIDDEN)),
]
