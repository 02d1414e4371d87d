"""
What became of an append whose outcome is unknown: look at the conversation, compare, and say what is known.

The *anchor* is the last item known before the attempt. What came after it either is what was sent, or is not; without an
anchor an older, identical message cannot be told from ours, so that anything that looks like ours ends in an error.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import attrs

from openai_conversations.errors import APIError, NotFoundError
from openai_conversations.operations.matching import find

START: Final = ""
"""The anchor of a conversation that is known to have been empty."""

PAGE_SIZE: Final = 100
_MOST_PAGES: Final = 10
_MOST_ANCHORS: Final = 10_000


@attrs.frozen(kw_only=True)
class Look:
    """
    One page of stored items as JSON values, in the order that was asked for.

    Attributes:
        items: The items.
        has_more: Whether the server says that there are more.
    """

    items: Sequence[Any]
    has_more: bool


ListItems = Callable[[str, str | None, str], Awaitable[Look]]
"""``(order, after, conversation_id)`` → a page of at most 100 stored items."""


@attrs.frozen(kw_only=True)
class Finding:
    """
    What a look told.

    Attributes:
        stored: The stored items, when the append was carried out; else ``None``.
        absent: Whether it was certainly not there.
        known: One sentence, when it cannot be told.
        resembling: Ids of items that look like those of the append.
    """

    stored: Sequence[Any] | None = None
    absent: bool = False
    known: str = ""
    resembling: tuple[str, ...] | None = None


async def look(sent: Sequence[Any], conversation_id: str, anchor: str | None, list_items: ListItems) -> Finding:
    """
    Find out whether sent items are in a conversation.

    Args:
        sent: The items as they were sent.
        conversation_id: The conversation.
        anchor: Id of the last item known before, :data:`START`, or ``None`` when nothing is known.
        list_items: Reads a page.

    Returns:
        What is known. Errors of the look itself become a finding that knows nothing.
    """
    try:
        if anchor is not None:
            try:
                return _after_anchor(sent, await _read_after(conversation_id, anchor, list_items))
            except NotFoundError:
                if anchor == START:
                    raise
        recent = await list_items("desc", None, conversation_id)
        return _without_anchor(sent, list(reversed(recent.items)))
    except APIError as error:
        return Finding(known=f"Looking whether it was carried out failed: {error}")


async def _read_after(conversation_id: str, anchor: str, list_items: ListItems) -> list[Any]:
    """All items after the anchor, oldest first, within reason."""
    items: list[Any] = []
    after = anchor or None
    for _ in range(_MOST_PAGES):
        page = await list_items("asc", after, conversation_id)
        items += page.items
        if not page.has_more or not page.items:
            break
        after = item_id(page.items[-1])
    return items


def _after_anchor(sent: Sequence[Any], stored: Sequence[Any]) -> Finding:
    match = find(sent, stored)
    if len(match.runs) == 1:
        start = match.runs[0]
        return Finding(stored=stored[start : start + len(sent)])
    if match.runs:
        ids = tuple(item_id(item) for start in match.runs for item in stored[start : start + len(sent)])
        return Finding(known=f"The items are in the conversation {len(match.runs)} times.", resembling=ids)
    return _unmatched(match.resembling, stored)


def _without_anchor(sent: Sequence[Any], stored: Sequence[Any]) -> Finding:
    match = find(sent, stored)
    if match.runs:
        ids = tuple(item_id(item) for start in match.runs for item in stored[start : start + len(sent)])
        known = "Equal items are in the conversation, but nothing tells whether they are these or older ones."
        return Finding(known=known, resembling=ids)
    return _unmatched(match.resembling, stored)


def _unmatched(resembling: Sequence[int], stored: Sequence[Any]) -> Finding:
    if not resembling:
        return Finding(absent=True)
    ids = tuple(item_id(stored[index]) for index in resembling)
    return Finding(known="Items that may be a part of it are in the conversation.", resembling=ids)


def item_id(item: Any) -> str:
    """The id of an item's JSON, ``""`` when it has none."""
    found = item.get("id") if isinstance(item, dict) else None
    return found if isinstance(found, str) else ""


@attrs.define(eq=False)
class _Known:
    anchor: str | None = None
    changes: int = 0
    """Counts the beginnings and ends of appends, so that a slow listing cannot set the anchor back."""


class Anchors:
    """
    The last item known of each conversation, learned from the answers that a client gets anyway.

    The conversations used longest ago are forgotten beyond 10,000.
    """

    def __init__(self, most: int = _MOST_ANCHORS) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._most = most

    def get(self, conversation_id: str) -> str | None:
        """The anchor of a conversation, or ``None``."""
        known = self._known.get(conversation_id)
        return known.anchor if known is not None else None

    def changes(self, conversation_id: str) -> int:
        """A number that a listing takes before it starts and gives to :meth:`offer`."""
        return self._entry(conversation_id).changes

    def offer(self, conversation_id: str, anchor: str, changes: int) -> None:
        """Set the anchor from a listing, unless an append began or ended meanwhile."""
        known = self._entry(conversation_id)
        if known.changes == changes:
            known.anchor = anchor

    def begin(self, conversation_id: str) -> str | None:
        """An append begins: the anchor that it may rely on."""
        known = self._entry(conversation_id)
        known.changes += 1
        return known.anchor

    def end(self, conversation_id: str, anchor: str | None) -> None:
        """An append ended: the new anchor, or ``None`` when its outcome is not known."""
        known = self._entry(conversation_id)
        known.changes += 1
        known.anchor = anchor

    def forget(self, conversation_id: str, anchor: str | None = None) -> None:
        """The conversation, or the item that is its anchor, was deleted."""
        known = self._known.get(conversation_id)
        if known is not None and (anchor is None or anchor == known.anchor):
            known.anchor = None
            known.changes += 1

    def _entry(self, conversation_id: str) -> _Known:
        known = self._known.get(conversation_id)
        if known is None:
            known = self._known[conversation_id] = _Known()
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(conversation_id)
        return known
