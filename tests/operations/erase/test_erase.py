"""Erasing: the rules, on the service in memory."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from openai_conversations.errors import (
    APIConnectionError,
    APIStatusError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
)
from openai_conversations.operations.concurrency import for_each
from openai_conversations.operations.erase.erase import STALE_ROUNDS, erase
from openai_conversations.operations.erase.receipts import PendingDeletes, Receipt
from openai_conversations.operations.errors import ArchiveError, EraseIncompleteError
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from tests.operations.fakes import FakeService, NoSuchThingError, broken, caller, response


async def test_order():
    """The items go first, a listing shows that none is left, then the conversation goes, and a last look follows."""
    service = FakeService()
    name = service.conversation("a", "b")

    await erase(caller(service), name)

    assert [
        "listConversationItems",
        "deleteConversationItem",
        "deleteConversationItem",
        "listConversationItems",
        "deleteConversation",
        "listConversationItems",
    ] == service.operations()
    assert ([], {}) == (service.orphans, service.stored)


async def test_receipt():
    """The receipt tells ids, count, hash, times, request ids and what the proof saw."""
    service = FakeService()
    name = service.conversation({"id": "b", "type": "message"}, {"id": "a", "type": "message"})

    receipt = await erase(caller(service), name, concurrency=1)

    assert {
        "format": "openai_conversations/receipt",
        "version": 1,
        "conversation_id": name,
        "outcome": "erased",
        "source": "http://fake/v1",
        "started_at": "1970-01-01T00:16:40.000Z",
        "finished_at": "1970-01-01T00:16:42.000Z",
        "request_id": "req_5",
        "rounds": 3,
        "count": 2,
        "sha256": hashlib.sha256(b"a\nb\n").hexdigest(),
        "items": [{"id": "b", "request_id": "req_2"}, {"id": "a", "request_id": "req_3"}],
        "missing": [],
        "unconfirmed": [],
        "proof": {"at": "1970-01-01T00:16:41.000Z", "items": 0, "has_more": False, "request_id": "req_4"},
        "after": "not_found",
    } == receipt.to_json()
    assert (("a", "b"), 2) == (receipt.item_ids, receipt.count)


async def test_receipt_survives_json():
    """A receipt that was written as JSON and read again is the same."""
    service = FakeService()
    made = caller(service)
    real = attrs.evolve(made, runtime=attrs.evolve(made.runtime, now=time.time))
    receipt = await erase(real, service.conversation("a"))
    gone = await erase(real, "conv_unknown")

    assert [receipt, gone] == [Receipt.from_json(json.loads(json.dumps(r.to_json()))) for r in (receipt, gone)]


@pytest.mark.parametrize(
    "change",
    [{"count": 2}, {"sha256": "0" * 64}, {"items": []}, {"format": "x"}, {"version": 2}, {"proof": 1}],
    ids=str,
)
async def test_changed_receipt(change):
    """A receipt whose ids do not fit its count and hash is refused, and so is what is no receipt."""
    service = FakeService()
    receipt = await erase(caller(service), service.conversation("a"))

    with pytest.raises(ArchiveError):
        Receipt.from_json({**receipt.to_json(), **change})


async def test_no_content():
    """Nothing of what was said is in a receipt."""
    service = FakeService()
    receipt = await erase(caller(service), service.conversation("my secret", metadata={"user": "42"}))

    assert "secret" not in json.dumps(receipt.to_json()) + repr(receipt)


async def test_gone_already():
    """A conversation that is not there gives a receipt that says so, after the conversation itself was asked for."""
    service = FakeService()

    receipt = await erase(caller(service), "conv_gone")

    assert ("already_gone", 0, None, "req_2") == (receipt.outcome, receipt.count, receipt.proof, receipt.request_id)
    assert ["listConversationItems", "getConversation"] == service.operations()


async def test_listing_that_is_not_there():
    """A server that has the conversation but no listing of its items is an error, and nothing is deleted."""
    service = FakeService()
    name = service.conversation("a")

    def no_listing(_: int, operation: str) -> None:
        if operation == "listConversationItems":
            raise NoSuchThingError("x")

    service.before = no_listing

    with pytest.raises(NotFoundError, match="x"):
        await erase(caller(service), name)

    assert name in service.stored


async def test_late_items():
    """Items that arrive while others are deleted are deleted too."""
    service = FakeService()
    name = service.conversation("a")
    late = iter(["b", "c"])

    def add(_: int, called: str) -> None:
        if called == "deleteConversationItem" and (text := next(late, None)):
            service.add(name, text)

    service.after = add

    receipt = await erase(caller(service), name)

    assert (3, []) == (receipt.count, service.orphans)


async def test_deleted_by_somebody_else():
    """An item that somebody else deletes first is named as missing, not as deleted."""
    service = FakeService()
    name = service.conversation({"id": "a"}, {"id": "b"})

    def take(number: int, _: str) -> None:
        if number == 2:
            service.stored[name].items = [item for item in service.stored[name].items if item["id"] != "a"]

    service.before = take

    receipt = await erase(caller(service), name, concurrency=1)

    assert (("b",), ["a"]) == (receipt.item_ids, [item.id for item in receipt.missing])


async def test_conversation_deleted_by_somebody_else():
    """When somebody deletes the conversation meanwhile, nothing is known of the items that were not deleted yet."""
    service = FakeService()
    name = service.conversation({"id": "a"}, {"id": "b"}, {"id": "c"})

    def take(number: int, _: str) -> None:
        if number == 3:
            service._delete(name)  # noqa: SLF001  # the fake's own

    service.before = take

    receipt = await erase(caller(service), name, concurrency=1)

    assert ("already_gone", ("a",), (), ("b", "c")) == (
        receipt.outcome,
        receipt.item_ids,
        receipt.missing,
        receipt.unconfirmed,
    )
    assert ["b", "c"] == [item["id"] for item in service.orphans]


async def test_conversation_deleted_after_the_proof():
    """That somebody else deletes the empty conversation first is as good."""
    service = FakeService()
    name = service.conversation()

    def take(_: int, called: str) -> None:
        if called == "deleteConversation":
            del service.stored[name]

    service.before = take

    assert "erased" == (await erase(caller(service), name)).outcome


@pytest.mark.parametrize(("number", "moment"), [(n, moment) for n in range(1, 8) for moment in ("before", "after")])
async def test_stopped_at_every_request(number, moment):
    """Wherever it is stopped, before or after a request was carried out, running it again completes it."""
    service = FakeService(page_size=2)
    name = service.conversation("a", "b", "c")

    def stop(at: int, _: str) -> None:
        if at == number:
            raise broken()

    setattr(service, moment, stop)
    with pytest.raises(APIConnectionError):
        await erase(caller(service), name, concurrency=1)

    await erase(caller(service), name)

    assert ({}, []) == (service.stored, service.orphans)


async def test_the_last_look_fails():
    """The conversation is deleted: that the look after it fails is no error, and the receipt says so."""
    service = FakeService()
    name = service.conversation("a")

    def stop(at: int, _: str) -> None:
        if at == 5:
            raise broken()

    service.before = stop

    receipt = await erase(caller(service), name)

    assert ("erased", "not_seen", {}) == (receipt.outcome, receipt.after, service.stored)
    assert receipt == Receipt.from_json(json.loads(json.dumps(receipt.to_json())))


def refusing(service: FakeService, operation: str, status: int, body: Any) -> Handler:
    """The service, but for one operation, to which it answers with a status and a body."""

    async def handle(request: HTTPRequest) -> HTTPResponse:
        if request.operation == operation:
            service.requests.append(request)
            return response(request, body, status=status)
        return await service(request)

    return handle


NOT_THE_API = [{"detail": "Not Found"}, b"<html>404</html>", b"", {"error": {"message": "Invalid URL (GET /conv)"}}]


@pytest.mark.parametrize("body", NOT_THE_API, ids=str)
@pytest.mark.parametrize("operation", ["listConversationItems", "getConversation", "deleteConversation"])
async def test_404_of_somebody_else(operation, body):
    """A 404 that is not the API's own says nothing about a conversation: it is an error, and never "already gone"."""
    service = FakeService()
    name = service.conversation() if operation == "deleteConversation" else "conv_unknown"

    with pytest.raises(NotFoundError):
        await erase(caller(refusing(service, operation, 404, body)), name)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"detail": "Not Found"}),
        (404, {"error": {"message": "Not Found"}}),
        (405, {"detail": "Method Not Allowed"}),
        (501, {"error": {"message": "Unsupported"}}),
    ],
)
async def test_server_that_does_not_delete_items(status, body):
    """A server that has no way to delete items is told at once, in those words; nothing is claimed to be deleted."""
    service = FakeService()
    slept: list[float] = []
    name = service.conversation({"id": "a"}, {"id": "b"})

    with pytest.raises(EraseIncompleteError, match=rf"does not delete items.*{status}") as caught:
        await erase(caller(refusing(service, "deleteConversationItem", status, body), slept=slept), name)

    assert (0, ("a", "b"), []) == (caught.value.deleted, caught.value.left, slept)
    assert name in service.stored


