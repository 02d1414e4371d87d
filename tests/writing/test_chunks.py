"""Appending any number of items, on calls that are a list in memory: what an append claims, and how it goes on."""

from __future__ import annotations

import asyncio
import json
import pickle

import pytest
from hypothesis import given, strategies as st

from openai_conversations.errors import (
    AmbiguousWriteError,
    APIResponseValidationError,
    APITimeoutError,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
)
from openai_conversations.operations.errors import AppendIncompleteError
from openai_conversations.transport.status import status_error
from openai_conversations.writing.chunks import append
from tests.fakes import FakeClock, answer


class FakeChunks:
    """
    The calls of an append over a list; ids are positions.

    Attributes:
        stored: What is stored: (id, item).
        calls: The keywords of each create.
        fail: By the number of the create, from 1: what goes wrong, and whether it is stored all the same.
        stuck: Ids that cannot be deleted.
    """

    def __init__(self, fail=None, stuck=()):
        self.stored = []
        self.calls = []
        self.fail = fail or {}
        self.stuck = set(stuck)
        self.count = 0

    async def create(self, items, **keywords):
        await asyncio.sleep(0)
        items = list(items)
        self.calls.append((len(items), keywords))
        if keywords["look_first"] and [item for _, item in self.stored[-len(items) :]] == items:
            return [item_id for item_id, _ in self.stored[-len(items) :]]
        error, is_stored = self.fail.get(len(self.calls), (None, True))
        ids = [f"msg_{self.count + n}" for n in range(len(items))]
        if is_stored:
            self.count += len(items)
            self.stored += zip(ids, items, strict=True)
        if error is not None:
            raise error
        return ids

    async def delete(self, item_id):
        await asyncio.sleep(0)
        if item_id in self.stuck:
            raise _down()
        before = len(self.stored)
        self.stored = [pair for pair in self.stored if pair[0] != item_id]
        if before == len(self.stored):
            raise status_error(answer(404))

    @property
    def items(self):
        return [item for _, item in self.stored]

    @property
    def ids(self):
        return tuple(item_id for item_id, _ in self.stored)


def messages(count):
    return [{"role": "user", "content": f"message {n}"} for n in range(count)]


def _down():
    error = status_error(answer(503))
    assert isinstance(error, InternalServerError)
    return error


def _ambiguous(last_item_id=None):
    return AmbiguousWriteError("nobody knows", last_item_id=last_item_id)


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
    calls = FakeChunks()

    done = await append(calls, "conv_1", way(messages(count)))

    assert messages(count) == calls.items
    assert sizes == [size for size, _ in calls.calls]
    assert ("conv_1", count, calls.ids) == (done.conversation_id, done.count, done.ids)


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
    calls = FakeChunks()

    with pytest.raises(InvalidArgumentError, match=words):
        await append(calls, "conv_1", items)

    assert [] == calls.calls


async def test_a_stream_that_does_not_end():
    """An iterable of unknown length is stopped after 100,000 items, and these are said to be stored."""
    calls = FakeChunks()

    with pytest.raises(AppendIncompleteError, match="more than 100,000 items") as caught:
        await append(calls, "conv_1", ({"role": "user", "content": ""} for _ in range(100_005)))

    assert (100_000, 0) == (caught.value.count, caught.value.unknown)
    assert 100_000 == len(calls.stored)


async def test_certainly_not_stored():
    """A chunk that was refused is not stored: the error says so, and to go on sends it without a look."""
    calls = FakeChunks(fail={3: (_down(), False)})

    with pytest.raises(AppendIncompleteError) as caught:
        await append(calls, "conv_1", messages(50))

    error = caught.value
    assert (40, 0, calls.ids, None) == (error.count, error.unknown, error.stored, error.rolled_back)
    assert tuple(messages(50)[40:]) == error.pending
    assert {"conversation_id": "conv_1", "stored": 40, "unknown": 0, "last_item_id": "msg_39"} == error.resume
    assert isinstance(error.__cause__, InternalServerError)
    assert "the append to conv_1 stopped: 40 items were stored (503 Service Unavailable)" == str(error)

    done = await append(calls, "conv_1", messages(50), resume=json.loads(json.dumps(error.resume)))

    assert messages(50) == calls.items
    assert (50, calls.ids[40:]) == (done.count, done.ids)
    assert (10, {"last_item_id": "msg_39", "look_first": False, "within": None}) == calls.calls[-1]


