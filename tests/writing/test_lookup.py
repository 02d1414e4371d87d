"""Lookups on pages in memory: how far they read, and what they tell; and what is known of conversations."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from openai_conversations.errors import PaginationStalledError
from openai_conversations.transport.message import HTTPRequest, HTTPResponse, Write
from openai_conversations.writing.last_item import START, LastItems, newer, seen_item
from openai_conversations.writing.listings import listing_of, newest_item
from openai_conversations.writing.lookup import Lookup

URL = "http://fake/v1/conversations/conv_1/items"


def item(text, number):
    role = "user" if text.isupper() else "assistant"
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "id": f"msg_{number}", "role": role, "status": "completed", "content": content}


def append(texts, **changes):
    body = {"items": [{"role": "user", "content": text} for text in texts]}
    return HTTPRequest(
        operation="createConversationItems",
        method="POST",
        template="/conversations/{conversation_id}/items",
        url=URL,
        body=json.dumps(body).encode(),
        conversation_id="conv_1",
        write=Write(),
    ).replace(**changes)


@attrs.define
class Conversation:
    """
    Pages of a conversation, in the order that is asked for: a handler.

    Attributes:
        items: Oldest first.
        page: Items of a page.
        change: What is done to the page of each number, from 1.
        order: The order of every page, whatever is asked for.
        asked: The cursors that pages were asked for with, the newest first.
        oldest: How often the oldest item was asked for.
    """

    items: list
    page: int = 100
    change: object = lambda page, _: page
    order: str | None = None
    asked: list = attrs.field(factory=list)
    oldest: int = 0

    async def __call__(self, request):
        query = {name: value for name, (value,) in parse_qs(urlsplit(request.url).query).items()}
        after = query.get("after")
        if query["order"] == "asc":
            self.oldest += 1
        else:
            self.asked.append(after)
        listed = self.items[:: -1 if (self.order or query["order"]) == "desc" else 1]
        start = 0 if after is None else 1 + next(i for i, one in enumerate(listed) if one["id"] == after)
        shown = listed[start : start + min(self.page, int(query["limit"]))]
        body = {"object": "list", "data": shown, "has_more": start + len(shown) < len(listed)}
        changed = self.change(body, len(self.asked))
        return HTTPResponse(status_code=200, content=json.dumps(changed).encode(), source=request)


def conversation(texts, **options):
    return Conversation([item(text, number) for number, text in enumerate(texts)], **options)


def lookup(send, texts, last_item_id):
    request = append(texts)
    return Lookup(request=request, send=send, sent=json.loads(request.body)["items"], last_item_id=last_item_id)


@pytest.mark.parametrize("page", [1, 2, 100])
@pytest.mark.parametrize(
    ("texts", "last_item_id", "sent", "found"),
    [
        ("", START, "A", None),
        ("A", START, "A", [0]),
        ("AB", START, "AB", [0, 1]),
        ("A", "msg_0", "A", None),
        ("AA", "msg_0", "A", [1]),
        ("AAB", "msg_1", "B", [2]),
        ("AAx", "msg_1", "A", None),
        ("XxA", "msg_0", "A", [2]),
    ],
)
async def test_behind_the_last_known_item(page, texts, last_item_id, sent, found):
    """What came after the last known item is ours, or it is not there; what was there before is not looked at."""
    held = conversation(texts, page=page)

    match = await lookup(held, sent, last_item_id).match()

    assert (found is None) is match.is_absent
    assert found == (match.stored and [held.items.index(one) for one in match.stored])


@pytest.mark.parametrize(
    ("texts", "last_item_id", "known", "resembling"),
    [
        ("XAA", "msg_0", "more than once", ("msg_1", "msg_2")),
        ("XAx", "msg_0", "Some of the items may be stored", ("msg_1",)),
        ("XB", "msg_0", "rewritten", ("msg_1",)),
        ("xA", None, "these or older ones", ("msg_1",)),
        ("xA", "msg_gone", "does not show the last known item", ("msg_1",)),
        ("xy", "msg_gone", "does not show the last known item", ()),
        ("XB" * 500, None, "these or older ones", None),
    ],
)
async def test_what_cannot_be_told(texts, last_item_id, known, resembling):
    """Others of the kind behind the last known item, or no item known: never a guess."""
    match = await lookup(conversation(texts), "A", last_item_id).match()

    assert (None, False) == (match.stored, match.is_absent)
    assert known in match.known
    assert resembling in (None, tuple(sorted(match.resembling)))


@pytest.mark.parametrize("last_item_id", [None, START])
async def test_nothing_of_the_kind(last_item_id):
    """An append of whose kind there is nothing was not carried out, however much else there is."""
    held = conversation("xyz" * 500)

    assert (await lookup(held, "A", last_item_id).match()).is_absent
    assert 15 == len(held.asked)


async def test_no_further_than_the_last_known_item():
    """The conversation is read back to the last known item, and no page more."""
    held = conversation("x" * 1000, page=10)

    await lookup(held, "A", "msg_985").match()

    assert [None, "msg_990"] == held.asked


async def test_a_last_known_item_far_back():
    """However much others wrote since, the conversation is read back to the last known item."""
    held = conversation("A" + "x" * 3000)

    assert (await lookup(held, "A", "msg_0").match()).is_absent
    assert 31 == len(held.asked)


async def test_an_id_that_occurs_twice_marks_no_place():
    """On a server that keeps given ids, an id may stand for two items: what is behind it is unresolved."""
    held = conversation("XyAz")
    held.items[3]["id"] = "msg_0"

    match = await lookup(held, "A", "msg_0").match()

    assert "these or older ones" in match.known


async def test_an_id_that_is_sent_marks_no_place():
    """The last known item's id, sent again with ours, cannot tell them apart."""
    request = append("A")
    held = conversation("XA")
    sent = [{**json.loads(request.body)["items"][0], "id": "msg_0"}]

    match = await Lookup(request=request, send=held, sent=sent, last_item_id="msg_0").match()

    assert "these or older ones" in match.known