async def test_refused_and_gone():
    """An item whose deletion is refused, and that is listed no more, was deleted by somebody else."""
    service = FakeService()
    name = service.conversation({"id": "a"})

    async def handle(request: HTTPRequest) -> HTTPResponse:
        if request.operation == "deleteConversationItem":
            service.stored[name].items.clear()
            return response(request, {"error": {"message": "Not Found"}}, status=404)
        return await service(request)

    receipt = await erase(caller(handle), name)

    assert ("erased", [], ["a"]) == (receipt.outcome, list(receipt.items), [item.id for item in receipt.missing])


class Haunted:
    """A service that lists items of a conversation that was deleted, and does with their deletion as it is told."""

    def __init__(self, service: FakeService, then: Callable[[HTTPRequest, list[str]], HTTPResponse]) -> None:
        self.service = service
        self.left = ["late"]
        self.then = then

    async def __call__(self, request: HTTPRequest) -> HTTPResponse:
        if self.service.stored or request.operation == "deleteConversation":
            return await self.service(request)
        if request.operation == "deleteConversationItem":
            return self.then(request, self.left)
        items = [{"id": id} for id in self.left]
        return response(request, {"object": "list", "data": items, "has_more": False})


def _deletes(request: HTTPRequest, left: list[str]) -> HTTPResponse:
    left.clear()
    return response(request, {"deleted": True}, number=99)


