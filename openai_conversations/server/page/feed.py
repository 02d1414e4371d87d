"""
What changes while a page is looked at, as server-sent events.

The server is looked at a few times a second, and only the last requests are sent: however many come, a page that is
open costs the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

import attrs

from openai_conversations.server.http.messages import Events
from openai_conversations.server.journal import JournalEntry

Sleep = Callable[[float], Awaitable[bool]]
"""Waits so many seconds, or until the client is gone: then it is false."""

INTERVAL = 0.25
KEPT = 200
"""Requests that a page shows."""


@attrs.frozen(kw_only=True)
class Change:
    """
    What a page is told.

    Attributes:
        name: Of the event.
        data: HTML.
        number: Of the last request that is shown.
    """

    name: str
    data: str
    number: int

    def frame(self) -> bytes:
        """https://html.spec.whatwg.org/multipage/server-sent-events.html: each line of the data for itself."""
        lines = "".join(f"data: {line}\n" for line in self.data.split("\n"))
        return f"event: {self.name}\nid: {self.number}\n{lines}\n".encode(errors="replace")


class JournalView:
    """
    What a page has seen of the journal.

    Args:
        seen: The number of the last request that it shows; those that had not ended by then are shown again.
    """

    def __init__(self, seen: int) -> None:
        self.seen: int = seen
        self._open: dict[int, tuple[object, ...]] | None = None

    def news(self, journal: Sequence[JournalEntry]) -> tuple[bool, list[JournalEntry]]:
        """Whether the journal was begun anew, and what is new or has changed, oldest first."""
        newest = journal[-1].number if journal else 0
        is_new = newest < self.seen
        if is_new:
            self.seen = 0
            self._open = {}
        recent = journal[-KEPT:]
        changed = [entry for entry in recent if self._has_changed(entry)]
        self.seen = newest
        self._open = {entry.number: _state(entry) for entry in recent if not entry.seconds}
        return is_new, changed

    def _has_changed(self, entry: JournalEntry) -> bool:
        if entry.number > self.seen:
            return True
        if self._open is None:
            return not entry.seconds
        return entry.number in self._open and self._open[entry.number] != _state(entry)


def _state(entry: JournalEntry) -> tuple[object, ...]:
    return (entry.operation, entry.status, entry.events, entry.client_left, entry.fault, entry.seconds)


async def follow(look: Callable[[], Iterable[Change]], sleep: Sleep) -> Events:
    """
    The events for one page, until it is closed.

    Args:
        look: What has changed since it was asked before.
        sleep: How to wait.
    """
    yield [b"retry: 1000\n\n"]
    while True:
        frames = [change.frame() for change in look()]
        if frames:
            yield frames
        if not await sleep(INTERVAL):
            return