# In which order


@pytest.mark.parametrize("page", [1, 3, 100])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    ("texts", "last_item_id"),
    [("xy", "msg_1"), ("xA", "msg_0"), ("AyxA", "msg_2"), ("xAy", "msg_1"), ("Axy", START)],
)
async def test_a_server_that_ignores_the_order(page, order, texts, last_item_id):
    """What a listing in an unknown order tells depends on the order: nothing is certain of it."""
    held = conversation(texts, page=page, order=order)

    match = await lookup(held, "A", last_item_id).match()

    assert (None, False) == (match.stored, match.is_absent)


@pytest.mark.parametrize(("order", "is_certain"), [("asc", False), ("desc", True), (None, True)])
async def test_two_items_whose_order_is_known(order, is_certain):
    """They show the order of a listing; then nobody asks for it, whatever the server makes of that."""
    held = conversation("xyzA", order=order)
    seen = attrs.evolve(seen_item(held.items[2]), earlier="msg_0")

    match = await attrs.evolve(lookup(held, "A", "msg_2"), seen=seen).match()

    assert is_certain is (match.stored is not None)
    assert 0 == held.oldest


async def test_the_order_is_asked_for_once():
    """A server that once listed in the order asked for is believed; one item alone has no order."""
    held, last_items = conversation("xyA"), LastItems()
    for _ in range(3):
        assert (await attrs.evolve(lookup(held, "A", "msg_1"), last_items=last_items).match()).stored
    assert 1 == held.oldest

    alone = conversation("A")
    assert (await lookup(alone, "A", START).match()).stored
    assert 0 == alone.oldest


@pytest.mark.parametrize("shown", [{}, {"object": "list", "data": [], "has_more": False}], ids=["no page", "nothing"])
async def test_an_order_that_cannot_be_found_out(shown):
    """A server that does not show its oldest item leaves the order unknown."""
    held = conversation("xyA")

    async def send(request):
        response = await held(request)
        if "order=asc" not in request.url:
            return response
        return response.replace(content=json.dumps(shown).encode())

    match = await lookup(send, "A", "msg_1").match()

    assert (None, False) == (match.stored, match.is_absent)


# The last known item


@pytest.mark.parametrize("between", ["", "y", "A"])
async def test_the_last_known_item_twice(between):
    """What stands between two equal items with the last known id is behind one of them, and before the other."""
    held = conversation(f"X{between}Xy")
    held.items[-2] = held.items[0]

    match = await lookup(held, "A", "msg_0").match()

    assert (not between) is match.is_absent


async def test_an_equal_item_with_the_last_known_id_is_sent():
    """The same id and the same JSON, sent once more: nobody can tell the two apart."""
    held = conversation("X")
    sent = [held.items[0]]

    match = await Lookup(request=append("X"), send=held, sent=sent, last_item_id="msg_0").match()

    assert (None, False) == (match.stored, match.is_absent)


@pytest.mark.parametrize(
    ("was", "is_known"),
    [("X", True), (" x ", True), ("XYZ", True), ("Q", False), ("q", False)],
)
async def test_an_id_that_was_given_again(was, is_known):
    """On a server that numbers places, the last known item's id may be that of another item by now."""
    held = conversation("aX")
    seen = seen_item({**item("U", 1), "content": was})

    match = await attrs.evolve(lookup(held, "A", "msg_1"), seen=seen).match()

    assert is_known is match.is_absent


