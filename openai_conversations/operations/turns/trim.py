"""
Trimming: deleting the oldest turns of a conversation until the service counts few enough tokens.

What is left is counted before anything is deleted, as items that stand in no conversation. Turns go one after the
other, oldest first; within a turn what names other items first, and each call right before its output. So wherever a
run stops, at most one call and its output are torn apart, in the oldest turn, and the next run begins with that turn.

Such a count of items is of what was sent, and cannot be old. The count of the conversation can: one that lags behind
the deletions would have turn after turn deleted. So beyond what the counts of items ask for, a turn goes only after a
count of the conversation that has followed the deletions before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import attrs

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.api.pagination import item_id
from openai_conversations.api.results import check_deleted
from openai_conversations.errors import APIStatusError, ConversationsError
from openai_conversations.jsontypes import JsonObject
from openai_conversations.operations.copy.copying import plan_copy
from openai_conversations.operations.deleting import (
    STALE_ROUNDS,
    STILL_LISTED,
    deletes_nothing,
    is_item_gone,
    may_delete_nothing,
    stale_wait,
)
from openai_conversations.operations.errors import TrimIncompleteError, TurnTooLongError
from openai_conversations.operations.listing import read_whole
from openai_conversations.operations.repair.tool_calls import link, references
from openai_conversations.operations.turns.tokens import count_conversation, count_items
from openai_conversations.operations.turns.whole_turns import WholeTurns, whole_turns

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class TrimReport:
    """
    What a trim deleted, or would delete.

    Attributes:
        conversation_id: The conversation.
        tokens_before: Tokens of the conversation, by the service's count.
        tokens_after: The same of what is left; in a dry run of the items that would be left.
        max_tokens: How many were allowed.
        items_before: Items of the conversation.
        deleted: The ids of the items that were deleted, or in a dry run would be, in order.
        turns: How many turns these were.
        dry_run: Whether nothing was deleted.
    """

    conversation_id: str
    tokens_before: int
    tokens_after: int
    max_tokens: int
    items_before: int
    deleted: tuple[str, ...] = ()
    turns: int = 0
    dry_run: bool = False

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON value. It holds ids and numbers, and never content."""
        return {**attrs.asdict(self), "deleted": list(self.deleted)}


async def trim(
    caller: Caller, conversation_id: str, *, model: str, max_tokens: int, dry_run: bool = False
) -> TrimReport:
    """
    Delete the oldest turns until the service counts no more than *max_tokens*.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        model: The model whose tokens are counted.
        max_tokens: How many there may be.
        dry_run: Whether to delete nothing and only say what would be.

    Raises:
        TurnTooLongError: The newest turn alone has more, with what stays at the start.
        TrimIncompleteError: It stopped; running it again goes on. Or the server does not delete items.
    """
    return await _Trim(caller, conversation_id, model, max_tokens).run(dry_run=dry_run)


@attrs.frozen(kw_only=True)
class _Listed:
    """
    A conversation as it is to be trimmed.

    Attributes:
        items: Its items.
        turns: Where its turns begin.
    """

    items: Sequence[JsonObject]
    turns: WholeTurns

    @property
    def most(self) -> int:
        """How many turns may go: all but the newest."""
        return max(len(self.turns.starts) - 1, 0)

    @property
    def torn(self) -> int:
        """How many turns an earlier run has begun to delete: the oldest, where an output has lost its call."""
        if not self.most:
            return 0
        return int(any(index < self.turns.starts[1] for index in link(self.items).orphaned))

    def kept(self, turns: int) -> list[JsonObject]:
        """What is left without so many turns, as it can be sent to be counted."""
        left = [*self.items[: self.turns.lead], *self.items[self._start(turns) :]]
        return [copied.sent for copied in plan_copy(left).items]

    def gone(self, turns: int) -> tuple[str, ...]:
        """The ids of the items of so many turns, in the order in which they are deleted."""
        bounds = [self._start(turn) for turn in range(turns + 1)]
        segments = (self.items[start:end] for start, end in pairwise(bounds))
        return tuple(item_id(item) for segment in segments for item in deletion_order(segment))

    def unnamed(self, ids: Sequence[str]) -> list[str]:
        """Those of the ids that do not name one item of those that are to go: empty ones, and those of others, too."""
        here, there = Counter(map(item_id, self.items)), Counter(ids)
        return [name for name in ids if not name or here[name] != there[name]]

    def _start(self, turn: int) -> int:
        return (*self.turns.starts, self.turns.end)[turn]


