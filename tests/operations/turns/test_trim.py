"""Trimming: the rules, on the service in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from openai_conversations.errors import APIConnectionError, APIResponseValidationError, NotFoundError
from openai_conversations.operations.errors import TrimIncompleteError, TurnTooLongError
from openai_conversations.operations.repair.check import examine
from openai_conversations.operations.turns.trim import trim
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from tests.operations.fakes import FakeService, broken, caller, response, user
from tests.operations.turns.test_whole_turns import items_of

LONG = "s u a u r c1 o1 a u a u a"


def left(service: FakeService, name: str) -> list[str]:
    return [item["id"] for item in service.stored[name].items]


def ids(*numbers: int) -> list[str]:
    return [f"i{number}" for number in numbers]


@pytest.mark.parametrize(
    ("max_tokens", "kept", "turns"),
    [
        (1000, range(12), 0),
        (120, range(12), 0),
        (119, [0, *range(3, 12)], 1),
        (100, [0, *range(3, 12)], 1),
        (99, [0, *range(8, 12)], 2),
        (50, [0, *range(8, 12)], 2),
        (49, [0, 10, 11], 3),
        (30, [0, 10, 11], 3),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
async def test_trim(max_tokens, kept, turns, dry_run):
    """As few of the oldest turns go as are needed; what a developer says at the start stays. A dry run foretells it."""
    service = FakeService()
    name = service.conversation(*items_of(LONG))

    report = await trim(caller(service), name, model="m", max_tokens=max_tokens, dry_run=dry_run)

    gone = [name for name in ids(*range(12)) if name not in ids(*kept)]
    assert left(service, name) == ids(*(range(12) if dry_run else kept))
    assert (120, 10 * len(list(kept)), turns, gone) == (
        report.tokens_before,
        report.tokens_after,
        report.turns,
        sorted(report.deleted, key=lambda each: int(each[1:])),
    )


@pytest.mark.parametrize("line", ["s u a u a a a", "u a", "s s s"])
async def test_newest_turn_is_too_long(line):
    """When the newest turn alone does not fit, one sentence says so, and nothing is deleted."""
    service = FakeService()
    name = service.conversation(*items_of(line))

    with pytest.raises(TurnTooLongError, match="nothing was deleted") as caught:
        await trim(caller(service), name, model="m", max_tokens=19)

    assert len(line.split()) == len(service.stored[name].items)
    assert (19, True) == (caught.value.max_tokens, caught.value.tokens > 19)


async def test_few_counts():
    """Which turns have to go is found by halves: 100 turns are counted eight times, not a hundred."""
    service = FakeService()
    name = service.conversation(*items_of("u a " * 100))

    report = await trim(caller(service), name, model="m", max_tokens=1000)

    assert (50, 1000) == (report.turns, report.tokens_after)
    assert 10 >= service.operations().count("Getinputtokencounts")


def counting(service: FakeService, conversation: Callable[[int], int]) -> None:
    """Let the service count something else for a conversation than for its items; given is what it would count."""
    counted = service.carry_out

    def count(request: HTTPRequest) -> object:
        value = counted(request)
        is_conversation = request.operation == "Getinputtokencounts" and b'"conversation"' in (request.body or b"")
        return {**value, "input_tokens": conversation(value["input_tokens"])} if is_conversation else value

    service.carry_out = count  # type: ignore[method-assign]  # the fake's own


async def test_a_conversation_that_counts_more():
    """Where the service counts more in the conversation than outside, one turn more goes, until it fits."""
    service = FakeService()
    name = service.conversation(*items_of("u a u a u a u a"))
    slept: list[float] = []

    counting(service, lambda tokens: tokens + 20)
    report = await trim(caller(service, slept=slept), name, model="m", max_tokens=60)

    assert (ids(4, 5, 6, 7), 60, 2, []) == (left(service, name), report.tokens_after, report.turns, slept)


async def test_a_conversation_that_never_fits():
    """When the newest turn does not fit in the conversation, the error says what was deleted before."""
    service = FakeService()
    name = service.conversation(*items_of("u a u a"))

    counting(service, lambda tokens: tokens + 1000)
    with pytest.raises(TurnTooLongError, match="2 items before it were deleted") as caught:
        await trim(caller(service), name, model="m", max_tokens=30)

    assert ("i0", "i1") == caught.value.deleted


async def test_a_count_that_never_follows():
    """A count that does not follow the deletions has no turn deleted beyond what the items' own count asks for."""
    service = FakeService()
    name = service.conversation(*items_of("u a " * 10))
    slept: list[float] = []

    counting(service, lambda _: 200)
    with pytest.raises(TrimIncompleteError, match=r"200 tokens\) does not follow .* have 180") as caught:
        await trim(caller(service, slept=slept), name, model="m", max_tokens=180)

    assert (("i0", "i1"), ()) == (caught.value.deleted, caught.value.left)
    assert [0.1, 0.2, 0.4, 0.8, 1.6, 3.2] == pytest.approx(slept)


