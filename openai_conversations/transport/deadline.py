"""
One timer for the two bounds of an attempt, and the error when one has passed.

Its own bound counts while there is a connection, that of the whole call always. It cancels the task as
:func:`asyncio.timeout` does, without that one's five calls and three coroutines: 4 % of the instructions of a small
call, and a second timer would cost as much again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from openai_conversations.errors import APITimeoutError
from openai_conversations.transport.message import HTTPRequest

# The part of the time left that one attempt of a write may take, so that time is left to look up what became of it.
_WRITE_SHARE = 0.7


class AttemptTimer:
    """
    Cancels the running task when a bound has passed. It counts from the start; stop it whatever happens.

    Args:
        request: What is attempted; its deadline and ``timeout.attempt`` are the bounds.
        clock: Seconds; deadlines are by this clock.

    Attributes:
        is_for_call: Whether it is the deadline of the call that ends first.
        expired: Whether a bound has passed.
    """

    __slots__ = ("_call_ends", "_cancelling", "_handle", "_loop", "_task", "bound", "expired", "is_for_call")

    def __init__(self, request: HTTPRequest, clock: Callable[[], float]) -> None:
        bound = request.timeout.attempt
        remaining = None
        if request.deadline is not None:
            remaining = request.deadline - clock()
            write = request.write
            if write is not None and write.guard != "off":
                share = remaining * _WRITE_SHARE
                bound = share if bound is None or share < bound else bound
        self._loop = loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a call must be awaited inside a task")
        now = loop.time()
        self._task = task
        self._cancelling = task.cancelling()
        self._call_ends = None if remaining is None else now + remaining
        self.bound: float | None = bound
        self.expired: bool = False
        self.is_for_call: bool = bound is None or (remaining is not None and remaining <= bound)
        ends = self._call_ends if self.is_for_call or bound is None else now + bound
        self._handle: asyncio.TimerHandle | None = None if ends is None else loop.call_at(ends, self._expire)

    def suspend(self) -> None:
        """The attempt waits for a connection: only the deadline of the call counts."""
        if not self.is_for_call:
            self.is_for_call = True
            self._arm(self._call_ends)

    def resume(self) -> None:
        """There is a connection: the bound of the attempt counts from now."""
        if self.is_for_call and self.bound is not None:
            ends = self._loop.time() + self.bound
            if self._call_ends is None or ends < self._call_ends:
                self.is_for_call = False
                self._arm(ends)

    def is_the_cause(self) -> bool:
        """Whether a cancellation that was just caught is this timer's, and nobody else wants the task to end."""
        return self.expired and self._task.cancelling() - 1 <= self._cancelling

    def stop(self) -> None:
        """End, and take back the cancellation that it asked for."""
        if self._handle is not None:
            self._handle.cancel()
        if self.expired:
            self._task.uncancel()

    def _arm(self, ends: float | None) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None if ends is None else self._loop.call_at(ends, self._expire)

    def _expire(self) -> None:
        self._handle = None
        self.expired = True
        self._task.cancel()


def late(
    request: HTTPRequest, bound: float | None, *, is_for_call: bool, is_sent: bool, status: int | None = None
) -> APITimeoutError:
    """
    The error for an attempt whose bound has passed.

    Args:
        request: What was attempted.
        bound: Seconds that the attempt was given.
        is_for_call: Whether it is the deadline of the call that has passed.
        is_sent: Whether the server may know of the request.
        status: The status of the response, when it had begun.
    """
    total = request.timeout.total
    message = f"{request.operation} did not finish {f'within {total:g} s' if total else 'in time'}."
    if not is_for_call and bound is not None:
        message = f"No response within {bound:g} s."
    return APITimeoutError(request.info, message=message, sent=is_sent, status_code=status)