@attrs.frozen(kw_only=True)
class _Measured:
    """
    Tokens, by both of the service's counts.

    Attributes:
        conversation: Of the conversation; it may lag.
        items: Of its items, as items that stand in no conversation.
    """

    conversation: int
    items: int

    def follows(self, earlier: _Measured) -> bool:
        """
        Whether the count of the conversation is of now, as far as can be told.

        What it counts beyond the items was there before anything was deleted: deletions do not add to it.
        """
        beyond, before = (each.conversation - each.items for each in (self, earlier))
        return self != earlier and beyond <= before


def deletion_order(items: Sequence[JsonObject]) -> list[JsonObject]:
    """
    The items of a turn in an order in which they can go one by one.

    What names other items goes before them, reasoning before what must follow it, each call right before its output.
    """
    output_of = link(items).output_of
    indices = range(len(items))
    naming = [index for index in reversed(indices) if any(references(items[index]))]
    ordered = dict.fromkeys(_with_outputs([*naming, *indices], output_of, frozenset(output_of.values())))
    return [items[index] for index in ordered]


def _with_outputs(order: Sequence[int], output_of: Mapping[int, int], outputs: frozenset[int]) -> Iterator[int]:
    for index in order:
        if index not in outputs:
            yield index
            if index in output_of:
                yield output_of[index]


