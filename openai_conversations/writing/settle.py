"""
What became of an append whose outcome is unknown: look at the conversation, compare, and say what is known.

The *anchor* is the last item known before the attempt. What came after it either is what was sent, or is not; without
an anchor an older, identical message cannot be told from ours, so that anything that looks like ours ends in an error.

The conversation is read from its newest item back to the anchor, and not forward from it: an anchor that was deleted
meanwhile is then simply not met, whatever a server makes of a cursor that it does not know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, cast

import attrs

from openai_conversations.errors import (
    AmbiguousWriteError,
    APIResponseValidationError,
    ConversationsError,
    PaginationStalledError,
)
from openai_conversations.limits import ITEMS_PER_PAGE
from openai_conversations.writing.compare import find
from openai_conversations.writing.last_item import START

_MOST_PAGES: Final = 10


@attrs.frozen(kw_only=True)
class Look:
    """
    One page of stored items as JSON values, newest first.

    Attributes:
        items: The items.
        has_more: Whether the server says that there are more.
        last_id: The cursor of the next page; ``""`` when the server gives none.
    """

    items: Sequence[Any]
    has_more: bool = False
    last_id: str = ""

    @property
    def cursor(self) -> str:
        """What ``after`` must be for the next page; ``""`` when there is no telling."""
        return self.last_id or (item_id(self.items[-1]) if self.items else "")


ReadPage = Callable[[str | None], Awaitable[Look]]
"""``after`` → a page of at most 100 stored items, newest first."""


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


def is_certain(error: BaseException) -> bool:
    """Whether an append that failed so has left nothing behind. What others raise around a call tells nothing."""
    unclear = (AmbiguousWriteError, APIResponseValidationError)
    return isinstance(error, ConversationsError) and not isinstance(error, unclear)


async def look(sent: Sequence[Any], last_item_id: str | None, read_page: ReadPage) -> Finding:
    """
    Find out whether sent items are in a conversation.

    Args:
        sent: The items as they were sent.
        anchor: Id of the last item known before, :data:`START`, or ``None`` when nothing is known.
        read_page: Reads a page.

    Returns:
        What is known. Errors of the look itself become a finding that knows nothing.
    """
    try:
        recent, met = await _read_back(last_item_id, read_page)
    except ConversationsError as error:
        return Finding(known=f"Looking whether it was carried out failed: {error}")
    return _after_last_item(sent, recent) if met else _without_last_item(sent, recent)


async def newest_id(read_page: ReadPage) -> str | None:
    """
    Id of the last item of a conversation, :data:`START` when it is empty, ``None`` when the item has no id.

    Raises:
        APIError: The listing failed.
        PaginationStalledError: The server says that there are items and gives none.
    """
    after: str | None = None
    for _ in range(_MOST_PAGES):
        page = await read_page(after)
        if page.items:
            return item_id(page.items[0]) or None
        if not page.has_more:
            return START
        after = _next(page, after)
    raise _stalled(after)


async def _read_back(last_item_id: str | None, read_page: ReadPage) -> tuple[list[Any], bool]:
    """The newest items, oldest first, as far back as the anchor, and whether it was met."""
    newest: dict[Any, Any] = {}  # by id: a page that comes twice must not look like an append that was stored twice
    after: str | None = None
    for _ in range(_MOST_PAGES):
        page = await read_page(after)
        for item in page.items:
            if last_item_id and item_id(item) == last_item_id:
                return _oldest_first(newest), True
            newest[item_id(item) or len(newest)] = item
        if not page.has_more:
            return _oldest_first(newest), last_item_id == START
        if last_item_id is None and len(newest) >= ITEMS_PER_PAGE:
            break
        after = _next(page, after)
    if len(newest) < ITEMS_PER_PAGE:
        raise _stalled(after)
    return _oldest_first(newest), False


def _oldest_first(newest: dict[Any, Any]) -> list[Any]:
    return list(newest.values())[::-1]


def _next(page: Look, asked: str | None) -> str:
    if not page.cursor or page.cursor == asked:
        raise _stalled(page.cursor or None)
    return page.cursor


def _stalled(cursor: str | None) -> PaginationStalledError:
    return PaginationStalledError(
        "the server says that there are more items but the listing does not get on", cursor=cursor
    )


def _after_last_item(sent: Sequence[Any], stored: Sequence[Any]) -> Finding:
    match = find(sent, stored)
    if len(match.runs) == 1:
        start = match.runs[0]
        return Finding(stored=stored[start : start + len(sent)])
    if match.runs:
        known = "The items are in the conversation more than once."
        return Finding(known=known, resembling=_ids(match.runs, len(sent), stored))
    return _unmatched(match.resembling, stored)


def _without_last_item(sent: Sequence[Any], stored: Sequence[Any]) -> Finding:
    match = find(sent, stored)
    if match.runs:
        known = "Equal items are in the conversation, but nothing tells whether they are these or older ones."
        return Finding(known=known, resembling=_ids(match.runs, len(sent), stored))
    return _unmatched(match.resembling, stored)


def _ids(runs: Sequence[int], length: int, stored: Sequence[Any]) -> tuple[str, ...]:
    """Ids of the items of all runs, each once; runs may overlap."""
    return tuple(dict.fromkeys(item_id(item) for start in runs for item in stored[start : start + length]))


def _unmatched(resembling: Sequence[int], stored: Sequence[Any]) -> Finding:
    if not resembling:
        return Finding(absent=True)
    ids = tuple(item_id(stored[index]) for index in resembling)
    return Finding(known="Items that may be a part of it are in the conversation.", resembling=ids)


def item_id(item: Any) -> str:
    """The id of an item's JSON, ``""`` when it has none."""
    found = cast("dict[str, Any]", item).get("id") if isinstance(item, dict) else None
    return found if isinstance(found, str) else ""
