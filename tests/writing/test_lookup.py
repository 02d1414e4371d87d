"""Looking for an append whose outcome is unknown, on pages in memory; and what is known of conversations."""

from __future__ import annotations

import pytest

from openai_conversations.errors import (
    AmbiguousWriteError,
    APIConnectionError,
    APIResponseValidationError,
    ConfigurationError,
    PaginationStalledError,
)
from openai_conversations.writing.last_item import START, LastItems
from openai_conversations.writing.settle import Finding, Look, is_certain, look, newest_id
from tests.fakes import answer


def item(text, number):
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "id": f"msg_{number}", "role": "user", "status": "completed", "content": content}


def sent(texts):
    return [{"role": "user", "content": text} for text in texts]


class Conversation:
    """
    Pages of a conversation, newest first.

    Attributes:
        asked: The cursors that pages were asked for with.
    """

    def __init__(self, texts, page=100, change=lambda look, number: look):
        self.items = [item(text, number) for number, text in enumerate(texts)]
        self.page = page
        self.change = change
        self.asked = []

    async def read(self, after):
        self.asked.append(after)
        newest = self.items[::-1]
        start = 0 if after is None else 1 + next(i for i, one in enumerate(newest) if one["id"] == after)
        page = newest[start : start + self.page]
        more = start + self.page < len(newest)
        return self.change(Look(items=page, has_more=more, last_id=page[-1]["id"] if page else ""), len(self.asked))


@pytest.mark.parametrize("page", [1, 2, 100])
@pytest.mark.parametrize(
    ("texts", "last_item_id", "looked_for", "found"),
    [
        ("", START, "A", None),
        ("A", START, "A", [0]),
        ("AB", START, "AB", [0, 1]),
        ("A", "msg_0", "A", None),
        ("AA", "msg_0", "A", [1]),
        ("AAB", "msg_1", "B", [2]),
        ("AAX", "msg_1", "A", None),
        ("XAYAZ", "msg_1", "A", [3]),
    ],
)
async def test_after_the_anchor(page, texts, last_item_id, looked_for, found):
    """What came after the anchor is ours, or it is not there; what was there before is not looked at."""
    conversation = Conversation(texts, page)

    finding = await look(sent(looked_for), last_item_id, conversation.read)

    assert (found is None) is finding.absent
    assert found == (finding.stored and [conversation.items.index(one) for one in finding.stored])


@pytest.mark.parametrize(
    ("texts", "last_item_id", "looked_for", "known", "resembling"),
    [
        ("XAA", "msg_0", "A", "more than once", ("msg_1", "msg_2")),
        ("XAAA", "msg_0", "AA", "more than once", ("msg_1", "msg_2", "msg_3")),
        ("XAB", "msg_0", "ABC", "may be a part", ("msg_1", "msg_2")),
        ("XA", None, "A", "these or older ones", ("msg_1",)),
        ("XA", "msg_gone", "A", "these or older ones", ("msg_1",)),
        ("XB", None, "AB", "may be a part", ("msg_1",)),
    ],
)
async def test_what_cannot_be_told(texts, last_item_id, looked_for, known, resembling):
    """More than one run, a part of the items, or equal ones without an anchor: never a guess."""
    finding = await look(sent(looked_for), last_item_id, Conversation(texts).read)

    assert not finding.absent
    assert finding.stored is None
    assert known in finding.known
    assert resembling == finding.resembling


@pytest.mark.parametrize("last_item_id", [None, "msg_gone"])
async def test_without_an_anchor_nothing_like_it(last_item_id):
    """Without an anchor, an append of which nothing is there was not carried out."""
    assert Finding(absent=True) == await look(sent("A"), last_item_id, Conversation("XYZ" * 50).read)


async def test_no_further_than_the_anchor():
    """The conversation is read back to the anchor, and no page more."""
    conversation = Conversation("X" * 1000, page=10)

    await look(sent("A"), "msg_985", conversation.read)

    assert [None, "msg_990"] == conversation.asked


async def test_without_an_anchor_a_hundred_items_are_enough():
    """What is older than a hundred items was there before."""
    conversation = Conversation("A" + "X" * 999)

    assert (await look(sent("A"), None, conversation.read)).absent
    assert [None] == conversation.asked


async def test_an_anchor_far_back():
    """After a thousand items the anchor is given up; what looks like ours is then in doubt."""
    conversation = Conversation("X" * 3000 + "A")

    assert (await look(sent("B"), "msg_0", conversation.read)).absent
    assert "these or older ones" in (await look(sent("A"), "msg_0", conversation.read)).known
    assert 20 == len(conversation.asked)


async def test_an_empty_page_is_followed():
    """A page without items that says that there is more is not the end: ours may come after it."""

    def first_is_empty(page, number):
        return Look(items=[], has_more=True, last_id="msg_2") if number == 1 else page

    conversation = Conversation("XA", change=first_is_empty)
    conversation.items.append(item("", 2))

    assert conversation.items[1:2] == (await look(sent("A"), "msg_0", conversation.read)).stored


async def test_a_missing_cursor_is_the_last_item():
    """A server that gives no cursor is asked for what comes after the last item."""
    conversation = Conversation("XAB", 1, lambda page, _: Look(items=page.items, has_more=page.has_more))

    assert conversation.items[1:] == (await look(sent("AB"), "msg_0", conversation.read)).stored


async def test_a_page_that_comes_twice():
    """The same item twice in a listing is not the same append stored twice."""
    conversation = Conversation("XA", change=lambda page, _: Look(items=[*page.items[:1], *page.items]))

    assert conversation.items[1:] == (await look(sent("A"), "msg_0", conversation.read)).stored


