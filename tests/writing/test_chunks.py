"""Appending any number of items, over a conversation in memory: what an append claims, and how it goes on."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
from functools import partial
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.errors import (
    AmbiguousWriteError,
    APITimeoutError,
    InvalidArgumentError,
    RateLimitError,
)
from openai_conversations.settings import Timeout, resolve
from openai_conversations.transport.message import HTTPResponse
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import Retry, RetryBudget
from openai_conversations.transport.runtime import Runtime
from openai_conversations.transport.status import status_to_error
from openai_conversations.writing.chunks import AppendOptions, append as append_to
from openai_conversations.writing.last_item import LastItems
from openai_conversations.writing.reconcile import Reconcile
from openai_conversations.writing.resume import AppendIncompleteError
from openai_conversations.writing.write_order import WriteOrder, Writing
from tests.fakes import FakeClock, broken, respond, timed_out

REFUSED = respond(429)
LOST = broken
LATE = timed_out


class Conversation:
    """
    A conversation in memory, and a client's way to it without a socket: the end of the chain.

    Attributes:
        items: What is stored, oldest first.
        appends: The requests that append.
        fail: By the number of the append, from 1: another response, or what makes an error, and whether it is stored
            all the same. From :data:`LATE` on, listings fail too, until the next run: nobody can tell.
        stuck: Ids that cannot be deleted.
        deleted: Ids in the order of deletion.
    """

    def __init__(self, fail=None, stuck=()):
        self.items = []
        self.appends = []
        self.fail = fail or {}
        self.stuck = set(stuck)
        self.deleted = []
        self.is_blind = False
        self.ids = (f"msg_{number}" for number in count())

    async def __call__(self, request):
        await asyncio.sleep(0)
        if request.method == "POST":
            return self.append(request)
        return self.delete(request) if request.method == "DELETE" else self.list(request)

    def append(self, request):
        self.appends.append(request)
        outcome, is_stored = self.fail.get(len(self.appends), (None, True))
        self.is_blind = self.is_blind or outcome is LATE
        stored = [{"id": next(self.ids), "type": "message", **item} for item in sent(request)] if is_stored else []
        self.items += stored
        if outcome is None:
            return self.page(request, stored, has_more=False)
        if isinstance(outcome, HTTPResponse):
            return outcome.replace(source=request)
        raise outcome()

    def list(self, request):
        if self.is_blind:
            raise broken()
        query = {name: value for name, (value,) in parse_qs(urlsplit(request.url).query).items()}
        listed, after = self.items[:: -1 if query["order"] == "desc" else 1], query.get("after")
        start = 0 if after is None else 1 + [one["id"] for one in listed].index(after)
        shown = listed[start : start + int(query["limit"])]
        return self.page(request, shown, has_more=start + len(shown) < len(listed))

    def delete(self, request):
        self.deleted.append(request.item_id)
        if request.item_id in self.stuck:
            return respond(429)
        before = len(self.items)
        self.items = [item for item in self.items if item["id"] != request.item_id]
        if len(self.items) < before:
            return respond(200)
        return respond(404, b'{"error": {"message": "No such item", "type": "invalid_request_error"}}')

    @staticmethod
    def page(request, items, *, has_more):
        page = {"object": "list", "data": items, "has_more": has_more}
        return respond(content=json.dumps(page).encode()).replace(source=request)

    @property
    def messages(self):
        return [{"role": item["role"], "content": item["content"]} for item in self.items]

    @property
    def names(self):
        return tuple(item["id"] for item in self.items)

    @property
    def sizes(self):
        """Of the chunks, as they were sent."""
        return [len(sent(request)) for request in self.appends]


def sent(request):
    return json.loads(request.body)["items"]


class Client:
    """A client without a socket: yours ► write order ► reconcile ► status ► retry ► the conversation in memory."""

    def __init__(self, end, *middlewares, clock=None, timeout=600.0):
        clock = clock or FakeClock()
        runtime = Runtime(clock=clock, sleep=clock.sleep)
        policy, budget, last_items = RetryPolicy(), RetryBudget(capacity=1000), LastItems()
        self.order = WriteOrder(clock=clock)
        self.writing = Writing(order=self.order, last_items=last_items)
        retry = Retry(policy, budget=budget, runtime=runtime)
        reconcile = Reconcile(last_items, policy, budget=budget, runtime=runtime)
        handler = end
        for middleware in (retry, status_to_error, reconcile, self.order, *middlewares):
            handler = partial(middleware, handler=handler)
        settings = resolve(api_key="sk-test", max_retries=0, timeout=Timeout(total=timeout), environ={})
        self.caller = Caller(settings=settings, send=handler, runtime=runtime)

    async def append(self, items, *, resume=None, **options):
        return await append_to(
            self.caller, self.writing, "conv_1", items, resume=resume, options=AppendOptions(**options)
        )

    async def learn_the_last_item(self):
        """As a client does whenever its user lists the conversation."""
        await self.caller.send(requests.list_items(self.caller, "conv_1", order="desc", limit=100))

    async def keep_busy(self):
        """Somebody else writes until the event is set that this returns."""
        begun, end = asyncio.Event(), asyncio.Event()

        async def writer():
            key = requests.conversation_key(self.caller, "conv_1")
            async with self.order.hold(key, conversation_id="conv_1", deadline=None):
                begun.set()
                await end.wait()

        self.writer = asyncio.create_task(writer())
        await begun.wait()
        return end


async def append(conversation, items, **options):
    """One run, by a client of its own: as another process would."""
    conversation.is_blind = False
    return await Client(conversation).append(items, **options)


def messages(number):
    return [{"role": "user", "content": f"message {n}"} for n in range(number)]


async def _generated(items):
    for item in items:
        await asyncio.sleep(0)
        yield item


WAYS = {
    "list": list,
    "tuple": tuple,
    "generator": iter,
    "dictionary view": lambda items: dict(enumerate(items)).values(),
    "asynchronous generator": _generated,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (20, [20]), (21, [20, 1]), (60, [20, 20, 20]), (65, [20] * 3 + [5])]
)
async def test_chunks(way, count, sizes):
    """Items of any kind of iterable go out in chunks of 20, in their order."""
    conversation = Conversation()

    done = await append(conversation, way(messages(count)))

    assert messages(count) == conversation.messages
    assert sizes == conversation.sizes
    assert ("conv_1", count, conversation.names) == (done.conversation_id, done.count, done.ids)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ("Hi", "iterable of items, not str"),
        ({"role": "user"}, "iterable of items, not dict"),
        (None, "iterable of items, not NoneType"),
        ([], "items has 0 items; an append takes 1 to 100,000"),
        (iter([]), "items is empty"),
        (_generated([]), "items is empty"),
        (range(100_001), "items has 100001 items"),
        ([*messages(40), None], r"items\[40\] must be a mapping or an item object, not None"),
        (iter([*messages(3), "Hi"]), r"items\[3\] must be a mapping or an item object, not str"),
    ],
)
async def test_what_cannot_be_appended(items, words):
    """Arguments are refused before anything is sent, as far as they can be seen."""
    conversation = Conversation()

    with pytest.raises(InvalidArgumentError, match=words):
        await append(conversation, items)

    assert [] == conversation.appends


async def test_a_stream_that_does_not_end():
    """An iterable of unknown length is stopped after 100,000 items, and these are said to be stored."""
    conversation = Conversation()

    with pytest.raises(AppendIncompleteError, match="more than 100,000 items") as caught:
        await append(conversation, ({"role": "user", "content": ""} for _ in range(100_005)))

    assert (100_000, 0) == (caught.value.count, caught.value.unknown)
    assert 100_000 == len(conversation.items)


async def test_certainly_not_stored():
    """A chunk that was refused is not stored: the error says so, and to go on sends it without a look."""
    conversation = Conversation(fail={3: (REFUSED, False)})

    with pytest.raises(AppendIncompleteError) as caught:
        await append(conversation, messages(50))

    error = caught.value
    assert (40, 0, conversation.names, None) == (error.count, error.unknown, error.stored, error.rolled_back)
    assert tuple(messages(50)[40:]) == error.pending
    assert {"conversation_id": "conv_1", "stored": 40, "unknown": 0, "last_item_id": "msg_39"} == error.resume
    assert isinstance(error.__cause__, RateLimitError)
    assert "the append to conv_1 stopped: 40 items were stored (429 Too Many Requests)" == str(error)

    done = await append(conversation, messages(50), resume=json.loads(json.dumps(error.resume)))

    assert messages(50) == conversation.messages
    assert (50, conversation.names[40:]) == (done.count, done.ids)
    assert [("msg_39", False)] == went_by(conversation, 3)


def went_by(conversation, start):
    """The last item and whether it was looked first, of the appends from one on."""
    return [(request.write.last_item_id, request.write.lookup_first) for request in conversation.appends[start:]]


@pytest.mark.parametrize("is_stored", [True, False])
async def test_a_chunk_of_unknown_outcome(is_stored):
    """Nobody can tell whether the chunk is stored: to go on looks for it first, from the last item that is known."""
    conversation = Conversation(fail={2: (LATE, is_stored)})

    with pytest.raises(AppendIncompleteError, match="whether 20 more are stored is not known") as caught:
        await append(conversation, messages(50))

    failed = caught.value
    assert isinstance(failed.__cause__, AmbiguousWriteError)
    assert (20, 20, 20) == (failed.count, failed.unknown, len(failed.stored))
    assert {"conversation_id": "conv_1", "stored": 20, "unknown": 20, "last_item_id": "msg_19"} == failed.resume

    done = await append(conversation, iter(messages(50)), resume=failed.resume)

    assert messages(50) == conversation.messages
    assert (50, conversation.names[20:]) == (done.count, done.ids)
    again = [] if is_stored else [("msg_19", True)]
    assert [*again, (None, False)] == went_by(conversation, 2)


async def test_a_short_chunk_of_unknown_outcome_is_looked_for_as_it_was_sent():
    """The chunk of an earlier run keeps its size when the append goes on."""
    conversation = Conversation(fail={2: (LATE, False)})
    with pytest.raises(AppendIncompleteError) as caught:
        await append(conversation, messages(25))

    await append(conversation, messages(50), resume=caught.value.resume)

    assert [20, 5, 5, 20, 5] == conversation.sizes
    assert messages(50) == conversation.messages


@pytest.mark.parametrize("with_progress", [True, False])
@pytest.mark.parametrize("guard", ["auto", "strict"])
@pytest.mark.parametrize("is_same_client", [True, False])
async def test_a_first_chunk_of_unknown_outcome(is_same_client, guard, with_progress):
    """Where the last item before a chunk is not known, the last one now is not taken for it: it may be the chunk's."""
    conversation = Conversation(fail={1: (LATE, True)})
    client = Client(conversation)
    with pytest.raises(AppendIncompleteError) as caught:
        await client.append(messages(5))
    assert {"conversation_id": "conv_1", "stored": 0, "unknown": 5, "last_item_id": None} == caught.value.resume

    conversation.is_blind = False
    client = client if is_same_client else Client(conversation)
    await client.learn_the_last_item()
    told = []
    options = {"on_progress": told.append} if with_progress else {}
    with pytest.raises(AppendIncompleteError) as caught_again:
        await client.append(messages(5), resume=caught.value.resume, guard=guard, **options)

    assert messages(5) == conversation.messages
    assert caught.value.resume == caught_again.value.resume
    assert [caught.value.resume] * with_progress == [progress.resume for progress in told]


