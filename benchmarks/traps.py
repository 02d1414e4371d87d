"""
The table of traps: the official client and ours through the same faults of the embedded server.

``python -m benchmarks.traps`` writes ``docs/explanation/traps.md``; ``--check`` compares it instead, times aside. Every
word in the columns is what was measured in this run: a scenario is one function, and both clients go through it.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import pickle
import re
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import openai

from openai_conversations import ConversationsClient, Runtime, Timeout
from openai_conversations.converters import json
from openai_conversations.server import ConversationsServer, faults
from tests.virtual_time import VirtualTimeLoop

PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "traps.md"

KEY = "sk-trap-0123456789"
APPEND = "createConversationItems"
LIST = "listConversationItems"
MANY = 1_000
"""Where a listing that does not end is given up."""


@attrs.frozen
class Contender:
    """
    A client under test: how to make it, bounded by seconds for a call, or (``attempt``) for each attempt.

    ``by_clock`` makes it go by the event loop's clock, where it does not do so anyway.
    """

    name: str
    make: Callable[..., Any]
    by_clock: Callable[[Callable[[], float]], dict[str, Any]]
    bound: Callable[[float], dict[str, Any]]
    bound_attempt: Callable[[float], dict[str, Any]]

    @asynccontextmanager
    async def client(self, server: ConversationsServer | str, **settings: Any) -> AsyncIterator[Any]:
        base_url = server if isinstance(server, str) else server.base_url
        settings |= self.by_clock(asyncio.get_running_loop().time)
        client = self.make(**{"api_key": KEY, "base_url": base_url, **settings})
        try:
            yield client
        finally:
            await client.close()


OFFICIAL = Contender(
    "official client",
    openai.AsyncOpenAI,
    lambda _: {},
    lambda s: {"timeout": s},
    lambda s: {"timeout": s},
)
OURS = Contender(
    "openai_conversations",
    ConversationsClient,
    lambda clock: {"runtime": Runtime(clock=clock)},
    lambda s: {"timeout": s},
    lambda s: {"timeout": Timeout(total=30, attempt=s)},
)

Scenario = Callable[[Contender], Awaitable[str]]

TRAPS: list[tuple[str, Scenario]] = []
STORMS: list[tuple[str, Scenario]] = []


def trap(what: str, into: list[tuple[str, Scenario]] = TRAPS) -> Callable[[Scenario], Scenario]:
    """Add a scenario to the table."""

    def add(scenario: Scenario) -> Scenario:
        into.append((what, scenario))
        return scenario

    return add


async def outcome(call: Awaitable[Any]) -> str:
    """What came of a call."""
    try:
        value = await call
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the result
        return f"raises `{type(error).__name__}`"
    kind = type(value)
    return "returns" if kind.__module__.startswith("openai") else f"returns a `{kind.__name__}`"


def times(number: int) -> str:
    """A number of times, in words."""
    return {0: "not at all", 1: "once", 2: "**twice**", 3: "**three times**"}.get(number, f"**{number} times**")


def counted(requests: int) -> str:
    """A number of requests."""
    return f"{requests:,} request{'s' * (requests != 1)}"


def message(text: str) -> dict[str, Any]:
    """A user's message."""
    return {"role": "user", "content": text}


# Writes


def lost_answer(fault: faults.Fault, attempt: float | None = None) -> Scenario:
    """Append one message while its answer is lost."""

    async def scenario(who: Contender) -> str:
        bound = {} if attempt is None else who.bound_attempt(attempt)
        async with ConversationsServer() as server, who.client(server, **bound) as client:
            conversation = await client.conversations.create()
            server.add_fault(fault)
            came = await outcome(client.conversations.items.create(conversation.id, items=[message("Hi")]))
            await asyncio.sleep(0 if attempt is None else 2 * attempt)
            return f"{came}; stored {times(len(server.items(conversation.id)))}"

    return scenario