async def test_a_page_that_comes_twice():
    """The very same items again are not a second copy; two equal items are."""
    twice = conversation("XA", page=1, change=lambda page, _: {**page, "data": page["data"] * 2})

    assert ["msg_1"] == [one["id"] for one in (await lookup(twice, "A", "msg_0").match()).stored]


async def test_an_empty_page_is_followed():
    """A page without items that says that there is more is not the end: ours may come after it."""

    def change(page, number):
        return {**page, "data": [], "last_id": page["data"][0]["id"]} if number == 1 else page

    held = conversation("XyA", page=1, change=change)

    match = await lookup(held, "A", "msg_0").match()

    assert not match.is_absent or 3 == len(held.asked)


@pytest.mark.parametrize("body", ["null", "[]", "{}", '{"data": 1}', '{"data": [1]}', "nonsense"])
async def test_what_cannot_be_read(body):
    """A listing that cannot be read, twice, tells nothing."""

    async def send(request):
        asked.append(request)
        return HTTPResponse(status_code=200, content=body.encode(), source=request)

    asked = []
    match = await lookup(send, "A", START).match()

    assert (None, False, 2) == (match.stored, match.is_absent, len(asked))
    assert "The lookup failed" in match.known


async def test_a_foreign_error_is_not_quoted():
    """What keeps us from looking may quote a key: its words are not shown."""

    async def send(request):
        raise LookupError("sk-secret")

    match = await lookup(send, "A", START).match()

    assert "LookupError" in match.known
    assert "secret" not in match.known


async def test_a_listing_that_does_not_get_on():
    """A cursor that does not move proves no absence."""
    stuck = conversation("x" * 10, page=2, change=lambda page, _: {**page, "last_id": "msg_9"})

    assert "does not advance" in (await lookup(stuck, "A", START).match()).known


def test_the_listing_of_an_append():
    """A lookup goes where the append goes, with its query, headers and deadline; what is ours is not taken over."""
    request = append(
        "A", url=f"{URL}?include%5B%5D=x&limit=1&api-version=v1&order=asc", headers={"a": "b"}, deadline=9.0
    )

    listing = listing_of(request, after="msg_1", limit=100)

    assert f"{URL}?include%5B%5D=x&api-version=v1&after=msg_1&limit=100&order=desc" == listing.url
    assert ("GET", None, {"a": "b"}, 9.0) == (listing.method, listing.body, listing.headers, listing.deadline)
    assert (None, False) == (listing.write, listing.is_ordered)


@pytest.mark.parametrize(
    ("texts", "known", "expected"),
    [
        ("", None, START),
        ("AB", None, "msg_1"),
        ("AB", "msg_0", "msg_1"),
        ("AB", "msg_gone", "msg_gone"),
        ("AB", START, START),
        ("", "msg_1", "msg_1"),
    ],
)
async def test_the_newest_item(texts, known, expected):
    """The strict guard asks for the last item; a listing that does not show what is known may lag behind it."""
    assert expected == await newest_item(append("A"), conversation(texts), known)


async def test_the_newest_item_of_a_listing_without_end():
    """A server that says that there is more and shows nothing leaves the strict guard without a response."""

    async def send(request):
        return HTTPResponse(status_code=200, content=b'{"data": [], "has_more": true}', source=request)

    with pytest.raises(PaginationStalledError):
        await newest_item(append("A"), send, None)


# What is known of conversations


@pytest.mark.parametrize(
    ("known", "shown", "expected"),
    [
        (None, [], START),
        (None, ["b", "a"], "b"),
        (None, ["b", "b"], None),
        (None, [""], None),
        ("a", ["b", "a"], "b"),
        ("b", ["b", "a"], "b"),
        ("c", ["b", "a"], "c"),
        ("c", [], "c"),
        (START, ["a"], START),
        ("a", ["b", "b", "a"], "a"),
    ],
)
def test_newer(known, shown, expected):
    """What is known moves on only when a listing shows it and what came after; an id that comes twice tells nothing."""
    assert expected == newer(known, shown)


def test_an_append_moves_the_last_item():
    """The last item of an append that succeeded is the last known one; after an unknown outcome nothing is known."""
    items = LastItems()
    _, begun = items.begin("c")
    items.end("c", "msg_1", begun)
    assert "msg_1" == items.get("c")

    known, begun = items.begin("c")
    items.end("c", None, begun)

    assert ("msg_1", None) == (known, items.get("c"))


MESSAGE = {"role": "user", "content": "A"}


def leave_unresolved(items, last_item_id):
    """After an append that ended with this item, one whose outcome is not known."""
    _, begun = items.begin("c")
    items.end("c", last_item_id, begun)
    _, begun = items.begin("c")
    items.end("c", None, begun, unresolved=[MESSAGE])


