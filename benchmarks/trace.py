"""
Which of our files a call passes, and whether it goes one way: down through the layers, and back.

``python -m benchmarks.trace`` follows a ``retrieve``, a walk, a streamed turn, and an append and a turn whose responses
are lost and looked up, on a running loop, against the embedded server in a thread of its own. Each is done once before
it is followed: what is loaded or compiled on first use is no part of a call. It fails when a call passes more files
than its bound, or when a function of a lower layer calls one of a higher. ``--calls`` also prints every call, indented.

Only Python functions of the package count. Generated code (attrs, cattrs) and libraries in between are looked
through: a function of ours that aiohttp calls was called by the function of ours that called aiohttp. That a generator
or a coroutine goes on is no call; neither is the first step of a generator, which whoever iterates takes.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Self

import attrs

import openai_conversations
from openai_conversations import ConversationsClient, RetryPolicy, TurnLostError
from openai_conversations.server import ConversationsServer, faults

ROOT = str(Path(openai_conversations.__file__).parent) + "/"

LAYERS = (
    "errors error_bodies jsontypes lazy limits no_proxy text_encoding version checks headers addresses azure_addresses",
    "schemas",
    "settings storage",
    "transport",
    "converters",
    "api",
    "writing",
    "operations",
    "bulk middlewares",
    "resources",
    "client",
    "__init__ __main__ integrations server testing cli",
)
"""The packages and modules of each layer, the lowest first."""

RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names.split()}

_ITERATED = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_RESUMED = _ITERATED | inspect.CO_COROUTINE


@attrs.frozen
class Function:
    """A Python function of ours: its file below the package, and its name."""

    file: str
    name: str

    @property
    def package(self) -> str:
        """The package or module that the file is in."""
        return self.file.partition("/")[0].removesuffix(".py")

    @property
    def rank(self) -> int:
        """The number of its layer, the lowest 0."""
        return RANKS[self.package]

    def __str__(self) -> str:
        return f"{self.file} {self.name}"


@attrs.frozen
class Call:
    """
    A call of a function of ours.

    Attributes:
        caller: The function of ours that called it, through whatever was in between; ``None`` for the event loop.
        callee: What was called.
        depth: How many functions of ours were at work above it.
        is_step: Whether this is the first step of a generator, which may go up.
    """

    caller: Function | None
    callee: Function
    depth: int
    is_step: bool = False

    @property
    def changes_file(self) -> bool:
        return self.caller is not None and self.caller.file != self.callee.file

    @property
    def goes_up(self) -> bool:
        return self.caller is not None and not self.is_step and self.callee.rank > self.caller.rank


class Trace:
    """Every call of a function of ours while it is open, in this thread."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._resumed: set[FrameType] = set()  # the frames themselves, so that none is taken for another

    def __enter__(self) -> Self:
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        self._resumed.clear()

    @property
    def files(self) -> dict[str, list[str]]:
        """Each file with the functions that were called in it, in the order in which they were first met."""
        found: dict[str, list[str]] = {}
        for call in self.calls:
            names = found.setdefault(call.callee.file, [])
            if call.callee.name not in names:
                names.append(call.callee.name)
        return found

    @property
    def changes(self) -> int:
        """How often a call led from one file to another, and how often one came back so."""
        return 2 * sum(call.changes_file for call in self.calls)

    @property
    def upward(self) -> list[Call]:
        """Calls from a lower layer to a higher one."""
        return [call for call in self.calls if call.goes_up]

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(ROOT):
            return
        if code.co_flags & _RESUMED:
            if frame in self._resumed:
                return
            self._resumed.add(frame)
        above = [_function(code) for code in _ours_above(frame)]
        is_step = bool(code.co_flags & _ITERATED)
        self.calls.append(Call(above[0] if above else None, _function(code), len(above), is_step))


def _ours_above(frame: FrameType) -> Iterator[CodeType]:
    """The code of our functions that are at work above a frame, the nearest first."""
    above = frame.f_back
    while above is not None:
        if above.f_code.co_filename.startswith(ROOT):
            yield above.f_code
        above = above.f_back


def _function(code: CodeType) -> Function:
    return Function(code.co_filename.removeprefix(ROOT), code.co_qualname)


# What is followed


@attrs.frozen
class Case:
    """A call that is followed, and how many files of ours it may pass."""

    name: str
    at_most: int
    follow: Callable[[ConversationsServer, ConversationsClient], Awaitable[Trace]]


