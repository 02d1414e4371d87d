"""What a caller gives that cannot be sent, and errors on their way."""

from __future__ import annotations

import pickle
from typing import Any

from benchmarks.traps.clients import Contender
from benchmarks.traps.stage import message, server, stage
from benchmarks.traps.trap import Scenario, Trap, Traps
from benchmarks.traps.words import outcome, raised
from openai_conversations.server import faults

trap = Traps()


def holding_itself() -> dict[str, Any]:
    """An item that is a part of itself."""
    item = message("Hi")
    item["content"] = [item]
    return item


def nested(depth: int) -> dict[str, Any]:
    """An item of lists in lists."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return {"role": "user", "content": value}


def given(item: dict[str, Any]) -> Scenario:
    """Append what cannot be sent."""

    async def scenario(who: Contender) -> str:
        async with stage(who) as at:
            return await outcome(at.append(item))

    return scenario


def set_to(base_url: str | None = None, **settings: Any) -> Scenario:
    """A setting that cannot be used."""

    async def scenario(who: Contender) -> str:
        async with server() as running:
            try:
                client = who.made(base_url or running, **settings)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is the result
                return f"{raised(error)} when the client is made"
            async with client:
                return f"{await outcome(client.conversations.create())} at the call"

    return scenario


trap += [
    Trap("An item contains itself", given(holding_itself())),
    Trap("An item is nested 5,000 lists deep", given(nested(5_000))),
    Trap("`organization` ends with a line break", set_to(organization="org-1\n")),
    Trap("`base_url` is `http://a..b`", set_to("http://a..b")),
    Trap("`default_query` is `{1: 2}`", set_to(default_query={1: 2})),
]


@trap("Escape sequences of a terminal are in an error's message")
async def escapes(who: Contender) -> str:
    async with stage(who) as at:
        at.server.add_fault(faults.status(400, message="bad \x1b[2Jrequest"))
        try:
            await at.client.conversations.retrieve(at.id)
        except Exception as error:  # noqa: BLE001  # the very thing
            return "they are **in its text**" if "\x1b" in str(error) else "they are left out of its text"
        return "returns"


@trap("An error goes through `pickle`, as between processes")
async def pickled(who: Contender) -> str:
    async with server() as running, who.client(running) as client:
        caught: list[Exception] = []
        try:
            await client.conversations.retrieve("conv_1")
        except Exception as error:  # noqa: BLE001  # the very thing
            caught.append(error)
        try:
            copies = pickle.loads(pickle.dumps(caught))  # noqa: S301
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the result
            return raised(error)
        return "arrives" if [str(error) for error in copies] == [str(error) for error in caught] else "arrives changed"
