"""
Appending any number of items: one chunk after the other, each either stored, or not, or said to be in doubt.

The calls come in as a protocol. What was stored when an append stops is on the error, together with a value from which
the same append goes on later, in another process if need be.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence, Sized
from typing import Any, Final, Protocol, TypedDict, TypeGuard, cast

import attrs

from openai_conversations.errors import (
    AmbiguousWriteError,
    APITimeoutError,
    ConversationsError,
    InvalidArgumentError,
    NotFoundError,
    one_line,
)
from openai_conversations.limits import ITEMS_PER_APPEND, ITEMS_PER_REQUEST
from openai_conversations.operations.errors import AppendIncompleteError
from openai_conversations.schemas.base import Schema
from openai_conversations.writing.settle import is_certain

Source = Iterable[Any] | AsyncIterable[Any]


class ChunkCalls(Protocol):
    """The calls that an append needs, for one conversation."""

    async def create(
        self, items: Sequence[Any], *, last_item_id: str | None, look_first: bool, within: float | None
    ) -> Sequence[str]:
        """
        Append up to 20 items; their ids.

        Args:
            items: The items.
            anchor: Id of the last item known before; ``None`` to go by what the client knows.
            look_first: Whether they may be stored already.
            within: Seconds, when there are fewer than a call may take; else ``None``.
        """
        ...

    async def delete(self, item_id: str) -> None:
        """Delete an item."""
        ...


class AppendResume(TypedDict):
    """
    Where an append goes on: plain values, which can be written to a file as JSON.

    Attributes:
        conversation_id: The conversation.
        stored: How many items, from the first on, are stored and must not be sent again.
        unknown: How many of those that follow may be stored, too: they are looked for before they are sent.
        anchor: Id of the last stored item before those, ``""`` when there is none, ``None`` when it is not known.
    """

    conversation_id: str
    stored: int
    unknown: int
    last_item_id: str | None


@attrs.frozen(kw_only=True)
class AppendProgress:
    """
    Where an append stands after a chunk.

    Attributes:
        stored: How many of the items are stored, those of an earlier run included.
        total: How many there are; ``None`` when that is not known beforehand.
        ids: The ids of the chunk that was just stored.
        resume: From where to go on if this process should die now. It takes the next chunk for one that may have been
            sent.
    """

    stored: int
    total: int | None
    ids: tuple[str, ...]
    resume: AppendResume


@attrs.frozen(kw_only=True)
class AppendResult:
    """
    An append that is done.

    Attributes:
        conversation_id: The conversation.
        count: How many of the items are stored: all of them, those of an earlier run included.
        ids: The ids of the items that this run stored, in order.
    """

    conversation_id: str
    count: int
    ids: tuple[str, ...]


OnProgress = Callable[[AppendProgress], object]
"""May be a coroutine function; then it is awaited."""


async def append(
    calls: ChunkCalls,
    conversation_id: str,
    items: Source,
    *,
    resume: AppendResume | None = None,
    rollback: bool = False,
    on_progress: OnProgress | None = None,
    total_timeout: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AppendResult:
    """
    Append 1 to 100,000 items in chunks of 20, in their order.

    Args:
        calls: How to append up to 20 items, and to delete one.
        conversation_id: The conversation.
        items: The items; an asynchronous iterable is waited for.
        resume: Where an earlier append of the same items stopped.
        rollback: Whether to delete what this run stored when it fails.
        on_progress: Called after each chunk.
        total_timeout: Seconds for the whole append; ``None`` for no bound but that of each chunk.
        clock: Seconds.

    Raises:
        InvalidArgumentError: The items or *resume* cannot be used; nothing was sent.
        AppendIncompleteError: It stopped; says what is stored.
    """
    source = _Source(items)
    start = _checked_resume(resume, conversation_id, source.total)
    deadline = None if total_timeout is None else clock() + total_timeout
    run = _Run(calls, source, start, on_progress=on_progress, deadline=deadline, clock=clock)
    try:
        await run.run()
    except Exception as error:
        if isinstance(error, InvalidArgumentError) and not run.ids:
            raise
        raise await run.failure(error, rollback=rollback) from error
    return AppendResult(conversation_id=conversation_id, count=run.stored, ids=tuple(run.ids))


class _Run:
    """One run of an append: what it has stored, and what it is about to store."""

    def __init__(
        self,
        calls: ChunkCalls,
        source: _Source,
        start: AppendResume,
        *,
        on_progress: OnProgress | None,
        deadline: float | None,
        clock: Callable[[], float],
    ) -> None:
        self._calls = calls
        self._conversation_id = start["conversation_id"]
        self._source = source
        self._start = start
        self._on_progress = on_progress
        self._deadline = deadline
        self._clock = clock
        self._last_item_id = start["last_item_id"]
        self._chunk: list[Any] = []
        self._is_sent = False
        """Whether the chunk was handed over to be sent."""
        self.stored = start["stored"]
        self.ids: list[str] = []

    async def run(self) -> None:
        unknown = self._start["unknown"]
        await self._source.skip(self.stored, self._remaining)
        await self._source.take(unknown or ITEMS_PER_REQUEST, self._chunk, self._remaining)
        first = True
        while self._chunk:
            # Later chunks go by what the client has learned from the first.
            await self._store(last_item_id=self._last_item_id if first else None, look_first=first and unknown > 0)
            await self._source.take(ITEMS_PER_REQUEST, self._chunk, self._remaining)
            first = False

    async def _store(self, *, last_item_id: str | None, look_first: bool) -> None:
        within = self._remaining()
        self._is_sent = True
        ids = await self._calls.create(self._chunk, last_item_id=last_item_id, look_first=look_first, within=within)
        self.stored += len(self._chunk)
        self.ids += ids
        self._last_item_id = next((item_id for item_id in reversed(ids) if item_id), None)
        self._chunk, self._is_sent = [], False
        await self._tell(tuple(ids))

    async def _tell(self, ids: tuple[str, ...]) -> None:
        if self._on_progress is None:
            return
        resume = self._resume(unknown=ITEMS_PER_REQUEST)
        progress = AppendProgress(stored=self.stored, total=self._source.total, ids=ids, resume=resume)
        told = self._on_progress(progress)
        if inspect.isawaitable(told):
            await told

    def _remaining(self) -> float | None:
        """Seconds left of the whole append; ``None`` without a bound."""
        if self._deadline is None:
            return None
        remaining = self._deadline - self._clock()
        if remaining <= 0:
            raise APITimeoutError(message="the append as a whole did not finish in time.", sent=False)
        return remaining

    def _resume(self, unknown: int, last_item_id: str | None = None) -> AppendResume:
        return AppendResume(
            conversation_id=self._conversation_id,
            stored=self.stored,
            unknown=unknown,
            last_item_id=self._last_item_id if last_item_id is None else last_item_id,
        )

    async def failure(self, error: Exception, *, rollback: bool) -> AppendIncompleteError:
        """What to raise: what is stored, what may be, and how to go on."""
        unknown = self._unknown(error)
        last_item_id = error.last_item_id if isinstance(error, AmbiguousWriteError) else None
        resume = self._resume(unknown, last_item_id)
        left = await self._roll_back() if rollback else self.ids
        return AppendIncompleteError(
            _sentence(self._conversation_id, error, rollback=rollback, left=len(left), unknown=unknown),
            conversation_id=self._conversation_id,
            stored=tuple(left),
            count=self._start["stored"] + len(left) if rollback else self.stored,
            unknown=unknown,
            pending=tuple(self._chunk),
            resume=None if rollback else resume,
            rolled_back=not left if rollback else None,
        )

    def _unknown(self, error: Exception) -> int:
        """How many items of the chunk that failed may be stored."""
        return len(self._chunk) if self._is_sent and not is_certain(error) else 0

    async def _roll_back(self) -> list[str]:
        """Delete what this run stored, the newest first; the ids of what could not be deleted, in order."""
        left: list[str] = []
        for start in reversed(range(0, len(self.ids), ITEMS_PER_REQUEST)):
            chunk = self.ids[start : start + ITEMS_PER_REQUEST]
            gone = await asyncio.gather(*(self._delete(item_id) for item_id in chunk))
            left = [item_id for item_id, is_gone in zip(chunk, gone, strict=True) if not is_gone] + left
        return left

    async def _delete(self, item_id: str) -> bool:
        try:
            await self._calls.delete(item_id)
        except NotFoundError:
            return True
        except Exception:  # noqa: BLE001  # whatever it is, the item may still be there: that is what is said
            return False
        return True


def _sentence(conversation_id: str, error: Exception, *, rollback: bool, left: int, unknown: int) -> str:
    cause = one_line(str(error)) if isinstance(error, ConversationsError) else type(error).__name__
    kept = f"{left} items were stored"
    if rollback:
        kept = "what was stored was removed" if not left else f"{left} stored items could not be removed"
    doubt = f"; whether {unknown} more are stored is not known" if unknown else ""
    return f"the append to {conversation_id} stopped: {kept}{doubt} ({cause})"


class _Source:
    """The items, from an iterable of either kind, a few at a time."""

    def __init__(self, items: Source) -> None:
        if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, (Iterable, AsyncIterable)):
            raise InvalidArgumentError(
                f"items must be an iterable of items, not {type(cast('object', items)).__name__}"
            )
        self.total: int | None = len(items) if isinstance(items, Sized) else None
        if self.total is not None and not 1 <= self.total <= ITEMS_PER_APPEND:
            raise InvalidArgumentError(f"items has {self.total} items; an append takes 1 to {ITEMS_PER_APPEND:,}")
        if isinstance(items, Sequence):
            for index, item in enumerate(items):
                _check_item(index, item)
        self._sync = iter(items) if isinstance(items, Iterable) else None
        self._async = aiter(items) if isinstance(items, AsyncIterable) and self._sync is None else None
        self._taken = 0

    async def skip(self, count: int, remaining: Callable[[], float | None]) -> None:
        """Leave out what is stored."""
        for _ in range(count):
            if await self._next(remaining) is _END:
                raise InvalidArgumentError(
                    f"items has {self._taken} items, but {count} are stored: give the same items"
                )

    async def take(self, count: int, chunk: list[Any], remaining: Callable[[], float | None]) -> None:
        """Add the next items to *chunk*; what was added before a failure stays there."""
        while len(chunk) < count and (item := await self._next(remaining)) is not _END:
            chunk.append(item)
            _check_item(self._taken - 1, item)
        if self._taken == 0:
            raise InvalidArgumentError(f"items is empty; an append takes 1 to {ITEMS_PER_APPEND:,}")

    async def _next(self, remaining: Callable[[], float | None]) -> Any:
        if self._sync is not None:
            item = next(self._sync, _END)
        else:
            item = await self._wait(remaining())
        if item is not _END:
            self._taken += 1
            if self._taken > ITEMS_PER_APPEND:
                raise InvalidArgumentError(f"items has more than {ITEMS_PER_APPEND:,} items")
        return item

    async def _wait(self, seconds: float | None) -> Any:
        assert self._async is not None  # noqa: S101  # for type checkers
        scope = asyncio.timeout(seconds)
        try:
            async with scope:
                return await anext(self._async, _END)
        except TimeoutError as error:
            if not scope.expired():
                raise
            message = "the append as a whole did not finish in time: it waited for its items."
            raise APITimeoutError(message=message, sent=False) from error


_END: Final = object()


def _check_item(index: int, item: Any) -> None:
    if not isinstance(item, (Mapping, Schema)):
        kind = "None" if item is None else type(item).__name__
        raise InvalidArgumentError(f"items[{index}] must be a mapping or an item object, not {kind}")


def _checked_resume(resume: AppendResume | None, conversation_id: str, total: int | None) -> AppendResume:
    """
    Where to begin.

    Raises:
        InvalidArgumentError: It is not what an append gave, or of another conversation, or of other items.
    """
    if resume is None:
        return AppendResume(conversation_id=conversation_id, stored=0, unknown=0, last_item_id=None)
    if not _is_resume(resume):
        raise InvalidArgumentError(f"resume is not what an append gave: {resume!r}")
    if resume["conversation_id"] != conversation_id:
        raise InvalidArgumentError(f"resume is of {resume['conversation_id']!r}, not of {conversation_id!r}")
    if total is not None and resume["stored"] > total:
        raise InvalidArgumentError(f"items has {total} items, but {resume['stored']} are stored: give the same items")
    return resume


def _is_resume(value: object) -> TypeGuard[AppendResume]:
    if not isinstance(value, Mapping) or not AppendResume.__required_keys__ <= value.keys():
        return False
    fields = cast("Mapping[str, Any]", value)
    counts = _is_count(fields["stored"]) and _is_count(fields["unknown"]) and fields["unknown"] <= ITEMS_PER_REQUEST
    return counts and (fields["last_item_id"] is None or isinstance(fields["last_item_id"], str))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
