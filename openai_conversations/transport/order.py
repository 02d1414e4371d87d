"""
Appends to one conversation leave one client in the order in which they were asked for.

A second append waits until the first is settled, whatever its retries; other conversations are never delayed. For several
processes a lock of the user's own can be held as well.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from openai_conversations.errors import APITimeoutError
from openai_conversations.transport.message import Request


class ConversationLock(Protocol):
    """Mutual exclusion of writers, for instance over Redis, for the time of one append including its retries."""

    def hold(self, conversation_id: str) -> AbstractAsyncContextManager[object]:
        """Wait for the lock of a conversation, and release it at the end; cancellation must release it too."""
        ...


class FifoLocks:
    """One first-in-first-out lock per conversation, kept only while somebody needs it."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, conversation_id: str) -> AsyncIterator[None]:
        """Hold the lock of a conversation."""
        lock, users = self._waiting.get(conversation_id) or (asyncio.Lock(), 0)
        self._waiting[conversation_id] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            users = self._waiting[conversation_id][1] - 1
            if users:
                self._waiting[conversation_id] = lock, users
            else:
                del self._waiting[conversation_id]


class WriteOrder:
    """
    One append at a time per conversation.

    Args:
        shared: A lock that other processes take too; ``None`` for none.
        clock: Seconds; deadlines of requests are by this clock.
    """

    def __init__(self, shared: ConversationLock | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._local = FifoLocks()
        self._shared = shared
        self._clock = clock

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """
        Wait until it is the turn of an append, and keep it.

        Raises:
            APITimeoutError: The deadline passed before; nothing was sent.
        """
        conversation_id = request.conversation_id or ""
        async with self._held(request, self._local.hold(conversation_id)):
            if self._shared is None:
                yield
                return
            async with self._held(request, self._shared.hold(conversation_id)):
                yield

    @asynccontextmanager
    async def _held(self, request: Request, lock: AbstractAsyncContextManager[object]) -> AsyncIterator[None]:
        """Wait for a lock no longer than until the deadline."""
        scope = asyncio.timeout(None if request.deadline is None else request.deadline - self._clock())
        try:
            async with scope:
                await lock.__aenter__()
        except TimeoutError as error:
            if not scope.expired():
                raise
            message = f"{request.operation}: the deadline passed while earlier writes to the conversation were under way."
            raise APITimeoutError(request.info, message=message, sent=False) from error
        try:
            yield
        finally:
            await lock.__aexit__(None, None, None)
