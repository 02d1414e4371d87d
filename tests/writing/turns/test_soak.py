"""
Very many turns through faults of every kind, appends between them: none twice, none lost, none in part for the whole.

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
    ConversationsClient,
    ConversationsError,
    ResponseFailedError,
    RetryPolicy,
    Timeout,
)
from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.faults.fault import Fault
from tests.virtual_time import runtime
from tests.writing.helpers import text_of, user

PATIENCE = 4.0
"""Seconds for a turn that is not streamed, and for each event of one that is."""

LONGEST = 4 * PATIENCE
"""A stream may wait for its first event, for one that does not come, and for how it went on."""

SLOW = 5.0
CONVERSATIONS = 48
TASKS = 48

TURN = "createResponse"

KINDS: list[Callable[..., Fault]] = [
    faults.commit_then_drop,
    lambda **select: faults.commit_then_drop(reset=True, **select),
    *(lambda status=status, **select: faults.commit_then_status(status, **select) for status in (409, 500, 502, 504)),
    faults.drop_before_commit,
    *(lambda status=status, **select: faults.status(status, **select) for status in (409, 429, 500, 503, 504)),
    faults.locked,
    lambda **select: faults.slow(SLOW, **select),
    lambda **select: faults.slow(SLOW, before_commit=True, **select),
    lambda **select: faults.late_commit(1.0, **select),
    faults.half_open,
    faults.truncated_json,
    lambda **select: faults.truncated_json(cut=True, **select),
    faults.malformed_json,
    faults.html,
    faults.error_in_200,
    faults.unknown_fields,
    *(lambda after=after, **select: faults.cut_stream(after=after, **select) for after in (0, 1, 3, 6)),
    lambda **select: faults.cut_stream(in_text=True, **select),
    lambda **select: faults.cut_stream(at="response.completed", **select),
    faults.no_terminal_event,
    faults.error_event,
    faults.failed_then_error,
    faults.stall_stream,
    faults.constant_sequence,
    faults.json_instead_of_stream,
    faults.completed_without_output,
    faults.rewrite_ids,
    faults.null_item,
    faults.keepalive_comments,
    faults.hold_open,
]
READS: list[Callable[..., Fault]] = [
    lambda **select: faults.status(503, **select),
    faults.drop_before_commit,
    faults.malformed_json,
    lambda **select: faults.slow(0.5, **select),
]

WAYS: list[dict[str, Any]] = [
    {},
    {"stream": True},
    {"stream": True, "background": True},
]


def struck(operation: str, kinds: list[Callable[..., Fault]]) -> list[Fault]:
    """Faults that together strike one request in ten."""
    return [
        make(operation=operation, probability=0.1 / len(kinds), seed=seed, count=None)
        for seed, make in enumerate(kinds)
    ]


@attrs.define
class Report:
    """What came of some turns and of the appends between them."""

    returned: int = 0
    failed: int = 0
    """The service said that the turn failed."""
    refused: int = 0
    """Raised, and certainly not taken."""
    unknown: int = 0
    """Raised because nobody could tell, or because only the conversation could."""
    doubled: int = 0
    lost: int = 0
    """Returned and not stored."""
    partial: int = 0
    """Returned, and not all of the text."""
    false: int = 0
    """Said not to be stored, and stored."""
    late: int = 0
    longest: float = 0.0
    seconds: float = 0.0

    def line(self, name: str) -> str:
        return (
            f"{name:9} {self.returned:6} returned, {self.failed:4} failed, {self.refused:4} refused, "
            f"{self.unknown:4} unknown; {self.doubled:4} stored twice, {self.lost} lost, {self.partial:4} in part, "
            f"{self.false} false errors, {self.late} late; longest {self.longest:.1f} s, {self.seconds:.0f} s in all"
        )


Take = Callable[[str, str, dict[str, Any]], Awaitable[str]]
"""Takes a turn, or appends where there is no way of taking one; gives what was said of it."""


async def soak(count: int, take: Take, server: ConversationsServer) -> Report:
    """Take *count* turns from many tasks, every fifth an append, and hold what is stored against what was said."""
    report, said = Report(), dict[str, str]()
    clock = asyncio.get_running_loop().time
    conversations = [one.id for one in server.conversations()]
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            text, started = f"Message {number}.", clock()
            way = {"append": True} if number % 5 == 4 else WAYS[number % len(WAYS)]
            said[text] = await take(conversations[number % len(conversations)], text, way)
            taken = clock() - started
            report.longest = max(report.longest, taken)
            report.late += taken > LONGEST

    for fault in [*struck(TURN, KINDS), *struck("getResponse", READS), *struck("listConversationItems", READS)]:
        server.add_fault(fault)
    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(TASKS)))
    report.seconds = time.perf_counter() - began
    await asyncio.sleep(2 * SLOW)
    stored = Counter(text_of(item) for one in server.conversations() for item in one.items if item["role"] == "user")
    assert stored.keys() <= said.keys()
    for text, what in said.items():
        report.returned += what in {"returned", "partial"}
        report.partial += what == "partial"
        report.failed += what == "failed"
        report.refused += what == "refused"
        report.unknown += what == "unknown"
        report.doubled += stored[text] > 1
        report.lost += what in {"returned", "partial"} and not stored[text]
        report.false += what == "refused" and stored[text] > 0
    return report


def whole(text: str) -> str:
    """What the model answers."""
    return f"You said: {text}"


async def ours(count: int) -> Report:
    """Our client."""
    bounds = Timeout(total=PATIENCE, attempt=1.0, turn=PATIENCE, first_event=PATIENCE, next_event=PATIENCE)
    settings: dict[str, Any] = {"timeout": bounds, "retry": RetryPolicy(initial=0.2, maximum=0.4), "max_retries": 4}
    async with (
        ConversationsServer(journal_limit=100, clock=asyncio.get_running_loop().time) as server,
        ConversationsClient(api_key="sk-test", base_url=server.base_url, runtime=runtime(), **settings) as client,
    ):
        for _ in range(CONVERSATIONS):
            await client.conversations.create()

        async def text_returned(conversation_id: str, text: str, way: dict[str, Any]) -> str:
            made = await client.responses.create(conversation=conversation_id, model="m", input=text, **way)
            if not way:
                return made.output_text if made.status == "completed" else "failed"
            async with made:
                pieces = [event.delta async for event in made if event.type == "response.output_text.delta"]
                assert whole(text) == (await made.get_final_text())
            return "".join(pieces)

        async def take(conversation_id: str, text: str, way: dict[str, Any]) -> str:
            try:
                if "append" in way:
                    await client.conversations.items.create(conversation_id, items=[user(text)])
                    return "returned"
                return "returned" if await text_returned(conversation_id, text, way) == whole(text) else "partial"
            except ResponseFailedError:
                return "failed"
            except AmbiguousWriteError:
                return "unknown"
            except ConversationsError as error:
                return "refused" if error.not_carried_out else "unknown"

        return await soak(count, take, server)


async def official(count: int) -> Report:
    """The official client, with its own retries and our bounds."""
    async with (
        ConversationsServer(journal_limit=100, clock=asyncio.get_running_loop().time) as server,
        openai.AsyncOpenAI(api_key="sk-test", base_url=server.base_url, timeout=PATIENCE, max_retries=4) as client,
    ):
        for _ in range(CONVERSATIONS):
            await client.conversations.create()

        async def text_returned(conversation_id: str, text: str, way: dict[str, Any]) -> str:
            made: Any = await client.responses.create(conversation=conversation_id, model="m", input=text, **way)
            if not way:
                return str(made.output_text)
            return "".join([event.delta async for event in made if event.type == "response.output_text.delta"])

        async def take(conversation_id: str, text: str, way: dict[str, Any]) -> str:
            try:
                if "append" in way:
                    await client.conversations.items.create(conversation_id, items=[user(text)])  # type: ignore[list-item]  # a mapping
                    return "returned"
                return "returned" if await text_returned(conversation_id, text, way) == whole(text) else "partial"
            except openai.APIStatusError as error:
                return "refused" if error.status_code in {400, 429} else "unknown"
            except Exception:  # noqa: BLE001  # it lets errors of the libraries below through
                return "unknown"

        return await soak(count, take, server)


async def both(count: int) -> None:
    theirs, mine = await official(count), await ours(count)
    heading = f"{count:,} turns and appends, one turn in ten with a fault of {len(KINDS)} kinds"
    sys.stdout.write("\n".join(["", heading, theirs.line("official"), mine.line("ours"), ""]))

    assert (0, 0, 0, 0, 0) == (mine.doubled, mine.lost, mine.partial, mine.false, mine.late)
    assert mine.returned > 0.9 * count
    assert theirs.doubled + theirs.lost + theirs.partial > 0.005 * count


async def test_some_hundred_turns():
    """500 turns through 10 % faults: none twice, none lost, none in part, no false error, no call without an end."""
    await both(500)


@pytest.mark.soak
async def test_twenty_thousand_turns():
    """The same with 20,000."""
    await both(20_000)