async def test_items_after_the_conversation():
    """Items that a server still lists when the conversation is deleted are deleted as well, and are on the receipt."""
    service = FakeService()
    name = service.conversation("a")

    receipt = await erase(caller(Haunted(service, _deletes)), name)

    assert ("empty", 2, "late") == (receipt.after, receipt.count, receipt.items[-1].id)


@pytest.mark.parametrize(
    "then",
    [
        lambda request, _: response(request, {"detail": "Not Found"}, status=404),
        lambda request, _: response(request, {"deleted": True}),
    ],
    ids=["unknown", "again and again"],
)
async def test_items_after_the_conversation_that_stay(then):
    """Where they cannot be deleted any more, or stay although they were, it is an error: nothing is claimed."""
    service = FakeService()
    name = service.conversation("a")

    with pytest.raises(EraseIncompleteError, match="after the conversation was deleted") as caught:
        await erase(caller(Haunted(service, then)), name)

    assert ("late",) == caught.value.left


async def test_listing_that_stalls():
    """A server that says that there is more and shows nothing is an error, and the conversation stays."""
    service = FakeService()
    name = service.conversation("a")
    empty = {"object": "list", "data": [], "has_more": True, "first_id": None, "last_id": None}

    async def handle(request: HTTPRequest) -> HTTPResponse:
        return response(request, empty)

    with pytest.raises(EraseIncompleteError, match="more items but does not show them"):
        await erase(caller(handle), name)

    assert name in service.stored


async def test_ghosts():
    """Items that are listed and that the API does not know are not said to have been deleted."""
    service = FakeService()
    name = service.conversation({"id": "a"})
    body = {"error": {"message": "Item with id 'a' not found."}}

    with pytest.raises(EraseIncompleteError, match="does not know when they are to be deleted") as caught:
        await erase(caller(refusing(service, "deleteConversationItem", 404, body)), name)

    assert 0 == caught.value.deleted


async def test_a_refusal_of_an_item():
    """An item whose deletion is refused for another reason is that error, and so is a 405 after others were deleted."""
    service = FakeService()
    name = service.conversation({"id": "a"}, {"id": "b"})

    async def handle(request: HTTPRequest) -> HTTPResponse:
        return response(request, {"detail": "no"}, status=405) if request.item_id == "b" else await service(request)

    with pytest.raises(APIStatusError, match="405"):
        await erase(caller(handle), name, concurrency=1)
    with pytest.raises(PermissionDeniedError):
        await erase(caller(refusing(service, "deleteConversationItem", 403, {})), name)


