"""
Writing items of one conversation into another, and saying exactly what did not come through.

What is said is what was seen: the items that the server says it stored are compared with the originals, place by place.
A dry run can only predict what is left out or changed before sending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.pagination import item_id
from openai_conversations.converters.outgoing import KEEPS_ID
from openai_conversations.jsontypes import JsonObject, as_object, type_of
from openai_conversations.limits import (
    ITEMS_PER_APPEND,
    METADATA_KEY_LENGTH,
    METADATA_PAIRS,
    METADATA_VALUE_LENGTH,
)
from openai_conversations.operations.differences import Difference, difference, differences, without_nulls
from openai_conversations.operations.errors import CopyIncompleteError
from openai_conversations.operations.include import ENCRYPTED, IncludeFields
from openai_conversations.operations.repair.tool_calls import link
from openai_conversations.operations.writable import is_empty_reasoning, refusal_of, writable
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.writing.chunks import Append, AppendOptions
from openai_conversations.writing.last_item import START
from openai_conversations.writing.resume import AppendIncompleteError, AppendResume
from openai_conversations.writing.write_order import Writing


@attrs.frozen(kw_only=True)
class Copied:
    """
    One item that is to be written.

    Attributes:
        index: Which item of the original, counted from 0.
        original: The item as it was.
        sent: The item as it is sent.
    """

    index: int
    original: JsonObject
    sent: JsonObject


@attrs.frozen(kw_only=True)
class CopyPlan:
    """
    What is to be written.

    Attributes:
        items: The items, in order.
        left_out: The items that cannot be stored, each with the reason.
    """

    items: tuple[Copied, ...]
    left_out: tuple[Difference, ...]


@attrs.frozen(kw_only=True)
class CopyReport:
    """
    What came of a fork or an import.

    Attributes:
        source: The conversation or the file that was copied.
        conversation_id: The copy; ``None`` when a dry run would have made a new one.
        total: Items that were to be copied.
        stored: Items that this run added.
        present: Items that were there already.
        ids: Id in the original → id in the copy. Equal where the id had to stay.
        differences: Every place where the copy differs but for the ids; in a dry run what would be left out or
            changed before sending.
        metadata_left_out: Keys of the metadata that the API does not take.
        metadata_not_kept: Keys of the metadata that the server did not return as they were sent.
        include_refused: Fields of ``include`` that the server refused: whether they came through could not be seen.
        unread: What a file of another API holds and items cannot express; ``index`` counts the messages of the file.
        damage: What is wrong with the file after the last item that was taken; ``""`` when it is sound.
        unanswered: Ids of copied calls whose output is not in the copy: the model refuses to go on after them.
        last_item_id: Id in the original of the last item that was copied; ``None`` when there was none.
        dry_run: Whether nothing was sent.
    """

    source: str
    conversation_id: str | None
    total: int
    stored: int = 0
    present: int = 0
    ids: Mapping[str, str] = attrs.field(factory=dict[str, str])
    differences: tuple[Difference, ...] = ()
    metadata_left_out: tuple[str, ...] = ()
    metadata_not_kept: tuple[str, ...] = ()
    include_refused: tuple[str, ...] = ()
    unread: tuple[Difference, ...] = ()
    damage: str = ""
    unanswered: tuple[str, ...] = ()
    last_item_id: str | None = None
    dry_run: bool = False

    @property
    def left_out(self) -> tuple[Difference, ...]:
        """The items that are not in the copy."""
        return tuple(found for found in self.differences if found.kind == "left_out")

    @property
    def is_exact(self) -> bool:
        """
        Whether the copy is the original but for the ids, as far as the server shows.

        It is not while a field of ``include`` was refused: a value that nobody saw may be missing.
        """
        return not any(
            (
                self.differences,
                self.metadata_left_out,
                self.metadata_not_kept,
                self.include_refused,
                self.unread,
                self.damage,
            )
        )

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON value. It holds ids, types and places, and never content."""
        return {
            **{name: getattr(self, name) for name in ("source", "conversation_id", "total", "stored", "present")},
            "ids": dict(self.ids),
            "differences": [attrs.asdict(found) for found in self.differences],
            "metadata_left_out": list(self.metadata_left_out),
            "metadata_not_kept": list(self.metadata_not_kept),
            "include_refused": list(self.include_refused),
            "unread": [attrs.asdict(found) for found in self.unread],
            "damage": self.damage,
            "unanswered": list(self.unanswered),
            "last_item_id": self.last_item_id,
            "dry_run": self.dry_run,
        }


def plan_copy(items: Sequence[JsonObject], include_refused: Sequence[str] = ()) -> CopyPlan:
    """
    What has to be sent to write these items into another conversation.

    Args:
        items: The items as they were read.
        include_refused: Fields that the server refused to show.

    Raises:
        InvalidArgumentError: One is no item.
    """
    copied: list[Copied] = []
    left_out: list[Difference] = []
    for index, original in enumerate(items):
        sent = writable(codec().sendable(original))
        reason = refusal_of(original, sent, KEEPS_ID)
        if reason:
            if ENCRYPTED in include_refused and is_empty_reasoning(sent) and type_of(sent) == "reasoning":
                reason = "the server refuses to show what the reasoning holds"
            left_out.append(difference(index, original, "left_out", reason=reason))
        else:
            copied.append(Copied(index=index, original=original, sent=sent))
    return CopyPlan(items=tuple(copied), left_out=tuple(left_out))


