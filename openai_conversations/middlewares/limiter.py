"""
What lets requests through one after another, evenly, at most so many a second.

Those who wait stand in one queue; whoever came first goes first. How long each of them will wait is known when they
come, and again whenever the server slows everybody down: whoever cannot wait so long hears it at once.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import attrs

from openai_conversations.errors import APITimeoutError, WrongEventLoopError

# How much may be caught up after it was late, in seconds of the rate: timers are never early and mostly late.
CATCH_UP: Final = 0.05

PAUSE_WITHOUT_WORD: Final = 1.0
"""Seconds to wait after a 429 that names no time."""

RECOVERY: Final = 0.05
"""The part of the asked rate that comes back in a second after a 429 halved it."""

SLACK: Final = 1e-6
"""Seconds by which sums of floats may be wrong."""


WORTH_TELLING: Final = 1.0
"""Seconds of waiting that somebody may wonder about."""


class Limiter(Protocol):
    """Lets requests through one after another."""

    async def wait(self, seconds: float | None = None) -> None:
        """
        Return when the next request may be sent.

        Args:
            seconds: How long it may take; ``None`` for as long as it takes.

        Raises:
            APITimeoutError: It will take longer, told at once; ``retry_after`` says how long, and nothing is charged.
        """
        ...

    def charge(self, requests: int) -> None:
        """Count requests that were sent without waiting; less than 0 for those that waited and were not sent."""
        ...


class AdaptiveLimiter(Limiter, Protocol):
    """A limiter that follows what the server says of its own limits."""

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long."""
        ...

    def refused(self, seconds: float | None) -> None:
        """After a 429: pause, ``None`` where it names no time, and go on at half the rate, which then grows again."""
        ...

    def slow_down(self, rate: float, seconds: float) -> None:
        """Let at most so many requests a second through for so long."""
        ...


