"""
The last item known of each conversation, which tells an append that arrived from one that did not.

Apart from :mod:`.settle`, which uses it, because every client keeps anchors and few ever have to look.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import count
from typing import Final

import attrs

START: Final = ""
"""The anchor of a conversation that is known to have been empty."""

_MOST_CONVERSATIONS: Final = 10_000


@attrs.define(eq=False)
class _Known:
    changes: int
    """Another number after each beginning and end of an append, so that a slow listing cannot set the anchor back."""
    last_item_id: str | None = None


class LastItems:
    """
    The last item known of each conversation, learned from the answers that a client gets anyway.

    The conversations used longest ago are forgotten beyond 10,000.
    """

    def __init__(self, most: int = _MOST_CONVERSATIONS) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._most = most
        # One counter for all: an entry that was forgotten and made again does not repeat a number.
        self._count = count()

    def get(self, conversation: str) -> str | None:
        """The anchor of a conversation, or ``None``."""
        known = self._known.get(conversation)
        return known.last_item_id if known is not None else None

    def changes(self, conversation: str) -> int:
        """A number that a listing takes before it starts and gives to :meth:`offer`."""
        return self._entry(conversation).changes

    def offer(self, conversation: str, last_item_id: str, changes: int) -> None:
        """Set the anchor from a listing, unless an append began or ended meanwhile."""
        known = self._entry(conversation)
        if known.changes == changes:
            known.last_item_id = last_item_id

    def begin(self, conversation: str) -> tuple[str | None, int]:
        """An append begins: the anchor that it may rely on, and a number that it gives to :meth:`end`."""
        known = self._entry(conversation)
        known.changes = next(self._count)
        return known.last_item_id, known.changes

    def end(self, conversation: str, last_item_id: str | None, begun: int) -> None:
        """
        An append ended: the new anchor, or ``None`` when its outcome is not known.

        When another one began meanwhile, inside it, nobody can tell which of the two is the last: there is no anchor.
        """
        known = self._entry(conversation)
        known.last_item_id = last_item_id if known.changes == begun else None
        known.changes = next(self._count)

    def forget(self, conversation: str, last_item_id: str | None = None) -> None:
        """The conversation, or the item that is its anchor, was deleted."""
        known = self._known.get(conversation)
        if known is not None and (last_item_id is None or last_item_id == known.last_item_id):
            known.last_item_id = None
            known.changes = next(self._count)

    def _entry(self, conversation: str) -> _Known:
        known = self._known.get(conversation)
        if known is None:
            known = self._known[conversation] = _Known(next(self._count))
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(conversation)
        return known
