"""Items that are stored otherwise than they were given: values that are not JSON, stores that rewrite."""

from __future__ import annotations

import enum
from typing import Any

from benchmarks.traps.clients import Contender
from benchmarks.traps.stage import lost, message, stage
from benchmarks.traps.trap import Scenario, Trap, Traps
from benchmarks.traps.words import outcome, times
from openai_conversations.server import faults


class Role(enum.Enum):
    """As services have it."""

    USER = "user"


def call(arguments: str) -> dict[str, Any]:
    """A function call with these arguments."""
    return {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": arguments}


def parts(*texts: str) -> dict[str, Any]:
    """A message in parts."""
    return {"role": "user", "content": [{"type": "input_text", "text": text} for text in texts]}


def rewritten(item: Any, *rewrites: faults.Fault) -> Scenario:
    """Append an item to a store that rewrites it; the response is lost."""

    async def scenario(who: Contender) -> str:
        async with stage(who) as at:
            for fault in (*rewrites, lost()):
                at.server.add_fault(fault)
            came = await outcome(at.append(item))
            return f"{came}; stored {times(len(at.items))}"

    return scenario


trap = Traps()
trap("An item holds an `Enum`, and the response is lost")(rewritten({"role": Role.USER, "content": "Hi"}))
trap += [
    Trap(f"The service {what}, and the response is lost", rewritten(item, rewrite))
    for what, item, rewrite in (
        ("sorts the keys inside `arguments`", call('{"b": 1, "a": 2}'), faults.sort_keys()),
        ("writes `\\u00fc` for `ü` inside `arguments`", call('{"city": "Zürich"}'), faults.escape_non_ascii()),
        ("writes 1.5 for 1.50 inside `arguments`", call('{"price": 1.50}'), faults.rewrite_numbers()),
        ("stores floats for large integers", call('{"id": 12345678901234567890}'), faults.rewrite_numbers()),
        ("trims white space", message("Hi  \n"), faults.trim_whitespace()),
        ("stores texts in lower case", message("Hi"), faults.lower_case()),
        ("shortens long texts", message("Hi " * 100), faults.truncate_text()),
        ("keeps the first part of a message only", parts("Hi", "there"), faults.drop_parts()),
    )
]
