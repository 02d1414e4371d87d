"""
A state machine that writes through faults: what returned is stored as intended, what raised told the truth.

Every item has a number of its own, but for a few that are equal on purpose. After each step what is stored is held
against what every call claimed: returned means there, once and in order; an error says that it is not there, or that
nobody can tell. Others write meanwhile, the server rewrites what it is given, lists lag behind, middlewares raise
before and after a write, and calls are cancelled.

What cannot be known (see "What cannot be known" in the documentation) is not claimed: that ``guard="auto"`` makes no
second copy of what is stored long after its connection died, or of what a list that lags does not show.
"""

from __future__ import annotations

import asyncio
import functools
import json
import pathlib
import re
import tempfile
from collections import Counter, deque
from itertools import count
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from openai_conversations import (
    AmbiguousWriteError,
    APIConnectionError,
    APIResponseValidationError,
    AppendIncompleteError,
    ConversationsClient,
    ConversationsError,
    InternalServerError,
    RetryPolicy,
    Runtime,
    Timeout,
    UnknownItem,
)
from openai_conversations.middlewares.rate_limit import Limits, RateLimiter
from openai_conversations.middlewares.registry import Registry
from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.inspection.journal import JournalEntry
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from tests.virtual_time import VirtualTimeLoop
from tests.writing.helpers import is_subsequence

LATE = 0.08
"""
Seconds by which a slow server is late: more than an attempt may take.

Less than the pause between two looks: a service that hangs up and carries a request out long after is the one that
nobody can be safe from.
"""

LATER = 3.0
"""Seconds after which a write is stored whose connection died, or that a gateway gave up: no call waits so long."""

ASKED = 60
"""Seconds that a server asks to wait for: longer than any call may take."""

LAG = 0.5
"""Seconds by which lists lag."""

CLIENT = {
    "timeout": Timeout(total=0.7, attempt=0.06),
    "retry": RetryPolicy(initial=0.05, maximum=0.05),
    "max_retries": 3,
}


def _fault(make: Any, *args: Any, **keywords: Any) -> Any:
    return functools.partial(make, *args, **keywords)


LOST_ANSWER = [
    faults.commit_then_drop,
    _fault(faults.commit_then_drop, reset=True),
    *(_fault(faults.commit_then_status, status) for status in (408, 409, 500, 502, 504)),
    _fault(faults.slow, LATE),
    _fault(faults.trickle, LATE, chunk=40),
    faults.truncated_json,
    _fault(faults.truncated_json, cut=True),
    faults.malformed_json,
    faults.html,
    _fault(faults.html, 502),
    faults.wrong_shape,
    _fault(faults.wrong_shape, "object"),
]
NOT_HEARD = [
    faults.drop_before_commit,
    _fault(faults.refuse, 0.02),
    faults.locked,
    *(_fault(faults.status, status) for status in (403, 408, 409, 418, 429, 500, 503)),
    _fault(faults.status, 503, retry_after_ms=20),
    _fault(faults.status, 429, retry_after=ASKED),
    _fault(faults.status, 500, should_retry=False),
]
LATE_ARRIVAL = [_fault(faults.slow, LATE, before_commit=True)]
LATER_ARRIVAL = [
    _fault(faults.late_commit, LATER),
    *(_fault(faults.late_commit, LATER, status=status) for status in (408, 499, 504, 524)),
]
FROM_THE_FUTURE = [faults.unknown_fields]
IN_LISTS = [
    faults.empty_page,
    faults.stuck_cursor,
    faults.missing_last_id,
    faults.unknown_item,
    _fault(faults.stale_reads, LAG),
]
REWRITES = [
    faults.sort_keys,
    faults.escape_non_ascii,
    faults.rewrite_numbers,
    faults.trim_whitespace,
    faults.nfc,
    faults.lower_case,
    _fault(faults.truncate_text, 8),
    faults.drop_parts,
]
IN_APPENDS = [faults.partial_commit, faults.reordered_response, *LATER_ARRIVAL]

anywhere = st.one_of(*(st.sampled_from(kind) for kind in (LOST_ANSWER, NOT_HEARD, LATE_ARRIVAL, FROM_THE_FUTURE)))