async def test_on_deleting():
    """Before items are deleted, whoever keeps a record knows which: each once, and what the record raises stops all."""
    service = FakeService(page_size=2)
    name = service.conversation(*({"id": id} for id in "abc"))
    told: list[tuple[tuple[str, ...], int]] = []

    async def keep(pending: PendingDeletes) -> None:
        told.append((pending.ids, service.operations().count("deleteConversationItem")))
        assert ("http://fake/v1", True) == (pending.source, pending.at >= 1000)

    async def full(_: PendingDeletes) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        await erase(caller(service), name, on_deleting=full)
    assert 3 == len(service.stored[name].items)
    await erase(caller(service), name, on_deleting=keep)

    assert [(("a", "b"), 0), (("c",), 2)] == told


async def test_on_deleted_that_fails(caplog):
    """What a callback raises after a deletion is logged: the item is deleted all the same."""
    service = FakeService()
    name = service.conversation("a", "b")

    receipt = await erase(caller(service), name, on_deleted=lambda item: 1 / 0)

    assert (2, ["on_deleted failed"] * 2) == (receipt.count, caplog.messages)


async def test_cancelled():
    """Cancelled in the middle, it leaves the conversation there for the next run."""
    service = FakeService()
    name = service.conversation("a", "b")
    under_way = asyncio.Event()

    async def never(request: HTTPRequest) -> HTTPResponse:
        if request.operation == "deleteConversationItem":
            under_way.set()
            await asyncio.Event().wait()
        return await service(request)

    task = asyncio.create_task(erase(caller(never), name))
    await under_way.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert 2 == (await erase(caller(service), name)).count


async def test_stale_server():
    """A server that goes on listing what it said it deleted is given time, and then is an error."""
    service = FakeService()
    slept: list[float] = []
    name = service.conversation({"id": "a"})

    def keep(_: int, operation: str) -> None:
        if operation == "deleteConversationItem":
            service.add(name, {"id": "a"})

    service.after = keep

    with pytest.raises(EraseIncompleteError) as caught:
        await erase(caller(service, slept=slept), name)

    assert (("a",), 1, name) == (caught.value.left, caught.value.deleted, caught.value.conversation_id)
    assert [0.1, 0.2, 0.4, 0.8, 1.6, 3.2] == slept
    assert STALE_ROUNDS == len(slept)
    assert name in service.stored


async def test_slow_index():
    """A server whose listing lags behind is waited for."""
    service = FakeService()
    name = service.conversation({"id": "a"})
    slept: list[float] = []
    ghosts = iter([True, True, False])
    service.after = lambda _, called: (
        service.add(name, {"id": "a"}) and None if called == "deleteConversationItem" and next(ghosts) else None
    )

    receipt = await erase(caller(service, slept=slept), name)

    assert (("a",), [0.1, 0.2]) == (receipt.item_ids, slept)


async def test_items_without_id():
    """Items that cannot be deleted because they have no id are an error, and the conversation stays."""
    service = FakeService()
    name = service.conversation({"id": ""})

    with pytest.raises(EraseIncompleteError, match="no id"):
        await erase(caller(service), name)

    assert name in service.stored


async def test_concurrency():
    """Never more deletions at a time than asked for."""
    running, most = 0, 0

    async def work(_: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    await for_each(range(20), work, concurrency=3)

    assert 3 == most


async def test_first_failure():
    """After a failure nothing new is begun, and the failure is what is raised."""
    begun: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        await asyncio.sleep(0)
        if number == 1:
            raise broken()

    with pytest.raises(APIConnectionError):
        await for_each(range(20), work, concurrency=2)

    assert len(begun) < 5


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, "2"])
async def test_bad_concurrency(concurrency):
    """A concurrency that is no whole number above 0 is refused before anything is sent."""
    service = FakeService()

    with pytest.raises(InvalidArgumentError):
        await erase(caller(service), "conv_1", concurrency=concurrency)

    assert [] == service.requests


async def test_on_deleted():
    """Whoever asks is told of each deleted item once."""
    service = FakeService()
    name = service.conversation({"id": "a"}, {"id": "b"})
    told: list[str] = []

    await erase(caller(service), name, on_deleted=lambda item: told.append(item.id))

    assert ["a", "b"] == sorted(told)