for what, fault, attempt in (
    ("the connection drops", faults.commit_then_drop(operation=APPEND), None),
    ("the connection is reset", faults.commit_then_drop(reset=True, operation=APPEND), None),
    ("a 500 is answered", faults.commit_then_status(500, operation=APPEND), None),
    ("a 502 is answered", faults.commit_then_status(502, operation=APPEND), None),
    ("a 409 is answered", faults.commit_then_status(409, operation=APPEND), None),
    ("half of the answer arrives", faults.truncated_json(cut=True, operation=APPEND), None),
    ("the answer is slower than an attempt may take", faults.slow(1.5, operation=APPEND), 0.5),
    ("the answer is not JSON", faults.malformed_json(operation=APPEND), None),
    ("the answer is a page of HTML", faults.html(operation=APPEND), None),
):
    trap(f"A message is stored, then {what}")(lost_answer(fault, attempt))
trap("A request is slower than an attempt may take, and is carried out later")(
    lost_answer(faults.slow(1.0, before_commit=True, operation=APPEND), 0.5)
)


@trap("The same message is sent twice on purpose, and the answer to the second is lost")
async def on_purpose(who: Contender) -> str:
    async with ConversationsServer() as server, who.client(server) as client:
        conversation = await client.conversations.create()
        await client.conversations.items.create(conversation.id, items=[message("yes")])
        server.add_fault(faults.commit_then_drop(operation=APPEND))
        came = await outcome(client.conversations.items.create(conversation.id, items=[message("yes")]))
        number = len(server.items(conversation.id))
        return f"{came}; {number} stored{'' if number == 2 else ' (**one too many**)'}"


@trap("A conversation with a message is created, and the answer is lost")
async def lost_create(who: Contender) -> str:
    async with ConversationsServer() as server, who.client(server) as client:
        server.add_fault(faults.commit_then_drop(operation="createConversation"))
        came = await outcome(client.conversations.create(items=[message("Hi")]))
        return f"{came}; {len(server.conversations())} made"


@trap("An item is deleted, and the answer is lost")
async def lost_delete(who: Contender) -> str:
    async with ConversationsServer() as server, who.client(server) as client:
        conversation = await client.conversations.create(items=[message("Hi")])
        item_id = server.items(conversation.id)[0]["id"]
        server.add_fault(faults.commit_then_drop(operation="deleteConversationItem"))
        return await outcome(client.conversations.items.delete(item_id, conversation_id=conversation.id))


@trap("The conversation is locked by another process for a moment")
async def locked(who: Contender) -> str:
    async with ConversationsServer() as server, who.client(server) as client:
        conversation = await client.conversations.create()
        server.add_fault(faults.locked(2))
        return await outcome(client.conversations.items.create(conversation.id, items=[message("Hi")]))


# Lists


async def walked(who: Contender, fault: faults.Fault | None, number: int = 45) -> str:
    """How many items of a conversation a loop sees."""
    async with ConversationsServer() as server, who.client(server) as client:
        conversation = await client.conversations.create()
        server.add_items(conversation.id, [str(n) for n in range(number)])
        if fault is not None:
            server.add_fault(fault)
        seen: list[str] = []
        end = "ends"
        try:
            async for item in client.conversations.items.list(conversation.id, limit=10, order="asc"):
                seen.append(item.id)
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


# Data


@trap("An item is of a type that the client does not know")
async def unknown_type(who: Contender) -> str:
    async with ConversationsServer() as server, who.client(server) as client:
        conversation = await client.conversations.create(items=[message("Hi")])
        server.add_fault(faults.unknown_item(operation=LIST))
        page = await client.conversations.items.list(conversation.id)
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
    async with ConversationsServer() as server, who.client(server) as client:
        conversation = await client.conversations.create()
        target = await client.conversations.create()
        stored = dict(server.add_items(conversation.id, [SEEN[kind]])[0])
        page = await client.conversations.items.list(conversation.id, include=["file_search_call.results"])
        await outcome(client.conversations.items.create(target.id, items=[page.data[0]]))
        return stored, json.loads_exact(server.requests[-1].body)["items"][0]


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


