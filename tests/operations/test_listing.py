"""Reading a conversation as JSON: the rules of listings that cannot lie."""

from __future__ import annotations

from typing import Any

import pytest

from openai_conversations.errors import APIResponseValidationError, PaginationStalledError
from openai_conversations.operations.erase.erase import erase
from openai_conversations.operations.errors import EraseIncompleteError
from openai_conversations.operations.listing import read_all
from openai_conversations.transport.message import Request, Response
from tests.operations.fakes import FakeService, caller, response


class Pages(FakeService):
    """A server whose listings are given one after the other; the last comes for ever."""

    def __init__(self, *pages: object) -> None:
        super().__init__()
        self.pages = list(pages)

    def carry_out(self, request: Request) -> Any:
        if request.operation != "listConversationItems":
            return super().carry_out(request)
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]

    def cursors(self) -> list[str]:
        """The part of the query that says where each page begins."""
        return [request.url.partition("&after=")[2] for request in self.requests]


def page(*ids: str, more: bool = False, **ends: object) -> dict[str, object]:
    return {"object": "list", "data": [{"type": "message", "id": name} for name in ids], "has_more": more, **ends}


async def ids_of(service: FakeService) -> list[str]:
    return [item["id"] for item in await read_all(caller(service), "conv_1")]


async def test_pages():
    """Every page is read, from the cursor of the one before; without one from its last item."""
    service = Pages(page("a", "b", more=True, last_id="b"), page("c", more=True), page("d"))

    assert ["a", "b", "c", "d"] == await ids_of(service)
    assert ["", "b", "c"] == service.cursors()


async def test_empty_page_in_between():
    """An empty page that says that there is more is followed."""
    assert ["a"] == await ids_of(Pages(page(more=True, last_id="x"), page("a")))


async def test_items_that_come_twice():
    """An item that two pages show is given once; items without an id are all given."""
    service = Pages(page("a", "b", more=True, last_id="b"), page("b", "", "", "c"))

    assert ["a", "b", "", "", "c"] == await ids_of(service)


@pytest.mark.parametrize(
    "pages", [[page("a", more=True, last_id="a")], [page(more=True)]], ids=["the same cursor", "no cursor"]
)
async def test_stalled(pages):
    """A cursor that does not move is an error."""
    with pytest.raises(PaginationStalledError):
        await ids_of(Pages(*pages))


@pytest.mark.parametrize("body", [[], {"data": {}}, {"data": [1]}, {"object": "list"}, None], ids=str)
async def test_no_page(body):
    """A response that is no page of items is an error."""
    with pytest.raises(APIResponseValidationError, match="not a page of items"):
        await ids_of(Pages(body))


async def test_no_json():
    """A response that is no JSON is the error that the client has for it."""
    with pytest.raises(APIResponseValidationError, match="JSON"):
        await ids_of(Pages(b"<html>"))


# What an erasure makes of odd listings


async def test_erase_follows_empty_pages():
    """Items behind an empty page are found and deleted."""
    service = Pages(page(more=True, last_id="x"), page("a"), page())
    name = service.conversation({"id": "a"})

    assert ("a",) == (await erase(caller(service), name)).item_ids


async def test_erase_of_what_is_not_shown():
    """A server that says that there is more and never shows it keeps the conversation."""
    service = Pages(page(more=True, last_id="x"))
    name = service.conversation({"id": "a"})

    with pytest.raises(EraseIncompleteError, match="does not show"):
        await erase(caller(service), name)

    assert name in service.stored


async def test_listing_after_the_deletion():
    """Where a deleted conversation can still be listed, the receipt says that it was empty."""
    service = Pages(page())

    assert "empty" == (await erase(caller(service), service.conversation())).after


async def test_items_after_the_deletion():
    """Items that a listing shows after the conversation was deleted are deleted, where the server still does that."""
    service = Pages(page(), page("late"), page())

    async def still_deletes(request: Request) -> Response:
        if request.operation == "deleteConversationItem":
            return response(request, {"id": request.conversation_id})
        return await service(request)

    receipt = await erase(caller(still_deletes), service.conversation())

    assert (("late",), "empty") == (receipt.item_ids, receipt.after)


async def test_items_that_stay_after_the_deletion():
    """Items that are still listed after all is an error that names them: nothing is claimed that was not seen."""
    service = Pages(page(), page("late"))

    with pytest.raises(EraseIncompleteError) as caught:
        await erase(caller(service), service.conversation())

    assert ("late",) == caught.value.left
