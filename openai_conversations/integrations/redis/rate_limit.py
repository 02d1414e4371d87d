"""
Requests per second of a whole fleet: the turns are given out by Redis.

Each request asks Redis for its moment, which is one command, and waits for it here. A 429 that one process meets holds
all of them up: what already had its moment gets a later one, in the same order.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

import attrs

from openai_conversations.errors import InvalidArgumentError
from openai_conversations.integrations.redis.commands import (
    Commands,
    Pool,
    ScriptRunner,
    SharedStateError,
    client_of,
)
from openai_conversations.middlewares.limiter import (
    CATCH_UP,
    PAUSE_WITHOUT_WORD,
    RECOVERY,
    SLACK,
    LocalLimiter,
    RunningLoop,
    too_late,
)
from openai_conversations.middlewares.rate_limit import Limits, RateLimiter

logger: Final = logging.getLogger("openai_conversations")

_UNANSWERED: Final = 1.0
"""Seconds for which Redis is not asked again after it did not answer."""

_KEPT: Final = 120.0
"""Seconds for which Redis keeps what nobody asks for, beyond the last moment that it gave out."""

# All scripts take one hash:
#   next            when the next request may go, in seconds of Redis's clock
#   paused          until when nothing goes
#   shift           by how much all moments were moved since there is a hash
#   factor, since   what a 429 left of the rate, and when
#   slow, slowly    the rate that the server allows, and until when
_STATE: Final = f"""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local function get(name, default) return tonumber(redis.call('HGET', KEYS[1], name) or default) end
local function set(name, value) redis.call('HSET', KEYS[1], name, string.format('%.6f', value)) end
local rate, following = tonumber(ARGV[1]), get('next', 0)
local function asked()
  return rate * math.min(1, get('factor', 1) + {RECOVERY} * (now - get('since', 0)))
end
local function keep()
  redis.call('PEXPIRE', KEYS[1], math.floor((math.max(following - now, 0) + {_KEPT}) * 1000))
end
"""
"""ARGV[1] is the rate; 0 for none."""

_RESERVE: Final = (
    _STATE
    + f"""
local count, longest, current = tonumber(ARGV[2]), tonumber(ARGV[3]), asked()
if now < get('slowly', 0) then current = current > 0 and math.min(current, get('slow', 0)) or get('slow', 0) end
local first = math.max(following, now - {CATCH_UP}, get('paused', 0))
local wait = math.max(first - now, 0)
if longest >= 0 and wait > longest + {SLACK} then return {{'', string.format('%.6f', wait)}} end
following = first + (current > 0 and count / current or 0)
set('next', following)
keep()
return {{string.format('%.6f', get('shift', 0)), string.format('%.6f', wait)}}
"""
)
"""Then how many requests, and how long the first may wait; -1 for ever. The shift and the wait, or '' and the wait."""

_GIVE_BACK: Final = (
    _STATE
    + """
local current = asked()
if current > 0 then set('next', math.max(following - tonumber(ARGV[2]) / current, now)) end
keep()
return 0
"""
)
"""Then how many requests were not sent."""

_PAUSE: Final = (
    _STATE
    + """
local ends, from = now + tonumber(ARGV[2]), math.max(get('paused', 0), now)
if ARGV[3] == '1' and from <= now and rate > 0 then
  local left = math.max(asked() / rate / 2, 0.05)
  set('factor', left)
  set('since', now)
end
if ends > from then
  following = math.max(following, from) + ends - from
  set('paused', ends)
  set('shift', get('shift', 0) + ends - from)
  set('next', following)
end
keep()
return 0
"""
)
"""Then for how many seconds, and 1 when a 429 is the reason: then the rate is halved."""

_SLOW_DOWN: Final = (
    _STATE
    + """
