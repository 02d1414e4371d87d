"""A list that misleads."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from openai_conversations.server.faults.effects import lists
from openai_conversations.server.faults.fault import Fault, Select, check_bounds

__all__ = [
    "empty_page",
    "missing_last_id",
    "stale_reads",
    "stuck_cursor",
]

_LISTS = frozenset({"listConversationItems", "listInputItems"})


def empty_page(**select: Unpack[Select]) -> Fault:
    """Answer a list with an empty page that says ``has_more``; the list goes on after its ``last_id``."""
    return Fault(name="empty_page", effect=lists.empty_page, possible=_LISTS, **select)


def stuck_cursor(**select: Unpack[Select]) -> Fault:
    """Answer lists with ``has_more`` and a ``last_id`` that is the cursor of the request; for ever by default."""
    select.setdefault("count", None)
    return Fault(name="stuck_cursor", effect=lists.stuck_cursor, possible=_LISTS, **select)


def missing_last_id(**select: Unpack[Select]) -> Fault:
    """Answer lists without ``first_id`` and ``last_id``; for ever by default."""
    select.setdefault("count", None)
    return Fault(name="missing_last_id", effect=lists.missing_last_id, possible=_LISTS, **select)


def stale_reads(seconds: float = 1.0, **select: Unpack[Select]) -> Fault:
    """
    Answer lists without the items of the last ``seconds``, on the server's clock; for ever by default.

    What was deleted is missing at once, and single items can be read at once.
    """
    check_bounds(seconds=seconds)
    select.setdefault("count", None)
    return Fault(name="stale_reads", effect=partial(lists.stale_reads, seconds=seconds), possible=_LISTS, **select)
