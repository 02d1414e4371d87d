"""Lists that mislead, and data on its way to the caller and back."""

from __future__ import annotations

from typing import Any

from benchmarks.traps.clients import Contender, Item
from benchmarks.traps.stage import LIST, RETRIEVE, message, stage
from benchmarks.traps.trap import Scenario, Trap, Traps
from benchmarks.traps.words import attempted, outcome
from openai_conversations.converters import json
from openai_conversations.server import faults
from openai_conversations.server.faults.effects.common import changed
from openai_conversations.server.faults.fault import Fault
from openai_conversations.server.http.messages import ServerResponse
from openai_conversations.server.processing import PendingRequest

trap = Traps()

MANY = 1_000
"""Where a listing that does not end is given up."""


async def walked(who: Contender, fault: faults.Fault | None, number: int = 45, *, profile: str = "openai") -> str:
    """How many items of a conversation a loop sees."""
    async with stage(who, profile=profile) as at:
        at.server.add_items(at.id, [str(n) for n in range(number)])
        if fault is not None:
            at.server.add_fault(fault)
        return await seen_of(at.client.conversations.items.list(at.id, limit=10, order="asc"), number)


async def seen_of(listing: Any, number: int) -> str:
    """What a loop over a listing sees, which begins with the oldest."""
    seen: list[str] = []
    end = "ends"
    try:
        async for item in listing:
            seen.append(item.content[0].text)
            if len(seen) == MANY:
                end = f"**does not end**: stopped by hand after {MANY:,} items"
                break
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the result
        end = f"raises `{type(error).__name__}`"
    return f"{end}; {len(set(seen))} of {number} items{'' if len(set(seen)) == len(seen) else ', some repeatedly'}"


@trap("A page of a list is empty but says that there is more")
async def empty_page(who: Contender) -> str:
    return await walked(who, faults.empty_page(skip=1))


@trap("The cursor of a list does not move")
async def stuck_cursor(who: Contender) -> str:
    return await walked(who, faults.stuck_cursor(skip=1))


@trap("Pages carry no `last_id`")
async def no_last_id(who: Contender) -> str:
    return await walked(who, faults.missing_last_id())


@trap("Two different items of a list have the same id")
async def same_id(who: Contender) -> str:
    async with stage(who, profile="openai,repeat_ids=true") as at:
        items: list[Item | str] = [{"type": "message", "id": "msg_x", **message(text)} for text in ("0", "1")]
        at.server.add_items(at.id, items)
        return await seen_of(at.client.conversations.items.list(at.id, order="asc"), len(items))


async def retrieved(who: Contender, fault: faults.Fault) -> str:
    """What a retrieve gives, and whether the words of the service are in the error."""
    async with stage(who) as at:
        at.server.add_fault(fault)
        came, error = await attempted(at.client.conversations.retrieve(at.id))
        words = " with the service's words" if error is not None and "had an error" in str(error) else ""
        return f"{came}{words}"


def retrieving(fault: faults.Fault) -> Scenario:
    return lambda who: retrieved(who, fault)


trap += [
    Trap(f"The response is 200 with {what}", retrieving(fault))
    for what, fault in (
        ("broken JSON", faults.malformed_json()),
        ("a page of HTML", faults.html()),
        ("a list", faults.wrong_shape("array")),
        ("an empty body", faults.empty_body()),
        ("a stream of events", faults.event_stream()),
        ("gzip that is not labelled", faults.unlabelled_gzip()),
        ('`{"error": …}`', faults.error_in_200()),
    )
]


async def created_at_text(pending: PendingRequest) -> ServerResponse:
    return changed(await pending.process(), lambda it: it | {"created_at": "2026-11-27T10:00:00Z"})


@trap("A conversation's `created_at` is text")
async def created_at(who: Contender) -> str:
    async with stage(who) as at:
        at.server.add_fault(Fault(name="created_at", effect=created_at_text, operation=RETRIEVE))
        found = (await at.client.conversations.retrieve(at.id)).created_at
        return f"returns `created_at={found!r}`"


@trap("An item is of a type that the client does not know")
async def unknown_type(who: Contender) -> str:
    async with stage(who) as at:
        await at.append(message("Hi"))
        at.server.add_fault(faults.unknown_item(operation=LIST))
        page = await at.client.conversations.items.list(at.id)
        item = page.data[0]
        missing = [f"`{name}` None" for name in ("role", "content") if getattr(item, name, "") is None]
        return f"is a `{type(item).__name__}`{' with ' if missing else ''}{' and '.join(missing)}"


SEEN: dict[str, dict[str, Any]] = {
    "function_call": {
        "type": "function_call",
        "call_id": "call_1",
        "name": "f",
        "arguments": "{}",
        "async": True,
        "created_by": "somebody",
    },
    "file_search_call": {
        "type": "file_search_call",
        "id": "fs_1",
        "status": "completed",
        "queries": ["q"],
        "results": [{"file_id": "f", "attributes": {"number": 1, "large": 12345678901234567890}}],
    },
}


async def sent_back(who: Contender, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An item as it was stored, and as the client sends it after it received it."""
    async with stage(who) as at:
        target = await at.client.conversations.create()
        stored = dict(at.server.add_items(at.id, [SEEN[kind]])[0])
        page = await at.client.conversations.items.list(at.id, include=["file_search_call.results"])
        await outcome(at.client.conversations.items.create(target.id, items=[page.data[0]]))
        return stored, json.loads_exact(at.server.requests[-1].body)["items"][0]


@trap("A received function call is sent to another conversation")
async def sent_back_call(who: Contender) -> str:
    stored, sent = await sent_back(who, "function_call")
    said = [f"sends `{name}`" for name in sorted(sent.keys() & {"async", "async_", "created_by", "id"})]
    lost = [f"loses `{name}`" for name in sorted(stored.keys() - sent.keys() - {"created_by", "id", "status"})]
    return ", ".join(said + lost)


@trap("Numbers in a received search result are sent back")
async def sent_back_numbers(who: Contender) -> str:
    _, sent = await sent_back(who, "file_search_call")
    attributes = sent["results"][0]["attributes"]
    return ", ".join(f"`{name}: {value!r}`" for name, value in attributes.items())