async def test_a_count_that_follows_by_halves():
    """One that has followed a part of the deletions is no better."""
    service = FakeService()
    name = service.conversation(*items_of("u a " * 10))

    counting(service, lambda tokens: (200 + tokens) // 2)
    with pytest.raises(TrimIncompleteError, match="does not follow"):
        await trim(caller(service), name, model="m", max_tokens=160)

    assert ids(*range(4, 20)) == left(service, name)


@pytest.mark.parametrize("lag", range(1, 7))
async def test_a_count_that_lags(lag):
    """One that lags is waited for."""
    service = FakeService()
    name = service.conversation(*items_of("u a " * 10))
    counts: list[int] = []

    def lagging(tokens: int) -> int:
        counts.append(tokens)
        return counts[max(len(counts) - 1 - lag, 0)]

    counting(service, lagging)
    report = await trim(caller(service), name, model="m", max_tokens=180)

    assert (("i0", "i1"), 180) == (report.deleted, report.tokens_after)


@pytest.mark.parametrize("lag", [3, None])
async def test_a_count_that_is_old_from_the_beginning(lag):
    """Where the items fit and only the count of the conversation does not, it is asked again before one turn goes."""
    service = FakeService()
    name = service.conversation(*items_of("u a " * 10))
    counts: list[int] = []

    def old(tokens: int) -> int:
        counts.append(tokens)
        return 300 if lag is None or len(counts) <= lag else tokens

    counting(service, old)
    if lag is not None:
        assert () == (await trim(caller(service), name, model="m", max_tokens=200)).deleted
        return
    with pytest.raises(TrimIncompleteError, match="does not follow") as caught:
        await trim(caller(service), name, model="m", max_tokens=200)
    assert ("i0", "i1") == caught.value.deleted


async def test_somebody_else_writes():
    """What comes meanwhile is counted with the rest: the items' own count asks for more turns to go."""
    service = FakeService()
    name = service.conversation(*items_of("u a " * 10))

    def write(_: int, operation: str) -> None:
        if (
            operation == "deleteConversationItem"
            and left(service, name)[0] == "i1"
            and "new" not in left(service, name)
        ):
            service.add(name, "one", "two", {**user("three"), "id": "new"})

    service.before = write
    report = await trim(caller(service), name, model="m", max_tokens=180)

    assert (170, 3, 17) == (report.tokens_after, report.turns, len(service.stored[name].items))


@pytest.mark.parametrize("wrong", [-1, True, "5", None, 5.5])
async def test_a_count_that_is_none(wrong):
    """What is no number of tokens is an error of the service's, and nothing is deleted."""
    service = FakeService()
    name = service.conversation(*items_of("u a u a"))

    counting(service, lambda _: wrong)
    with pytest.raises(APIResponseValidationError):
        await trim(caller(service), name, model="m", max_tokens=30)

    assert 4 == len(service.stored[name].items)


async def test_a_count_beside_an_error():
    """A count that comes with an error is none."""
    service = FakeService()
    name = service.conversation(*items_of("u a u a"))
    counted = service.carry_out
    service.carry_out = lambda request: {**counted(request), "error": {"message": "no tokenizer"}}  # type: ignore[method-assign]  # the fake's own

    with pytest.raises(APIResponseValidationError, match="no tokenizer"):
        await trim(caller(service), name, model="m", max_tokens=30)


async def test_conversation_deleted_by_somebody_else():
    """That the conversation is gone does not say that its items were deleted."""
    service = FakeService()
    name = service.conversation(*items_of(LONG))

    def take(_: int, operation: str) -> None:
        if operation == "deleteConversationItem" and len(service.stored[name].items) == 11:
            service._delete(name)  # noqa: SLF001  # the fake's own

    service.before = take
    with pytest.raises(TrimIncompleteError) as caught:
        await trim(caller(service), name, model="m", max_tokens=50)

    assert ("i1",) == caught.value.deleted
    assert isinstance(caught.value.__cause__, NotFoundError)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 15))