# Time


async def timed(who: Contender, seconds: float, fault: faults.Fault) -> str:
    """How a retrieve ends that may take so many seconds."""
    async with ConversationsServer() as server, who.client(server, **who.bound(seconds)) as client:
        conversation = await client.conversations.create()
        server.add_fault(fault)
        before = len(server.requests)
        clock = asyncio.get_running_loop().time
        started = clock()
        came = await outcome(client.conversations.retrieve(conversation.id))
        taken = clock() - started
        return f"{came} after {taken:.1f} s and {counted(len(server.requests) - before)}"


@trap("`timeout=1`, and the server says nothing")
async def silent(who: Contender) -> str:
    return await timed(who, 1.0, faults.slow(20, count=None))


@trap("`timeout=1`, and the answer trickles in for four seconds")
async def trickling(who: Contender) -> str:
    return await timed(who, 1.0, faults.trickle(0.04, operation="getConversation"))


@trap("`timeout=1`, and the server asks to wait for 3 seconds")
async def asked_to_wait(who: Contender) -> str:
    return await timed(who, 1.0, faults.status(503, retry_after=3, count=None))


# Answers that are none


async def retrieved(who: Contender, fault: faults.Fault) -> str:
    """What a retrieve gives."""
    async with ConversationsServer() as server, who.client(server) as client:
        conversation = await client.conversations.create()
        server.add_fault(fault)
        return await outcome(client.conversations.retrieve(conversation.id))


@trap("The answer is 200 with broken JSON")
async def broken_json(who: Contender) -> str:
    return await retrieved(who, faults.malformed_json())


@trap("The answer is 200 with a page of HTML")
async def html(who: Contender) -> str:
    return await retrieved(who, faults.html())


@trap("The answer is 200 with a list")
async def a_list(who: Contender) -> str:
    return await retrieved(who, faults.wrong_shape("array"))


@trap("The answer is a redirect to itself")
async def redirect(who: Contender) -> str:
    async with ConversationsServer() as server, who.client(server) as client:
        conversation = await client.conversations.create()
        location = {"location": f"/v1/conversations/{conversation.id}"}
        server.add_fault(faults.status(307, headers=location, operation="getConversation", count=None))
        came = await outcome(client.conversations.retrieve(conversation.id))
        return f"{came} after {counted(len(server.requests) - 1)}"


# Handling


@trap("The key ends with a line break")
async def bad_key(who: Contender) -> str:
    async with ConversationsServer() as server:
        place, shown = "nowhere", ""
        try:
            place = "when the client is made"
            async with who.client(server, api_key=f"{KEY}\n") as client:
                place = "at the call"
                await client.conversations.retrieve("conv_1")
            place = "nowhere"
        except Exception:  # noqa: BLE001  # whatever it is, it is the result
            shown = traceback.format_exc()
        return f"refused {place}, the key is {'**in the traceback**' if KEY in shown else 'not shown'}"


@trap("An error goes through `pickle`, as between processes")
async def pickled(who: Contender) -> str:
    async with ConversationsServer() as server, who.client(server) as client:
        caught: list[Exception] = []
        try:
            await client.conversations.retrieve("conv_1")
        except Exception as error:  # noqa: BLE001  # the very thing
            caught.append(error)
        try:
            copies = pickle.loads(pickle.dumps(caught))  # noqa: S301
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the result
            return f"raises `{type(error).__name__}`"
        return "arrives" if [str(error) for error in copies] == [str(error) for error in caught] else "arrives changed"


@trap("One client is used in two `asyncio.run()`")
async def two_loops(who: Contender) -> str:
    with ConversationsServer() as server:
        client = who.make(api_key=KEY, base_url=server.base_url)

        def twice() -> str:
            asyncio.run(outcome(client.conversations.retrieve("conv_1")))
            return asyncio.run(outcome(client.conversations.retrieve("conv_1")))

        came = await asyncio.to_thread(twice)
        await asyncio.gather(client.close(), return_exceptions=True)
        return came