class _Trim:
    """One run: what it deleted so far."""

    def __init__(self, caller: Caller, conversation_id: str, model: str, max_tokens: int) -> None:
        self._caller = caller
        self._id = conversation_id
        self._model = model
        self._most = max_tokens
        self._deleted: list[str] = []

    async def run(self, *, dry_run: bool) -> TrimReport:
        before = after = await self._count()
        listed = await self._listed()
        measured = await self._measured(listed, before) if before > self._most or listed.torn else None
        turns = await self._fewest(listed, measured) if measured is not None else 0
        ids = listed.gone(turns)
        if dry_run and ids:
            after = await count_items(self._caller, self._model, listed.kept(turns))
        elif measured is not None:
            await self._delete_all(listed, ids)
            turns, after = await self._until_it_fits(turns, measured)
        return TrimReport(
            conversation_id=self._id,
            tokens_before=before,
            tokens_after=after,
            max_tokens=self._most,
            items_before=len(listed.items),
            deleted=ids if dry_run else tuple(self._deleted),
            turns=turns,
            dry_run=dry_run,
        )

    async def _count(self) -> int:
        return await count_conversation(self._caller, self._model, self._id)

    async def _listed(self) -> _Listed:
        items = (await read_whole(self._caller, self._id)).items
        return _Listed(items=items, turns=whole_turns(items))

    async def _measured(self, listed: _Listed, tokens: int) -> _Measured:
        """
        Both counts, before anything is deleted.

        Where only the count of the conversation says that it is too long, it is asked for again for a while: nothing
        shows yet whether it is of now.
        """
        items = await count_items(self._caller, self._model, listed.kept(0))
        for number in range(1, STALE_ROUNDS + 1):
            if items > self._most or tokens <= self._most:
                break
            await self._caller.runtime.sleep(stale_wait(number))
            tokens = await self._count()
        return _Measured(conversation=tokens, items=items)

    async def _fewest(self, listed: _Listed, measured: _Measured) -> int:
        """
        The smallest number of turns without which few enough tokens are left: the half is tried, again and again.

        It is one where the items fit and only the count of the conversation says that they do not.

        Raises:
            TurnTooLongError: All but the newest are not enough.
        """
        if measured.conversation <= self._most:
            return listed.torn
        least, most = max(listed.torn, 1), listed.most
        if not most:
            raise self._too_long(measured.conversation)
        if measured.items <= self._most:
            return least
        tokens = await count_items(self._caller, self._model, listed.kept(most))
        if tokens > self._most:
            raise self._too_long(tokens)
        while least < most:
            middle = (least + most) // 2
            if await count_items(self._caller, self._model, listed.kept(middle)) > self._most:
                least = middle + 1
            else:
                most = middle
        return most

    async def _until_it_fits(self, turns: int, last: _Measured) -> tuple[int, int]:
        """
        Count what is left, and delete more where the service counts more in a conversation than outside.

        Returns:
            How many turns were deleted, and the tokens of what is left.
        """
        stale = 0
        while (tokens := await self._counted(self._count())) > self._most:
            listed = await self._counted(self._listed())
            items = await self._counted(count_items(self._caller, self._model, listed.kept(0)))
            now = _Measured(conversation=tokens, items=items)
            shown = tuple(name for name in map(item_id, listed.items) if name in frozenset(self._deleted))
            has_followed = now.follows(last)
            if not shown and (has_followed or items > self._most):
                more = await self._counted(self._fewest(listed, now))
                await self._delete_all(listed, listed.gone(more))
                turns, last, stale = turns + more, now if has_followed else last, 0
                continue
            stale += 1
            if stale > STALE_ROUNDS:
                raise self._incomplete(_why_stale(now, shown), shown)
            await self._caller.runtime.sleep(stale_wait(stale))
        return turns, tokens

    async def _counted(self, call: Awaitable[T]) -> T:
        """A call after the deletions; its error does not hide them."""
        try:
            return await call
        except TurnTooLongError:
            raise
        except ConversationsError as error:
            raise self._incomplete(f"what is left could not be counted: {error}", ()) from error

    async def _delete_all(self, listed: _Listed, ids: Sequence[str]) -> None:
        if unnamed := listed.unnamed(ids):
            what = f"{len(unnamed)} items that have no id of their own"
            raise self._incomplete(f"the server lists {what} and cannot be deleted", ids)
        for number, name in enumerate(ids):
            try:
                await self._delete(name, ids[number:])
            except TrimIncompleteError:
                raise
            except ConversationsError as error:
                raise self._incomplete(str(error), ids[number:]) from error

    async def _delete(self, name: str, left: Sequence[str]) -> None:
        """Delete an item; that somebody else has just deleted it is as good."""
        request = requests.delete_item(self._caller, self._id, name)
        try:
            check_deleted(await self._caller.send(request))
        except APIStatusError as error:
            if is_item_gone(error, request, deletes_items=bool(self._deleted)):
                return
            if not may_delete_nothing(error, deletes_items=bool(self._deleted)):
                raise
            if name in map(item_id, (await self._listed()).items):
                raise self._incomplete(deletes_nothing(error), left) from error
        else:
            self._deleted.append(name)

    def _incomplete(self, message: str, left: Sequence[str]) -> TrimIncompleteError:
        return TrimIncompleteError(
            f"{self._id} is not trimmed: {message}",
            conversation_id=self._id,
            deleted=tuple(self._deleted),
            left=tuple(left),
        )

    def _too_long(self, tokens: int) -> TurnTooLongError:
        done = f"{len(self._deleted)} items before it were deleted" if self._deleted else "nothing was deleted"
        return TurnTooLongError(
            f"the newest turn of {self._id} and what stays at the start have {tokens} tokens, "
            f"more than max_tokens={self._most}: {done}",
            conversation_id=self._id,
            tokens=tokens,
            max_tokens=self._most,
            deleted=tuple(self._deleted),
        )


def _why_stale(now: _Measured, shown: Sequence[str]) -> str:
    if shown:
        return STILL_LISTED
    return (
        f"the service's count of the conversation ({now.conversation} tokens) does not follow the deletions: "
        f"the items that are left have {now.items}"
    )
