"""Reading a conversation as JSON: the rules of listings that cannot lie."""

from __future__ import annotations

import pytest

from openai_conversations.errors import PaginationStalledError
from openai_conversations.operations.erase.erase import erase
from openai_conversations.operations.errors import EraseIncompleteError, OperationError
from openai_conversations.operations.listing import read_all
from openai_conversations.schemas.page import ConversationItemList
from tests.operations.fakes import FakeAnswer, FakeCalls, tools


class Pages(FakeCalls):
    """A server whose listings are given one after the other; the last comes for ever."""

    def __init__(self, *pages: object) -> None:
        super().__init__()
        self.pages = list(pages)
        self.asked: list[str | None] = []
        self.items.list = self.list

    async def list(self, conversation_id: str, *, after: str | None = None, **_: object) -> FakeAnswer:
        self.asked.append(after)
        page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        if isinstance(page, Exception):
            raise page
        return FakeAnswer(value=page, kind=ConversationItemList, request_id="req")


def page(*ids: str, more: bool = False, **ends: object) -> dict[str, object]:
    return {"object": "list", "data": [{"type": "message", "id": name} for name in ids], "has_more": more, **ends}


async def ids_of(calls: FakeCalls) -> list[str]:
    return [item["id"] for item in await read_all(tools(calls), "conv_1")]


async def test_pages():
    """Every page is read, from the cursor of the one before; without one from its last item."""
    calls = Pages(page("a", "b", more=True, last_id="b"), page("c", more=True), page("d"))

    assert ["a", "b", "c", "d"] == await ids_of(calls)
    assert [None, "b", "c"] == calls.asked


async def test_empty_page_in_between():
    """An empty page that says that there is more is followed."""
    assert ["a"] == await ids_of(Pages(page(more=True, last_id="x"), page("a")))


async def test_items_that_come_twice():
    """An item that two pages show is given once; items without an id are all given."""
    calls = Pages(page("a", "b", more=True, last_id="b"), page("b", "", "", "c"))

    assert ["a", "b", "", "", "c"] == await ids_of(calls)


@pytest.mark.parametrize(
    "pages", [[page("a", more=True, last_id="a")], [page(more=True)]], ids=["the same cursor", "no cursor"]
)
async def test_stalled(pages):
    """A cursor that does not move is an error."""
    with pytest.raises(PaginationStalledError):
        await ids_of(Pages(*pages))


@pytest.mark.parametrize("body", [[], {"data": {}}, {"data": [1]}, {"object": "list"}, None], ids=str)
async def test_no_page(body):
    """An answer that is no page of items is an error."""
    with pytest.raises((OperationError, ValueError)):
        await ids_of(Pages(body))


async def test_no_json(monkeypatch):
    """An answer that is no JSON is the error that the client has for it."""
    monkeypatch.setattr(FakeAnswer, "content", b"<html>")

    with pytest.raises(ValueError, match="JSON"):
        await ids_of(Pages({}))


# What an erasure makes of odd listings


async def test_erase_follows_empty_pages():
    """Items behind an empty page are found and deleted."""
    calls = Pages(page(more=True, last_id="x"), page("a"), page())
    name = calls.conversation({"id": "a"})

    assert ("a",) == (await erase(tools(calls), name)).item_ids


async def test_erase_of_what_is_not_shown():
    """A server that says that there is more and never shows it keeps the conversation."""
    calls = Pages(page(more=True, last_id="x"))
    name = calls.conversation({"id": "a"})

    with pytest.raises(EraseIncompleteError, match="does not show"):
        await erase(tools(calls), name)

    assert name in calls.stored


async def test_listing_after_the_deletion():
    """Where a deleted conversation can still be listed, the receipt says that it was empty."""
    calls = Pages(page())

    assert "empty" == (await erase(tools(calls), calls.conversation())).after


async def test_items_after_the_deletion():
    """Items that a listing shows after the conversation was deleted are deleted, where the server still does that."""
    calls = Pages(page(), page("late"), page())
    calls.items.delete = _deletes()

    receipt = await erase(tools(calls), calls.conversation())

    assert (("late",), "empty") == (receipt.item_ids, receipt.after)


async def test_items_that_stay_after_the_deletion():
    """Items that are still listed after all is an error that names them: nothing is claimed that was not seen."""
    calls = Pages(page(), page("late"))

    with pytest.raises(EraseIncompleteError) as caught:
        await erase(tools(calls), calls.conversation())

    assert ("late",) == caught.value.left


def _deletes():
    async def delete(item_id: str, *, conversation_id: str) -> FakeAnswer:
        return FakeAnswer(value={"id": conversation_id}, kind=dict, request_id="req")

    return delete
