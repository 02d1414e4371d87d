"""What a page that is open is told."""

from __future__ import annotations

import asyncio

from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.page.feed import KEPT, Change, JournalView, follow


def entry(number, **more):
    return JournalEntry(number=number, time=0.0, method="GET", path="/", **more)


def numbers(news):
    is_new, changed = news
    return is_new, [each.number for each in changed]


def test_what_is_new():
    """What came after the page was loaded, and what had not ended by then."""
    view = JournalView(2)
    journal = [entry(1, seconds=1.0), entry(2), entry(3, seconds=1.0)]

    assert (False, [2, 3]) == numbers(view.news(journal))
    assert (False, []) == numbers(view.news(journal))


def test_what_changes():
    """A stream that goes on, and the end of a request; an entry that has ended does not change."""
    view, running = JournalView(0), entry(1)
    view.news([running])
    running.events = 3
    assert (False, [1]) == numbers(view.news([running]))
    running.seconds = 1.0
    assert (False, [1]) == numbers(view.news([running]))
    running.fault = "late"
    assert (False, []) == numbers(view.news([running]))


def test_a_journal_that_begins_anew():
    """After a reset the numbers begin again, and so does the page."""
    view = JournalView(7)

    assert (True, []) == numbers(view.news([]))
    assert (False, [1]) == numbers(view.news([entry(1)]))


def test_the_last_ones():
    """However many came, only those that a page shows are sent."""
    _, changed = JournalView(0).news([entry(n) for n in range(1, 1000)])

    assert (KEPT, 999) == (len(changed), changed[-1].number)


def test_frames():
    """Each line of the data stands for itself, and halves of pairs do not stop it."""
    assert b"event: rows\nid: 3\ndata: a\ndata: ?b\n\n" == Change(name="rows", data="a\n\ud800b", number=3).frame()


async def test_following():
    """It goes on until the client is gone, and says nothing when there is nothing to say."""
    looks = iter([[], [Change(name="rows", data="a", number=1)], []])
    waits = iter([True, True, False])

    async def sleep(_):
        await asyncio.sleep(0)
        return next(waits)

    frames = [frame async for batch in follow(lambda: next(looks), sleep) for frame in batch]
    assert [b"retry: 1000\n\n", b"event: rows\nid: 1\ndata: a\n\n"] == frames