@pytest.mark.parametrize("is_stored", [True, False])
@pytest.mark.parametrize(
    "error",
    [_ambiguous("msg_7"), APIResponseValidationError(answer(200)), RuntimeError("of a middleware")],
    ids=lambda error: type(error).__name__,
)
async def test_a_chunk_in_doubt(error, is_stored):
    """Nobody can tell whether the chunk is stored: to go on looks for it first, from the anchor that is known."""
    calls = FakeChunks(fail={2: (error, is_stored)})

    with pytest.raises(AppendIncompleteError, match="whether 20 more are stored is not known") as caught:
        await append(calls, "conv_1", messages(50))

    failed = caught.value
    last_item_id = "msg_7" if isinstance(error, AmbiguousWriteError) else "msg_19"
    assert (20, 20, 20) == (failed.count, failed.unknown, len(failed.stored))
    assert {"conversation_id": "conv_1", "stored": 20, "unknown": 20, "last_item_id": last_item_id} == failed.resume

    done = await append(calls, "conv_1", iter(messages(50)), resume=failed.resume)

    assert messages(50) == calls.items
    assert (50, calls.ids[20:]) == (done.count, done.ids)
    assert [(20, last_item_id, True), (10, None, False)] == [
        (size, keywords["last_item_id"], keywords["look_first"]) for size, keywords in calls.calls[2:]
    ]


async def test_a_short_chunk_in_doubt_is_looked_for_as_it_was_sent():
    """The chunk of an earlier run keeps its size when the append goes on."""
    calls = FakeChunks(fail={2: (_ambiguous("msg_19"), True)})
    with pytest.raises(AppendIncompleteError) as caught:
        await append(calls, "conv_1", messages(25))

    await append(calls, "conv_1", messages(50), resume=caught.value.resume)

    assert [20, 5, 5, 20, 5] == [size for size, _ in calls.calls]
    assert messages(50) == calls.items


async def test_to_go_on_when_everything_was_stored():
    """When nothing is left, nothing is sent."""
    calls = FakeChunks()
    resume = {"conversation_id": "conv_1", "stored": 3, "unknown": 20, "last_item_id": "msg_2"}

    done = await append(calls, "conv_1", messages(3), resume=resume)

    assert (3, ()) == (done.count, done.ids)
    assert [] == calls.calls


