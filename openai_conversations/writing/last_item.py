"""
The last item known of each conversation, which tells an append that arrived from one that did not.

Learned from the responses that a client gets anyway. What is known is never replaced by what a listing shows that lags
behind: a listing moves it on only when it shows the known item, and what came after.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import Any, Final

import attrs

START: Final = ""
"""Known of a conversation that was empty."""

_MOST_CONVERSATIONS: Final = 10_000
_MOST_UNRESOLVED: Final = 20
"""Items whose outcome is not known that are kept of a conversation, until its last item is known again."""


@attrs.define(eq=False)
class _Known:
    version: int
    """Another number after each beginning and end of a write."""
    last_item_id: str | None = None
    at_least: str | None = None
    """Where no last item is known, one that was it before: a listing that does not show it lags behind."""
    unresolved: tuple[Any, ...] | None = None
    """What may stand behind it of what this client sent; ``None`` when that is not known."""
    unknown_version: int = 0
    """Another number after each write whose outcome is not known."""

    def lags_behind(self, newest_first: Sequence[str]) -> bool:
        """Whether a listing may show less than what was known before."""
        return self.at_least not in (None, START, *newest_first)


class LastItems:
    """
    The last item known of each conversation.

    The conversations used longest ago are forgotten beyond 10,000.
    """

    def __init__(self, most: int = _MOST_CONVERSATIONS) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._most = most
        # One counter for all: an entry that was forgotten and made again does not repeat a number.
        self._count = count()

    def get(self, key: str) -> str | None:
        """The id of the last item, :data:`START` for an empty conversation, ``None`` when nothing is known."""
        known = self._known.get(key)
        return known.last_item_id if known is not None else None

    def version(self, key: str) -> int:
        """A number that changes whenever a write to the conversation begins or ends."""
        return self._entry(key).version

    def unknown_version(self, key: str) -> int:
        """A number that changes whenever a write to the conversation ends and its outcome is not known."""
        return self._entry(key).unknown_version

    def bound(self, key: str) -> tuple[str, tuple[Any, ...]] | None:
        """
        Where the last item is not known, the one before writes whose outcome is not known, and the items of those.

        ``None`` when even that is not known.
        """
        known = self._entry(key)
        if known.last_item_id is not None or known.at_least is None or known.unresolved is None:
            return None
        return known.at_least, known.unresolved

    def at_least(self, key: str) -> str | None:
        """The last item, or where it is not known, one that was it before."""
        known = self._entry(key)
        return known.at_least if known.last_item_id is None else known.last_item_id

    def learn(self, key: str, newest_first: Sequence[str], version: int) -> None:
        """
        Learn from a listing of the end of a conversation.

        Args:
            key: The conversation.
            newest_first: The ids that it shows, the newest first; empty when it shows that there is no item.
            version: What :meth:`version` said before it was asked for: when a write began or ended meanwhile, it may
                show what was before.
        """
        known = self._entry(key)
        if known.version != version or (known.last_item_id is None and known.lags_behind(newest_first)):
            return
        known.last_item_id = newer(known.last_item_id, newest_first)

    def begin(self, key: str) -> tuple[str | None, int]:
        """An append begins: what it may rely on, and a number that it gives to :meth:`end`."""
        known = self._entry(key)
        known.version = next(self._count)
        return known.last_item_id, known.version

    def end(self, key: str, last_item_id: str | None, begun: int, *, unresolved: Sequence[Any] | None = None) -> None:
        """
        An append ended: the last item now, or ``None`` when it is unknown.

        When another write began meanwhile, which of the two is the last is unknown.

        Args:
            key: The conversation.
            last_item_id: Its last item now.
            begun: What :meth:`begin` gave.
            unresolved: The items that may be stored, where the outcome is not known; empty when certainly nothing was
                stored, ``None`` when everything was.
        """
        known = self._entry(key)
        is_alone = known.version == begun
        earlier = () if known.last_item_id is not None else known.unresolved
        known.at_least = known.at_least if known.last_item_id is None else known.last_item_id
        known.last_item_id = last_item_id if is_alone else None
        known.version = next(self._count)
        if unresolved:
            known.unknown_version = known.version
        known.unresolved = None
        if is_alone and earlier is not None and unresolved is not None and len(earlier) < _MOST_UNRESOLVED:
            known.unresolved = (*earlier, *unresolved)

    def forget(self, key: str, item_id: str | None = None) -> None:
        """The conversation, or the item that was its last, was deleted, or somebody else wrote to it."""
        known = self._known.get(key)
        if known is None:
            return
        if item_id is None or item_id == known.at_least:
            known.at_least = None
        if item_id is None or item_id == known.last_item_id:
            known.last_item_id = None
            known.version = next(self._count)

    def _entry(self, key: str) -> _Known:
        known = self._known.get(key)
        if known is None:
            number = next(self._count)
            known = self._known[key] = _Known(version=number, unknown_version=number)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known


def newer(known: str | None, newest_first: Sequence[str]) -> str | None:
    """
    The last item that is known after a listing showed these.

    A listing that does not show the known item may lag behind it, or be far ahead: the known one stays, because a
    lookup that goes too far back may end without an outcome, and one that does not go far enough may be wrong. An id
    that occurs twice marks no place.
    """
    if known is None and not newest_first:
        return START
    if known is not None and (known == START or known not in newest_first):
        # An empty conversation that shows items: whatever they are, they came after.
        return known
    newest = newest_first[0]
    return newest if newest and newest_first.count(newest) == 1 else known