async def test_to_go_on_when_everything_was_stored():
    """When nothing is left, nothing is sent."""
    conversation = Conversation()
    resume = {"conversation_id": "conv_1", "stored": 3, "unknown": 20, "last_item_id": "msg_2"}

    done = await append(conversation, messages(3), resume=resume)

    assert (3, ()) == (done.count, done.ids)
    assert [] == conversation.appends


@pytest.mark.parametrize(
    ("resume", "words"),
    [
        ("msg_1", "must be what an append gave"),
        ({}, "must be what an append gave"),
        (
            {"conversation_id": "conv_1", "stored": -1, "unknown": 0, "last_item_id": None},
            "must be what an append gave",
        ),
        (
            {"conversation_id": "conv_1", "stored": True, "unknown": 0, "last_item_id": None},
            "must be what an append gave",
        ),
        (
            {"conversation_id": "conv_1", "stored": 0, "unknown": 21, "last_item_id": None},
            "must be what an append gave",
        ),
        (
            {"conversation_id": "conv_1", "stored": 0, "unknown": 0, "last_item_id": 7},
            "must be what an append gave",
        ),
        (
            {"conversation_id": "conv_2", "stored": 0, "unknown": 0, "last_item_id": None},
            "of 'conv_2', not of 'conv_1'",
        ),
        ({"conversation_id": "conv_1", "stored": 9, "unknown": 0, "last_item_id": None}, "give the same items"),
    ],
)
@pytest.mark.parametrize("way", [list, iter])
async def test_what_an_append_cannot_go_on_from(resume, words, way):
    """A value that no append gave, or one of another conversation or of other items, is refused."""
    conversation = Conversation()

    with pytest.raises(InvalidArgumentError, match=words):
        await append(conversation, way(messages(5)), resume=resume)

    assert [] == conversation.appends


