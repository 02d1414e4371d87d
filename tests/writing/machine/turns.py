"""Turns of a model: whole and as streams, in the background and not, read to the end, closed early and cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Final

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import rule

from openai_conversations import (
    AmbiguousWriteError,
    ConversationsClient,
    ConversationsError,
    ResponseFailedError,
    ResponseIncompleteError,
    StreamInterruptedError,
    TurnLostError,
)
from openai_conversations.server.faults.fault import Fault
from openai_conversations.server.journal import JournalEntry
from tests.writing.helpers import is_subsequence
from tests.writing.machine.appends import Appends
from tests.writing.machine.base import conversations, faults_of
from tests.writing.machine.items import answer_of, end_of, item_of, key_of, outputs_of
from tests.writing.machine.model import Model, Promise
from tests.writing.machine.troubles import GARBLING, LONGEST, NOT_STORED, STORED_LATER, trouble_of_turns

WAYS: Final[Mapping[str, Mapping[str, bool]]] = {
    "whole": {},
    "safe": {"safe": True},
    "stream": {"stream": True},
    "safe stream": {"stream": True, "safe": True},
    "in the background": {"background": True},
    "background stream": {"background": True, "stream": True},
    "not stored": {"stream": True, "store": False},
}

RUNNING: Final = frozenset({"queued", "in_progress"})

ways = st.sampled_from(list(WAYS))
ends = st.sampled_from(["close", "cancel", "drop"])


@attrs.frozen(kw_only=True)
class Taken:
    """
    One call for a turn.

    Attributes:
        model: Of the conversation.
        keys: Of the input.
        way: How it is taken.
        other: Whether by the second client.
        kind: Of the items of the input.
        stop: After how many events its stream is closed; 0 for never.
        end: How.
        helper: Whether by ``responses.stream()``.
        patience: After how many seconds the call is cancelled; ``None`` for never.
        since: How many requests there were before.
        habits: What the server makes of items.
    """

    model: Model
    keys: list[str]
    way: str = "whole"
    other: bool = False
    kind: str = "user"
    stop: int = 0
    end: str = "close"
    helper: bool = False
    patience: float | None = None
    since: int = 0
    habits: tuple[Fault, ...] = ()

    @property
    def outputs(self) -> list[str]:
        """The keys of what the model gives back."""
        return outputs_of(self.keys[-1])

    @property
    def texts(self) -> list[str]:
        """All that it leaves in its conversation, in order."""
        return [*self.keys, *self.outputs]

    @property
    def answer(self) -> str:
        """What the model says."""
        return answer_of(self.keys[-1])

    @property
    def kept_answer(self) -> str:
        """The same as the server keeps it."""
        items: list[Any] = [{"content": [{"type": "output_text", "text": self.answer}]}]
        for habit in self.habits:
            items = items if habit.rewrite is None else habit.rewrite(items)
        text: str = items[0]["content"][0]["text"]
        return text


class Turns(Appends):
    """
    Turns through faults, by one task and by several, with appends between them.

    A turn that returned is stored once and whole, behind what its task wrote before; an error says what the server
    shows. No turn is taken twice, whatever becomes of the call.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left: list[tuple[Taken, str]] = []
        """Turns of which nobody can tell, with the id of the response."""

    @rule(
        conversation=conversations,
        number=st.integers(1, 2),
        equal=st.booleans(),
        options=st.fixed_dictionaries(
            {
                "way": ways,
                "other": st.booleans(),
                "kind": st.sampled_from(["user", "parts"]),
                "stop": st.sampled_from([0, 0, 1, 3, 6]),
                "end": ends,
                "helper": st.booleans(),
                "patience": st.none() | st.none() | st.floats(0.001, 0.6),
            }
        ),
        goes_wrong=trouble_of_turns(),
    )
    def take_a_turn(self, conversation: str, number: int, equal: bool, options: Any, goes_wrong: list[Any]) -> None:
        """Inputs that are equal are a client's own, as appends are."""
        self.order(*goes_wrong)
        keys = self.texts(number, ("no" if options["other"] else "yes") if equal else None)
        taken = Taken(model=self.models[conversation], keys=keys, **self.now(), **options)
        self.end_calls(taken.model)
        self.runner.run(self.turn(taken))
        self.is_taken_once(taken)

    @rule(
        conversation=conversations,
        steps=st.lists(st.lists(ways | st.just(""), min_size=1, max_size=3), min_size=2, max_size=4),
        goes_wrong=trouble_of_turns(),
    )
    def take_turns_at_once(self, conversation: str, steps: list[list[str]], goes_wrong: list[Any]) -> None:
        """Tasks of both clients that take turns, and append between them."""
        self.order(*goes_wrong)
        self.foreign.orders.clear()
        model = self.models[conversation]
        self.end_calls(model)
        self.runner.run(self.turns_at_once(model, steps))

    @rule(which=st.integers(0, 9), other=st.booleans(), goes_wrong=trouble_of_turns())
    def find_out(self, which: int, other: bool, goes_wrong: list[Any]) -> None:
        """A response that was left behind is asked for: what is complete is stored."""
        self.order(*goes_wrong)
        if self.left:
            taken, response_id = self.left.pop(which % len(self.left))
            self.runner.run(self.ask_for(attrs.evolve(taken, other=other), response_id))

    def now(self) -> dict[str, Any]:
        """What a turn is to remember."""
        return {"since": len(self.server.requests), "habits": tuple(make() for make in self.habits)}

    def end_calls(self, model: Model) -> None:
        """The service refuses turns after a call without its output: somebody adds it."""
        types = [item["type"] for item in self.stored_in(model)]
        if "function_call" in types and "function_call_output" not in types:
            [text] = self.texts(1)
            self.add_of_others(model, [text], [{"type": "function_call_output", "call_id": "call_1", "output": text}])

    # one turn

    async def turn(self, taken: Taken) -> None:
        """Take a turn and note what is claimed; whose patience ends cancels it."""
        client, began = self.second if taken.other else self.client, self.clock()
        try:
            async with asyncio.timeout(taken.patience):
                response = await self.response_of(client, taken)
        except TimeoutError:
            taken.model.maybe.update(taken.texts)
        except ConversationsError as error:
            self.failed(taken, error)
        else:
            self.returned(taken, response)
        assert self.clock() - began <= LONGEST

    async def response_of(self, client: ConversationsClient, taken: Taken) -> Any:
        """The response; ``None`` when its stream was closed before the end."""
        given = [item_of(key, taken.kind) for key in taken.keys]
        asked: dict[str, Any] = {"conversation": taken.model.id, "model": "m", "input": given, **WAYS[taken.way]}
        if not asked.get("stream"):
            response = await client.responses.create(**asked)
            return await self.final(client, taken, response) if response.status in RUNNING else response
        if taken.helper:
            async with client.responses.stream(**{k: v for k, v in asked.items() if k != "stream"}) as stream:
                return await self.read_to_end(taken, stream)
        stream = await client.responses.create(**asked)
        if taken.end == "drop":  # as by somebody who forgets to close it
            return await self.read_to_end(taken, stream)
        async with stream:
            return await self.read_to_end(taken, stream)

    async def read_to_end(self, taken: Taken, stream: Any) -> Any:
        pieces: list[str] = []
        number = 0
        async for event in stream:
            number += 1
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
            if number == taken.stop:
                return await self.stopped(taken, stream)
        response = await stream.get_final_response()
        assert "".join(pieces) == response.output_text or self.faults_since(taken) & GARBLING
        return response

    async def stopped(self, taken: Taken, stream: Any) -> None:
        """Its reader has gone: nobody can tell what becomes of it, but by its id."""
        if stream.response_id is not None:
            self.left.append((taken, stream.response_id))
        if taken.end == "cancel":
            await stream.cancel()
        elif taken.end == "close":
            await stream.close()

    async def final(self, client: ConversationsClient, taken: Taken, response: Any) -> Any:
        """The response of a turn in the background, when it has ended; ``None`` when it cannot be had."""
        for _ in range(20):
            await asyncio.sleep(0.05)
            try:
                response = await client.responses.retrieve(response.id)
            except ConversationsError:
                break
            if response.status not in RUNNING:
                return response
        self.left.append((taken, response.id))
        return None

    async def ask_for(self, taken: Taken, response_id: str) -> None:
        """Ask how a turn ended of which nobody could tell."""
        client = self.second if taken.other else self.client
        try:
            response = await client.responses.retrieve(response_id)
        except ConversationsError:
            return
        if response.status == "completed":
            taken.model.maybe.subtract(taken.texts)
            self.returned(taken, response)

    # what is claimed

    def returned(self, taken: Taken, response: Any) -> None:
        """What is complete is stored, once and whole; of anything else nothing is claimed."""
        model, texts = taken.model, taken.texts
        if response is None or response.status != "completed":
            model.maybe.update(texts)
            return
        assert end_of(taken.keys[-1]) == "completed"
        entry = next(one for one in self.server.requests if one.response_id == response.id)
        assert entry.operation == "createResponse"
        self.is_whole(taken, response)
        if self.is_not_kept(entry, taken):
            model.maybe.update(texts)
            return
        ids = dict(zip([item.id for item in response.output], taken.outputs, strict=True))
        if "stored_later" in entry.fault:
            model.promises.append(Promise(due=self.clock() + STORED_LATER + 0.1, texts=texts, ids=ids))
        else:
            model.stored(texts, ids)

    def is_whole(self, taken: Taken, response: Any) -> None:
        """The text is all that the model said, or what the service has made of it."""
        assert response.output_text in {taken.answer, taken.kept_answer}

    def is_not_kept(self, entry: JournalEntry, taken: Taken) -> bool:
        """Whether the service has told an end of the turn that it did not mean."""
        if faults_of([entry]) & NOT_STORED or self.is_gone(taken.model):
            return True
        return entry.client_left and self.server.profile.aborted_turn == "unchanged"

    def is_gone(self, model: Model) -> bool:
        stored = self.server.conversation(model.id)
        return stored is None or stored.deleted

    def failed(self, taken: Taken, error: ConversationsError) -> None:
        """Hold what an error says against what the server shows."""
        model, texts = taken.model, taken.texts
        shown = {item["id"]: key_of(item) for item in self.stored_in(model)}
        if error.not_carried_out:
            return
        if isinstance(error, TurnLostError) and error.items:
            self.is_shown(taken, error, shown)
            return
        if isinstance(error, StreamInterruptedError):
            assert taken.answer.startswith(error.text) or self.faults_since(taken) & GARBLING
            if error.response_id is not None:
                self.left.append((taken, error.response_id))
        if isinstance(error, AmbiguousWriteError):
            assert set(error.stored or ()) <= shown.keys()
        if isinstance(error, ResponseFailedError | ResponseIncompleteError):
            model.maybe.update(texts)
        else:
            self.settled(model, texts, error)

    def is_shown(self, taken: Taken, error: TurnLostError, shown: Mapping[str, str]) -> None:
        """
        The items of an error are those of the turn, as the conversation shows them.

        What somebody else wrote in the name of the model, right behind them, cannot be told from its output.
        """
        texts, found = taken.texts, [shown[item.id] for item in error.items]
        own = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(texts, found, strict=False))))
        told = [item for item in error.items if item.type != "hologram"]  # a list may show one in place of any other
        assert [key_of(item.to_dict()) for item in told] == [shown[item.id] for item in told]
        assert own >= len(taken.keys)
        behind = {item.id for item in error.items[own:]}
        assert all(item.get("role") == "assistant" for item in self.stored_in(taken.model) if item["id"] in behind)
        taken.model.stored(texts[:own], {})
        taken.model.maybe.update(texts[own:])

    def is_taken_once(self, taken: Taken) -> None:
        """The model was asked once at most."""
        asked = [turn for turn in self.server.model.seen if key_of(turn.input[-1]) == taken.keys[-1]]
        assert len(asked) <= 1 or taken.keys[-1] in {"yes", "no"}

    def faults_since(self, taken: Taken) -> set[str]:
        return faults_of(self.server.requests[taken.since :])

    # several

    async def turns_at_once(self, model: Model, steps: list[list[str]]) -> None:
        now = self.now()

        async def writer(number: int, ways: list[str]) -> list[Taken]:
            made: list[Taken] = []
            for way in ways:
                taken = Taken(model=model, keys=self.texts(1), way=way or "whole", other=number % 2 == 1, **now)
                if way:
                    await self.turn(taken)
                else:
                    await self.append(model, taken.keys, other=taken.other)
                made.append(taken)
            return made

        orders = await asyncio.gather(*(writer(number, ways) for number, ways in enumerate(steps)))
        stored = [key_of(item) for item in self.stored_in(model)]
        for order in orders:
            texts = [text for taken in order for text in taken.texts if text in stored and model.is_known(text)]
            assert is_subsequence(texts, stored)
            for taken in order:
                self.is_taken_once(taken)
