"""
Bulk runs on more machines than one: shards of ids are tasks of Dask (extra ``dask``).

The ledger stays where the run was started, and stays the truth: a shard that was lost with its worker is done again.
What a worker learns that its next write stands on, such as the id of a new conversation, goes through the scheduler
into that ledger before the write. An attempt begins by asking for what earlier ones left there, and one that was taken
for lost cannot write to it any more.
Every worker has one client of its own, made there: no key travels. The rate is that of the whole fleet: its workers
ask the scheduler for their turns, a tenth of a second's worth at a time.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
from distributed import Client, SchedulerPlugin, WorkerPlugin, get_worker

from openai_conversations.bulk.ids import Ids
from openai_conversations.bulk.ledger import Ledger, LedgerRow
from openai_conversations.bulk.progress import BulkSummary
from openai_conversations.bulk.runner import BulkJob, BulkOptions, BulkOutcome, Checkpoint, run_bulk
from openai_conversations.client import ConversationsClient
from openai_conversations.errors import APIConnectionError
from openai_conversations.middlewares.limiter import Limiter, RunningLoop, too_late
from openai_conversations.middlewares.rate_limit import Limits, RateLimiter
from openai_conversations.storage.values import dump_json, load_json
from openai_conversations.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from openai_conversations.resources.conversations import Conversations

MakeClient = Callable[[RateLimiter], ConversationsClient]
MakeJob = Callable[["Conversations"], BulkJob]
Ask = Callable[..., Awaitable[dict[str, Any]]]

_LEASE: Final = 0.1
"""Seconds of its rate that a worker asks for at a time: what it does not use of them is lost."""

_STALE: Final = 0.5
"""Seconds after which a turn that was not used is gone."""

_GATHER: Final = 0.05
"""Seconds to wait for a shard to fill."""

_PATIENCE: Final = 60.0
"""Seconds in which the ledger must have answered a worker."""


def client_from_environment(limiter: RateLimiter) -> ConversationsClient:
    """A client with the key and the base URL of the worker's own environment."""
    return ConversationsClient(middlewares=[limiter], retry=RetryPolicy(on_attempt=limiter.on_attempt))


async def run_on_dask(
    operation: str,
    make_job: MakeJob,
    ids: Ids | None,
    *,
    cluster: Any,
    ledger: str | PathLike[str],
    limits: Limits | None = None,
    make_client: MakeClient = client_from_environment,
    shard_size: int = 50,
    options: BulkOptions | None = None,
    on_receipts: Callable[[Ledger], Awaitable[object]] | None = None,
) -> BulkSummary:
    """
    Do something with every conversation, each of them once, on the workers of a Dask cluster.

    Args:
        operation: What is done; a ledger belongs to one operation.
        make_job: Makes the job of a worker from its ``client.conversations``: ``erasing``, ``checking`` …
        ids: As for :func:`.run_bulk`.
        cluster: The address of a scheduler, or a cluster that has one.
        ledger: The file of the ledger, on this machine.
        limits: The most requests per second of all workers together.
        make_client: Makes the client of a worker, in the worker.
        shard_size: Conversations of a task; they are worked on at the same time.
        options: Tries, patience and progress; the concurrency follows from the number of workers.
        on_receipts: Called with the open ledger at the end.

    Raises:
        BulkStoppedError: Nothing succeeds any more.
        LedgerError: The ledger cannot be used.
    """
    address = cluster if isinstance(cluster, str) else cluster.scheduler_address
    name = f"openai-conversations-{uuid.uuid4().hex}"
    dask = cast("Any", Client)(address, asynchronous=True, set_as_default=False)
    async with dask:
        workers = max(len(await dask.nthreads()), 1)
        await dask.register_plugin(_FleetSchedule(name, limits or Limits()), name=f"{name}-rates")
        await dask.register_plugin(_Exchange(name), name=f"{name}-exchange")
        await dask.register_plugin(_WorkerClient(name, limits or Limits(), workers, make_client, make_job), name=name)
        try:
            shards = _Shards(dask, name, shard_size)
            dask.subscribe_topic(name, shards.asked)
            chosen = attrs.evolve(options or BulkOptions(), concurrency=shard_size * workers * 2)
            return await run_bulk(operation, shards, ids, ledger=ledger, options=chosen, on_receipts=on_receipts)
        finally:
            with suppress(Exception):  # the scheduler may be what went away, which Dask says in many ways
                await dask.unregister_worker_plugin(name)
                await dask.unregister_scheduler_plugin(f"{name}-rates")
                await dask.unregister_scheduler_plugin(f"{name}-exchange")