# what stands around a call


FOREIGN = {
    "not ours": RuntimeError,
    "ours, not sent": partial(broken, sent=False),
    "ours, sent": broken,
    "ours, of arguments": partial(InvalidArgumentError, "of a registry"),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("chunk", [1, 2])
async def test_a_middleware_that_raises_after_the_write(make, chunk):
    """Its error, be it one of ours, says nothing about the server: the chunk may be stored, and is looked for."""
    conversation, calls = Conversation(), count(1)

    async def closed(request, handler):
        response = await handler(request)
        if next(calls) == chunk:
            raise make()
        return response

    with pytest.raises(AppendIncompleteError) as caught:
        await Client(conversation, closed).append(messages(50))

    error = caught.value
    assert (20 * (chunk - 1), 20) == (error.count, error.unknown)
    assert 20 * chunk == len(conversation.items)
    if chunk == 2:
        await append(conversation, messages(50), resume=error.resume)
        assert messages(50) == conversation.messages


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("chunk", [1, 2])
async def test_a_middleware_that_raises_before_the_write(make, chunk):
    """A chunk that did not come as far as to be sent has no unknown outcome, whatever the error says."""
    conversation, calls = Conversation(), count(1)

    async def closed(request, handler):
        if next(calls) == chunk:
            raise make()
        return await handler(request)

    with pytest.raises(AppendIncompleteError) as caught:
        await Client(conversation, closed).append(messages(50))

    assert (20 * (chunk - 1), 0) == (caught.value.count, caught.value.unknown)
    assert 20 * (chunk - 1) == len(conversation.items)

    await append(conversation, messages(50), resume=caught.value.resume)
    assert messages(50) == conversation.messages


async def test_a_middleware_that_sends_twice():
    """That the second time was refused says nothing about the first."""
    conversation = Conversation(fail={2: (LATE, True), 3: (REFUSED, False)})

    async def stubborn(request, handler):
        try:
            return await handler(request)
        except AmbiguousWriteError:
            return await handler(request)

    with pytest.raises(AppendIncompleteError) as caught:
        await Client(conversation, stubborn).append(messages(50))

    assert isinstance(caught.value.__cause__, RateLimitError)
    assert (20, 20) == (caught.value.count, caught.value.unknown)
    await append(conversation, messages(50), resume=caught.value.resume)
    assert messages(50) == conversation.messages


async def _broken_registry(request, handler):
    raise ConnectionError("the registry is closed")


async def _busy(request, handler):
    failure = timed_out(sent=False)
    failure.not_carried_out = not request.write.lookup_first
    raise failure


@pytest.mark.parametrize("middleware", [_broken_registry, _busy])
async def test_an_unknown_outcome_outlives_a_run_that_sends_nothing(middleware):
    """What an earlier run left unresolved is so after a run that did not come as far as to look."""
    conversation = Conversation(fail={2: (LATE, True)})
    with pytest.raises(AppendIncompleteError) as caught:
        await append(conversation, messages(50))

    with pytest.raises(AppendIncompleteError) as caught_again:
        await Client(conversation, middleware).append(messages(50), resume=caught.value.resume)

    assert caught.value.resume == caught_again.value.resume
    await append(conversation, messages(50), resume=caught_again.value.resume)
    assert messages(50) == conversation.messages


async def test_an_unknown_outcome_outlives_a_wait_for_the_turn():
    """So it is when others write until the deadline, though that call certainly sent nothing."""
    conversation = Conversation(fail={2: (LATE, True)})
    with pytest.raises(AppendIncompleteError) as caught:
        await append(conversation, messages(50))

    client = Client(conversation, timeout=0.01)
    release = await client.keep_busy()
    with pytest.raises(AppendIncompleteError, match="while other writes") as caught_again:
        await client.append(messages(50), resume=caught.value.resume)
    release.set()

    assert caught.value.resume == caught_again.value.resume


# sources


async def test_a_source_that_fails():
    """An iterable that raises stops the append; what was read of the next chunk is on the error, and not unresolved."""

    async def source():
        for item in messages(25):
            yield item
        raise KeyError("secret of the caller")

    with pytest.raises(AppendIncompleteError, match=r"20 items were stored \(KeyError\)") as caught:
        await append(Conversation(), source())

    assert (20, 0, tuple(messages(25)[20:])) == (caught.value.count, caught.value.unknown, caught.value.pending)
    assert isinstance(caught.value.__cause__, KeyError)


async def test_the_rest_of_a_generator():
    """What a generator gave and what it still has can be appended, though it cannot be begun again."""
    conversation = Conversation(fail={2: (LATE, False)})
    source = iter(messages(50))
    with pytest.raises(AppendIncompleteError) as caught:
        await append(conversation, source)

    rest = [*caught.value.pending, *source]
    await append(conversation, rest, resume={**caught.value.resume, "stored": 0})

    assert messages(50) == conversation.messages


# rollback


async def test_rollback():
    """With ``rollback`` the stored items are removed, the newest chunk first; one that is gone already counts."""
    conversation = Conversation(fail={3: (REFUSED, False)})
    conversation.items = [{"id": "msg_old", "type": "message", "role": "user", "content": "old"}]
    delete = conversation.delete

    def gone_already(request):
        if request.item_id == "msg_5":
            conversation.items = [item for item in conversation.items if item["id"] != "msg_5"]
        return delete(request)

    conversation.delete = gone_already

    with pytest.raises(AppendIncompleteError, match="what was stored was removed") as caught:
        await append(conversation, messages(50), rollback=True)

    assert ("msg_old",) == conversation.names
    assert [f"msg_{n}" for n in [*range(20, 40), *range(20)]] == conversation.deleted
    error = caught.value
    assert ((), 0, True, None) == (error.stored, error.count, error.rolled_back, error.resume)


async def test_a_rollback_and_a_gateway():
    """A 404 that is not the API's own says nothing about an item: the rollback does not claim that it is gone."""
    conversation = Conversation(fail={2: (REFUSED, False)})
    conversation.delete = lambda request: respond(404, b"<html>Not Found</html>")

    with pytest.raises(AppendIncompleteError, match="20 stored items could not be removed") as caught:
        await append(conversation, messages(30), rollback=True)

    assert (20, False) == (len(caught.value.stored), caught.value.rolled_back)


async def test_a_rollback_in_a_conversation_that_is_gone():
    """A 404 that says that the conversation is gone says nothing of its items: a service may have kept them."""
    conversation = Conversation(fail={2: (REFUSED, False)})
    said = b'{"error":{"message":"Conversation with id \'conv_1\' not found.","type":"invalid_request_error"}}'
    conversation.delete = lambda request: respond(404, said)

    with pytest.raises(AppendIncompleteError, match="20 stored items could not be removed") as caught:
        await append(conversation, messages(30), rollback=True)

    assert (20, False) == (len(caught.value.stored), caught.value.rolled_back)


async def test_a_rollback_that_fails():
    """What could not be removed is said, in order."""
    conversation = Conversation(fail={3: (LATE, False)}, stuck=["msg_3", "msg_25"])

    with pytest.raises(AppendIncompleteError, match="2 stored items could not be removed; whether 10 more") as caught:
        await append(conversation, messages(50), rollback=True)

    assert conversation.names == caught.value.stored == ("msg_3", "msg_25")
    assert (False, 10) == (caught.value.rolled_back, caught.value.unknown)


async def test_a_rollback_of_a_service_that_is_down():
    """When nothing of a chunk can be deleted, the others are not tried: they would take the time of a call each."""
    conversation, asked = Conversation(fail={4: (REFUSED, False)}), []
    conversation.delete = lambda request: asked.append(request.item_id) or respond(500)

    with pytest.raises(AppendIncompleteError, match="60 stored items could not be removed") as caught:
        await append(conversation, messages(80), rollback=True)

    assert conversation.names == caught.value.stored
    assert [f"msg_{number}" for number in range(40, 60)] == sorted(asked)


async def test_how_long_a_rollback_takes():
    """No longer than the append may: ``total_timeout``, once more."""
    clock = FakeClock()
    conversation = Conversation(fail={4: (REFUSED, False)})
    delete = conversation.delete

    def slow(request):
        clock.now += 1
        return delete(request)

    conversation.delete = slow

    with pytest.raises(AppendIncompleteError, match="stored items could not be removed") as caught:
        await Client(conversation, clock=clock).append(messages(80), rollback=True, total_timeout=30)

    assert 30 <= clock.now - FakeClock().now <= 30 + 20
    assert conversation.names == caught.value.stored
    assert not caught.value.rolled_back


# progress


@pytest.mark.parametrize("is_async", [True, False])
async def test_progress(is_async):
    """Before the first chunk and after each, a function is told how far it is, and where to go on after a crash."""
    told = []

    async def tell(progress):
        await asyncio.sleep(0)
        told.append(progress)

    await append(Conversation(), messages(45), on_progress=tell if is_async else told.append)

    assert [(0, 45, 0), (20, 45, 20), (40, 45, 20), (45, 45, 5)] == [(p.stored, p.total, len(p.ids)) for p in told]
    assert {"conversation_id": "conv_1", "stored": 40, "unknown": 20, "last_item_id": "msg_39"} == told[2].resume


@pytest.mark.parametrize("old", [0, 3])
async def test_progress_before_the_first_byte(old):
    """Before anything is sent there is a value to go on from: it knows the last item; the chunk is unresolved."""
    conversation, told = Conversation(), []
    if old:
        await append(conversation, messages(old))

    def tell(progress):
        told.append((progress, len(conversation.appends)))

    await append(conversation, messages(5), on_progress=tell)

    progress, appends = told[0]
    assert (old > 0, 0, ()) == (appends, progress.stored, progress.ids)
    last = "msg_2" if old else ""
    assert {"conversation_id": "conv_1", "stored": 0, "unknown": 5, "last_item_id": last} == progress.resume


async def test_progress_that_fails(caplog):
    """A callback that raises is logged, each time, and stops nothing."""
    caplog.set_level(logging.ERROR)
    conversation = Conversation()

    def tell(_):
        raise ValueError("no")

    done = await append(conversation, messages(45), on_progress=tell)

    assert (45, messages(45)) == (done.count, conversation.messages)
    assert ["on_progress failed"] * 4 == [record.message for record in caplog.records]


@pytest.mark.parametrize("old", [0, 3])
@pytest.mark.parametrize("is_stored", [True, False])
@pytest.mark.parametrize("chunk", range(1, 7))
async def test_a_crash_in_any_chunk(chunk, is_stored, old):
    """
    From what was written down last, an append goes on after the process died, without a duplicate or a loss.

    Whether the server had stored the chunk or not, also if it was the first.
    """
    conversation, written = Conversation(), []
    if old:
        await append(conversation, messages(old))
    never = asyncio.Event()

    async def killed(request):
        if len(conversation.appends) + 1 < chunk + (old > 0) or request.method == "GET":
            return await conversation(request)
        if is_stored:
            await conversation(request)
        never.set()
        return await asyncio.Event().wait()

    run = asyncio.create_task(
        Client(killed).append(messages(110), on_progress=lambda p: written.append(json.dumps(p.resume)))
    )
    await never.wait()
    run.cancel()
    await asyncio.wait([run])

    done = await append(conversation, messages(110), resume=json.loads(written[-1]))

    assert messages(old) + messages(110) == conversation.messages
    assert 110 == done.count


# time


async def test_the_whole_in_time():
    """The bound of the whole append shortens that of a chunk, and ends it before a chunk that has no time left."""
    clock, conversation = FakeClock(0), Conversation()

    async def slow(request):
        clock.now += 4
        return await conversation(request)

    with pytest.raises(AppendIncompleteError, match="as a whole did not finish in time") as caught:
        await Client(slow, clock=clock).append(messages(100), total_timeout=10)

    assert [(10, 10), (10, 6), (10, 2)] == [
        (request.deadline, request.timeout.total) for request in conversation.appends
    ]
    assert (60, 0) == (caught.value.count, caught.value.unknown)
    assert isinstance(caught.value.__cause__, APITimeoutError)


@pytest.mark.parametrize("chunk", [1, 2])
async def test_the_whole_in_time_though_a_chunk_has_an_unknown_outcome(chunk):
    """An append whose time is over while a chunk is looked for says what is stored, and what is unresolved."""
    conversation, clock = Conversation(fail={chunk: (LATE, True)}), FakeClock()
    client = Client(_till_the_end(conversation, clock), clock=clock)

    with pytest.raises(AppendIncompleteError) as caught:
        await client.append(messages(50), total_timeout=10)

    assert (20 * (chunk - 1), 20) == (caught.value.count, caught.value.unknown)


def _till_the_end(conversation, clock):
    """An attempt that nobody answers lasts as long as the call."""

    async def handler(request):
        try:
            return await conversation(request)
        except APITimeoutError:
            clock.now = request.deadline + 0.001
            raise

    return handler


async def test_the_whole_in_time_though_the_source_is_slow():
    """An iterable that gives nothing is not waited for longer than the whole may take."""

    async def source():
        for item in messages(25):
            yield item
        await asyncio.Event().wait()

    with pytest.raises(AppendIncompleteError, match="it waited for its items") as caught:
        await append(Conversation(), source(), total_timeout=0.05)

    assert (20, 0, 5) == (caught.value.count, caught.value.unknown, len(caught.value.pending))


async def test_a_timeout_of_the_source_is_its_own():
    """A TimeoutError that the iterable raises is its failure and not ours."""

    async def source():
        yield messages(1)[0]
        raise TimeoutError

    with pytest.raises(AppendIncompleteError, match=r"0 items were stored \(TimeoutError\)"):
        await append(Conversation(), source(), total_timeout=5)


# together


async def test_together_waits_for_the_turn_as_long_as_the_whole_may_take():
    """A turn that does not come in time ends the append, which has then stored nothing."""
    conversation = Conversation()
    client = Client(conversation, timeout=0.001)
    release = await client.keep_busy()

    before = asyncio.get_running_loop().time()
    with pytest.raises(AppendIncompleteError, match="while other writes to the conversation were under way") as caught:
        await client.append(messages(50), together=True, total_timeout=0.2)
    waited = asyncio.get_running_loop().time() - before
    release.set()

    assert 0.2 <= waited
    assert (0, 0, (), []) == (caught.value.count, caught.value.unknown, caught.value.stored, conversation.appends)
    assert isinstance(caught.value.__cause__, APITimeoutError)


async def test_together_leaves_nobody_between():
    """Not even a task that was started while progress was told; the task of the append itself may write there."""
    conversation, others = Conversation(), []
    client = Client(conversation)

    async def tell(progress):
        if progress.stored == 20:
            others.append(asyncio.create_task(client.append([message("of another task")])))
            await asyncio.sleep(0)
            await client.append([message("of the same task")])

    await client.append(messages(60), on_progress=tell, together=True)
    await asyncio.gather(*others)

    between = [message("of the same task")]
    assert [
        *messages(60)[:20],
        *between,
        *messages(60)[20:],
        message("of another task"),
    ] == conversation.messages


def message(text):
    return {"role": "user", "content": text}


async def test_together_through_a_middleware_that_sends_from_another_task():
    """A middleware that bounds a call with ``asyncio.wait_for``, which makes a task of its own, waits for nobody."""
    conversation = Conversation()

    async def bounded(request, handler):
        return await asyncio.create_task(handler(request))

    done = await Client(conversation, bounded, timeout=0.01).append(messages(50), together=True)

    assert (50, messages(50)) == (done.count, conversation.messages)


# cancellation


@pytest.mark.parametrize("together", [True, False])
async def test_cancellation_is_not_turned_into_an_error(together):
    """A cancelled append is cancelled, and removes nothing: its caller did not wait for that. The next may write."""
    conversation = Conversation(fail={2: (asyncio.CancelledError, True)})
    client = Client(conversation)

    with pytest.raises(asyncio.CancelledError):
        await client.append(messages(50), rollback=True, together=together)

    assert 40 == len(conversation.items)
    await asyncio.create_task(client.append([message("next")]))
    assert message("next") == conversation.messages[-1]


async def test_the_error_travels():
    """The error can be pickled, with everything that it says."""
    with pytest.raises(AppendIncompleteError) as caught:
        await append(Conversation(fail={2: (REFUSED, False)}), messages(50))

    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301

    assert caught.value.__dict__ == copy.__dict__
    assert str(caught.value) == str(copy)


OUTCOMES = {
    "refused": REFUSED,
    "late": LATE,
    "lost": LOST,
    "bad gateway": respond(502),
    "unreadable": respond(200, b"{"),
}


@given(
    number=st.integers(1, 130),
    failures=st.dictionaries(st.integers(1, 12), st.tuples(st.sampled_from(sorted(OUTCOMES)), st.booleans())),
    around=st.dictionaries(st.integers(1, 12), st.sampled_from(["before", "after"])),
)
async def test_any_sequence_of_failures(number, failures, around):
    """However often an append fails and goes on, everything is stored once, in order, and every claim is true."""
    fail = {n: (OUTCOMES[kind], is_stored and kind != "refused") for n, (kind, is_stored) in failures.items()}
    conversation = Conversation(fail=fail)
    calls = count(1)

    async def foreign(request, handler):
        when = around.get(next(calls)) if request.method == "POST" else None
        if when == "before":
            raise broken(sent=False)
        response = await handler(request)
        if when == "after":
            raise broken(sent=False)
        return response

    resume = {"conversation_id": "conv_1", "stored": 0, "unknown": 0, "last_item_id": ""}
    for _ in range(40):
        resume = await _go_on(conversation, foreign, number, resume)
        if resume is None:
            return
    pytest.fail("an append that fails at most 24 times comes to an end")


async def _go_on(conversation, foreign, number, resume):
    """One run; what to go on from, ``None`` when it came to the end."""
    conversation.is_blind = False
    try:
        done = await Client(conversation, foreign).append(messages(number), resume=resume)
    except AppendIncompleteError as failed:
        error = failed
    else:
        assert (messages(number), number) == (conversation.messages, done.count)
        return None
    assert error.count <= len(conversation.items) <= error.count + error.unknown
    assert messages(number)[: len(conversation.items)] == conversation.messages
    return error.resume