@pytest.mark.parametrize(
    ("resume", "words"),
    [
        ("msg_1", "not what an append gave"),
        ({}, "not what an append gave"),
        ({"conversation_id": "conv_1", "stored": -1, "unknown": 0, "last_item_id": None}, "not what an append gave"),
        ({"conversation_id": "conv_1", "stored": True, "unknown": 0, "last_item_id": None}, "not what an append gave"),
        ({"conversation_id": "conv_1", "stored": 0, "unknown": 21, "last_item_id": None}, "not what an append gave"),
        ({"conversation_id": "conv_1", "stored": 0, "unknown": 0, "last_item_id": 7}, "not what an append gave"),
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
    calls = FakeChunks()

    with pytest.raises(InvalidArgumentError, match=words):
        await append(calls, "conv_1", way(messages(5)), resume=resume)

    assert [] == calls.calls


async def test_a_source_that_fails():
    """An iterable that raises stops the append; what was read of the next chunk is on the error, and not in doubt."""

    async def source():
        for item in messages(25):
            yield item
        raise KeyError("secret of the caller")

    calls = FakeChunks()

    with pytest.raises(AppendIncompleteError, match=r"20 items were stored \(KeyError\)") as caught:
        await append(calls, "conv_1", source())

    assert (20, 0, tuple(messages(25)[20:])) == (caught.value.count, caught.value.unknown, caught.value.pending)
    assert isinstance(caught.value.__cause__, KeyError)


async def test_the_rest_of_a_generator():
    """What a generator gave and what it still has can be appended, though it cannot be begun again."""
    calls = FakeChunks(fail={2: (_ambiguous("msg_19"), False)})
    source = iter(messages(50))
    with pytest.raises(AppendIncompleteError) as caught:
        await append(calls, "conv_1", source)

    rest = [*caught.value.pending, *source]
    await append(calls, "conv_1", rest, resume={**caught.value.resume, "stored": 0})

    assert messages(50) == calls.items


async def test_rollback():
    """With ``rollback`` the stored items are removed, the newest first; an item that is gone already counts."""
    calls = FakeChunks(fail={3: (_down(), False)})
    calls.stored = [("msg_old", "old")]
    deleted = []
    delete = calls.delete

    async def gone_already(item_id):
        deleted.append(item_id)
        if item_id == "msg_5":
            calls.stored = [pair for pair in calls.stored if pair[0] != item_id]
        await delete(item_id)

    calls.delete = gone_already

    with pytest.raises(AppendIncompleteError, match="what was stored was removed") as caught:
        await append(calls, "conv_1", messages(50), rollback=True)

    assert ["old"] == calls.items
    assert [f"msg_{n}" for n in [*range(20, 40), *range(20)]] == deleted
    assert ((), 0, True, None) == (
        caught.value.stored,
        caught.value.count,
        caught.value.rolled_back,
        caught.value.resume,
    )


async def test_a_rollback_that_fails():
    """What could not be removed is said, in order."""
    calls = FakeChunks(fail={3: (_ambiguous("msg_39"), False)}, stuck=["msg_3", "msg_25"])

    with pytest.raises(AppendIncompleteError, match="2 stored items could not be removed; whether 10 more") as caught:
        await append(calls, "conv_1", messages(50), rollback=True)

    assert calls.ids == caught.value.stored == ("msg_3", "msg_25")
    assert (False, 10) == (caught.value.rolled_back, caught.value.unknown)


@pytest.mark.parametrize("is_async", [True, False])
async def test_progress(is_async):
    """After each chunk a function or coroutine function is told how far it is, and where to go on after a crash."""
    told = []

    async def tell(progress):
        await asyncio.sleep(0)
        told.append(progress)

    calls = FakeChunks()
    await append(calls, "conv_1", messages(45), on_progress=tell if is_async else told.append)

    assert [(20, 45, 20), (40, 45, 20), (45, 45, 5)] == [(p.stored, p.total, len(p.ids)) for p in told]
    assert {"conversation_id": "conv_1", "stored": 40, "unknown": 20, "last_item_id": "msg_39"} == told[1].resume


async def test_progress_that_fails():
    """A callback that raises stops the append after the chunk, which is stored."""
    calls = FakeChunks()

    def tell(_):
        raise ValueError("no")

    with pytest.raises(AppendIncompleteError, match="20 items were stored") as caught:
        await append(calls, "conv_1", messages(45), on_progress=tell)

    assert (20, 0, ()) == (caught.value.count, caught.value.unknown, caught.value.pending)


@pytest.mark.parametrize("crash", range(1, 6))
async def test_a_crash_at_any_chunk(crash):
    """From the progress that was written down last, an append goes on after a crash without a duplicate or a loss."""
    calls = FakeChunks()
    written = []
    create = calls.create

    async def crashing(items, **keywords):
        ids = await create(items, **keywords)
        if len(calls.calls) == crash + 1:
            raise asyncio.CancelledError
        return ids

    calls.create = crashing
    with pytest.raises(asyncio.CancelledError):
        await append(calls, "conv_1", messages(110), on_progress=lambda p: written.append(json.dumps(p.resume)))

    await append(calls, "conv_1", messages(110), resume=json.loads(written[-1]))

    assert messages(110) == calls.items


async def test_the_whole_in_time():
    """The bound of the whole append shortens that of a chunk, and ends it before a chunk that has no time left."""
    clock = FakeClock()
    calls = FakeChunks()
    create = calls.create

    async def slow(items, **keywords):
        clock.now += 4
        return await create(items, **keywords)

    calls.create = slow
    with pytest.raises(AppendIncompleteError, match="as a whole did not finish in time") as caught:
        await append(calls, "conv_1", messages(100), total_timeout=10, clock=clock)

    assert [10, 6, 2] == [keywords["within"] for _, keywords in calls.calls]
    assert (60, 0) == (caught.value.count, caught.value.unknown)
    assert isinstance(caught.value.__cause__, APITimeoutError)


async def test_the_whole_in_time_though_the_source_is_slow():
    """An iterable that gives nothing is not waited for longer than the whole may take."""

    async def source():
        for item in messages(25):
            yield item
        await asyncio.Event().wait()

    with pytest.raises(AppendIncompleteError, match="it waited for its items") as caught:
        await append(FakeChunks(), "conv_1", source(), total_timeout=0.05)

    assert (20, 0, 5) == (caught.value.count, caught.value.unknown, len(caught.value.pending))


async def test_a_timeout_of_the_source_is_its_own():
    """A TimeoutError that the iterable raises is its failure and not ours."""

    async def source():
        yield messages(1)[0]
        raise TimeoutError

    with pytest.raises(AppendIncompleteError, match=r"0 items were stored \(TimeoutError\)"):
        await append(FakeChunks(), "conv_1", source(), total_timeout=5)


async def test_cancellation_is_not_turned_into_an_error():
    """A cancelled append is cancelled, and removes nothing: its caller did not wait for that."""
    calls = FakeChunks(fail={2: (asyncio.CancelledError(), True)})

    with pytest.raises(asyncio.CancelledError):
        await append(calls, "conv_1", messages(50), rollback=True)

    assert 40 == len(calls.stored)


async def test_the_error_travels():
    """The error can be pickled, with everything that it says."""
    with pytest.raises(AppendIncompleteError) as caught:
        await append(FakeChunks(fail={2: (_down(), False)}), "conv_1", messages(50))

    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301

    assert caught.value.__dict__ == copy.__dict__
    assert str(caught.value) == str(copy)


@given(
    count=st.integers(1, 130),
    failures=st.dictionaries(
        st.integers(1, 12),
        st.tuples(st.sampled_from(["refused", "ambiguous", "foreign"]), st.booleans()),
    ),
)
async def test_any_sequence_of_failures(count, failures):
    """However often an append fails and goes on, everything is stored once, in order, and every claim is true."""
    made = {
        number: (
            {"refused": _down(), "ambiguous": _ambiguous(), "foreign": ValueError()}[kind],
            is_stored and kind != "refused",
        )
        for number, (kind, is_stored) in failures.items()
    }
    calls = FakeChunks(fail=made)
    resume = None
    for _ in range(20):
        resume = await _go_on(calls, count, resume)
        if resume is None:
            return
    pytest.fail("an append that fails at most 12 times comes to an end")


async def _go_on(calls, count, resume):
    """One run; what to go on from, ``None`` when it came to the end."""
    try:
        done = await append(calls, "conv_1", messages(count), resume=resume)
    except AppendIncompleteError as failed:
        error = failed
    else:
        assert (messages(count), count) == (calls.items, done.count)
        return None
    assert error.count <= len(calls.items) <= error.count + error.unknown
    assert messages(count)[: len(calls.items)] == calls.items
    return error.resume


async def test_not_found_is_no_failure_of_a_rollback():
    """The fake's 404 is the client's: what the rollback relies on."""
    with pytest.raises(NotFoundError):
        await FakeChunks().delete("msg_1")