def trouble(operation: str) -> st.SearchStrategy[list[Any]]:
    """What goes wrong while one call is made: with its own requests, and with the lists that it looks at."""
    of_its_own = st.sampled_from(IN_APPENDS) if operation == "createConversationItems" else st.nothing()
    own = st.builds(
        lambda make, skip, times: make(operation=operation, skip=skip, count=times),
        anywhere | of_its_own,
        st.integers(0, 2),
        st.integers(1, 3),
    )
    looks = st.builds(
        lambda make, times: make(operation="listConversationItems", count=times),
        anywhere | st.sampled_from(IN_LISTS),
        st.integers(1, 3),
    )
    return st.builds(list.__add__, st.lists(own, max_size=2), st.lists(looks, max_size=1))


equal_texts = st.none() | st.sampled_from(["yes", "no"])

KEY = re.compile(r"#\d+|yes|no")
"""What every item of the machine holds, whatever a server makes of the rest."""

kinds = st.sampled_from(["user", "parts", "call"])


def item_of(key: str, kind: str = "user") -> dict[str, Any]:
    """An item that holds a key, and much that servers rewrite."""
    if kind == "call":
        arguments = json.dumps({key: {"z": 1.5, "ü": 2**60, "a": []}}, ensure_ascii=False).replace("1.5", "1.50")
        return {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": arguments}
    text = f"{key} U\u0308ber Text  "
    if kind == "parts":
        return {"role": "user", "content": [{"type": "input_text", "text": one} for one in (text, "more")]}
    return {"role": "user", "content": text}


def key_of(item: Any) -> str:
    """Of an item that is stored, or was given."""
    found = KEY.search(str(item["arguments"] if "arguments" in item else item["content"]))
    assert found is not None, item
    return found[0]


def unresolved_texts(error: AppendIncompleteError) -> list[str]:
    """The texts of which the error says that nobody can tell."""
    return [key_of(item) for item in error.pending[: error.unknown]]


class Foreign:
    """
    A middleware of somebody else, which raises before or after an append.

    Attributes:
        orders: For each append to come: ``before``, ``after``, or ``""``; none is left alone.
    """

    def __init__(self) -> None:
        self.orders: deque[str] = deque()

    async def __call__(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        is_append = request.operation == "createConversationItems"
        order = self.orders.popleft() if is_append and self.orders else ""
        if order == "before":
            raise ForeignError
        response = await handler(request)
        if order == "after":
            raise ForeignError
        return response


class ForeignError(APIConnectionError):
    """One of our errors, raised by somebody who does not know what the server did."""

    def __init__(self) -> None:
        super().__init__(message="the cache of somebody else is down", sent=False)


@attrs.define(eq=False)
class Model:
    """What the calls claimed about one conversation."""

    id: str
    runs: list[list[str]] = attrs.field(factory=list)
    """Texts that are stored for certain: each list in its order, all of them once."""
    maybe: Counter[str] = attrs.field(factory=Counter)
    """Texts of which nobody can tell; each may come later, too."""
    ids: dict[str, str] = attrs.field(factory=dict)
    """Ids that were returned, with their texts."""
    removed: set[str] = attrs.field(factory=set)
    """Ids that are gone for certain."""
    unresolved: set[str] = attrs.field(factory=set)
    """Ids of which nobody can tell whether they were deleted."""
    metadata: list[dict[str, str]] = attrs.field(factory=lambda: [{}])
    """What the metadata may be."""
    others: Counter[str] = attrs.field(factory=Counter)
    """Texts that others wrote, certainly."""
    copies: Counter[str] = attrs.field(factory=Counter)
    """Texts that may be there again, because nobody can be safe from it."""

    def returned(self, texts: list[str], ids: list[str]) -> None:
        assert len(texts) == len(ids)
        self.runs.append(texts)
        self.ids |= dict(zip(ids, texts, strict=True))

    def check(self, stored: list[Any]) -> None:
        """Hold what is stored against the claims."""
        found = [(item["id"], key_of(item)) for item in stored]
        ids = [item_id for item_id, _ in found]
        assert len(ids) == len(set(ids))
        gone = Counter(self.ids[item_id] for item_id in self.removed)
        may_be_gone = gone + Counter(self.ids[item_id] for item_id in self.unresolved - self.removed)
        certain = Counter(text for run in self.runs for text in run)
        counted = Counter(text for _, text in found)
        for text in certain | counted | self.maybe:
            # An equal item of somebody else at the right moment may have been taken for ours: the service does not say.
            least, most = certain[text] - may_be_gone[text], certain[text] - gone[text] + self.maybe[text]
            most += self.others[text] + self.copies[text]
            assert least <= counted[text] <= most, f"{text}: {counted[text]} stored, claimed {least} to {most}"
        assert self.ids.keys() - self.removed - self.unresolved <= set(ids)
        assert not self.removed & set(ids)
        texts = [text for _, text in found]
        lost = {self.ids[item_id] for item_id in self.removed | self.unresolved}
        for run in self.runs:
            assert is_subsequence([text for text in run if text not in lost], texts)


class Writes(RuleBasedStateMachine):
    """Appends, creates, deletes, updates and lists through faults, by one task and by several."""

    conversations = Bundle("conversations")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.numbers = count()
        self.seen = 0
        self.habits: list[Any] = []
        self.models: dict[str, Model] = {}
        self.lost_creates: Counter[str] = Counter()
        self.runner.run(self.start())

    async def start(self) -> None:
        """The first client has a closed registry, a rate limit and a stranger in its chain; the second has nothing."""
        self.clock = self.runner.get_loop().time
        self.server = ConversationsServer(clock=self.clock)
        await self.server.start()
        self.folder = tempfile.TemporaryDirectory()
        registry = Registry(pathlib.Path(self.folder.name) / "registry", clock=self.clock)
        async with registry:
            pass
        self.foreign = Foreign()
        limiter = RateLimiter(Limits(total=500), clock=self.clock)
        self.client, self.second = self.new_client(self.foreign, registry, limiter), self.new_client()

    def new_client(self, *middlewares: Any) -> ConversationsClient:
        return ConversationsClient(
            api_key="sk-test",
            base_url=self.server.base_url,
            runtime=Runtime(clock=self.clock),
            middlewares=middlewares,
            **CLIENT,
        )

    def teardown(self) -> None:
        self.runner.run(self.stop())
        self.runner.close()

    async def stop(self) -> None:
        """What may arrive late has arrived when the claims are held against the server for the last time."""
        try:
            self.server.clear_faults()
            if self.was_slow():
                await asyncio.sleep(LATER + LATE)
            self.claims_are_true()
        finally:
            await self.client.close()
            await self.second.close()
            await self.server.stop()
            self.folder.cleanup()

    def texts(self, number: int, equal: str | None = None) -> list[str]:
        return [equal if equal is not None else f"#{next(self.numbers)}" for _ in range(number)]

    def settled(self, model: Model, texts: list[str], error: ConversationsError) -> None:
        """Note the claim of an error; one that a middleware raises makes none."""
        if not error.not_carried_out:
            is_of_a_middleware = isinstance(error, APIConnectionError) and not error.sent
            assert isinstance(error, AmbiguousWriteError) or is_of_a_middleware
            model.maybe.update(texts)

    def note_copies(self, model: Model, texts: list[str], guard: str, since: int) -> None:
        """What ``auto`` may have sent again in spite of itself: a late arrival that nothing told of, a lagging list."""
        if guard != "auto":
            return
        if any(_nobody_is_safe_from(entry) for entry in self.server.requests[since:]):
            model.copies.update(dict.fromkeys(texts, 9))

    def order(self, *ordered: Any) -> None:
        """These faults and no others, from now on; the rate limit has forgotten what it was asked for."""
        self.server.clear_faults()
        if any(entry.status == 429 for entry in self.server.requests[self.seen :]):
            self.runner.run(asyncio.sleep(ASKED))
        self.seen = len(self.server.requests)
        for fault in [*ordered, *(make() for make in self.habits)]:
            self.server.add_fault(fault)

    # calls

    @initialize(target=conversations)
    def begin(self) -> str:
        return self.runner.run(self.new([])) or ""

    @rule(
        target=conversations,
        number=st.integers(0, 3),
        resend=st.booleans(),
        goes_wrong=trouble("createConversation"),
    )
    def create(self, number: int, resend: bool, goes_wrong: list[Any]) -> str:
        """A conversation; with ``resend``, a lost one may be left behind."""
        self.order(*goes_wrong)
        return self.runner.run(self.new(self.texts(number), resend=resend)) or self.runner.run(
            self.new_without_trouble()
        )

    async def new_without_trouble(self) -> str:
        """Instead of a conversation that could not be made."""
        self.server.clear_faults()
        conversation = await self.second.conversations.create(timeout=10)
        self.models[conversation.id] = Model(conversation.id)
        return conversation.id

    async def new(self, texts: list[str], *, resend: bool = False) -> str | None:
        try:
            conversation = await self.second.conversations.create(
                items=[item_of(text) for text in texts], on_ambiguous="resend" if resend else "raise"
            )
        except ConversationsError as error:
            if not error.not_carried_out or resend or not texts:
                self.lost_creates.update(texts)
            return None
        model = self.models[conversation.id] = Model(conversation.id)
        stored = self.server.items(conversation.id)
        model.returned(texts, [item["id"] for item in stored])
        if resend:
            self.lost_creates.update(dict.fromkeys(texts, 9))
        return conversation.id

    @rule(
        conversation=conversations,
        number=st.integers(1, 2),
        equal=st.booleans(),
        options=st.fixed_dictionaries(
            {
                "guard": st.sampled_from(["auto", "auto", "strict", "off"]),
                "raw": st.booleans(),
                "other": st.booleans(),
                "kind": kinds,
                "patience": st.none() | st.floats(0.001, 0.6),
            }
        ),
        goes_wrong=trouble("createConversationItems"),
    )
    def append_a_few(self, conversation: str, number: int, equal: bool, options: Any, goes_wrong: list[Any]) -> None:
        """Equal items are a client's own: two clients are strangers, and nobody can tell who wrote an equal item."""
        self.order(*goes_wrong)
        texts = self.texts(number, ("no" if options["other"] else "yes") if equal else None)
        self.runner.run(self.append(self.models[conversation], texts, **options))

    async def append(
        self,
        model: Model,
        texts: list[str],
        *,
        guard: Any = "auto",
        raw: bool = False,
        other: bool = False,
        kind: str = "user",
        patience: float | None = None,
    ) -> None:
        """
        By the first client, or by one that knows less of the conversation.

        Whose patience ends cancels it: nobody can tell what became of it.
        """
        items = (self.second if other else self.client).conversations.items
        sent, since = [item_of(text, kind) for text in texts], len(self.server.requests)
        try:
            async with asyncio.timeout(patience):
                if raw:
                    page = (await items.with_raw_response.create(model.id, items=sent, guard=guard)).parse()
                else:
                    page = await items.create(model.id, items=sent, guard=guard)
        except TimeoutError:
            model.maybe.update(texts)
        except ConversationsError as error:
            self.settled(model, texts, error)
        else:
            model.returned(texts, [item.id for item in page.data])
        self.note_copies(model, texts, guard, since)

    @rule(habits=st.lists(st.sampled_from(REWRITES), max_size=2))
    def change_habits(self, habits: list[Any]) -> None:
        """From now on the server rewrites what it is given."""
        self.habits = habits

    @rule(orders=st.lists(st.sampled_from(["", "", "", "before", "after"]), min_size=1, max_size=4))
    def disturb(self, orders: list[str]) -> None:
        """The next appends of the first client are disturbed by a middleware."""
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
        stored = self.server.conversation(model.id)
        if stored is not None and not stored.deleted:
            self.server.add_items(model.id, given)
            model.others.update(texts)

    @rule(
        conversation=conversations,
        number=st.integers(15, 70),
        how=st.fixed_dictionaries(
            {"rollback": st.booleans(), "goes_on": st.booleans(), "guard": st.sampled_from(["auto", "strict"])}
        ),
        goes_wrong=trouble("createConversationItems"),
        hinders=trouble("deleteConversationItem"),
    )
    def append_many(self, conversation: str, number: int, how: Any, goes_wrong: list[Any], hinders: list[Any]) -> None:
        self.order(*goes_wrong, *hinders)
        model, texts, since = self.models[conversation], self.texts(number), len(self.server.requests)
        self.runner.run(self.append_all(model, texts, **how))
        self.note_copies(model, texts, how["guard"], since)

    async def append_all(self, model: Model, texts: list[str], *, rollback: bool, goes_on: bool, guard: Any) -> None:
        append = self.client.conversations.items.append
        try:
            done = await append(model.id, [item_of(text) for text in texts], rollback=rollback, guard=guard)
        except AppendIncompleteError as failed:
            error = failed
        else:
            model.returned(texts, list(done.ids))
            return
        model.maybe.update(unresolved_texts(error))
        if rollback:
            self.rolled_back(model, error)
            return
        model.returned(texts[: error.count], list(error.stored))
        if goes_on:
            await self.go_on(model, texts, error)

    def rolled_back(self, model: Model, error: AppendIncompleteError) -> None:
        """What was removed is not there; of the others nobody can tell whether they were deleted all the same."""
        left = [item for item in self.server.items(model.id) if item["id"] in error.stored]
        model.returned([key_of(item) for item in left], [item["id"] for item in left])
        model.unresolved.update(item["id"] for item in left)
        assert error.rolled_back is (not error.stored)

    async def go_on(self, model: Model, texts: list[str], error: AppendIncompleteError) -> None:
        """By another client, as another process would."""
        assert error.resume is not None
        self.server.clear_faults()
        unresolved = unresolved_texts(error)
        items = [item_of(text) for text in texts]
        try:
            done = await self.second.conversations.items.append(model.id, items, resume=error.resume)
        except AppendIncompleteError as failed:
            again = failed
        else:
            model.returned(texts[error.count :], list(done.ids))
            if not self.was_slow():
                model.maybe.subtract(unresolved)
            return
        assert again.count >= error.count
        model.returned(texts[error.count : again.count], list(again.stored))
        model.maybe.update(unresolved_texts(again))

    def was_slow(self) -> bool:
        """Whether anything may have arrived late: what was not there when it was looked for may have come since."""
        return any("slow" in entry.fault or "late_commit" in entry.fault for entry in self.server.requests)

    @rule(
        conversation=conversations,
        number=st.integers(1, 50),
        patience=st.floats(0.0, 0.3),
        goes_wrong=trouble("createConversationItems"),
    )
    def killed(self, conversation: str, number: int, patience: float, goes_wrong: list[Any]) -> None:
        """An append dies anywhere; another process goes on from what was written down, when nothing is under way."""
        self.order(*goes_wrong)
        self.foreign.orders.clear()
        model, texts, since = self.models[conversation], self.texts(number), len(self.server.requests)
        self.runner.run(self.die_and_go_on(model, texts, patience))
        self.note_copies(model, texts, "auto", since)

    async def die_and_go_on(self, model: Model, texts: list[str], patience: float) -> None:
        items, told = [item_of(text) for text in texts], []
        try:
            async with asyncio.timeout(patience):
                await self.client.conversations.items.append(model.id, items, on_progress=told.append)
        except TimeoutError:
            pass
        except AppendIncompleteError as failed:
            claimed = failed.count + failed.unknown
            assert told or claimed == 0  # the conversation could not be read beforehand
        self.server.clear_faults()
        if not told:
            return
        await asyncio.sleep(LATER + LATE)
        resume, ids = told[-1].resume, [name for progress in told for name in progress.ids]
        model.returned(texts[: resume["stored"]], ids)
        await self.go_on_from(model, texts, resume)

    async def go_on_from(self, model: Model, texts: list[str], resume: Any) -> None:
        rest = texts[resume["stored"] :]
        try:
            done = await self.second.conversations.items.append(
                model.id, [item_of(text) for text in texts], resume=resume
            )
        except AppendIncompleteError as failed:
            model.returned(texts[resume["stored"] : failed.count], list(failed.stored))
            model.maybe.update(unresolved_texts(failed))
        else:
            model.returned(rest, list(done.ids))

    @rule(
        conversation=conversations,
        tasks=st.integers(2, 6),
        each=st.integers(1, 3),
        together=st.booleans(),
        goes_wrong=trouble("createConversationItems"),
    )
    def several_at_once(self, conversation: str, tasks: int, each: int, together: bool, goes_wrong: list[Any]) -> None:
        """Tasks that append one after the other, beside tasks that read."""
        self.order(*goes_wrong)
        self.foreign.orders.clear()
        self.runner.run(self.at_once(self.models[conversation], tasks, each, together))

    async def at_once(self, model: Model, tasks: int, each: int, together: bool) -> None:
        others = [other for other in self.models.values() if other is not model][:2]

        async def writer(target: Model) -> list[str]:
            texts = self.texts(each)
            for text in texts:
                await self.append(target, [text])
            return texts

        writers = [writer(model) for _ in range(tasks)] + [writer(other) for other in others]
        block = [self.append_in_a_block(model)] if together else []
        orders = await asyncio.gather(*writers, *block, self.list_all(model, exact=False))
        stored = [key_of(item) for item in self.server.items(model.id)]
        for order in orders[:tasks]:
            kept = [text for text in order or [] if text in stored and not model.maybe[text] + model.copies[text]]
            assert is_subsequence(kept, stored)

    async def append_in_a_block(self, model: Model) -> None:
        texts, since = self.texts(45), len(self.server.requests)
        try:
            done = await self.client.conversations.items.append(model.id, [item_of(t) for t in texts], together=True)
        except AppendIncompleteError as error:
            model.returned(texts[: error.count], list(error.stored))
            model.maybe.update(unresolved_texts(error))
            return
        finally:
            self.note_copies(model, texts, "auto", since)
        model.returned(texts, list(done.ids))
        ids = [item["id"] for item in self.server.items(model.id)]
        start = ids.index(done.ids[0])
        if not model.maybe and not model.copies:
            assert list(done.ids) == ids[start : start + 45]

    @rule(which=st.integers(0, 30), goes_wrong=trouble("deleteConversationItem"))
    def delete_an_item(self, which: int, goes_wrong: list[Any]) -> None:
        self.order(*goes_wrong)
        left = [(model, i) for model in self.models.values() for i in model.ids if i not in model.removed]
        if left:
            model, item_id = left[which % len(left)]
            self.runner.run(self.delete(model, item_id))

    async def delete(self, model: Model, item_id: str) -> None:
        before = len(self.server.requests)
        try:
            await self.client.conversations.items.delete(item_id, conversation_id=model.id)
        except ConversationsError as error:
            tried = [one for one in self.server.requests[before:] if one.operation == "deleteConversationItem"]
            unclear = isinstance(error, (APIConnectionError, APIResponseValidationError, InternalServerError))
            if unclear or any(one.committed or "slow" in one.fault for one in tried):
                model.unresolved.add(item_id)
        else:
            model.removed.add(item_id)

    @rule(conversation=conversations, value=st.integers(0, 9), goes_wrong=trouble("updateConversation"))
    def update(self, conversation: str, value: int, goes_wrong: list[Any]) -> None:
        self.order(*goes_wrong)
        self.runner.run(self.set_metadata(self.models[conversation], {"value": str(value)}))

    async def set_metadata(self, model: Model, metadata: dict[str, str]) -> None:
        try:
            updated = await self.client.conversations.update(model.id, metadata=metadata)
        except ConversationsError:
            model.metadata.append(metadata)
            return
        assert metadata == updated.metadata
        # An update that was given up may be carried out after a later one: the service has no order for them.
        late = any("slow" in entry.fault for entry in self.server.requests if entry.operation == "updateConversation")
        model.metadata = [*model.metadata, metadata] if late else [metadata]

    @rule(conversation=consumes(conversations), goes_wrong=trouble("deleteConversation"))
    def delete_conversation(self, conversation: str, goes_wrong: list[Any]) -> None:
        """What was stored in it is still held against the claims: the service keeps the items."""
        self.order(*goes_wrong)
        self.runner.run(self.delete_all(self.models[conversation]))

    async def delete_all(self, model: Model) -> None:
        try:
            deleted = await self.client.conversations.delete(model.id)
        except ConversationsError:
            return
        stored = self.server.conversation(model.id)
        assert deleted.deleted
        assert stored is not None
        assert stored.deleted

    @rule(conversation=conversations, goes_wrong=trouble("listConversationItems"))
    def list_items(self, conversation: str, goes_wrong: list[Any]) -> None:
        self.order(*goes_wrong)
        self.runner.run(self.list_all(self.models[conversation]))

    async def list_all(self, model: Model, *, exact: bool = True) -> None:
        try:
            listed = [i async for i in self.client.conversations.items.list(model.id, order="asc", limit=7)]
        except ConversationsError:
            return
        found = [item.id for item in listed]
        assert len(found) == len(set(found))
        tried = self.server.requests[-3:]
        if exact and not any("slow" in entry.fault or "stale_reads" in entry.fault for entry in tried):
            assert [item["id"] for item in self.server.items(model.id)] == found
        assert all(item.type == "hologram" or not isinstance(item, UnknownItem) for item in listed)

    # claims

    @invariant()
    def claims_are_true(self) -> None:
        for model in self.models.values():
            stored = self.server.conversation(model.id)
            assert stored is not None
            model.check(list(stored.items))
            assert (stored.metadata or {}) in model.metadata
        for one in self.server.conversations():
            if one.id not in self.models:
                for item in one.items:
                    assert self.lost_creates[key_of(item)] > 0


def _nobody_is_safe_from(entry: JournalEntry) -> bool:
    """A write that is stored long after its connection died, and a list that does not show it yet."""
    names = entry.fault.split(",")
    return "stale_reads" in names or ("late_commit" in names and entry.status is None)


def _settings(examples: int) -> settings:
    return settings(
        settings.default,
        max_examples=examples,
        deadline=None,
        stateful_step_count=30,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def test_claims():
    """Every claim holds through 6 random histories."""
    run_state_machine_as_test(Writes, settings=_settings(6))


@pytest.mark.histories
def test_claims_at_length():
    """Every claim holds through 300 random histories."""
    run_state_machine_as_test(Writes, settings=_settings(300))
