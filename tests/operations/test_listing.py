"""Reading a conversation as JSON: the rules of listings that cannot lie."""

from __future__ import annotations

from typing import Any

import pytest

from openai_conversations.errors import APIResponseValidationError, BadRequestError, PaginationStalledError
from openai_conversations.limits import INCLUDE_ALL
from openai_conversations.operations.erase.erase import erase
from openai_conversations.operations.errors import EraseIncompleteError
from openai_conversations.operations.include import is_refusal
from openai_conversations.operations.listing import read_whole
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from tests.operations.fakes import FakeService, NoSuchThingError, Refuses, caller, response


class Pages(FakeService):
    """A server whose listings are given one after the other; the last comes for ever."""

    def __init__(self, *pages: object) -> None:
        super().__init__()
        self.pages = list(pages)

    def carry_out(self, request: HTTPRequest) -> Any:
        if request.operation != "listConversationItems":
            return super().carry_out(request)
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]

    def cursors(self) -> list[str]:
        """The part of the query that says where each page begins."""
        return [request.url.partition("&after=")[2] for request in self.requests]


def page(*ids: str, more: bool = False, **ends: object) -> dict[str, object]:
    return {"object": "list", "data": [{"type": "message", "id": name} for name in ids], "has_more": more, **ends}


async def ids_of(service: FakeService) -> list[str]:
    return [item["id"] for item in (await read_whole(caller(service), "conv_1")).items]


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
    with pytest.raises(APIResponseValidationError, match="does not fit a page of items"):
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

    async def still_deletes(request: HTTPRequest) -> HTTPResponse:
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


class Stops(FakeService):
    """A server that says of every page that it is the last."""

    def page(self, items: Any, **query: str) -> Any:
        return {**super().page(items, **query), "has_more": False}


@pytest.mark.parametrize("count", [99, 100, 101, 250, 300])
async def test_full_last_pages_are_not_believed(count):
    """A page that is full is asked behind, whatever it says; that costs one request when nothing is there."""
    service = Stops()
    name = service.conversation(*map(str, range(count)))

    whole = await read_whole(caller(service), name)

    assert (count, count // 100 + 1) == (len(whole.items), len(service.requests))


async def test_full_last_page_of_a_server_that_knows_no_cursor():
    """A server that refuses to go on behind its last page, or gives the same page again, has nothing there."""
    same = Pages(page(*map(str, range(100))))
    service = Stops()
    name = service.conversation(*map(str, range(100)))

    def refuse(number: int, _: str) -> None:
        if number == 2:
            raise NoSuchThingError("no such cursor")

    service.before = refuse

    assert (100, 100) == (len(await ids_of(same)), len((await read_whole(caller(service), name)).items))
    assert 2 == len(same.requests)


REFUSED = "web_search_call.results"


SAYINGS = {
    "by name": lambda field, place: {"error": {"message": f"{field} is not supported"}},
    "by place": lambda field, place: {"error": {"message": "Invalid value", "param": f"include[{place}]"}},
    "by pydantic": lambda field, place: {
        "detail": [{"loc": ["query", "include", place], "msg": f"Input should be {', '.join(INCLUDE_ALL)}"}]
    },
    "the others": lambda field, place: {"detail": [each for each in INCLUDE_ALL if each != field]},
    "all": lambda field, place: {"detail": list(INCLUDE_ALL)},
    "nothing": lambda field, place: {"detail": "Bad HTTPRequest"},
}


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("says", SAYINGS.values(), ids=SAYINGS)
async def test_refused_fields(says, status):
    """What a server refuses is dropped, however it says so, and nothing else is."""
    service = Refuses(REFUSED, status=status, says=says)

    whole = await read_whole(caller(service), service.conversation("a"))

    assert (1, (REFUSED,)) == (len(whole.items), whole.include.refused)
    assert {*INCLUDE_ALL} - {REFUSED} == {*whole.include.fields}


async def test_all_fields_are_refused():
    """A server that takes none gives what it gives by itself."""
    service = Refuses(*INCLUDE_ALL)

    whole = await read_whole(caller(service), service.conversation("a"))

    assert (1, (), {*INCLUDE_ALL}) == (len(whole.items), whole.include.fields, {*whole.include.refused})


@pytest.mark.parametrize("code", ["invalid_value", "conversation_locked"])
async def test_refusals_for_another_reason(code):
    """A refusal that stays without include is raised as it came; a locked conversation is none at all."""
    count = 0

    async def refuse(request: HTTPRequest) -> HTTPResponse:
        nonlocal count
        count += 1
        return response(request, {"error": {"message": "no", "code": code}}, status=400)

    with pytest.raises(BadRequestError) as caught:
        await read_whole(caller(refuse), "conv_1")

    assert (code == "invalid_value", 2 if code == "invalid_value" else 1) == (is_refusal(caught.value), count)
