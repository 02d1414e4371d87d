"""The server of the machine and its clients, and when what is claimed is held against what is stored."""

from __future__ import annotations

import asyncio
import pathlib
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Sequence
from itertools import count
from typing import Any, Final

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from openai_conversations import (
    AmbiguousWriteError,
    APIConnectionError,
    APIStatusError,
    AppendIncompleteError,
    ConversationsClient,
    ConversationsError,
    Runtime,
)
from openai_conversations.middlewares.rate_limit import Limits, RateLimiter
from openai_conversations.middlewares.registry import Registry
from openai_conversations.server import ConversationsServer
from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.model.reply import fail, incomplete, reason, say
from openai_conversations.server.model.turn import Turn
from openai_conversations.server.profiles import PROFILES
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from tests.virtual_time import VirtualTimeLoop
from tests.writing.machine.items import answer_of, end_of, equal_texts, item_of, key_of, keys_of, kinds, thinks
from tests.writing.machine.model import Model
from tests.writing.machine.troubles import ASKED, CLIENT, LATE, LATE_TURNS, LATER, REWRITES

conversations: Final[Bundle[str]] = Bundle("conversations")

services = st.fixed_dictionaries(
    {
        "aborted_turn": st.sampled_from(["stored", "stored", "unchanged"]),
        "items_during_turn": st.sampled_from(["accepted", "accepted", "refused"]),
        "lock_after_disconnect": st.sampled_from([0.0, 0.3]),
        "default_order": st.sampled_from(["desc", "asc"]),
        "done_marker": st.booleans(),
    }
)
"""Where services may differ."""

ENDS: Final = {"failed": fail(), "incomplete": incomplete()}

_DISTURBED: Final = frozenset({"createConversationItems", "createResponse"})