set('slow', tonumber(ARGV[2]))
set('slowly', now + tonumber(ARGV[3]))
keep()
return 0
"""
)
"""Then the rate, and for how many seconds."""

_SHIFT: Final = "return redis.call('HGET', KEYS[1], 'shift') or '0'"


class RedisLimiter:
    """
    Lets the requests of a fleet through one after another, evenly.

    As long as Redis does not answer, this process holds *alone* requests per second by itself.

    Args:
        redis: The commands.
        key: The key of the state.
        rate: Requests per second of all processes; ``None`` for no bound but what the server says.
        alone: Requests per second of this process while Redis does not answer; ``None`` for no bound.
        clock: Seconds that only grow.
        sleep: Waits a number of seconds.
    """

    def __init__(
        self,
        redis: Commands,
        key: str,
        rate: float | None,
        *,
        alone: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._redis = redis
        self._keys = (key,)
        self._rate = f"{rate or 0:.6f}"
        self._alone = LocalLimiter(alone, clock=clock, sleep=sleep)
        self._clock = clock
        self._sleep = sleep
        self._loop = RunningLoop("this limiter")
        self._told: set[asyncio.Task[Any]] = set()
        self._unanswered = -math.inf

    async def wait(self, seconds: float | None = None) -> None:
        """
        Return when the next request of the fleet is this one.

        Args:
            seconds: How long it may take; ``None`` for as long as it takes.

        Raises:
            APITimeoutError: It will take longer; nothing is counted.
            WrongEventLoopError: The limiter belongs to another event loop.
        """
        self._loop.check()
        ends = math.inf if seconds is None else self._clock() + seconds
        if self._clock() >= self._unanswered + _UNANSWERED:
            try:
                await self._wait(ends)
            except SharedStateError as error:
                self._unanswered = self._clock()
                logger.warning("this process limits its rate alone for now: %s", error)
            else:
                return
        await self._alone.wait(None if seconds is None else ends - self._clock())

    async def _wait(self, ends: float) -> None:
        if self._told:  # what this process has heard of the server comes first
            await asyncio.wait(tuple(self._told), timeout=self._redis.patience)
        shift, wait = await self._reserve(ends)
        try:
            while wait > 0:
                _refuse_if_late(wait, ends - self._clock())
                await self._sleep(wait)
                now = float(await self._redis.run(_SHIFT, self._keys))
                shift, wait = now, now - shift
        except BaseException:
            self.charge(-1)
            raise

    async def _reserve(self, ends: float) -> tuple[float, float]:
        """How far all moments were moved when this one was given out, and the seconds until it comes."""
        left = ends - self._clock()
        longest = "-1" if left == math.inf else f"{max(left, 0):.6f}"
        command = self._redis.start(_RESERVE, self._keys, self._rate, 1, longest)
        try:
            shift, wait = await self._redis.answer(command)
        except BaseException:
            self._redis.begin(self._take_back(command))
            raise
        if not shift:
            raise too_late(float(wait), left)
        return float(shift), float(wait)

    async def _take_back(self, command: asyncio.Task[Any]) -> None:
        """Give back what a command took whose answer nobody waited for."""
        await asyncio.wait({command})
        if not command.cancelled() and command.exception() is None and command.result()[0]:
            self.charge(-1)

    def charge(self, requests: int) -> None:
        """Count requests that were sent without waiting; less than 0 for those that waited and were not sent."""
        if requests > 0:
            self._tell(_RESERVE, requests, -1)
        else:
            self._tell(_GIVE_BACK, -requests)
        self._alone.charge(requests)

    def pause(self, seconds: float) -> None:
        """Let nothing of the fleet through for so long."""
        self._tell(_PAUSE, f"{seconds:.6f}", 0)
        self._alone.pause(seconds)

    def refused(self, seconds: float | None) -> None:
        """After a 429: hold the fleet up, and go on at half the rate, which then grows again."""
        self._tell(_PAUSE, f"{PAUSE_WITHOUT_WORD if seconds is None else seconds:.6f}", 1)
        self._alone.refused(seconds)

    def slow_down(self, rate: float, seconds: float) -> None:
        """Let at most so many requests a second of the fleet through for so long."""
        self._tell(_SLOW_DOWN, f"{rate:.6f}", f"{seconds:.6f}")

    def _tell(self, script: str, *arguments: str | int) -> None:
        """Let Redis know, without waiting for it: the next that waits here waits for that first."""
        if self._clock() < self._unanswered + _UNANSWERED:
            return
        command = self._redis.start(script, self._keys, self._rate, *arguments)
        self._told.add(command)
        command.add_done_callback(self._told.discard)


def _refuse_if_late(wait: float, left: float) -> None:
    if wait > left + SLACK:
        raise too_late(wait, left)


class RedisRateLimiter(RateLimiter):
    """
    A :class:`.RateLimiter` whose limits are those of all processes together: a middleware of the client.

    It is used as that one is, with ``retry=RetryPolicy(on_attempt=limiter.on_attempt)`` too. What one process hears,
    a 429 or ``x-ratelimit-*``, counts for all. It is best effort: while Redis does not answer, each process goes by
    its own part of the limits.

    Args:
        redis: ``redis.asyncio.Redis`` or ``valkey.asyncio.Valkey``; best with a ``BlockingConnectionPool``. It is not
            closed.
        limits: The most requests per second of the fleet.
        name: What the fleet calls the limit: whoever uses one key of the API uses one name.
        sharers: How many processes there are: the part of each while Redis does not answer.
        prefix: How the keys begin.
        patience: Seconds in which Redis must answer.
        clock: Seconds that only grow; the client's.
        sleep: Waits a number of seconds.

    Raises:
        InvalidArgumentError: *sharers* is less than 1, or *patience* not above 0.
    """

    def __init__(
        self,
        redis: ScriptRunner,
        limits: Limits | None = None,
        *,
        name: str = "default",
        sharers: int = 1,
        prefix: str = "openai-conversations",
        patience: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if sharers < 1 or patience <= 0:
            raise InvalidArgumentError("sharers must be 1 or more, and patience a number of seconds above 0")
        commands = Commands(redis, patience=patience)

        def limiter(method: str, rate: float | None) -> RedisLimiter:
            alone = None if rate is None else rate / sharers
            key = f"{prefix}:rate:{name}:{method}"
            return RedisLimiter(commands, key, rate, alone=alone, clock=clock, sleep=sleep)

        rates: dict[str, float | None] = attrs.asdict(limits or Limits())
        total = limiter("total", rates.pop("total"))
        by_method = {method.upper(): limiter(method, rate) for method, rate in rates.items() if rate is not None}
        super().__init__(limiters=by_method, total=total, clock=clock, sleep=sleep)
        self._commands = commands
        self._own: Pool | None = None

    @classmethod
    def from_url(cls, url: str, limits: Limits | None = None, **options: Any) -> Self:
        """
        A limiter with a client of its own, from ``redis://…``; close it at the end.

        Args:
            url: As ``redis.asyncio.Redis.from_url`` takes it.
            limits: The most requests per second of the fleet.
            options: The other keywords of the class.
        """
        redis, pool = client_of(url)
        limiter = cls(redis, limits, **options)
        limiter._own = pool
        return limiter

    async def aclose(self) -> None:
        """Wait until Redis knows everything, and close what :meth:`from_url` opened."""
        await self._commands.drain()
        if self._own is not None:
            await self._own.aclose()