@pytest.mark.parametrize(
    ("before", "shown", "expected"),
    [
        ("msg_1", ["msg_0"], None),
        ("msg_1", [], None),
        ("msg_1", ["msg_1", "msg_0"], "msg_1"),
        ("msg_1", ["msg_2", "msg_1"], "msg_2"),
        (START, [], START),
        (START, ["msg_1"], "msg_1"),
        (None, ["msg_1"], "msg_1"),
    ],
)
def test_a_listing_after_an_unknown_outcome(before, shown, expected):
    """A listing that does not show what was known before the unknown outcome may lag behind, and tells nothing."""
    items = LastItems()
    leave_unresolved(items, before)

    items.learn("c", shown, items.version("c"))

    assert expected == items.get("c")


def test_a_listing_after_two_unknown_outcomes():
    """What was known before the first is what a listing has to show."""
    items = LastItems()
    leave_unresolved(items, "msg_1")
    _, begun = items.begin("c")
    items.end("c", None, begun, unresolved=[MESSAGE])

    items.learn("c", ["msg_0"], items.version("c"))

    assert items.get("c") is None


@pytest.mark.parametrize("item_id", ["msg_1", None])
def test_a_listing_after_an_unknown_outcome_and_a_deletion(item_id):
    """When what was known before was deleted, no listing has to show it."""
    items = LastItems()
    leave_unresolved(items, "msg_1")
    items.forget("c", item_id)

    items.learn("c", ["msg_0"], items.version("c"))

    assert "msg_0" == items.get("c")


def test_what_is_unresolved():
    """Until the last item is known again, what may stand behind the one before is known, unless it is too much."""
    items = LastItems()
    leave_unresolved(items, "msg_1")
    assert (("msg_1", (MESSAGE,)), "msg_1") == (items.bound("c"), items.at_least("c"))

    for unresolved in ([], [MESSAGE]):
        _, begun = items.begin("c")
        items.end("c", None, begun, unresolved=unresolved)
    assert ("msg_1", (MESSAGE, MESSAGE)) == items.bound("c")

    _, begun = items.begin("c")
    items.end("c", None, begun)
    assert (None, "msg_1") == (items.bound("c"), items.at_least("c"))

    items.learn("c", ["msg_2", "msg_1"], items.version("c"))
    assert (None, "msg_2") == (items.bound("c"), items.at_least("c"))


def test_too_much_unresolved():
    """Only the items of a few writes are kept."""
    items = LastItems()
    leave_unresolved(items, "msg_1")
    for _ in range(20):
        _, begun = items.begin("c")
        items.end("c", None, begun, unresolved=[MESSAGE])

    assert (None, "msg_1") == (items.bound("c"), items.at_least("c"))


def test_unknown_version():
    """The number changes with each write whose outcome is not known, and with no other."""
    items = LastItems()
    _, begun = items.begin("c")
    items.end("c", None, begun)
    before = items.unknown_version("c")
    items.learn("c", ["msg_1"], items.version("c"))
    _, begun = items.begin("c")
    items.end("c", "msg_2", begun)
    assert before == items.unknown_version("c")

    _, begun = items.begin("c")
    items.end("c", None, begun, unresolved=[MESSAGE])

    assert before != items.unknown_version("c")


def test_appends_inside_each_other():
    """When another append began meanwhile, nobody can tell which is the last."""
    items = LastItems()
    _, outer = items.begin("c")
    _, inner = items.begin("c")
    items.end("c", "msg_2", inner)
    items.end("c", "msg_1", outer)

    assert items.get("c") is None


def test_a_slow_listing():
    """A listing that began before a write began or ended tells nothing."""
    items = LastItems()
    before = items.version("c")
    _, begun = items.begin("c")
    during = items.version("c")
    items.learn("c", ["msg_0"], before)
    items.end("c", None, begun)
    items.learn("c", ["msg_0"], during)

    assert items.get("c") is None


def test_a_deleted_item():
    """The last item is forgotten when it is deleted, or the conversation is; another item does not matter."""
    items = LastItems()
    items.learn("c", ["msg_1"], items.version("c"))
    items.forget("c", "msg_0")
    assert "msg_1" == items.get("c")

    items.forget("c", "msg_1")

    assert items.get("c") is None


def test_the_oldest_are_forgotten():
    """Only so many conversations are remembered; numbers are not used again."""
    items = LastItems(most=2)
    first = items.version("a")
    for key in "abc":
        items.learn(key, ["msg_1"], items.version(key))

    assert (None, "msg_1") == (items.get("a"), items.get("c"))
    assert first != items.version("a")