async def test_stopped_at_every_request(number, moment):
    """Wherever a trim is stopped, the next one completes it, and what is left is sound."""
    service = FakeService()
    name = service.conversation(*items_of(LONG))

    def stop(at: int, _: str) -> None:
        if at == number:
            raise broken()

    setattr(service, moment, stop)
    error = None
    try:
        await trim(caller(service), name, model="m", max_tokens=50)
    except (APIConnectionError, TrimIncompleteError) as caught:
        error = caught
    service.before = service.after = lambda number, name: None
    if isinstance(error, TrimIncompleteError):
        assert isinstance(error.__cause__, APIConnectionError)
        assert not set(error.deleted) & set(left(service, name))

    report = await trim(caller(service), name, model="m", max_tokens=50)

    assert (ids(0, 8, 9, 10, 11), 50) == (left(service, name), report.tokens_after)


async def test_a_torn_turn_goes_although_it_fits():
    """A turn whose output has lost its call goes wholly; that it would fit is no reason to leave it."""
    service = FakeService()
    name = service.conversation(*items_of("s o1 a u a"))

    report = await trim(caller(service), name, model="m", max_tokens=1000)

    assert (("i1", "i2"), 1) == (report.deleted, report.turns)
    assert examine(name, service.stored[name].items).is_sound


async def test_the_newest_turn_is_never_deleted():
    """Also when it is torn: whatever is wrong with it, ``check`` finds it."""
    service = FakeService()
    name = service.conversation(*items_of("u o1 a"))

    assert () == (await trim(caller(service), name, model="m", max_tokens=1000)).deleted


class DeletesNoItems(FakeService):
    """A server without that operation."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self._status = status

    async def __call__(self, request: HTTPRequest) -> HTTPResponse:
        if request.operation == "deleteConversationItem":
            self.requests.append(request)
            return response(request, {"detail": "Not Found"}, status=self._status)
        return await super().__call__(request)


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_server_that_does_not_delete_items(status):
    """It is said at once, after one deletion was tried."""
    service = DeletesNoItems(status)
    name = service.conversation(*items_of(LONG))

    with pytest.raises(TrimIncompleteError, match="the server does not delete items") as caught:
        await trim(caller(service), name, model="m", max_tokens=50)

    assert 1 == service.operations().count("deleteConversationItem")
    assert ((), 7) == (caught.value.deleted, len(caught.value.left))


async def test_deleted_by_somebody_else():
    """An item that somebody else deletes first is as good as deleted."""
    service = FakeService()
    name = service.conversation(*items_of(LONG))

    def take(_: int, operation: str) -> None:
        if operation == "deleteConversationItem" and len(service.stored[name].items) > 6:
            service.stored[name].items.pop(1)

    service.before = take
    report = await trim(caller(service), name, model="m", max_tokens=50)

    assert 50 == report.tokens_after


async def test_listing_that_lags():
    """A server that goes on listing what it said it deleted is waited for, and then named."""
    service = FakeService()
    name = service.conversation(*items_of(LONG))
    slept: list[float] = []
    service._delete_item = lambda stored, item: stored.body  # type: ignore[method-assign]  # noqa: SLF001  # the fake's own

    with pytest.raises(TrimIncompleteError, match="goes on listing"):
        await trim(caller(service, slept=slept), name, model="m", max_tokens=50)

    assert [0.1, 0.2, 0.4, 0.8, 1.6, 3.2] == pytest.approx(slept)


async def test_items_without_id():
    """An item that cannot be named cannot be deleted: nothing is."""
    service = FakeService()
    name = service.conversation({**items_of("u")[0], "id": ""}, *items_of("a u a"))

    with pytest.raises(TrimIncompleteError, match="no id"):
        await trim(caller(service), name, model="m", max_tokens=20)

    assert 4 == len(service.stored[name].items)


async def test_ids_that_stand_for_two():
    """An id that an item to keep has, too, may delete that one: nothing is."""
    service = FakeService()
    first, *others = items_of("u a u a")
    name = service.conversation({**first, "id": "i3"}, *others)

    with pytest.raises(TrimIncompleteError, match="no id of their own"):
        await trim(caller(service), name, model="m", max_tokens=20)

    assert 4 == len(service.stored[name].items)


async def test_no_such_conversation():
    """A conversation that is not there is a 404."""
    with pytest.raises(NotFoundError):
        await trim(caller(FakeService()), "conv_x", model="m", max_tokens=20)
