"""
The bulk runner: one operation on as many conversations as there are, with bounded concurrency, resumable at any point.

The ledger decides what is to be done. Ids flow from their source into it while workers take them out of it, a few at a
time, so that a million ids take no more memory than a thousand.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from os import PathLike
from typing import Any, Final, cast

import attrs

from openai_conversations.bulk.errors import BulkStoppedError
from openai_conversations.bulk.health import TRANSIENT, Health
from openai_conversations.bulk.ids import Ids, batches, check_ids
from openai_conversations.bulk.ledger import Ledger, LedgerRow, Phase, Result
from openai_conversations.bulk.progress import BulkProgress, BulkSummary, Meter
from openai_conversations.checks import (
    FLAG,
    FUNCTION,
    MAPPING,
    NAME,
    OPTIONAL_FUNCTION,
    PATH,
    POSITIVE_COUNT,
    SECONDS,
    Wanted,
    instance_of,
    is_whole,
    shown,
)
from openai_conversations.errors import APIStatusError, ConversationsError, InvalidArgumentError, NotFoundError
from openai_conversations.operations.errors import CopyIncompleteError
from openai_conversations.storage.errors import LedgerError

logger: Final = logging.getLogger("openai_conversations")

_KINDS_OF_ERRORS: Final = 50

_LONGEST_WAIT: Final = 10.0
"""Seconds before another try of one conversation, unless the server asks for more."""


@attrs.frozen(kw_only=True)
class BulkOutcome:
    """
    What an operation did with one conversation.

    Attributes:
        items: How many items it dealt with.
        receipt: A JSON value to keep in the ledger, or ``None``.
        problem: Whether a check found something.
        missing: Whether the service says that there is no such conversation: not done, and asked for by the next run.
    """

    items: int = 0
    receipt: Mapping[str, Any] | None = None
    problem: bool = False
    missing: bool = False


class Checkpoint:
    """What an operation leaves for the next attempt, should this one not come to its end."""

    def __init__(self, ledger: Ledger, number: int) -> None:
        self._ledger = ledger
        self._number = number

    async def keep(self, *notes: Any, cursor: str | None = None) -> None:
        """Return when JSON values, and a cursor, are on the disk."""
        await self._ledger.note(self._number, notes, cursor=cursor)

    def keep_soon(self, *notes: Any) -> None:
        """Leave JSON values for the next attempt, without waiting for the disk."""
        self._ledger.note_soon(self._number, notes)


OnProgress = Callable[[BulkProgress], object]

BulkJob = Callable[[LedgerRow, Checkpoint], Awaitable[BulkOutcome]]
"""Does the operation with one conversation; called again, it goes on where it stopped."""


@attrs.frozen(kw_only=True)
class BulkOptions:
    """
    How a bulk run goes about its work.

    Attributes:
        concurrency: Conversations that are worked on at a time.
        tries: How often a conversation is tried in one run, when what fails is transient. What fails while the service
            is away for all conversations is not counted.
        patience: Seconds that a service is waited for that is away. The run stops when nothing has succeeded for so
            long and more than one conversation failed transiently. The ``retry_after`` of a server is kept to.
        missing_ok: Whether conversations that are not there are as good as done: a run stops that finds none of the
            first 20, unless this is set.
        first_wait: Seconds before a second try; it doubles from try to try, up to 10.
        on_progress: Called a few times a second, and at the end.
        interval: Seconds between two reports of progress.
        clock: Seconds that only grow.
        sleep: Waits a number of seconds.
    """

    concurrency: int = 16
    tries: int = 3
    patience: float = 60.0
    missing_ok: bool = False
    first_wait: float = 1.0
    on_progress: OnProgress | None = None
    interval: float = 0.25
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def __attrs_post_init__(self) -> None:
        for name, wanted in _FIELDS.items():
            wanted.check(f"options: {name}", getattr(self, name))


_FIELDS: Final[Mapping[str, Wanted]] = {
    "concurrency": POSITIVE_COUNT,
    "tries": POSITIVE_COUNT,
    "patience": SECONDS,
    "missing_ok": FLAG,
    "first_wait": SECONDS,
    "on_progress": OPTIONAL_FUNCTION,
    "interval": SECONDS,
    "clock": FUNCTION,
    "sleep": FUNCTION,
}
_OPTIONS: Final = instance_of(BulkOptions, "a BulkOptions").or_none()
_COUNTER: Final = Wanted(
    "a mapping of numbers",
    lambda value: MAPPING.accepts(value) and all(is_whole(count) for count in value.values()),
).or_none()


def _check_job(job: object) -> None:
    """
    See that it can be called as a job is.

    Raises:
        InvalidArgumentError: It cannot; the message says where jobs come from.
    """
    try:
        inspect.signature(cast("Callable[..., object]", job)).bind(None, None)
    except (TypeError, ValueError) as error:
        if isinstance(error, ValueError):
            return  # of what is not written in Python it may not be known
        raise InvalidArgumentError(
            f"job must be an async function of a row and a checkpoint, such as erasing(client.conversations), "
            f"not {shown(job)}"
        ) from None


async def run_bulk(
    operation: str,
    job: BulkJob,
    ids: Ids | None,
    *,
    ledger: str | PathLike[str],
    options: BulkOptions | None = None,
    requests: Mapping[str, int] | None = None,
    on_receipts: Callable[[Ledger], Awaitable[object]] | None = None,
) -> BulkSummary:
    """
    Do something with every conversation, each of them once.

    Args:
        operation: What is done; a ledger belongs to one operation.
        job: Does it with one conversation.
        ids: The conversations, or a file that holds their ids; ``None`` for those of the ledger alone. Ids that the
            ledger has already are not added again.
        ledger: The file of the ledger.
        options: Concurrency, tries, patience, and who is told of the progress.
        requests: A counter of requests by method, for the summary.
        on_receipts: Called with the open ledger at the end, however that comes, to take the receipts out of it.

    Raises:
        InvalidArgumentError: An argument cannot be used; no ledger was made.
        BulkStoppedError: Nothing succeeds any more.
        LedgerError: The ledger cannot be used.
        ConversationsError: A failure that one conversation after the other meets: the key is refused, the client is
            closed.
    """
    NAME.check("operation", operation)
    _check_job(job)
    if ids is not None:
        check_ids(ids)
    PATH.check("ledger", ledger)
    _OPTIONS.check("options", options)
    _COUNTER.check("requests", requests)
    OPTIONAL_FUNCTION.check("on_receipts", on_receipts)
    async with Ledger(ledger, operation=operation) as opened:
        await opened.take_up()
        run = _Run(operation, job, opened, options or BulkOptions())
        try:
            await run.run(ids)
        finally:
            if on_receipts is not None:
                await on_receipts(opened)
        return await run.summary(requests or {})


class _Run:
    """One run over a ledger."""

    def __init__(self, operation: str, job: BulkJob, ledger: Ledger, options: BulkOptions) -> None:
        self._operation = operation
        self._job = job
        self._ledger = ledger
        self._options = options
        self._meter = Meter(options.clock)
        self._before = ledger.counts.get("done", 0)
        self._rows: asyncio.Queue[LedgerRow | None] = asyncio.Queue()
        self._idle = 0
        """Workers that wait for a row."""
        self._tries: Counter[int] = Counter()
        self._asked: dict[int, float] = {}
        """Seconds that the server asked to leave a conversation alone."""
        self._health = Health(options.clock, patience=options.patience, first_wait=options.first_wait)
        self._wake = asyncio.Event()
        self._all_known = False
        self._errors: Counter[str] = Counter()
        self._bugs: set[str] = set()

    async def run(self, ids: Ids | None) -> None:
        """Until every id is done or failed."""
        reporter = asyncio.create_task(self._report())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._load(ids))
                tasks.create_task(self._feed())
                for _ in range(self._options.concurrency):
                    tasks.create_task(self._serve())
        except BaseExceptionGroup as group:
            error = _first(group)
            raise error from error.__cause__
        finally:
            reporter.cancel()
            with suppress(asyncio.CancelledError):
                await reporter
            self._tell()
            self._ledger.release()

    async def _load(self, ids: Ids | None) -> None:
        """Ids into the ledger."""
        if ids is not None:
            async for batch in batches(ids):
                await self._ledger.add(batch)
                self._wake.set()
        self._all_known = True
        self._wake.set()

    async def _feed(self) -> None:
        """Rows out of the ledger, as many as workers wait for; those that are tried again come last."""
        while True:
            self._wake.clear()
            rows = await self._take(self._idle - self._rows.qsize())
            for row in rows:
                self._rows.put_nowait(row)
            if not rows and self._is_over():
                break
            if not rows:
                await self._wake.wait()
        for _ in range(self._options.concurrency):
            self._rows.put_nowait(None)

    async def _take(self, count: int) -> list[LedgerRow]:
        if count < 1:
            return []
        rows = await self._ledger.take(count) if self._ledger.counts.get("waiting") else []
        if not rows and self._all_known and self._ledger.counts.get("again"):
            rows = await self._ledger.take(count, phase="again")
        return rows

    def _is_over(self) -> bool:
        return self._all_known and not self._remaining()

    async def _serve(self) -> None:
        """One worker."""
        while (row := await self._next()) is not None:
            await self._wait_before(row)
            await self._attempt(row)

    async def _wait_before(self, row: LedgerRow) -> None:
        """Wait for a service that is away, and before another try of what failed."""
        tried = self._tries[row.number]
        wait = min(self._options.first_wait * 2.0 ** min(tried - 1, 10), _LONGEST_WAIT) if tried else 0.0
        seconds = max(wait, self._asked.pop(row.number, 0.0), self._health.pause)
        if seconds > 0:
            await self._options.sleep(seconds)

    async def _next(self) -> LedgerRow | None:
        self._idle += 1
        self._wake.set()
        row = await self._rows.get()
        self._idle -= 1
        return row

    async def _attempt(self, row: LedgerRow) -> None:
        """Work on a row; whatever that raises, the run goes on, unless one row after the other meets it."""
        try:
            outcome = await self._job(row, Checkpoint(self._ledger, row.number))
            await self._done(row, outcome)
        except BulkStoppedError:
            raise
        except LedgerError:
            raise  # what is done cannot be written down any more
        except (ConversationsError, OSError) as error:
            await self._failed(row, error)
        except Exception as error:  # noqa: BLE001  # one conversation's failure, of whatever class, ends no run
            self._log_bug(row, error)
            await self._failed(row, error)
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            await self._failed(row, error)  # something inside the work was cancelled, and the run goes on

    async def _done(self, row: LedgerRow, outcome: BulkOutcome) -> None:
        result = Result(
            number=row.number,
            phase="missing" if outcome.missing else "done",
            items=outcome.items,
            problem=outcome.problem,
            receipt=outcome.receipt,
        )
        await self._ledger.finish(result)
        self._tries.pop(row.number, None)
        if not outcome.missing:
            self._health.succeeded()
        elif not self._options.missing_ok:
            self._health.not_found(row.number, f"{row.id} is not there")

    async def _failed(self, row: LedgerRow, error: BaseException) -> None:
        """Note a failure; what is transient is tried again at the end of the run."""
        line, reason = describe(error), _reason(error)
        self._health.failed(row.number, reason, is_new=row.attempts == 1)
        again = self._is_tried_again(row, reason)
        await self._ledger.finish(Result(number=row.number, phase="again" if again else "failed", error=line))
        if not again:
            self._tries.pop(row.number, None)
            self._count(failure_kind(reason))
        if self._health.is_met_by_all(reason):
            raise error
        if isinstance(reason, NotFoundError):
            self._health.not_found(row.number, line, error)
        self._health.check_patience(self._remaining(), line, error)

    def _is_tried_again(self, row: LedgerRow, reason: BaseException) -> bool:
        asked = getattr(reason, "retry_after", None) or 0.0
        if not isinstance(reason, TRANSIENT) or asked > self._options.patience:
            return False
        if asked:
            self._asked[row.number] = asked
        if self._health.is_waited_for:
            return True
        self._tries[row.number] += 1
        return self._tries[row.number] < self._options.tries

    def _remaining(self) -> int:
        phases: tuple[Phase, ...] = ("waiting", "working", "again")
        return sum(self._ledger.counts.get(phase, 0) for phase in phases)

    def _log_bug(self, row: LedgerRow, error: Exception) -> None:
        """What is no failure of the service may be a mistake in the job: its first of a kind is told in full."""
        kind = failure_kind(error)
        if kind not in self._bugs and len(self._bugs) < _KINDS_OF_ERRORS:
            self._bugs.add(kind)
            logger.warning("the job on %s failed", row.id, exc_info=error)

    def _count(self, kind: str) -> None:
        known = kind in self._errors or len(self._errors) < _KINDS_OF_ERRORS
        self._errors[kind if known else "other failures"] += 1

    # telling

    async def _report(self) -> None:
        while True:
            self._tell()
            await asyncio.sleep(self._options.interval)

    def _tell(self) -> None:
        if self._options.on_progress is not None:
            self._options.on_progress(self._progress())

    def _progress(self) -> BulkProgress:
        counts = self._ledger.counts
        done, total = counts.get("done", 0), sum(counts.values())
        missing, failed = counts.get("missing", 0), counts.get("failed", 0)
        left = total - done - missing - failed
        rate = self._meter.rate(total - left)
        return BulkProgress(
            total=total,
            is_total_known=self._all_known,
            done=done,
            missing=missing,
            failed=failed,
            items=self._ledger.items,
            rate=rate,
            seconds_left=left / rate if rate and self._all_known else None,
            elapsed=self._meter.elapsed,
        )

    async def summary(self, requests: Mapping[str, int]) -> BulkSummary:
        """What came of the run."""
        counts = self._ledger.counts
        missing, failed = counts.get("missing", 0), counts.get("failed", 0)
        gone = await self._ledger.failures(phase="missing") if missing else ()
        return BulkSummary(
            operation=self._operation,
            total=sum(counts.values()),
            done=counts.get("done", 0),
            before=self._before,
            missing=missing,
            failed=failed,
            problems=self._ledger.problems,
            items=self._ledger.items,
            seconds=self._meter.elapsed,
            errors=dict(self._errors.most_common()),
            failures=tuple(await self._ledger.failures()) if failed else (),
            missing_ids=tuple(id for id, _ in gone),
            requests=dict(requests),
        )


def _is_cancelled() -> bool:
    """Whether somebody wants the running task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that stopped a run: a fatal one rather than the news that the run stopped."""
    errors = group.exceptions
    return next((error for error in errors if not isinstance(error, BulkStoppedError)), errors[0])


def describe(error: BaseException) -> str:
    """One line for the ledger."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]


def _reason(error: BaseException) -> BaseException:
    """What failed: a copy that stopped half way counts as what stopped it."""
    cause = error.__cause__ if isinstance(error, CopyIncompleteError) else None
    return error if cause is None else cause


def failure_kind(error: BaseException) -> str:
    """What failures are counted by: without ids, so that there are few kinds."""
    if isinstance(error, APIStatusError):
        return f"{error.status_code} {error.code or type(error).__name__}"
    return type(error).__name__
