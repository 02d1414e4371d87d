"""Bulk runs on a Dask cluster of this machine."""

from __future__ import annotations

import asyncio
import json
import warnings
from contextlib import asynccontextmanager

import pytest

from openai_conversations import ConversationsClient, Limits, RetryPolicy, checking, erasing, importing
from openai_conversations.bulk.errors import BulkStoppedError
from openai_conversations.bulk.ledger import Ledger
from openai_conversations.bulk.runner import BulkOptions, BulkOutcome, Checkpoint
from openai_conversations.errors import APIConnectionError
from openai_conversations.server import ConversationsServer
from tests.fakes import until

distributed = pytest.importorskip("distributed", reason="needs the extra dask")
dask = pytest.importorskip("openai_conversations.integrations.dask")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@asynccontextmanager
async def cluster(*, processes: bool, workers: int = 3):
    """Workers of this machine; in this process unless it matters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=processes,
            asynchronous=True,
            dashboard_address=None,
            silence_logs=50,
        )
        async with made:
            yield made


async def fill(server: ConversationsServer, conversations: int, items: int = 2) -> list[str]:
    message = {"role": "user", "content": "x"}
    async with ConversationsClient(api_key="k", base_url=server.base_url) as client:
        return [(await client.conversations.create(items=[message] * items)).id for _ in range(conversations)]


@pytest.fixture
async def server(monkeypatch):
    async with ConversationsServer() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        yield running


async def test_erase(server, tmp_path):
    """Every conversation is erased once, by whichever worker; receipts and counts are in the ledger at home."""
    ids = await fill(server, 25)
    receipts = []

    async def take(ledger):
        receipts.extend([receipt async for receipt in ledger.receipts()])

    async with cluster(processes=False) as workers:
        summary = await dask.run_on_dask(
            "erase",
            erasing,
            ids,
            cluster=workers,
            ledger=tmp_path / "ledger.sqlite",
            limits=Limits(delete=500, total=1000),
            shard_size=4,
            on_receipts=take,
        )
        again = await dask.run_on_dask(
            "erase", erasing, ids, cluster=workers.scheduler_address, ledger=tmp_path / "ledger.sqlite"
        )

    assert (25, 50, 0) == (summary.done, summary.items, summary.failed)
    assert (25, 25) == (again.done, again.before)
    assert ids == [receipt["conversation_id"] for receipt in receipts]
    for id in ids:
        server.assert_erased(id)


async def test_failures_come_home(server, tmp_path):
    """What fails in a worker is told where the run was started, as the error that it was."""
    ids = await fill(server, 3)

    async with cluster(processes=False) as workers:
        summary = await dask.run_on_dask(
            "check", checking, [*ids, "conv_nowhere"], cluster=workers, ledger=tmp_path / "ledger.sqlite", shard_size=2
        )

    assert (3, 1, {"404 NotFoundError": 1}) == (summary.done, summary.failed, summary.errors)


def _broken_client(limiter):
    return ConversationsClient(
        api_key="k",
        base_url="http://127.0.0.1:1/v1",
        max_retries=0,
        middlewares=[limiter],
        retry=RetryPolicy(initial=0),
    )


async def test_service_down(tmp_path):
    """A service that cannot be reached stops the run, as it does without a cluster."""
    async with cluster(processes=False, workers=1) as workers:
        with pytest.raises(BulkStoppedError, match=r"nothing has succeeded for \d+ s"):
            await dask.run_on_dask(
                "check",
                checking,
                (f"conv_{number}" for number in range(20)),
                cluster=workers,
                ledger=tmp_path / "ledger.sqlite",
                make_client=_broken_client,
                options=BulkOptions(patience=1, first_wait=0.1),
            )


async def test_cluster_that_is_closed(server, tmp_path, monkeypatch):
    """When the cluster is closed in the middle of a run, the run stops, and its ledger can be gone on with."""
    ids = await fill(server, 30)
    timeouts = pytest.importorskip("dask").config.config["distributed"]["comm"]["timeouts"]
    monkeypatch.setitem(timeouts, "connect", "1s")
    server.add_fault("slow:seconds=30,operation=listConversationItems")
    began = len(server.requests)

    async with cluster(processes=False, workers=1) as workers:
        running = asyncio.ensure_future(
            dask.run_on_dask(
                "check",
                checking,
                ids,
                cluster=workers,
                ledger=tmp_path / "ledger.sqlite",
                shard_size=5,
                options=BulkOptions(patience=1, first_wait=0.1),
            )
        )
        await until(lambda: len(server.requests) > began)
    with pytest.raises(BulkStoppedError, match="The shard was lost"):
        await running

    async with Ledger(tmp_path / "ledger.sqlite", operation="check") as ledger:
        assert 0 == ledger.counts.get("working", 0)


BEGUN = []


def _stops_once(_):
    """Work that notes where it is and gets no further, unless an earlier attempt was there."""

    async def work(row, note):
        if row.cursor is None:
            note.keep_soon({"soon": 1})
            await note.keep({"kept": 2}, cursor="here")
            BEGUN.append(row.id)
            await asyncio.Event().wait()
        return BulkOutcome(receipt={"cursor": row.cursor, "notes": list(row.notes)})

    return work


async def test_what_a_lost_worker_noted(server, tmp_path):
    """What a worker noted is in the ledger before it goes on; when the worker is lost, the next one begins with it."""
    BEGUN.clear()
    receipts = []

    async def take(ledger):
        receipts.extend([receipt async for receipt in ledger.receipts()])

    async with cluster(processes=False, workers=2) as workers:
        running = asyncio.ensure_future(
            dask.run_on_dask(
                "test", _stops_once, ["a"], cluster=workers, ledger=tmp_path / "ledger.sqlite", on_receipts=take
            )
        )
        await until(lambda: BEGUN)
        (lost,) = [worker for worker in workers.workers.values() if worker.state.executing]
        await lost.close()
        summary = await running

    assert (1, ["a"]) == (summary.done, BEGUN)
    assert [{"cursor": "here", "notes": [{"soon": 1}, {"kept": 2}]}] == receipts


class Busy:
    """A cluster that never gets to the end of a shard."""

    async def submit(self, *_, **__):
        await asyncio.Event().wait()


async def test_an_attempt_that_was_taken_for_lost(tmp_path):
    """When another attempt has begun, the one before it can write nothing into the ledger, and is told so."""
    async with Ledger(tmp_path / "ledger.sqlite", operation="test") as ledger:
        await ledger.add(["a"])
        (row,) = await ledger.take(1)
        shards = dask._Shards(Busy(), "name", 2)  # noqa: SLF001  # what stands between two machines
        waiting = asyncio.ensure_future(shards(row, Checkpoint(ledger, row.number)))
        await until(lambda: shards._under_way)  # noqa: SLF001

        async def ask(message):
            try:
                return {"value": await shards._carry_out(**message)}  # noqa: SLF001
            except LookupError as error:
                return {"error": str(error)}

        first, second = (dask._FarNote(row.number, ask) for _ in range(2))  # noqa: SLF001
        await first.begin(row)
        await first.keep(1, cursor="first")
        again = await second.begin(row)
        with pytest.raises(APIConnectionError, match="another attempt has taken over"):
            await first.keep(2, cursor="late")
        waiting.cancel()

        assert ("first", (1,)) == (again.cursor, again.notes)
        await ledger.take_up()
        (kept,) = await ledger.take(1)
        assert ("first", (1,)) == (kept.cursor, kept.notes)


class Silent:
    """A scheduler that nobody answers."""

    def __init__(self):
        self.handlers = {}

    def log_event(self, topic, message):
        pass


@pytest.mark.virtual_time
async def test_a_ledger_that_does_not_answer():
    """A worker that asks the ledger, and gets no answer, hears so after a minute and does not go on."""
    exchange = dask._Exchange("run")  # noqa: SLF001
    scheduler = Silent()
    await exchange.start(scheduler)

    answer = await scheduler.handlers["run_ask"](message={})
    await scheduler.handlers["run_reply"](number=1, answer={"value": None})

    assert {"error": "no answer within 60 s"} == answer


async def test_a_conversation_that_nobody_has(tmp_path):
    """A question about a conversation that is not under way is answered with an error, never with silence."""
    answers = []

    class Home:
        @property
        def scheduler(self):
            return self

        async def name_reply(self, number, answer):
            answers.append((number, answer))

    shards = dask._Shards(Home(), "name", 2)  # noqa: SLF001
    shards.asked((0.0, {"number": 7, "message": {"row": 1, "attempt": "a", "begin": True}}))
    await until(lambda: answers)

    assert [(7, {"error": "LookupError: another attempt has taken over"})] == answers


@pytest.mark.kills
async def test_imports_of_a_killed_worker(server, tmp_path):
    """When a worker is killed, every file becomes one conversation all the same, and a whole one."""
    items = [{"type": "message", "role": "user", "content": f"{number}"} for number in range(45)]
    files = [tmp_path / f"{number}.json" for number in range(60)]
    for file in files:
        file.write_text(json.dumps(items))
    server.add_fault("slow:seconds=0.05,operation=createConversationItems,count=1000")
    appended = asyncio.Event()

    def seen(progress):
        if sum(entry.operation == "createConversationItems" for entry in server.requests) >= 30:
            appended.set()

    async with cluster(processes=True) as workers:
        running = asyncio.ensure_future(
            dask.run_on_dask(
                "import",
                importing,
                map(str, files),
                cluster=workers,
                ledger=tmp_path / "ledger.sqlite",
                shard_size=10,
                options=BulkOptions(on_progress=seen, interval=0.02, first_wait=0.1),
            )
        )
        await appended.wait()
        await next(iter(workers.workers.values())).kill(timeout=0.1)
        summary = await running

    assert (60, 0) == (summary.done, summary.failed)
    made = [entry.conversation_id for entry in server.requests if entry.operation == "createConversation"]
    full = [id for id in made if len(server.items(id)) == 45]
    assert (60, set()) == (len(full), {len(server.items(id)) for id in made} - {45, 0})
    async with Ledger(tmp_path / "ledger.sqlite", operation="import") as ledger:
        left = sum([len(receipt.get("may_be_left", ())) async for receipt in ledger.receipts()])
    assert len(made) - 60 <= left


@pytest.mark.kills
async def test_killed_worker(server, tmp_path):
    """When a worker is killed, its shard is done by another."""
    ids = await fill(server, 300)
    deleted = asyncio.Event()

    def seen(progress):
        if progress.done >= 40:
            deleted.set()

    async with cluster(processes=True) as workers:
        running = asyncio.ensure_future(
            dask.run_on_dask(
                "erase",
                erasing,
                ids,
                cluster=workers,
                ledger=tmp_path / "ledger.sqlite",
                shard_size=20,
                limits=Limits(total=300),
                options=BulkOptions(on_progress=seen, first_wait=0),
            )
        )
        await deleted.wait()
        nanny = next(iter(workers.workers.values()))
        await nanny.kill(timeout=0.1)
        summary = await running

    assert (300, 0) == (summary.done, summary.failed)
    for id in ids:
        server.assert_erased(id)


@pytest.mark.rates
async def test_rate_of_the_fleet(server, tmp_path, capsys):
    """Three workers together hold the asked rate within 5 % and use 90 % of it."""
    asked = 100.0
    ids = await fill(server, 200, items=4)
    before = len(server.requests)

    async with cluster(processes=True) as workers:
        await dask.run_on_dask(
            "erase",
            erasing,
            ids,
            cluster=workers,
            ledger=tmp_path / "ledger.sqlite",
            limits=Limits(total=asked),
            shard_size=20,
        )

    entries = server.requests[before:]
    rate = len(entries) / (entries[-1].time - entries[0].time)
    with capsys.disabled():
        print(f"\nDask, 3 workers: asked {asked:.0f}/s, held {rate:.1f}/s, {len(entries)} requests")  # noqa: T201  # the figure
    assert 0.9 * asked <= rate <= 1.05 * asked