@pytest.mark.parametrize(
    "page",
    [
        Look(items=[], has_more=True),
        Look(items=[], has_more=True, last_id="msg_0"),
        Look(items=[item("X", 7)], has_more=True, last_id="msg_7"),
    ],
    ids=["no cursor", "one cursor for ever", "one page for ever"],
)
@pytest.mark.parametrize("last_item_id", [None, START, "msg_0"])
async def test_a_listing_that_does_not_get_on(page, last_item_id):
    """A listing that does not come to an end tells nothing: what was not seen is not absent."""

    async def read(_):
        return page

    finding = await look(sent("A"), last_item_id, read)

    assert (False, None) == (finding.absent, finding.stored)
    assert "Looking whether it was carried out failed" in finding.known
    assert finding.resembling is None


async def test_a_look_that_fails():
    """A look that fails tells nothing."""

    async def read(_):
        raise APIConnectionError(message="Connection error: gone")

    finding = await look(sent("A"), START, read)

    assert "Looking whether it was carried out failed: Connection error: gone" == finding.known


async def test_newest():
    """The last item of a conversation, or that it is empty."""
    assert "msg_2" == await newest_id(Conversation("ABC", 1).read)
    assert START == await newest_id(Conversation("").read)


async def test_newest_behind_an_empty_page():
    """An empty page that says that there is more is no empty conversation."""
    hidden = Look(items=[], has_more=True, last_id="msg_1")
    conversation = Conversation("AB", change=lambda page, number: page if number > 1 else hidden)

    assert "msg_0" == await newest_id(conversation.read)


@pytest.mark.parametrize("last_id", ["", "msg_9"])
async def test_newest_that_nobody_gives(last_id):
    """A server that promises items and gives none is not believed."""

    async def read(_):
        return Look(items=[], has_more=True, last_id=last_id)

    with pytest.raises(PaginationStalledError):
        await newest_id(read)


async def test_pages_without_items_and_without_end():
    """A server whose cursor moves for ever is asked ten times; what it did not show is neither newest nor absent."""
    cursors = (f"cursor_{n}" for n in range(100))

    async def read(_):
        return Look(items=[], has_more=True, last_id=next(cursors))

    with pytest.raises(PaginationStalledError):
        await newest_id(read)
    finding = await look(sent("A"), START, read)

    assert "Looking whether it was carried out failed" in finding.known
    assert "cursor_20" == next(cursors)


# What is known of conversations


def appended(last_items, conversation, last_item_id):
    """One append from its beginning to its end."""
    _, begun = last_items.begin(conversation)
    last_items.end(conversation, last_item_id, begun)


def test_an_append_moves_the_anchor():
    """An append relies on what the one before it left."""
    last_items = LastItems()

    known, begun = last_items.begin("c")
    assert known is None
    last_items.end("c", "msg_1", begun)
    known, begun = last_items.begin("c")
    assert "msg_1" == known == last_items.get("c")
    last_items.end("c", None, begun)
    assert last_items.get("c") is None
    assert last_items.get("other") is None


@pytest.mark.parametrize("inner_ends_first", [True, False])
def test_an_append_inside_another(inner_ends_first):
    """When a middleware appends while an append is under way, nobody can tell which of the two is the last."""
    last_items = LastItems()
    _, outer = last_items.begin("c")
    _, inner = last_items.begin("c")
    ends = [("msg_inner", inner), ("msg_outer", outer)]
    for last_item_id, begun in ends if inner_ends_first else ends[::-1]:
        last_items.end("c", last_item_id, begun)

    assert last_items.get("c") is None


@pytest.mark.parametrize("meanwhile", ["nothing", "begin", "end", "forget"])
def test_a_slow_listing(meanwhile):
    """A listing that began before a write began or ended does not set the anchor back."""
    last_items = LastItems()
    appended(last_items, "c", "msg_1")
    changes = last_items.changes("c")
    if meanwhile == "begin":
        last_items.begin("c")
    elif meanwhile == "end":
        appended(last_items, "c", "msg_1")
    elif meanwhile == "forget":
        last_items.forget("c", "msg_1")

    last_items.offer("c", "msg_0", changes)

    assert {"nothing": "msg_0", "forget": None}.get(meanwhile, "msg_1") == last_items.get("c")


def test_a_deleted_item_is_no_anchor():
    """The anchor is forgotten when it is deleted, or the conversation is; another item does not matter."""
    last_items = LastItems()
    appended(last_items, "c", "msg_1")
    last_items.forget("c", "msg_0")
    assert "msg_1" == last_items.get("c")

    last_items.forget("c", "msg_1")
    assert last_items.get("c") is None

    appended(last_items, "c", "msg_2")
    last_items.forget("c")
    last_items.forget("unknown")
    assert last_items.get("c") is None


def test_the_longest_unused_are_forgotten():
    """Only so many conversations are kept in mind, and a forgotten one cannot be set back by a listing of before."""
    last_items = LastItems(most=2)
    changes = last_items.changes("a")
    appended(last_items, "b", "msg_b")
    last_items.changes("a")
    appended(last_items, "c", "msg_c")
    assert last_items.get("b") is None

    appended(last_items, "d", "msg_d")
    assert last_items.get("a") is None
    appended(last_items, "a", "msg_9")
    last_items.offer("a", "msg_0", changes)

    assert "msg_9" == last_items.get("a")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (APIConnectionError(), True),
        (ConfigurationError(), True),
        (AmbiguousWriteError("?"), False),
        (APIResponseValidationError(answer()), False),
        (ValueError(), False),
    ],
)
def test_what_leaves_nothing_behind(error, expected):
    """Errors of ours that reach an append say that nothing was stored, but for two; those of others say nothing."""
    assert expected is is_certain(error)