def foretold(plan: CopyPlan) -> tuple[Difference, ...]:
    """What would be left out, and what would be changed before sending."""
    return in_order([*plan.left_out, *(found for copied in plan.items for found in _changes(copied))])


def _changes(copied: Copied) -> Iterator[Difference]:
    """What is sent differently. A null that is not sent is no loss: the server decides what it returns for it."""
    sent = without_nulls(copied.sent)
    return differences(copied.index, copied.original, sent, count_nulls=False)


def seen(plan: CopyPlan, stored: Sequence[JsonObject]) -> tuple[Difference, ...]:
    """Every place where stored items differ from their originals."""
    found = [
        each
        for copied, item in zip(plan.items, stored, strict=False)
        for each in differences(copied.index, copied.original, item)
    ]
    unseen = [
        difference(copied.index, copied.original, "left_out", reason="the server does not say that it stored it")
        for copied in plan.items[len(stored) :]
    ]
    return in_order([*plan.left_out, *found, *unseen])


def in_order(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Sorted by item; the places of an item stay as they are."""
    return tuple(sorted(found, key=lambda each: each.index))


def new_ids(plan: CopyPlan, stored: Sequence[JsonObject]) -> dict[str, str]:
    """Id in the original → id in the copy, of the items that had one."""
    pairs = zip((copied.original for copied in plan.items), stored, strict=False)
    return {item_id(original): item_id(copy) for original, copy in pairs if item_id(original)}


def unanswered(plan: CopyPlan) -> tuple[str, ...]:
    """Ids of calls whose output is not copied."""
    originals = [copied.original for copied in plan.items]
    return tuple(item_id(originals[index]) for index in link(originals).open)


def accepted_metadata(metadata: object) -> tuple[dict[str, str], tuple[str, ...]]:
    """The metadata that the API takes, and the keys of the rest: servers may hold more than may be written."""
    taken: dict[str, str] = {}
    refused: list[str] = []
    for key, value in as_object(metadata).items():
        if isinstance(value, str) and _fits(key, value) and len(taken) < METADATA_PAIRS:
            taken[key] = value
        else:
            refused.append(key)
    return taken, tuple(refused)


def _fits(key: str, value: str) -> bool:
    return len(key) <= METADATA_KEY_LENGTH and len(value) <= METADATA_VALUE_LENGTH


def not_kept(sent: Mapping[str, str] | None, answered: object) -> tuple[str, ...]:
    """Keys of the metadata that did not come back as they were sent."""
    kept = as_object(answered)
    return tuple(key for key, value in (sent or {}).items() if key not in kept or kept[key] != value)


async def create_copy(caller: Caller, metadata: Mapping[str, str] | None) -> tuple[str, tuple[str, ...]]:
    """Make an empty conversation; gives its id, and the keys of the metadata that the server did not keep."""
    response = await caller.send(requests.create_conversation(caller, metadata=metadata))
    made = codec().decode_response(response, Conversation)
    return made.id, not_kept(metadata, made.metadata)


async def append_all(
    caller: Caller,
    writing: Writing,
    conversation_id: str,
    items: Sequence[Copied],
    *,
    include: IncludeFields,
    present: Sequence[JsonObject] = (),
) -> list[JsonObject]:
    """
    Append items, each request only after the outcome of the one before it is known.

    Args:
        caller: Makes the calls.
        writing: The write order and the last items of the client.
        conversation_id: Where to.
        items: What to append.
        include: What to ask for; fields that the server refuses are dropped.
        present: What is in the conversation already.

    Returns:
        What is stored now: *present* and the new items as the server says it stored them.

    Raises:
        CopyIncompleteError: A request failed.
    """
    stored, done = list(present), 0
    while done < len(items):
        sent = [copied.sent for copied in items[done : done + ITEMS_PER_APPEND]]
        last = (item_id(stored[-1]) or None) if stored else START
        resume = AppendResume(conversation_id=conversation_id, stored=0, unknown=0, last_item_id=last)
        options = AppendOptions(include=include.fields, call=caller.options)
        run = Append(caller, writing, conversation_id, sent, resume=resume, options=options)
        try:
            await run.run()
        except AppendIncompleteError as error:
            if error.unknown or not include.drop(error.__cause__):
                count, total = len(stored) + len(run.items), len(present) + len(items)
                raise _incomplete(conversation_id, error, count, total) from error.__cause__ or error
            done += error.count
        else:
            done += len(sent)
        finally:
            stored += run.items
    return stored


def _incomplete(conversation_id: str, error: AppendIncompleteError, count: int, total: int) -> CopyIncompleteError:
    message = f"{conversation_id} holds {count} of {total} items: {error.__cause__ or error}"
    return CopyIncompleteError(message, conversation_id=conversation_id, stored=count, total=total)