# Load: on its own, because it keeps the machine busy


@trap("500 calls at once while every answer is 503", STORMS)
async def storm(who: Contender) -> str:
    async with ConversationsServer() as server, who.client(server) as client:
        server.add_fault(faults.status(503, count=None))
        await asyncio.gather(*(outcome(client.conversations.retrieve(f"conv_{n}")) for n in range(500)))
        return counted(len(server.requests))


async def measure(*, storms: bool = True) -> list[tuple[str, str, str]]:
    """Every row, those under load only when asked for: what happens, what the official client does, what ours does."""
    pairs = [scenario(who) for _, scenario in TRAPS for who in (OFFICIAL, OURS)]
    columns = list(await asyncio.gather(*pairs))
    loaded = STORMS if storms else []
    for _, scenario in loaded:
        columns += [await scenario(OFFICIAL), await scenario(OURS)]
    names = [what for what, _ in TRAPS + loaded]
    return list(zip(names, columns[::2], columns[1::2], strict=True))


INTRODUCTION = """\
# The table of traps

What happens to a service when things go wrong, with the official client and with this one.
Both go through the same faults of the embedded server, {versions}.

`python -m benchmarks.traps` writes this page: every word in the two columns is what was measured.
{doc}`writes` explains why.
"""


def versions() -> str:
    """The versions of the contenders."""
    return f"`openai` {importlib.metadata.version('openai')}"


def line(row: Sequence[str]) -> str:
    """A row as it stands on the page."""
    return f"| {' | '.join(row)} |"


def render(rows: Sequence[tuple[str, str, str]]) -> str:
    """The page."""
    table = [("what happens", OFFICIAL.name, OURS.name), ("---", "---", "---"), *rows]
    return "\n".join([INTRODUCTION.replace("{versions}", versions()), *map(line, table), ""])


def comparable(page: str, *, with_rival: bool) -> list[str]:
    """
    The lines of a page without what may differ: measured seconds, and what another version of the rival may do.
    """
    lines = re.sub(r"\d+\.\d s", "… s", page).splitlines()
    return lines if with_rival else [without_rival(line) for line in lines]


def without_rival(line: str) -> str:
    """A line without the rival's cell or version."""
    cells = line.split(" | ")
    return (
        re.sub(r"`openai` \d[\w.]*\w", "`openai` …", line) if len(cells) != 3 else " | ".join([cells[0], "…", cells[2]])
    )


def misfits(page: str, rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """
    What differs from the page: all of it when every row was measured, else rows and their number.

    Where another version of the rival is installed than the page was measured with, only our column is compared.
    """
    with_rival = versions() in page
    known, measured = (comparable(text, with_rival=with_rival) for text in (page, render(rows)))
    if len(rows) == len(TRAPS + STORMS):
        return [] if known == measured else [render(rows)]
    table = [row for row in measured if row.startswith("| ")][2:]
    wrong = [line(row) for row, found in zip(rows, table, strict=True) if found not in known]
    if len(TRAPS + STORMS) != sum(row.startswith("| ") for row in known) - 2:
        wrong.append("the page has other rows than there are scenarios")
    return wrong


def main() -> None:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the page instead of writing it")
    parser.add_argument("--calm", action="store_true", help="compare without the rows under load, in virtual time")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=VirtualTimeLoop if options.calm else None) as runner:
        rows = runner.run(measure(storms=not options.calm))
    if not options.check:
        PAGE.write_text(render(rows), encoding="utf-8")
        print(render(rows))
    elif wrong := misfits(PAGE.read_text(encoding="utf-8"), rows):
        sys.exit("\n".join([f"{PAGE.name} is not what is measured now:", *wrong]))


if __name__ == "__main__":
    main()