# where the run was started


@attrs.define(eq=False)
class _UnderWay:
    """A conversation that some worker has."""

    row: LedgerRow
    note: Checkpoint
    future: asyncio.Future[BulkOutcome]
    attempt: str = ""
    """Which attempt may write to the ledger; the last that began."""
    said: list[Any] = attrs.field(factory=list[Any])
    cursor: str | None = None


class _Shards:
    """Gathers conversations into tasks; called by the bulk runner as if it did the work itself."""

    def __init__(self, dask: Any, name: str, size: int) -> None:
        self._dask = dask
        self._name = name
        self._size = size
        self._gathered: list[_UnderWay] = []
        self._under_way: dict[int, _UnderWay] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, row: LedgerRow, note: Checkpoint) -> BulkOutcome:
        loop = asyncio.get_running_loop()
        here = _UnderWay(row, note, loop.create_future(), cursor=row.cursor)
        self._under_way[row.number] = here
        self._gathered.append(here)
        if len(self._gathered) >= self._size:
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(_GATHER, self._send)
        try:
            return await here.future
        finally:
            self._under_way.pop(row.number, None)

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        shard, self._gathered = self._gathered, []
        if shard:
            self._begin(self._run(shard))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, shard: Sequence[_UnderWay]) -> None:
        rows = [each.row for each in shard]
        try:
            results: list[_Result] = await self._dask.submit(_work_on, self._name, rows, pure=False)
        except Exception as error:  # noqa: BLE001  # whatever Dask says when it lost the shard, its workers or itself
            lost = APIConnectionError(message=f"The shard was lost: {str(error) or type(error).__name__}")
            results = [_Result(error=lost)] * len(rows)
        for each, result in zip(shard, results, strict=True):
            try:
                await result.give(each)
            except Exception as error:  # noqa: BLE001  # the ledger could not keep it: whoever waits must hear so
                _fail(each.future, error)

    # what workers ask

    def asked(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """A question came: it is answered in a task of its own, for the ledger takes its time."""
        self._begin(self._answer(event[1]))

    async def _answer(self, question: Mapping[str, Any]) -> None:
        try:
            answer = {"value": await self._carry_out(**question["message"])}
        except Exception as error:  # noqa: BLE001  # it is raised in the worker
            answer = {"error": f"{type(error).__name__}: {error}"}
        with suppress(Exception):  # a scheduler that went away has nobody who waits
            await getattr(self._dask.scheduler, _handler(self._name, "reply"))(number=question["number"], answer=answer)

    async def _carry_out(
        self, row: int, attempt: str, begin: bool, notes: str | None = None, cursor: str | None = None
    ) -> str | None:
        """Let an attempt begin, and give what earlier ones left; or keep what it learned."""
        here = self._under_way.get(row)
        if here is None or not (begin or here.attempt == attempt):
            raise LookupError("another attempt has taken over")
        if begin:
            here.attempt = attempt
            return dump_json([[*here.row.notes, *here.said], here.cursor])
        added: list[Any] = load_json(notes) if notes else []
        here.said += added  # before the wait: an attempt that begins meanwhile must see it
        here.cursor = cursor or here.cursor
        await here.note.keep(*added, cursor=cursor)
        if here.attempt != attempt:
            raise LookupError("another attempt has taken over")
        return None


@attrs.frozen(kw_only=True)
class _Result:
    """What a worker made of one conversation: an outcome, or an error and what was noted and not sent yet."""

    outcome: BulkOutcome | None = None
    error: Exception | None = None
    notes: tuple[Any, ...] = ()

    async def give(self, here: _UnderWay) -> None:
        if self.notes:
            await here.note.keep(*self.notes)
        if here.future.done():
            return
        if self.outcome is not None:
            here.future.set_result(self.outcome)
        else:
            here.future.set_exception(self.error or RuntimeError("a worker gave no result"))


def _fail(future: asyncio.Future[BulkOutcome], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


# in a worker


async def _work_on(name: str, rows: Sequence[LedgerRow]) -> list[_Result]:
    """One shard: a task of Dask."""
    worker = cast("Any", get_worker)()
    plugins: Mapping[str, Any] = worker.plugins
    job = cast("_WorkerClient", plugins[name]).job
    ask = getattr(worker.scheduler, _handler(name, "ask"))
    return list(await asyncio.gather(*(_attempt(job, row, ask) for row in rows)))


async def _attempt(job: BulkJob, row: LedgerRow, ask: Ask) -> _Result:
    note = _FarNote(row.number, ask)
    try:
        return _Result(outcome=await job(await note.begin(row), note))
    except Exception as error:  # noqa: BLE001  # it is raised where the run was started
        return _Result(error=error, notes=tuple(note.soon))


class _FarNote(Checkpoint):
    """Notes that go to the ledger on another machine."""

    def __init__(self, number: int, ask: Ask) -> None:
        self._row = number
        self._ask = ask
        self._attempt = uuid.uuid4().hex
        self.soon: list[Any] = []
        """What was noted since the ledger answered last."""

    async def begin(self, row: LedgerRow) -> LedgerRow:
        """The row as it is now: Dask gives a task to another worker as it was when it was made."""
        notes, cursor = load_json(await self._send(begin=True))
        return attrs.evolve(row, notes=tuple(notes), cursor=cursor)

    async def keep(self, *notes: Any, cursor: str | None = None) -> None:
        kept = [*self.soon, *notes]
        self.soon = []
        await self._send(begin=False, notes=dump_json(kept), cursor=cursor)

    def keep_soon(self, *notes: Any) -> None:
        self.soon.extend(notes)

    async def _send(self, **message: Any) -> Any:
        """Ask where the ledger is, and wait for the answer."""
        answer = await self._ask(message={"row": self._row, "attempt": self._attempt, **message})
        if "error" in answer:
            raise APIConnectionError(message=f"The ledger did not store a checkpoint: {answer['error']}", sent=False)
        return answer["value"]


class _WorkerClient(WorkerPlugin):
    """The client of a worker, and the job that it does."""

    def __init__(self, name: str, limits: Limits, workers: int, make_client: MakeClient, make_job: MakeJob) -> None:
        self._name = name
        self._limits = limits
        self._workers = workers
        self._make_client = make_client
        self._make_job = make_job
        self._client: ConversationsClient | None = None
        self._job: BulkJob | None = None

    @property
    def job(self) -> BulkJob:
        assert self._job is not None  # noqa: S101  # for type checkers: Dask sets a plugin up before it is used
        return self._job

    def setup(self, worker: Any) -> None:
        """Make the client; its connections are opened by its first request."""
        limiters = {
            name.upper(): _FleetLimiter(worker, self._name, name, rate / self._workers)
            for name, rate in attrs.asdict(self._limits).items()
            if rate is not None
        }
        self._client = self._make_client(RateLimiter(limiters=limiters, sharers=self._workers))
        self._job = self._make_job(self._client.conversations)

    async def teardown(self, worker: Any) -> None:  # noqa: ARG002  # Dask's signature
        """Close the client."""
        if self._client is not None:
            await self._client.close()


class _FleetLimiter(Limiter):
    """Turns of the whole fleet, asked for from the scheduler a few at a time."""

    def __init__(self, worker: Any, name: str, method: str, rate: float) -> None:
        self._worker = worker
        self._handler = _handler(name, "reserve")
        self._method = method
        self._batch = max(1, math.floor(rate * _LEASE))
        self._spacing = 1 / rate
        self._loop = RunningLoop("this limiter")
        self._order = asyncio.Lock()
        self._waiting = 0
        self._moments: deque[float] = deque()
        self._charged = 0

    async def wait(self, seconds: float | None = None) -> None:
        """Return when it is this worker's turn, which comes in the order of asking."""
        self._loop.check()
        left = math.inf if seconds is None else seconds
        expected = self._waiting * self._spacing
        if expected > left:
            raise too_late(expected, left)
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._take(time.monotonic() + left)
        except TimeoutError:
            raise too_late(left + self._spacing, 0.0) from None
        finally:
            self._waiting -= 1

    async def _take(self, ends: float) -> None:
        async with self._order:
            self._forget_stale()
            while not self._moments:
                await self._lease()
                self._forget_stale()
            now = time.monotonic()
            if self._moments[0] > ends:
                raise too_late(self._moments[0] - now, ends - now)
            await asyncio.sleep(max(self._moments[0] - now, 0.0))
            self._moments.popleft()

    def charge(self, requests: int) -> None:
        """Count requests that were sent without a turn; less than 0 for turns that were not used."""
        if requests > 0:
            self._charged += requests
        else:
            self._moments.extendleft([time.monotonic()] * -requests)

    def _forget_stale(self) -> None:
        while self._moments and self._moments[0] < time.monotonic() - _STALE:
            self._moments.popleft()

    async def _lease(self) -> None:
        charged, self._charged = self._charged, 0
        ask = getattr(self._worker.scheduler, self._handler)
        delay, spacing = await ask(method=self._method, count=self._batch + charged)
        now = time.monotonic()
        self._moments.extend(now + delay + spacing * number for number in range(charged, self._batch + charged))


# in the scheduler


class _Exchange(SchedulerPlugin):
    """Passes what workers ask on to where the run was started, which they may not be able to reach, and back."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._scheduler: Any = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def start(self, scheduler: Any) -> None:
        """Be reachable for the workers and for whoever started the run."""
        self._scheduler = scheduler
        scheduler.handlers[_handler(self._name, "ask")] = self.ask
        scheduler.handlers[_handler(self._name, "reply")] = self.reply

    async def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Pass a question on, and wait for its answer."""
        number = next(self._numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._scheduler.log_event(self._name, {"number": number, "message": message})
            async with asyncio.timeout(_PATIENCE):
                return await future
        except TimeoutError:
            return {"error": f"no answer within {_PATIENCE:.0f} s"}
        finally:
            del self._waiting[number]

    async def reply(self, number: int, answer: dict[str, Any]) -> None:
        """The answer came."""
        future = self._waiting.get(number)
        if future is not None and not future.done():
            future.set_result(answer)


class _FleetSchedule(SchedulerPlugin):
    """Gives out turns: a moment for each method, and the time between two of them."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._handler = _handler(name, "reserve")
        self._rates: dict[str, float] = {name: rate for name, rate in attrs.asdict(limits).items() if rate is not None}
        self._next = dict.fromkeys(self._rates, -math.inf)

    async def start(self, scheduler: Any) -> None:
        """Be reachable for the workers."""
        scheduler.handlers[self._handler] = self.reserve

    async def reserve(self, method: str, count: int) -> tuple[float, float]:
        """Seconds until the first of so many turns, and seconds between two."""
        spacing = 1 / self._rates[method]
        now = time.monotonic()
        first = max(self._next[method], now)
        self._next[method] = first + count * spacing
        return first - now, spacing


def _handler(name: str, what: str) -> str:
    return f"{name.replace('-', '_')}_{what}"
