"""
Writes to one conversation leave one client in the order in which they were asked for.

A write waits until those before it are settled, whatever their retries; other conversations are never delayed. For
several processes a lock of the user's own can be held as well.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar, Token
from typing import Final, Protocol, Self

from openai_conversations.errors import APITimeoutError
from openai_conversations.transport.message import Request

logger: Final = logging.getLogger("openai_conversations")


class ConversationLock(Protocol):
    """Mutual exclusion of writers, for instance over Redis, for the time of one write including its retries."""

    def hold(self, conversation_id: str) -> AbstractAsyncContextManager[object]:
        """Wait for the lock of a conversation, and release it at the end; cancellation must release it too."""
        ...


class WriteOrder:
    """
    One write at a time per conversation, first come, first served.

    Args:
        shared: A lock that other processes take too; ``None`` for none.
        clock: Seconds; deadlines of requests are by this clock.
    """

    def __init__(self, shared: ConversationLock | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.shared = shared
        self.clock = clock
        # Who waits for each conversation that somebody writes to; kept only while somebody does.
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def turn(self, request: Request, place: str = "") -> Turn:
        """
        Wait until it is the turn of a write, and keep it: an async context manager.

        Args:
            request: The write; its deadline bounds the wait.
            place: What tells its conversation from those of other servers; its id when it is empty.

        Raises:
            APITimeoutError: On entering: the deadline passed before; nothing was sent.
        """
        return Turn(self, request, place or request.conversation_id or "")

    def enter(self, place: str) -> asyncio.Future[None] | None:
        """Take the turn, or get in the queue: the future is done when the turn has come; ``None`` when it is free."""
        queue = self._waiting.get(place)
        if queue is None:
            self._waiting[place] = deque()
            return None
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        return turn

    def leave(self, place: str) -> None:
        """Give the turn to whoever has waited longest; those that gave up are passed over."""
        queue = self._waiting[place]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._waiting[place]


class Turn:
    """
    The right to write to a conversation, as long as the context is open.

    Whoever asks for it again inside, a middleware that writes to the same conversation for instance, has it already:
    waiting would be waiting for oneself.
    """

    __slots__ = ("_lock", "_order", "_request", "_token", "is_held", "outer", "place")

    def __init__(self, order: WriteOrder, request: Request, place: str) -> None:
        self._order = order
        self._request = request
        self.place: str = place
        self._lock: AbstractAsyncContextManager[object] | None = None
        self.outer: Turn | None = None
        self._token: Token[Turn | None] | None = None
        self.is_held: bool = False

    async def __aenter__(self) -> Self:
        self.outer = _current.get()
        if self._is_ours():
            return self
        await self._wait()
        try:
            await self._take_shared()
        except BaseException:
            self._order.leave(self.place)
            raise
        self.is_held = True
        self._token = _current.set(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.is_held or self._token is None:
            return
        self.is_held = False
        _current.reset(self._token)
        try:
            if self._lock is not None:
                await self._release(self._lock)
        finally:
            self._order.leave(self.place)

    def _is_ours(self) -> bool:
        """Whether this is asked for inside a turn of the same conversation that has not ended."""
        turn = self.outer
        while turn is not None and not turn.is_for(self._order, self.place):
            turn = turn.outer
        return turn is not None

    def is_for(self, order: WriteOrder, place: str) -> bool:
        """Whether it is held, for this conversation."""
        return self.is_held and self._order is order and self.place == place

    async def _wait(self) -> None:
        turn = self._order.enter(self.place)
        if turn is None:
            return
        try:
            await self._in_time(turn)
        except BaseException:
            if turn.done() and not turn.cancelled():  # it came in the very moment of giving up
                self._order.leave(self.place)
            turn.cancel()
            raise

    async def _take_shared(self) -> None:
        if self._order.shared is not None:
            lock = self._order.shared.hold(self._request.conversation_id or "")
            await self._in_time(lock.__aenter__())
            self._lock = lock

    async def _in_time(self, wait: Awaitable[object]) -> None:
        """Wait no longer than until the deadline."""
        deadline = self._request.deadline
        scope = asyncio.timeout(None if deadline is None else deadline - self._order.clock())
        try:
            async with scope:
                await wait
        except TimeoutError as error:
            if not scope.expired():
                raise
            asked = self._request.operation
            message = f"{asked}: the deadline passed while other writes to the conversation were under way."
            raise APITimeoutError(self._request.info, message=message, sent=False) from error

    @staticmethod
    async def _release(lock: AbstractAsyncContextManager[object]) -> None:
        """A lock that cannot be released says nothing about the write, which is over: its error must not hide that."""
        try:
            await lock.__aexit__(None, None, None)
        except Exception:
            logger.exception("the lock of a conversation could not be released")


_current: ContextVar[Turn | None] = ContextVar("openai_conversations_turn", default=None)
"""The innermost turn of the running task, and of the tasks that it starts."""
