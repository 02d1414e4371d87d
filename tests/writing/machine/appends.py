"""Appends: a few, many, several at once, and those that die in between."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from openai_conversations import AppendIncompleteError, ConversationsError
from tests.writing.helpers import is_subsequence
from tests.writing.machine.base import Machine, conversations, unresolved_texts
from tests.writing.machine.items import item_of, key_of, keys_of, kinds
from tests.writing.machine.model import Model
from tests.writing.machine.troubles import LATE, LATER, trouble


class Appends(Machine):
    """Appends through faults, by one task and by several."""

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
        texts = keys_of(texts, kind)
        try:
            async with asyncio.timeout(patience):
                if raw:
                    page = (await items.with_raw_response.create(model.id, items=sent, guard=guard)).parse()
                else:
                    page = await items.create(model.id, items=sent, guard=guard)
        except TimeoutError:
            model.maybe.update(texts)
        except ConversationsError as error:
            self.settled(model, texts, error, guard)
        else:
            model.returned(texts, [item.id for item in page.data])
        self.note_copies(model, texts, guard, since)

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
        left = [item for item in self.stored_in(model) if item["id"] in error.stored]
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
        orders = await asyncio.gather(*writers, *block, self.read(model))
        stored = [key_of(item) for item in self.stored_in(model)]
        for order in orders[:tasks]:
            kept = [text for text in order or [] if text in stored and model.is_known(text)]
            assert is_subsequence(kept, stored)

    async def read(self, model: Model) -> None:
        """Somebody reads while others write."""
        try:
            listed = [item.id async for item in self.client.conversations.items.list(model.id, order="asc", limit=7)]
        except ConversationsError:
            return
        assert len(listed) == len(set(listed))

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
        ids = [item["id"] for item in self.stored_in(model)]
        start = ids.index(done.ids[0])
        if model.is_certain:
            assert list(done.ids) == ids[start : start + 45]
