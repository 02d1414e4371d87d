"""The bulk runner: each conversation once, failures sorted out, runs resumed."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections import Counter

import pytest

from openai_conversations import ConversationsClient, RetryPolicy
from openai_conversations.bulk.errors import BulkStoppedError, IdsFileError, NothingFoundError
from openai_conversations.bulk.jobs import erasing
from openai_conversations.bulk.ledger import Ledger
from openai_conversations.bulk.runner import BulkOptions, BulkOutcome, run_bulk
from openai_conversations.errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    ConversationsError,
    NotFoundError,
    PermissionDeniedError,
)
from openai_conversations.middlewares.rate_limit import Limits, RateLimiter
from openai_conversations.operations.errors import CopyIncompleteError
from openai_conversations.server import ConversationsServer
from openai_conversations.storage.errors import LedgerError
from openai_conversations.transport.status import status_error
from tests.fakes import FakeClock, respond, until


class Worker:
    """Counts how often it is given each conversation; fails as it is told."""

    def __init__(self, fail=None):
        self.begun = Counter()
        self.under_way = 0
        self.most = 0
        self.fail = fail or (lambda id, count: None)

    async def __call__(self, row, note):
        self.begun[row.id] += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0)
            error = self.fail(row.id, self.begun[row.id])
            if error is not None:
                raise error
        finally:
            self.under_way -= 1
        return BulkOutcome(items=2, receipt={"id": row.id})


class Sleeps:
    """Sleeps that take no time."""

    def __init__(self):
        self.seconds = []

    async def __call__(self, seconds):
        self.seconds.append(seconds)
        await asyncio.sleep(0)


IDS = [f"conv_{number}" for number in range(100)]


async def run(tmp_path, work, ids=IDS, **options):
    return await run_bulk("test", work, ids, ledger=tmp_path / "ledger.sqlite", options=BulkOptions(**options))


async def test_each_once(tmp_path):
    """Every conversation is worked on once, so many at a time, and counted."""
    work = Worker()

    summary = await run(tmp_path, work, concurrency=7)

    assert dict.fromkeys(IDS, 1) == work.begun
    assert 7 == work.most
    assert (100, 100, 0, 0, 200) == (summary.total, summary.done, summary.before, summary.failed, summary.items)
    assert summary.is_complete


async def test_twice_is_once(tmp_path):
    """A second run with the same ledger finds nothing to do."""
    work = Worker()

    await run(tmp_path, work)
    summary = await run(tmp_path, work)

    assert 100 == sum(work.begun.values())
    assert (100, 100) == (summary.done, summary.before)


async def test_no_ids(tmp_path):
    """Without ids, or with none, a run goes on with what the ledger holds."""
    async with Ledger(tmp_path / "ledger.sqlite", operation="test") as ledger:
        await ledger.add(["conv_1"])

    work = Worker()

    assert 1 == (await run(tmp_path, work, ids=None)).done
    assert 1 == (await run(tmp_path, work, ids=[])).done


async def test_transient_failures_are_tried_again(tmp_path):
    """What fails for the moment is tried again at the end, after a wait that doubles."""
    work = Worker(lambda id, count: APITimeoutError() if id == "conv_3" and count < 3 else None)
    sleeps = Sleeps()

    summary = await run(tmp_path, work, sleep=sleeps, concurrency=4)

    assert (3, 102) == (work.begun["conv_3"], sum(work.begun.values()))
    assert [1.0, 2.0] == sleeps.seconds
    assert (100, 0) == (summary.done, summary.failed)


async def test_failures_for_good(tmp_path):
    """What fails for good is not tried again in this run, is told, and is tried by the next."""
    broken = True
    work = Worker(lambda id, count: status_error(respond(404)) if broken and id in ("conv_1", "conv_2") else None)

    summary = await run(tmp_path, work)
    broken = False
    second = await run(tmp_path, work)

    assert (98, 2) == (summary.done, summary.failed)
    assert {"404 NotFoundError": 2} == summary.errors
    assert ["conv_1", "conv_2"] == [id for id, _ in summary.failures]
    assert (100, 98, 0) == (second.done, second.before, second.failed)


async def test_transient_for_too_long(tmp_path):
    """What goes on failing has failed after some tries."""
    work = Worker(lambda id, count: APIConnectionError() if id == "conv_3" else None)

    summary = await run(tmp_path, work, sleep=Sleeps(), tries=2)

    assert (2, 1, {"APIConnectionError": 1}) == (work.begun["conv_3"], summary.failed, summary.errors)


async def test_a_service_that_is_down(tmp_path):
    """When nothing succeeds for as long as there is patience, the run stops with the reason, and can be resumed."""
    down, clock = True, FakeClock()
    work = Worker(lambda id, count: APIConnectionError(message="no route") if down else None)

    with pytest.raises(BulkStoppedError, match=r"nothing has succeeded for 20 s.*no route") as caught:
        await run(tmp_path, work, patience=20, concurrency=2, clock=clock, sleep=clock.sleep)
    down = False
    summary = await run(tmp_path, work)

    assert isinstance(caught.value.__cause__, APIConnectionError)
    assert 100 == summary.done


async def test_a_service_that_restarts(tmp_path):
    """A service that is away for 3 s is waited for, however many conversations fail meanwhile; none is given up."""
    clock = FakeClock()
    away = APIConnectionError(message="refused", sent=False)
    work = Worker(lambda id, count: away if 1000 < clock.now < 1003 or (clock.now == 1000 and count < 2) else None)

    summary = await run(tmp_path, work, tries=2, first_wait=0.1, clock=clock, sleep=clock.sleep)

    assert (100, 0) == (summary.done, summary.failed)
    assert clock.now < 1010


async def test_the_server_says_how_long(tmp_path):
    """What a server asks to wait is waited, by all; when it asks for more than there is patience, the run stops."""
    clock = FakeClock()
    until = 1007.0

    def busy(id, count):
        return status_error(respond(503, retry_after="7")) if clock.now < until else None

    work = Worker(busy)
    summary = await run(tmp_path, work, ids=IDS[:50], clock=clock, sleep=clock.sleep, concurrency=4)

    assert (50, 54) == (summary.done, sum(work.begun.values()))
    until = 9999.0
    with pytest.raises(BulkStoppedError, match="asks to wait 7 s"):
        await run(tmp_path, Worker(busy), ids=IDS, clock=clock, sleep=clock.sleep, patience=5)


async def test_some_that_always_fail(tmp_path):
    """When the others succeed, those that go on failing have failed; they do not stop the run."""
    clock = FakeClock()
    work = Worker(lambda id, count: APIConnectionError() if id in IDS[10:15] else None)

    summary = await run(tmp_path, work, clock=clock, sleep=clock.sleep)

    assert (95, 5, {"APIConnectionError": 5}) == (summary.done, summary.failed, summary.errors)


async def test_fatal_failures_stop_the_run(tmp_path):
    """A key that is refused for one conversation after the other stops the run with that very error."""
    async with ConversationsServer(keys=["right"]) as server:
        async with ConversationsClient(api_key="wrong", base_url=server.base_url) as client:
            with pytest.raises(AuthenticationError):
                await run(tmp_path, erasing(client.conversations), concurrency=2)

        assert len(server.requests) <= 4


@pytest.mark.parametrize("status", [401, 403])
async def test_one_refusal_is_one_failure(tmp_path, status):
    """A refusal that one conversation meets fails it, in every run, and stops nobody."""
    work = Worker(lambda id, count: status_error(respond(status)) if id == "conv_0" else None)

    first = await run(tmp_path, work, ids=IDS[:60])
    second = await run(tmp_path, work, ids=IDS)

    assert (59, 1) == (first.done, first.failed)
    assert (99, 1) == (second.done, second.failed)


async def test_refusals_that_persist(tmp_path):
    """20 conversations that are refused, and none that is not, stop the run; the next run begins with the others."""
    work = Worker(lambda id, count: status_error(respond(403)) if int(id.removeprefix("conv_")) < 30 else None)

    with pytest.raises(PermissionDeniedError):
        await run(tmp_path, work, concurrency=1)
    summary = await run(tmp_path, work, concurrency=1)

    assert (70, 30) == (summary.done, summary.failed)


@pytest.mark.parametrize("is_api", [True, False])
async def test_nothing_but_404(tmp_path, is_api):
    """A run that has met nothing but 404 stops after 20 and says why; one that found something goes on."""

    async def work(row, note):
        if row.id == "found":
            return BulkOutcome()
        if is_api:
            return BulkOutcome(missing=True, receipt={"outcome": "already_gone"})
        raise status_error(respond(404))

    with pytest.raises(NothingFoundError, match=r"none of the first 20 conversations is there.*base URL"):
        await run(tmp_path, work, concurrency=1)

    (tmp_path / "ledger.sqlite").unlink()
    summary = await run(tmp_path, work, ids=["found", *IDS], concurrency=1)
    assert (1, 100) == (summary.done, summary.missing + summary.failed)
    if is_api:
        (tmp_path / "ledger.sqlite").unlink()
        assert 100 == (await run(tmp_path, work, missing_ok=True)).missing


async def test_what_is_missing_is_not_done(tmp_path):
    """What is not there is counted apart, is not done, and is asked for again by the next run."""
    there = False

    async def work(row, note):
        return BulkOutcome(missing=row.id == "conv_1" and not there, receipt={"id": row.id})

    first = await run(tmp_path, work, ids=IDS[:3])
    there = True
    second = await run(tmp_path, work, ids=IDS[:3])

    assert (2, 1, ("conv_1",), False) == (first.done, first.missing, first.missing_ids, first.is_complete)
    assert (3, 0, True) == (second.done, second.missing, second.is_complete)


def stopped_by(cause):
    """A copy that stopped half way."""
    error = CopyIncompleteError("conv_1 holds 20 of 45 items", conversation_id="conv_1", stored=20, total=45)
    error.__cause__ = cause
    return error


async def test_copies_that_stopped_half_way(tmp_path):
    """A copy that stopped half way counts as what stopped it: it is tried again, or ends the run."""
    work = Worker(lambda id, count: stopped_by(APITimeoutError()) if id == "conv_3" and count < 2 else None)

    summary = await run(tmp_path, work, sleep=Sleeps())

    assert (2, 100, 0) == (work.begun["conv_3"], summary.done, summary.failed)
    with pytest.raises(CopyIncompleteError) as caught:
        await run(tmp_path, Worker(lambda id, count: stopped_by(status_error(respond(401)))), ids=["x", "y", "z"])
    assert isinstance(caught.value.__cause__, AuthenticationError)


async def test_bugs_are_not_hidden(tmp_path, caplog):
    """What is no failure of the service fails its own conversation, is counted, and told once with its traceback."""
    work = Worker(lambda id, count: ZeroDivisionError("by zero") if id in ("conv_1", "conv_2") else None)

    summary = await run(tmp_path, work)

    assert (98, 2, {"ZeroDivisionError": 2}) == (summary.done, summary.failed, summary.errors)
    assert [("conv_1", "ZeroDivisionError: by zero"), ("conv_2", "ZeroDivisionError: by zero")] == list(
        summary.failures
    )
    assert ["the job on conv_1 failed"] == caplog.messages
    assert caplog.records[0].exc_info


async def test_work_that_is_cancelled_inside(tmp_path):
    """A cancellation that comes from inside the work fails its conversation; the run goes on to its end."""

    def fail(id, count):
        return asyncio.CancelledError("inside") if id == "conv_1" else None

    async with asyncio.timeout(10):
        summary = await run(tmp_path, Worker(fail))

    assert (99, 1, {"CancelledError": 1}) == (summary.done, summary.failed, summary.errors)


async def test_what_was_under_way_waits_again(tmp_path):
    """When a run is cancelled, or stops, no row stays under way in the ledger."""

    class Stuck(Worker):
        async def __call__(self, row, note):
            if row.id == "conv_5":
                raise LedgerError("the disk is full")
            self.under_way += 1
            await asyncio.Event().wait()

    work = Stuck()
    with pytest.raises(LedgerError):
        await run(tmp_path, work, ids=IDS[:6])
    work.under_way = 0
    running = asyncio.ensure_future(run(tmp_path, work, ids=IDS[:5], concurrency=3))
    await until(lambda: work.under_way == 3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    async with Ledger(tmp_path / "ledger.sqlite", operation="test") as ledger:
        assert {"waiting": 6} == ledger.counts


async def test_work_that_ends_the_program(tmp_path):
    """What is meant to end the program ends the run, and its row waits again."""

    async def work(row, note):
        raise BaseExceptionGroup("over", [GeneratorExit()])

    with pytest.raises(BaseExceptionGroup, match="over"):
        await run(tmp_path, work, ids=["conv_1"])

    async with Ledger(tmp_path / "ledger.sqlite", operation="test") as ledger:
        assert 1 == ledger.counts["waiting"]


async def test_notes_soon_and_receipts_at_the_end(tmp_path):
    """What an attempt noted is there for the next one, and receipts can be taken out at the end."""
    taken, seen = [], []

    async def work(row, note):
        seen.append(row.notes)
        note.keep_soon("soon")
        await note.keep("kept", cursor="here")
        if row.attempts == 1:
            raise APITimeoutError
        return BulkOutcome(receipt={"cursor": row.cursor})

    async def take(ledger):
        taken.extend([receipt async for receipt in ledger.receipts()])

    await run_bulk(
        "test",
        work,
        ["conv_1"],
        ledger=tmp_path / "ledger.sqlite",
        options=BulkOptions(first_wait=0),
        on_receipts=take,
    )

    assert [(), ("soon", "kept")] == seen
    assert [{"cursor": "here"}] == taken


@pytest.mark.parametrize(
    "outcome",
    [
        BulkOutcome(receipt={"a": object()}),
        BulkOutcome(items=2**63),
        None,
    ],
    ids=["a receipt that is no JSON", "over 64 bits", "no outcome"],
)
async def test_outcomes_that_cannot_be_kept(tmp_path, outcome):
    """An outcome that the ledger cannot keep fails its conversation, and the run goes on."""

    async def work(row, note):
        return outcome if row.id == "conv_1" else BulkOutcome(receipt={"half": "\ud83d", "big": 2**70})

    async with asyncio.timeout(10):
        summary = await run(tmp_path, work)

    assert (99, 1) == (summary.done, summary.failed)


async def test_bad_ids(tmp_path):
    """A file with a bad line stops the run, with the line."""
    (tmp_path / "ids.txt").write_text("conv_1\nconv 2\n")

    with pytest.raises(IdsFileError, match="line 2"):
        await run(tmp_path, Worker(), ids=tmp_path / "ids.txt")


async def test_cancelled(tmp_path):
    """A run that is cancelled leaves a ledger with which the next one goes on, where it stopped."""
    started = asyncio.Event()

    class Slow(Worker):
        async def __call__(self, row, note):
            if sum(self.begun.values()) == 50:
                started.set()
                await asyncio.Event().wait()
            return await super().__call__(row, note)

    slow, work = Slow(), Worker()
    running = asyncio.ensure_future(run(tmp_path, slow, concurrency=1))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await run(tmp_path, work)

    assert dict.fromkeys(IDS, 1) == slow.begun + work.begun


async def test_ids_that_arrive_late(tmp_path):
    """Workers begin while the ids are still being read, and wait for more."""
    begun = asyncio.Event()
    work = Worker(lambda id, count: begun.set() if id == "conv_999" else None)

    async def more_than_a_batch():
        for number in range(1000):
            yield f"conv_{number}"
        await begun.wait()
        yield "last"

    summary = await run(tmp_path, work, ids=more_than_a_batch())

    assert (1001, 1) == (summary.done, work.begun["last"])


async def test_progress(tmp_path):
    """Progress is told from beginning to end, with a rate."""
    told = []

    await run(tmp_path, Worker(), on_progress=told.append, interval=0)

    assert (0, 100) == (told[0].done, told[-1].done)
    assert (100, True) == (told[-1].total, told[-1].is_total_known)
    assert told[-1].rate > 0
    assert 0 == told[-1].seconds_left


async def test_notes_and_receipts(tmp_path):
    """What an attempt noted is there for the next one; receipts come out in the order of the ids."""
    seen = []

    async def work(row, note):
        seen.append(row.notes)
        if not row.notes:
            await note.keep({"page": 1}, cursor="x")
            raise APITimeoutError
        return BulkOutcome(receipt={"id": row.id, "cursor": row.cursor})

    receipts = []

    async def take(ledger):
        receipts.extend([receipt async for receipt in ledger.receipts()])

    options = BulkOptions(sleep=Sleeps())
    await run_bulk("test", work, ["b", "a"], ledger=tmp_path / "l", options=options, on_receipts=take)

    assert [(), (), ({"page": 1},), ({"page": 1},)] == seen
    assert [{"id": "b", "cursor": "x"}, {"id": "a", "cursor": "x"}] == receipts


@pytest.mark.parametrize("profile", ["openai", "openai,after_delete=cascade"])
async def test_erase(tmp_path, profile):
    """A bulk erase erases, tells what it deleted, and counts its requests."""
    limiter = RateLimiter(Limits())
    async with (
        ConversationsServer(profile=profile) as server,
        ConversationsClient(
            api_key="k",
            base_url=server.base_url,
            middlewares=[limiter],
            retry=RetryPolicy(initial=0, on_attempt=limiter.on_attempt),
        ) as client,
    ):
        ids = [(await client.conversations.create(items=[{"role": "user", "content": "x"}] * 3)).id for _ in range(5)]
        server.add_fault("status:status=500,operation=deleteConversationItem,count=3")
        server.add_fault("status:status=429,operation=listConversationItems,count=1,retry_after=0.01")
        limiter.requests.clear()

        summary = await run_bulk(
            "erase",
            erasing(client.conversations),
            [*ids, "conv_unknown"],
            ledger=tmp_path / "ledger.sqlite",
            requests=limiter.requests,
        )

        for id in ids:
            server.assert_erased(id)
        assert (5, 1, 15) == (summary.done, summary.missing, summary.items)
        assert len(server.requests) - 5 == sum(summary.requests.values())


async def test_memory_stays_flat(tmp_path):
    """Four times the ids take no more memory."""

    async def peak(count):
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        folder = tmp_path / f"{count}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        await run(folder, Worker2(), ids=(f"conv_{number}" for number in range(count)))
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        await peak(3000)
        small, large = await peak(3000), await peak(12_000)
    finally:
        tracemalloc.stop()

    assert large < small * 1.5


class Worker2:
    """Remembers nothing."""

    async def __call__(self, row, note):
        return BulkOutcome(items=1, receipt={"id": row.id})


def test_errors_travel():
    """The errors of the runner are errors of the package."""
    assert issubclass(BulkStoppedError, ConversationsError)
    assert issubclass(NotFoundError, ConversationsError)