class RunningLoop:
    """
    The event loop that something belongs to, from its first use on.

    Args:
        name: What belongs to it, for the error.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None

    def check(self) -> None:
        """
        See that it is the one that is running.

        Raises:
            WrongEventLoopError: It is another, which is not closed yet.
        """
        loop = asyncio.get_running_loop()
        if self._loop is None or self._loop.is_closed():
            self._loop = loop
        if self._loop is not loop:
            raise WrongEventLoopError(f"{self._name} belongs to another event loop; make one for each")


@attrs.frozen(kw_only=True, eq=False)
class _Waiter:
    """
    Who waits.

    Attributes:
        future: Done when it is their turn.
        ends: When they can wait no longer, by the limiter's clock; infinite for never.
    """

    future: asyncio.Future[None]
    ends: float


class LocalLimiter:
    """
    Lets the requests of one process through. It belongs to the event loop of its first use.

    Args:
        rate: Requests per second; ``None`` for no bound but that of :meth:`pause` and :meth:`slow_down`.
        on_wait: Called with the seconds when what the server allows makes somebody wait for one or longer; once for all
            who wait together.
        clock: Seconds that only grow.
        sleep: Waits a number of seconds.
    """

    def __init__(
        self,
        rate: float | None,
        *,
        on_wait: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._on_wait = on_wait
        self._told_until = -math.inf
        self._clock = clock
        self._sleep = sleep
        self._loop = RunningLoop("this limiter")
        self._queue: deque[_Waiter] = deque()
        self._serving: asyncio.Task[None] | None = None
        self._next = -math.inf
        self._paused_until = -math.inf
        self._slow: tuple[float, float] = (math.inf, -math.inf)
        self._halved: tuple[float, float] = (1.0, -math.inf)

    @property
    def rate(self) -> float:
        """Requests per second that are let through now; infinite for no bound."""
        slow, until = self._slow
        asked = self._asked()
        return min(asked, slow) if self._clock() < until else asked

    def _asked(self) -> float:
        """The rate that was asked for, or what a 429 left of it."""
        factor, since = self._halved
        share = min(1.0, factor + RECOVERY * (self._clock() - since)) if factor < 1 else 1.0
        return math.inf if self._rate is None else self._rate * share

    async def wait(self, seconds: float | None = None) -> None:
        """
        Return when the next request may be sent; whoever came first goes first.

        Raises:
            APITimeoutError: That will be in more than so many seconds, told at once; it has ``retry_after``.
            WrongEventLoopError: The limiter belongs to another event loop.
        """
        self._loop.check()
        if not self._queue and self._delay() <= 0:
            self._count(1)
            return
        now = self._clock()
        waiter = _Waiter(
            future=asyncio.get_running_loop().create_future(), ends=math.inf if seconds is None else now + seconds
        )
        self._refuse_if_late(waiter, self._advanced(now + self._delay(), len(self._queue)))
        self._queue.append(waiter)
        self._tell_of_wait(now)
        if self._serving is None:
            self._serving = asyncio.ensure_future(self._serve())
        await self._turn_of(waiter)

    def _tell_of_wait(self, now: float) -> None:
        """Say that the server, and not the rate that was asked for, makes everybody wait."""
        seconds = self._delay()
        is_the_server = now < max(self._paused_until, self._slow[1])
        if self._on_wait is None or not is_the_server or seconds < WORTH_TELLING or now < self._told_until:
            return
        self._told_until = now + seconds
        self._on_wait(seconds)

    async def _turn_of(self, waiter: _Waiter) -> None:
        try:
            await waiter.future
        except BaseException:
            if waiter in self._queue:
                self._queue.remove(waiter)
            elif waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
                self._count(-1)  # it was their turn, and they were cancelled
            if not self._queue and self._serving is not None:
                self._serving.cancel()
                self._serving = None
            raise

    async def _serve(self) -> None:
        """Let those in the queue through, as long as there are any."""
        try:
            while self._queue:
                delay = self._delay()
                if delay > 0:
                    await self._sleep(delay)
                else:
                    self._let_through(self._queue.popleft())
        except Exception as error:  # noqa: BLE001  # a broken sleep: nobody may wait for ever
            waiting, self._queue = self._queue, deque()
            for waiter in waiting:
                _tell(waiter, error)
        self._serving = None

    def _let_through(self, waiter: _Waiter) -> None:
        if not waiter.future.done():
            self._count(1)
            waiter.future.set_result(None)

    def charge(self, requests: int) -> None:
        """Count requests that were sent: those that follow wait for them."""
        self._count(requests)
        self._refuse_late()

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        self._refuse_late()

    def refused(self, seconds: float | None) -> None:
        """After a 429: pause, and go on at half the rate, which then grows again."""
        now = self._clock()
        if now >= self._paused_until:
            self._halved = (max(self._asked() / self._rate / 2, 0.05), now) if self._rate is not None else (1.0, now)
        self.pause(PAUSE_WITHOUT_WORD if seconds is None else seconds)

    def slow_down(self, rate: float, seconds: float) -> None:
        """Let at most so many requests a second through for so long."""
        self._slow = (rate, self._clock() + seconds)
        self._refuse_late()

    def _count(self, requests: int) -> None:
        self._next = self._advanced(max(self._next, self._clock() - CATCH_UP), requests)

    def _advanced(self, start: float, requests: float) -> float:
        """When so many requests will have gone, beginning at a moment; slowly as long as the server asks for it."""
        asked = self._asked()
        slow, until = self._slow
        if start < until and slow < asked and requests > 0:
            slowly = min(requests, (until - start) * slow)
            start, requests = start + slowly / slow, requests - slowly
        return start + requests / asked

    def _delay(self) -> float:
        """Seconds until the first of the queue may go."""
        return max(self._next, self._paused_until) - self._clock()

    def _refuse_late(self) -> None:
        """Tell those in the queue whose turn has moved beyond their time."""
        if not self._queue:
            return
        first = self._clock() + max(self._delay(), 0.0)
        staying: deque[_Waiter] = deque()
        for waiter in self._queue:
            try:
                self._refuse_if_late(waiter, self._advanced(first, len(staying)))
            except APITimeoutError as error:
                _tell(waiter, error)
            else:
                staying.append(waiter)
        self._queue = staying

    def _refuse_if_late(self, waiter: _Waiter, turn: float) -> None:
        if turn > waiter.ends + SLACK:
            raise too_late(turn - self._clock(), waiter.ends - self._clock())


def _tell(waiter: _Waiter, error: Exception) -> None:
    if not waiter.future.done():
        waiter.future.set_exception(error)


def too_late(wait: float, left: float) -> APITimeoutError:
    """The error of a call that would wait longer than it has time."""
    error = APITimeoutError(
        message=f"The rate limit lets this request through in {wait:.1f} s, and the call has {max(left, 0):.1f} s "
        "left. Nothing was sent.",
        sent=False,
    )
    error.retry_after = wait
    return error
