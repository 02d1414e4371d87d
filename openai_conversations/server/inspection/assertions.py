"""
Judgements on what a client did: pure functions of what is stored and of the journal.

Each returns nothing or raises :class:`AssertionError` with a message that shows the difference.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import attrs

from openai_conversations.converters import json
from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.rules.items import complete
from openai_conversations.server.rules.schema_dsl import is_array, is_object

Item = Mapping[str, Any]
By = Literal["replay", "content"]

_VOLATILE = frozenset({"id", "status", "created_by"})


@attrs.frozen(kw_only=True)
class StoredConversation:
    """A conversation with everything it holds, seen from behind; ``created_at`` is in Unix seconds."""

    id: str
    metadata: Mapping[str, Any] | None
    deleted: bool
    items: Sequence[Item]
    created_at: int = 0


def no_duplicates(
    conversations: Iterable[StoredConversation], journal: Iterable[JournalEntry], by: By = "replay"
) -> None:
    """
    Nothing was stored twice, and no turn was taken twice.

    By ``replay``, an item is a duplicate when an equal one was stored before it by another request whose response was
    lost or false: a client sent it again. Equal items that were sent on purpose are none. By ``content``, every item
    that equals an earlier one of its conversation is a duplicate.

    Raises:
        AssertionError: Something was.
        ValueError: ``by`` is neither.
    """
    if by not in get_args(By):
        raise ValueError(f"by is one of {', '.join(get_args(By))}, not {by!r}")
    writers = {item_id: entry for entry in journal if entry.committed for item_id in entry.item_ids}
    found = [
        line
        for conversation in conversations
        if not conversation.deleted
        for group in _equal_items(conversation.items)
        for line in _describe_duplicates(conversation.id, group, writers, by)
    ]
    journal = list(journal)
    found += _duplicate_conversations(conversations, journal)
    found += _duplicate_turns(conversations, journal)
    if found:
        raise AssertionError("\n".join(["something was stored more than once:", *found]))


def _equal_items(items: Iterable[Item]) -> list[list[Item]]:
    groups: dict[bytes, list[Item]] = {}
    for item in items:
        groups.setdefault(content_of(item), []).append(item)
    return [group for group in groups.values() if len(group) > 1]


def _describe_duplicates(
    conversation_id: str, group: Sequence[Item], writers: Mapping[str, JournalEntry], by: By
) -> list[str]:
    if by == "replay" and not _replayed([writers.get(str(item["id"])) for item in group]):
        return []
    lines = [f"  {item['id']} by {writers.get(str(item['id']), 'no request in the journal')}" for item in group]
    return [f"{conversation_id}: {len(group)} times {summary(group[0])}", *lines]


def _replayed(entries: Sequence[JournalEntry | None]) -> bool:
    """Whether one of the writers other than the last was not heard, and another wrote the same again."""
    numbers = {entry.number for entry in entries if entry}
    return len(numbers) > 1 and any(
        entry is not None and not entry.acknowledged and entry.number != max(numbers) for entry in entries
    )


def _duplicate_conversations(conversations: Iterable[StoredConversation], journal: Iterable[JournalEntry]) -> list[str]:
    """Conversations with items that were made again after a response was lost; an empty one holds nothing to double."""
    alive = {conversation.id for conversation in conversations if not conversation.deleted}
    made: dict[bytes, list[JournalEntry]] = {}
    for entry in journal:
        if entry.operation == "createConversation" and entry.item_ids and entry.conversation_id in alive:
            made.setdefault(entry.body, []).append(entry)
    return [
        f"{len(entries)} conversations from one request: "
        + ", ".join(f"{entry.conversation_id} by {entry}" for entry in entries)
        for entries in made.values()
        if _replayed(entries)
    ]


def _duplicate_turns(conversations: Iterable[StoredConversation], journal: Iterable[JournalEntry]) -> list[str]:
    """Turns that were taken again after a response was lost, wherever they left something."""
    journal = list(journal)
    gone = {conversation.id for conversation in conversations if conversation.deleted}
    gone |= {entry.response_id for entry in journal if entry.operation == "deleteResponse" and entry.committed}
    taken: dict[bytes, list[JournalEntry]] = {}
    for entry in journal:
        is_left = entry.conversation_id not in gone if entry.item_ids else entry.response_id not in gone
        if entry.operation == "createResponse" and entry.committed and is_left:
            taken.setdefault(entry.body, []).append(entry)
    return [
        f"{len(entries)} turns from one request: " + ", ".join(f"{entry.response_id} by {entry}" for entry in entries)
        for entries in taken.values()
        if _replayed(entries)
    ]


def no_loss(conversations: Iterable[StoredConversation], expected: Mapping[str, Iterable[Item | str]]) -> None:
    """
    Everything expected is stored, as often and in the order as expected. More than that is no loss.

    Args:
        conversations: What is stored.
        expected: By conversation the items that must be there, as they were sent; a string stands for the text of
            a user's message, a response for its output.
    """
    stored = {conversation.id: conversation for conversation in conversations}
    for conversation_id, wanted in expected.items():
        conversation = stored.get(conversation_id)
        items = conversation.items if conversation else ()
        _compare(conversation_id, [as_item(item) for one in wanted for item in _of_response(one)], items)


def _of_response(value: Item | str) -> Sequence[Item | str]:
    """The output of a response; of what is none itself."""
    is_response = not isinstance(value, str) and value.get("object") == "response"
    return value["output"] if is_response else [value]  # type: ignore[index]  # no string


def _compare(conversation_id: str, wanted: Sequence[Item], items: Sequence[Item]) -> None:
    stored = iter(content_of(item) for item in items)
    if all(content_of(item) in stored for item in wanted):  # consumes `stored`: order counts
        return
    difference = difflib.ndiff([summary(item) for item in wanted], [summary(item) for item in items])
    raise AssertionError(
        "\n".join(
            [
                f"{conversation_id} lacks some of what was expected, or has it in another order",
                "(- expected, + stored):",
                *(line.rstrip("\n") for line in difference if not line.startswith("?")),
            ]
        )
    )


def erased(conversation_id: str, conversation: StoredConversation | None, orphans: Sequence[Item]) -> None:
    """The conversation is gone and so are its items, those that nobody can read any more included."""
    left = [*(conversation.items if conversation else ()), *orphans]
    unique = list({str(item["id"]): item for item in left}.values())
    alive = conversation is not None and not conversation.deleted
    if not alive and not unique:
        return
    state = "still exists" if alive else "is deleted"
    lines = [f"  {item['id']} {summary(item)}" for item in unique]
    raise AssertionError("\n".join([f"{conversation_id} {state} and holds {len(unique)} items:", *lines]))


def turns(journal: Iterable[JournalEntry], conversation_id: str, count: int) -> None:
    """So many turns left their items in the conversation, whatever was told of them."""
    asked = [e for e in journal if e.operation == "createResponse" and e.conversation_id == conversation_id]
    stored = [entry for entry in asked if entry.item_ids]
    if len(stored) != count:
        lines = [f"  {entry}: {_what_was_stored(entry)}" for entry in asked]
        head = f"{conversation_id} holds {len(stored)} turns, not {count}:"
        raise AssertionError("\n".join([head, *(lines or ["  no turn was asked for"])]))


def _what_was_stored(entry: JournalEntry) -> str:
    if entry.item_ids:
        return f"stored {len(entry.item_ids)} items, {entry.response_id}"
    return f"stored no item, {entry.response_id}" if entry.response_id else "stored nothing"


def requests(journal: Iterable[JournalEntry], operations: Sequence[str], counts: Mapping[str, int]) -> None:
    """
    These requests came and no others: ``operations`` in this order, or ``counts`` of each in any order.

    With counts, operations that they do not name are not judged.
    """
    came = [entry.operation or f"{entry.method} {entry.path}" for entry in journal]
    if operations or not counts:
        _check_order(list(operations), came)
    counted = Counter(came)
    wrong = {name: (count, counted[name]) for name, count in counts.items() if counted[name] != count}
    if wrong:
        lines = [f"  {name}: expected {count}, came {seen}" for name, (count, seen) in wrong.items()]
        raise AssertionError("\n".join(["not the expected requests:", *lines]))


def _check_order(expected: list[str], came: list[str]) -> None:
    if expected != came:
        difference = [line.rstrip("\n") for line in difflib.ndiff(expected, came) if not line.startswith("?")]
        raise AssertionError("\n".join(["not the expected requests (- expected, + came):", *difference]))


def as_item(item: Item | str) -> Item:
    """An item as it would be stored, but for its id."""
    return complete(item, lambda prefix: f"{prefix}_").item


def content_of(item: Item) -> bytes:
    """What makes two items equal: everything but the id and what servers add."""
    return json.dumps({name: item[name] for name in sorted(item) if name not in _VOLATILE})


def summary(item: Item, limit: int = 100) -> str:
    """One line that a reader recognises the item by."""
    content = json.dumps({name: value for name, value in item.items() if name not in {*_VOLATILE, "type"}}).decode()
    content_parts = item.get("content")
    parts = content_parts if is_array(content_parts) else []
    texts = [str(part["text"]) for part in parts if is_object(part) and "text" in part]
    shown = f"{item.get('role')}: {' '.join(texts)!r}" if texts else content
    text = f"{item.get('type')} {shown}"
    return text if len(text) <= limit else f"{text[:limit]}…"
