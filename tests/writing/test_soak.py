"""
Very many appends through faults of every kind: nothing twice, nothing lost, nobody waits for ever.

The official client goes through the same faults in the same run; its figures are printed beside ours (``pytest -s``).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import openai
import pytest

from openai_conversations import (
    AmbiguousWriteError,
    APIResponseValidationError,
    ConversationsClient,
    ConversationsError,
    RetryPolicy,
    Timeout,
)
from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.faults.fault import Fault
from tests.virtual_time import runtime
from tests.writing.conftest import CREATE_ITEMS, LIST_ITEMS
from tests.writing.helpers import text_of, user

ATTEMPT = 0.4
SLOW = 0.6
DEADLINE = 8.0
GRACE = 0.001

PACE = RetryPolicy(initial=0.4, maximum=0.4)
"""The pause between two looks, twice the first delay, is longer than the slowest commit: see "What cannot be known"."""

TASKS = 64
CONVERSATIONS = 64

KINDS: list[Callable[..., Fault]] = [
    faults.commit_then_drop,
    lambda **select: faults.commit_then_drop(reset=True, **select),
    *(lambda status=status, **select: faults.commit_then_status(status, **select) for status in (409, 500, 502, 504)),
    faults.drop_before_commit,
    lambda **select: faults.drop_before_commit(reset=True, **select),
    *(lambda status=status, **select: faults.status(status, **select) for status in (409, 429, 500, 503)),
    lambda **select: faults.status(429, retry_after_ms=30, **select),
    faults.locked,
    lambda **select: faults.slow(SLOW, **select),
    lambda **select: faults.slow(SLOW, before_commit=True, **select),
    lambda **select: faults.trickle(0.1, chunk=20, **select),
    faults.truncated_json,
    lambda **select: faults.truncated_json(cut=True, **select),
    faults.malformed_json,
    faults.html,
    lambda **select: faults.html(502, **select),
    faults.wrong_shape,
    faults.unknown_fields,
    faults.unknown_item,
]
IN_LISTS = [faults.empty_page, faults.stuck_cursor, faults.missing_last_id]


def every_kind(operation: str, kinds: list[Callable[..., Fault]]) -> list[Fault]:
    """Faults that together strike one request in ten."""
    return [
        make(operation=operation, probability=0.1 / len(kinds), seed=seed, count=None)
        for seed, make in enumerate(kinds)
    ]


@attrs.define
class Report:
    """What came of some appends."""

    returned: int = 0
    refused: int = 0
    """Raised, and certainly not stored."""
    unknown: int = 0
    """Raised because nobody could tell."""
    duplicates: int = 0
    lost: int = 0
    """Returned and not stored."""
    false: int = 0
    """Said not to be stored, and stored."""
    late: int = 0
    """Calls that took longer than their deadline."""
    longest: float = 0.0
    seconds: float = 0.0

    def line(self, name: str) -> str:
        return (
            f"{name:9} {self.returned:7} returned, {self.refused:5} refused, {self.unknown:5} unknown; "
            f"{self.duplicates:5} stored twice, {self.lost} lost, {self.false} false errors, {self.late} late; "
            f"longest call {self.longest:.2f} s, {self.seconds:.0f} s in all"
        )


async def soak(
    count: int, append: Callable[[str, dict[str, Any]], Awaitable[str]], server: ConversationsServer
) -> Report:
    """Append *count* messages from many tasks, and hold what is stored against what was said."""
    report, said = Report(), dict[str, str]()
    clock = asyncio.get_running_loop().time
    conversations = [f"c{n}" for n in range(CONVERSATIONS)]
    conversations = [server_conversation.id for server_conversation in server.conversations()] or conversations
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            text = f"message {number}"
            started = clock()
            said[text] = await append(conversations[number % len(conversations)], user(text))
            taken = clock() - started
            report.longest = max(report.longest, taken)
            report.late += taken > DEADLINE + GRACE

    # Every connection is closed at once, with all that is under way on it: one fault that strikes every task.
    outage = faults.refuse(0.05, operation=CREATE_ITEMS, probability=0.0005, seed=5, count=None)
    for fault in [outage, *every_kind(CREATE_ITEMS, KINDS), *every_kind(LIST_ITEMS, [*KINDS, *IN_LISTS])]:
        server.add_fault(fault)
    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(TASKS)))
    report.seconds = time.perf_counter() - began
    await asyncio.sleep(SLOW)
    assert [] == [fault for fault in server.unfired_faults if fault.operation == CREATE_ITEMS]
    stored = Counter(text_of(item) for one in server.conversations() for item in one.items)
    assert stored.keys() <= said.keys()
    for text, what in said.items():
        report.returned += what == "returned"
        report.refused += what == "refused"
        report.unknown += what == "unknown"
        report.duplicates += stored[text] > 1
        report.lost += what == "returned" and not stored[text]
        report.false += what == "refused" and stored[text] > 0
    return report


async def ours(count: int) -> Report:
    """Our client."""
    settings: dict[str, Any] = {
        "timeout": Timeout(total=DEADLINE, attempt=ATTEMPT),
        "retry": PACE,
        "max_retries": 4,
        "runtime": runtime(),
    }
    async with (
        ConversationsServer(journal_limit=100) as server,
        ConversationsClient(api_key="sk-test", base_url=server.base_url, **settings) as client,
    ):
        for _ in range(CONVERSATIONS):
            await client.conversations.create()

        async def append(conversation_id: str, item: dict[str, Any]) -> str:
            try:
                await client.conversations.items.create(conversation_id, items=[item])
            except (AmbiguousWriteError, APIResponseValidationError):
                return "unknown"
            except ConversationsError:
                return "refused"
            return "returned"

        return await soak(count, append, server)


async def official(count: int) -> Report:
    """The official client, with its own retries and the bound of our attempts."""
    async with (
        ConversationsServer(journal_limit=100) as server,
        openai.AsyncOpenAI(api_key="sk-test", base_url=server.base_url, timeout=ATTEMPT, max_retries=4) as client,
    ):
        for _ in range(CONVERSATIONS):
            await client.conversations.create()

        async def append(conversation_id: str, item: Any) -> str:
            try:
                await client.conversations.items.create(conversation_id, items=[item])
            except openai.APIStatusError as error:
                return "refused" if error.status_code in {400, 429} else "unknown"
            except Exception:  # noqa: BLE001  # it lets errors of the libraries below through, httpcore's among them
                return "unknown"
            return "returned"

        return await soak(count, append, server)


async def both(count: int) -> None:
    theirs, mine = await official(count), await ours(count)
    heading = f"{count:,} appends, one request in ten with a fault of {len(KINDS)} kinds"
    sys.stdout.write("\n".join(["", heading, theirs.line("official"), mine.line("ours"), ""]))

    assert (0, 0, 0, 0) == (mine.duplicates, mine.lost, mine.false, mine.late)
    assert mine.returned > 0.98 * count
    assert theirs.duplicates > 0.01 * count


async def test_two_thousand_appends():
    """2,000 appends through 10 % faults: no duplicate, no loss, no false error, no call beyond its deadline."""
    await both(2_000)


@pytest.mark.soak
async def test_a_hundred_thousand_appends():
    """The same with 100,000."""
    await both(100_000)