class Foreign:
    """
    A middleware of somebody else, which raises before or after an append or a turn.

    Attributes:
        orders: For each of them to come: ``before``, ``after``, or ``""``; none is left alone.
    """

    def __init__(self) -> None:
        self.orders: deque[str] = deque()

    async def __call__(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        order = self.orders.popleft() if request.operation in _DISTURBED and self.orders else ""
        if order == "before":
            raise ForeignError
        response = await handler(request)
        if order == "after":
            if response.stream is not None:
                await response.stream.close()
            raise ForeignError
        return response


class ForeignError(APIConnectionError):
    """One of our errors, raised by somebody who does not know what the server did."""

    def __init__(self) -> None:
        super().__init__(message="the cache of somebody else is down", sent=False)


def reply_to(turn: Turn) -> Any:
    """What the model says: the same for the same input."""
    key = key_of(turn.input[-1])
    said = say(answer_of(key), chunks="word")
    told = reason(f"%{key} hm") + said if thinks(key) else said
    return told + ENDS[end_of(key)] if end_of(key) in ENDS else told


class Machine(RuleBasedStateMachine):
    """A server whose faults are in the rules' hands, two clients of it, and others who write."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.numbers = count()
        self.seen = 0
        self.habits: list[Any] = []
        self.models: dict[str, Model] = {}
        self.lost_creates: Counter[str] = Counter()
        self.foreign = Foreign()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = self.runner.get_loop().time

    @initialize(target=conversations, service=services, speed=st.none() | st.just(200.0))
    def begin(self, service: dict[str, Any], speed: float | None) -> str:
        return self.runner.run(self.start(service, speed))

    async def start(self, service: dict[str, Any], speed: float | None) -> str:
        """The first client has a closed registry, a rate limit and a stranger in its chain; the second has nothing."""
        profile = attrs.evolve(PROFILES["openai"], **service)
        self.server = ConversationsServer(clock=self.clock, profile=profile, model=reply_to)
        self.server.model.tokens_per_second = speed
        await self.server.start()
        registry = Registry(pathlib.Path(self.folder.name) / "registry", clock=self.clock)
        async with registry:
            pass
        limiter = RateLimiter(Limits(total=500), clock=self.clock)
        self.client, self.second = self.new_client(self.foreign, registry, limiter), self.new_client()
        return await self.new_without_trouble()

    def new_client(self, *middlewares: Any) -> ConversationsClient:
        return ConversationsClient(
            api_key="sk-test",
            base_url=self.server.base_url,
            runtime=Runtime(clock=self.clock),
            middlewares=middlewares,
            **CLIENT,
        )

    async def new_without_trouble(self) -> str:
        """Also instead of a conversation that could not be made."""
        self.server.clear_faults()
        conversation = await self.second.conversations.create(timeout=10)
        self.models[conversation.id] = Model(conversation.id)
        return conversation.id

    def teardown(self) -> None:
        try:
            if self.models:
                self.runner.run(self.stop(has_failed=sys.exc_info()[0] is not None))
        finally:
            self.runner.close()
            self.folder.cleanup()

    async def stop(self, *, has_failed: bool) -> None:
        """What may arrive late has arrived when the claims are held against the server for the last time."""
        try:
            self.server.clear_faults()
            await asyncio.sleep(LATER + LATE)
            if not has_failed:
                self.claims_are_true()
        finally:
            await self.client.close()
            await self.second.close()
            await self.server.stop()

    def was_slow(self) -> bool:
        """Whether anything may have arrived late: what was not there when it was looked for may have come since."""
        return bool({"slow", "late_commit"} & faults_of(self.server.requests))

    # what rules do

    def texts(self, number: int, equal: str | None = None) -> list[str]:
        return [equal if equal is not None else f"#{next(self.numbers)}" for _ in range(number)]

    def stored_in(self, model: Model) -> Sequence[Any]:
        """Every item of the conversation, also of one that was deleted."""
        stored = self.server.conversation(model.id)
        return () if stored is None else stored.items

    def settled(self, model: Model, texts: list[str], error: ConversationsError, guard: str = "auto") -> None:
        """
        Note the claim of an error.

        One that a middleware raises makes none; nor does a refusal that the guard ``strict`` could not look up.
        """
        if not error.not_carried_out:
            is_of_a_middleware = isinstance(error, APIConnectionError) and not error.sent
            is_refusal = guard == "strict" and isinstance(error, APIStatusError) and error.status_code < 500
            assert isinstance(error, AmbiguousWriteError) or is_of_a_middleware or is_refusal, repr(error)
            model.maybe.update(texts)

    def note_copies(self, model: Model, texts: list[str], guard: str, since: int) -> None:
        """What ``auto`` may have sent again in spite of itself: a late arrival that nothing told of, a lagging list."""
        if guard != "auto":
            return
        if _is_nobody_safe(self.server.requests[since:]):
            model.copies.update(dict.fromkeys(texts, 9))

    def order(self, *ordered: Any) -> None:
        """These faults and no others, from now on; the rate limit has forgotten what it was asked for."""
        self.server.clear_faults()
        if any(entry.status == 429 for entry in self.server.requests[self.seen :]):
            self.runner.run(asyncio.sleep(ASKED))
        self.seen = len(self.server.requests)
        for fault in [*ordered, *(make() for make in self.habits)]:
            self.server.add_fault(fault)

    @rule(
        habits=st.lists(st.sampled_from(REWRITES), max_size=2), late=st.lists(st.sampled_from(LATE_TURNS), max_size=1)
    )
    def change_habits(self, habits: list[Any], late: list[Any]) -> None:
        """From now on the server rewrites what it is given, and takes its time with turns."""
        self.habits = [*habits, *late]

    @rule(orders=st.lists(st.sampled_from(["", "", "", "before", "after"]), min_size=1, max_size=4))
    def disturb(self, orders: list[str]) -> None:
        """The next writes of the first client are disturbed by a middleware."""
        self.foreign.orders.extend(orders)

    @rule(
        conversation=conversations,
        number=st.integers(1, 3),
        equal=equal_texts,
        kind=kinds,
        role=st.sampled_from(["user", "assistant", "developer"]),
    )
    def others_write(self, conversation: str, number: int, equal: str | None, kind: str, role: str) -> None:
        """Equal items and different ones, of the same kind and of another."""
        model, texts = self.models[conversation], self.texts(number, equal)
        items = [item_of(text, kind) for text in texts]
        given: list[Any] = [item | {"role": role} if kind == "user" else item for item in items]
        self.add_of_others(model, keys_of(texts, kind), given)

    def add_of_others(self, model: Model, texts: list[str], items: list[Any]) -> None:
        stored = self.server.conversation(model.id)
        if stored is not None and not stored.deleted:
            self.server.add_items(model.id, items)
            model.others.update(texts)

    # claims

    @invariant()
    def claims_are_true(self) -> None:
        for model in self.models.values():
            stored = self.server.conversation(model.id)
            assert stored is not None
            model.check(list(stored.items), self.clock())
            assert (stored.metadata or {}) in model.metadata
        for one in self.server.conversations() if self.models else ():
            if one.id not in self.models:
                for item in one.items:
                    assert self.lost_creates[key_of(item)] > 0


def unresolved_texts(error: AppendIncompleteError) -> list[str]:
    """The texts of which the error says that nobody can tell."""
    return [key_of(item) for item in error.pending[: error.unknown]]


def faults_of(entries: Sequence[JournalEntry]) -> set[str]:
    """The names of the faults that fired."""
    return {name for entry in entries for name in entry.fault.split(", ") if name}


def _is_nobody_safe(entries: Sequence[JournalEntry]) -> bool:
    """
    Whether a write may have been stored long after its connection died, or lists did not show it yet.

    A server that goes down closes the connections of others, too: a gateway's word on a late write may not arrive.
    """
    late = [entry for entry in entries if "late_commit" in faults_of([entry])]
    is_down = "refuse" in faults_of(entries)
    return "stale_reads" in faults_of(entries) or any(is_down or entry.status is None for entry in late)