async def retrieve(_: ConversationsServer, client: ConversationsClient) -> Trace:
    conversation = await client.conversations.create()
    await client.conversations.retrieve(conversation.id)
    with Trace() as trace:
        await client.conversations.retrieve(conversation.id)
    return trace


async def lost_append(server: ConversationsServer, client: ConversationsClient) -> Trace:
    conversation = await client.conversations.create()
    lost = faults.commit_then_drop(operation="createConversationItems")
    first, second = Trace(), Trace()
    for trace in (first, second):
        server.add_fault(lost)
        with trace:
            await client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "Hi"}])
    sent = [entry for entry in server.requests if entry.operation == "createConversationItems"]
    if len(sent) != 2 or len(server.items(conversation.id)) != 2:
        raise RuntimeError("the appends were not lost and found again; there is nothing to follow")
    return second


async def walk(_: ConversationsServer, client: ConversationsClient) -> Trace:
    conversation = await client.conversations.create(items=[{"role": "user", "content": text} for text in "abc"])
    first, second = Trace(), Trace()
    for trace in (first, second):
        with trace:
            walked = [item async for item in client.conversations.items.list(conversation.id, limit=2, prefetch=False)]
    if len(walked) != 3:
        raise RuntimeError("the walk did not see every item; there is nothing to follow")
    return second


async def streamed_turn(_: ConversationsServer, client: ConversationsClient) -> Trace:
    conversation = await client.conversations.create()
    first, second = Trace(), Trace()
    for trace in (first, second):
        with trace:
            async with client.responses.stream(conversation=conversation.id, model="m", input="Hi") as stream:
                types = [event.type async for event in stream]
    if types[-1] != "response.completed":
        raise RuntimeError("the turn did not end as one that is complete; there is nothing to follow")
    return second


async def lost_turn(server: ConversationsServer, client: ConversationsClient) -> Trace:
    first, second = Trace(), Trace()
    found = 0
    for trace in (first, second):
        conversation = await client.conversations.create()
        server.add_fault(faults.commit_then_drop(operation="createResponse"))
        with trace:
            try:
                await client.responses.create(conversation=conversation.id, model="m", input="Hi")
            except TurnLostError as error:
                found += len(error.items)
    if found != 4:
        raise RuntimeError("the turns were not lost and looked up; there is nothing to follow")
    return second


CASES = (
    Case("retrieve", 12, retrieve),
    Case("an append whose response is lost and found again", 18, lost_append),
    Case("a walk of two pages", 20, walk),
    Case("a streamed turn", 37, streamed_turn),
    Case("a turn whose response is lost and that is looked up", 34, lost_turn),
)


async def measure(case: Case) -> Trace:
    """Follow one case on a server of its own."""
    with ConversationsServer() as server:
        async with ConversationsClient(
            api_key="sk-trace", base_url=server.base_url, retry=RetryPolicy(initial=0.01)
        ) as client:
            return await case.follow(server, client)


def faults_of(case: Case, trace: Trace) -> list[str]:
    """What is wrong with it, a sentence each."""
    too_many = [f"passes {len(trace.files)} files, more than {case.at_most}"] if len(trace.files) > case.at_most else []
    upward = dict.fromkeys(f"goes up: {call.caller} calls {call.callee}" for call in trace.upward)
    return [*too_many, *upward]


def report(case: Case, trace: Trace, *, with_calls: bool) -> None:
    """Print what a call passed."""
    files = trace.files
    print(f"{case.name}: {len(files)} files (at most {case.at_most}), {len(trace.calls)} calls,", end=" ")
    print(f"{trace.changes} changes of file")
    for file, functions in files.items():
        print(f"  {file:34} {', '.join(functions)}")
    if with_calls:
        for call in trace.calls:
            print(f"  {'  ' * call.depth}{'^ ' if call.goes_up else ''}{call.callee}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trace", description="What of ours a call passes.")
    parser.add_argument("--calls", action="store_true", help="print every call, indented; ^ marks those that go up")
    with_calls = parser.parse_args().calls
    wrong = 0
    for case in CASES:
        trace = asyncio.run(measure(case))
        report(case, trace, with_calls=with_calls)
        for sentence in faults_of(case, trace):
            print(f"  WRONG: {sentence}")
            wrong += 1
        print()
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
