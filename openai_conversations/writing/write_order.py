"""
Writes to one conversation leave one client in the order in which they were asked for.

A write waits until the outcome of those before it is known, whatever their retries; other conversations are never
delayed. For several processes a lock of the user's own can be held as well.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

import attrs

from openai_conversations.errors import APITimeoutError, ConversationsError, WrongEventLoopError, described, one_line
from openai_conversations.transport.message import BodyStream, Handler, HTTPRequest, HTTPResponse
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import RetryBudget
from openai_conversations.writing.idle_streams import IsIdle, StreamWatch
from openai_conversations.writing.last_item import LastItems

logger: Final = logging.getLogger("openai_conversations")

_RELEASES: Final[set[asyncio.Task[None]]] = set()
"""Locks of several processes that are being released: a loop holds its tasks weakly."""

_TIME_TO_RELEASE: Final = 1.0
"""Seconds that the lock of several processes may take to be released after the deadline."""


class ConversationLock(Protocol):
    """Mutual exclusion of writers, for instance over Redis, for the time of one write including its retries."""

    def hold(self, conversation_id: str) -> AbstractAsyncContextManager[object]:
        """
        Wait for the lock of a conversation, and release it at the end; cancellation must release it too.

        What it raises on entering is the cause of a :class:`ConversationsError`: nothing was sent.
        """
        ...


@attrs.define(kw_only=True, eq=False, repr=False)
class Queue:
    """Who writes to a conversation, and who waits to; kept only while somebody writes."""

    key: str
    holder: asyncio.Task[Any] | None
    waiting: deque[tuple[asyncio.Future[None], asyncio.Task[Any] | None]] = attrs.field(
        factory=deque[tuple[asyncio.Future[None], "asyncio.Task[Any] | None"]]
    )
    stream: IsIdle | None = None
    """The stream that holds it, if one does."""
    watch: StreamWatch | None = None
    """From the first time that somebody waits."""

    @property
    def is_waited(self) -> bool:
        """Whether somebody waits, and has not given up."""
        return any(not granted.done() for granted, _ in self.waiting)


@attrs.define(eq=False, repr=False)
class Claim:
    """
    Who wants to write.

    Attributes:
        key: What tells the conversation from those of other servers.
        conversation_id: What the lock of several processes goes by.
        deadline: When the wait must be over, by the clock; ``None`` for never.
        request: The write; ``None`` for several together.
    """

    key: str
    conversation_id: str
    deadline: float | None
    request: HTTPRequest | None

    @property
    def asked(self) -> str:
        """What was asked, for an error."""
        return "append" if self.request is None else self.request.operation

    @property
    def is_new(self) -> bool:
        """Whether nothing of it was ever sent: an earlier call cannot have stored it."""
        return self.request is None or self.request.write is None or not self.request.write.lookup_first


class WriteOrder:
    """
    Middleware: one write at a time per conversation, first come, first served.

    Args:
        shared: A lock that other processes take too; ``None`` for none.
        clock: Seconds; deadlines of requests are by this clock.
    """

    def __init__(self, shared: ConversationLock | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._clock = clock
        self._queues: dict[str, Queue] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self, request: HTTPRequest, handler: Handler) -> Awaitable[HTTPResponse]:
        # No coroutine of its own for what has no order.
        return self._in_order(request, handler) if request.is_ordered else handler(request)

    async def _in_order(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        opened: BodyStream | None = None
        lock = self.hold(
            request.conversation_key,
            conversation_id=request.conversation_id or "",
            deadline=request.deadline,
            request=request,
        )
        try:
            async with lock:
                response = await handler(request)
                opened = response.stream
        except BaseException:
            if opened is not None:
                opened.abort()  # whoever is cancelled while the lock is released never gets it
            raise
        return response

    def hold(
        self, key: str, *, conversation_id: str, deadline: float | None, request: HTTPRequest | None = None
    ) -> WriteLock:
        """
        Take the write lock of a conversation, first come, first served: an async context manager.

        The task that has it already, because it appends several chunks together, does not wait for itself; tasks that
        it started do.

        Args:
            key: What tells the conversation from those of other servers.
            conversation_id: What the lock of several processes goes by.
            deadline: When the wait must be over, by the clock; ``None`` for never.
            request: The write; ``None`` for several together.

        Raises:
            APITimeoutError: On entering: the deadline passed before; nothing was sent.
            WrongEventLoopError: On entering: this client writes in another event loop; nothing was queued.
        """
        return WriteLock(self, Claim(key, conversation_id, deadline, request))

    async def enter(self, claim: Claim) -> Queue | None:
        """Wait for the write lock; the queue to release it to, ``None`` where this task had it already."""
        self._check_loop()
        key, task = claim.key, asyncio.current_task()
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = Queue(key=key, holder=task)
        elif queue.holder is task:
            return None
        else:
            await self._wait(queue, claim)
        return queue

    def _check_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None or self._loop.is_closed():
            self._loop, self._queues = loop, {}
        elif self._loop is not loop:
            raise WrongEventLoopError(
                "this client writes in another event loop; make one client per event loop, and close it there"
            )

    async def _wait(self, queue: Queue, claim: Claim) -> None:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiting.append((granted, asyncio.current_task()))
        if queue.watch is None:
            queue.watch = StreamWatch(
                conversation_id=claim.conversation_id,
                held_by=lambda: queue.stream,
                is_waited=lambda: queue.is_waited,
            )
        queue.watch.begin()
        try:
            await self._in_time(granted, claim)
        except BaseException:
            if granted.done() and not granted.cancelled():  # it came in the very moment of giving up
                self.leave(queue)
            granted.cancel()
            raise

    def leave(self, queue: Queue) -> None:
        """Let whoever has waited longest write; those that gave up are passed over."""
        if self._queues.get(queue.key) is not queue:
            return  # a coroutine of a loop that was closed is cleaned up: its lock is released, and none of this loop's
        queue.stream = None
        while queue.waiting:
            granted, queue.holder = queue.waiting.popleft()
            if not granted.done():
                granted.set_result(None)
                return
        if queue.watch is not None:
            queue.watch.end()
        del self._queues[queue.key]

    async def take_lock(self, claim: Claim) -> AbstractAsyncContextManager[object] | None:
        """Take the lock of all processes, where there is one."""
        if self._shared is None:
            return None
        try:
            lock = self._shared.hold(claim.conversation_id)
            await self._in_time(lock.__aenter__(), claim)
        except ConversationsError as error:
            error.not_carried_out = error.not_carried_out or claim.is_new
            raise
        except Exception as error:
            raise _not_locked(error, claim) from error
        return lock

    async def release_lock(self, lock: AbstractAsyncContextManager[object], deadline: float | None) -> None:
        """
        A lock that cannot be released says nothing about the write, which is over: its error must not hide that.

        Nor may it keep the write from being reported: it is waited for until the deadline, and one second at least.
        """
        left = None if deadline is None else max(deadline - self._clock(), _TIME_TO_RELEASE)
        try:
            async with asyncio.timeout(left):
                await lock.__aexit__(None, None, None)
        except Exception:
            logger.exception("the lock of a conversation could not be released")

    async def _in_time(self, wait: Awaitable[object], claim: Claim) -> None:
        """Wait no longer than until the deadline."""
        request = claim.request
        scope = asyncio.timeout(None if claim.deadline is None else claim.deadline - self._clock())
        try:
            async with scope:
                await wait
        except TimeoutError as error:
            if not scope.expired():
                raise
            message = (
                f"{claim.asked}: the deadline passed while other writes to the conversation were under way. "
                "The stream of a turn is one until it is read to its end, or closed."
            )
            failure = APITimeoutError(None if request is None else request.info, message=message, sent=False)
            failure.not_carried_out = claim.is_new
            raise failure from error


def _not_locked(error: Exception, claim: Claim) -> ConversationsError:
    """The error for a lock of several processes that cannot be taken, for a reason of its own: nothing was sent."""
    failure = ConversationsError(
        one_line(
            f"{claim.asked}: nothing was sent, because the lock of the conversation could not be taken: "
            f"{described(error)}"
        )
    )
    failure.not_carried_out = claim.is_new
    return failure


class WriteLock:
    """The right to write to a conversation, as long as the context is open."""

    __slots__ = ("_claim", "_lock", "_order", "_queue")

    def __init__(self, order: WriteOrder, claim: Claim) -> None:
        self._order = order
        self._claim = claim
        self._queue: Queue | None = None
        self._lock: AbstractAsyncContextManager[object] | None = None

    async def __aenter__(self) -> None:
        self._queue = await self._order.enter(self._claim)
        if self._queue is None:
            return
        try:
            self._lock = await self._order.take_lock(self._claim)
        except BaseException:
            self._order.leave(self._queue)
            raise

    async def __aexit__(self, *_: object) -> None:
        if self._queue is None:
            return
        try:
            if self._lock is not None:
                await self._order.release_lock(self._lock, self._claim.deadline)
        finally:
            self._order.leave(self._queue)

    def pass_on(self, is_idle: IsIdle) -> None:
        """
        No task holds it any more, but whoever has this object: what a task streams, another one may read.

        Args:
            is_idle: Whether nobody reads at the moment.
        """
        if self._queue is not None:
            self._queue.holder = None
            self._queue.stream = is_idle

    def release_soon(self) -> None:
        """Release it without waiting: at once, or where there is a lock of several processes, in a task of its own."""
        if self._lock is None:
            if self._queue is not None:
                self._order.leave(self._queue)
            return
        task = asyncio.get_running_loop().create_task(self.__aexit__())
        _RELEASES.add(task)
        task.add_done_callback(_RELEASES.discard)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Writing:
    """
    What writes to conversations share, in all views of a client.

    Attributes:
        order: Who may write next.
        last_items: The last item known of each conversation.
        policy: Delays and their bounds.
        budget: Tokens for retries and lookups.
    """

    order: WriteOrder
    last_items: LastItems
    policy: RetryPolicy = attrs.field(factory=RetryPolicy)
    budget: RetryBudget = attrs.field(factory=RetryBudget)
