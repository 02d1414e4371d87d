"""
Locks of conversations that many processes share.

A lock is a key that expires soon and is renewed as long as it is held, so that a dead process blocks nobody for long.
Whoever waits stands in a queue in Redis. The token of a lock is known before it is asked for, and whoever gives up
takes back what may have been taken: also when the command arrives later than the one that takes it back.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Self

from openai_conversations.errors import InvalidArgumentError
from openai_conversations.integrations.redis.commands import (
    Commands,
    Pool,
    ScriptRunner,
    SharedStateError,
    client_of,
    milliseconds,
)
from openai_conversations.transport.runtime import Runtime

logger: Final = logging.getLogger("openai_conversations")

_STALE: Final = 1.5
"""Seconds after which somebody in the queue who did not ask again has gone."""

_FIRST: Final = 0.02
"""Seconds between two questions of the first in the queue; those behind ask less often."""

_LONGEST: Final = 0.25
"""The most seconds between two questions."""

_LOST: Final = 0

# All scripts take the keys of the lock, of its queue by time of arrival, of when those in it were seen last, and of the
# word that this token is done with; then the token.

_TAKE: Final = """
if redis.call('EXISTS', KEYS[4]) == 1 then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[3])) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('ZREM', KEYS[3], gone)
end
redis.call('ZADD', KEYS[2], 'NX', string.format('%.0f', time[1] * 1000000 + time[2]), ARGV[1])
local holder = redis.call('GET', KEYS[1])
local place = redis.call('ZRANK', KEYS[2], ARGV[1])
if holder == ARGV[1] or (not holder and place == 0) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 0
end
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3] * 2)
redis.call('PEXPIRE', KEYS[3], ARGV[3] * 2)
return place + 1
"""
"""Then the expiry and the time until somebody is stale, in milliseconds. 0 when it is taken, else the place in the
queue, the first being 1."""

_RENEW: Final = """
local holder = redis.call('GET', KEYS[1])
if (holder and holder ~= ARGV[1]) or redis.call('EXISTS', KEYS[4]) == 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
"""Then the expiry. 0 when somebody else has it; where it had expired and nobody has it, it is taken again."""

_RELEASE: Final = """
redis.call('SET', KEYS[4], '', 'PX', ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
"""Then how long a late command of this token is to be refused."""


class RedisLocks:
    """
    Locks of conversations in Redis or Valkey: ``ConversationsClient(lock=RedisLocks(redis))``.

    They are best effort: the service knows nothing of them, and cannot refuse the write of somebody who lost a lock.
    A process that stands still for longer than *expiry*, or a Redis that forgets, can let two write at the same time.

    Args:
        redis: ``redis.asyncio.Redis`` or ``valkey.asyncio.Valkey``; best with a ``BlockingConnectionPool``. It is not
            closed.
        prefix: How the keys begin. Whoever shares conversations shares it; give each server of the API its own.
        expiry: Seconds after which the lock of a dead process is free. It is renewed three times as often.
        patience: Seconds in which Redis must answer.
        required: Whether a write fails, unsent, when Redis does not answer. With ``False`` it goes on without a lock,
            and a warning is logged.
        runtime: Sleep and randomness, for tests.

    Raises:
        InvalidArgumentError: *expiry* or *patience* is not above 0.
    """

    def __init__(
        self,
        redis: ScriptRunner,
        *,
        prefix: str = "openai-conversations",
        expiry: float = 10.0,
        patience: float = 2.0,
        required: bool = True,
        runtime: Runtime | None = None,
    ) -> None:
        for name, value in (("expiry", expiry), ("patience", patience)):
            if value <= 0:
                raise InvalidArgumentError(f"{name} must be a number of seconds above 0, not {value!r}")
        self.expiry: float = expiry
        self.required: bool = required
        self.lost: int = 0
        """How many locks were found to be somebody else's while they were held."""
        self.runtime: Runtime = runtime or Runtime()
        self.commands: Commands = Commands(redis, patience=patience)
        self._prefix = prefix
        self._own: Pool | None = None

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Self:
        """
        Locks with a client of their own, from ``redis://…``; close them, or use them with ``async with``.

        Args:
            url: As ``redis.asyncio.Redis.from_url`` takes it.
            options: The keywords of the class.
        """
        redis, pool = client_of(url)
        locks = cls(redis, **options)
        locks._own = pool
        return locks

    def hold(self, conversation_id: str) -> AbstractAsyncContextManager[None]:
        """
        The lock of a conversation. Whoever came first has it first.

        Args:
            conversation_id: The conversation.

        Raises:
            SharedStateError: On entering: Redis does not answer, and the lock is required.
        """
        return _Lock(self, conversation_id)

    def keys(self, conversation_id: str, token: str) -> tuple[str, ...]:
        """The keys of a lock: all in one slot of a cluster."""
        stem = f"{self._prefix}:{{{conversation_id}}}"
        return f"{stem}:lock", f"{stem}:queue", f"{stem}:seen", f"{stem}:done:{token}"

    async def aclose(self) -> None:
        """Wait until what is given back is given back, and close what :meth:`from_url` opened."""
        await self.commands.drain()
        if self._own is not None:
            await self._own.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _Lock(AbstractAsyncContextManager[None]):
    """One lock, to be held once."""

    def __init__(self, locks: RedisLocks, conversation_id: str) -> None:
        self._locks = locks
        self._commands = locks.commands
        self._token = secrets.token_hex()
        self._keys = locks.keys(conversation_id, self._token)
        self._asked: asyncio.Task[Any] | None = None
        self._renewal: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        try:
            await self._wait()
        except SharedStateError as error:
            await self._give_up()
            if self._locks.required:
                raise
            logger.warning("a write goes on without the lock of its conversation: %s", error)
        except BaseException:
            await self._give_up()
            raise
        else:
            self._renewal = asyncio.ensure_future(self._renew())

    async def _wait(self) -> None:
        runtime = self._locks.runtime
        while place := await self._take():
            await runtime.sleep(min(_FIRST * place, _LONGEST) * (0.75 + 0.5 * runtime.uniform()))

    async def _take(self) -> int:
        """0 when it is taken, else the place in the queue."""
        expiry, stale = milliseconds(self._locks.expiry), milliseconds(_STALE)
        self._asked = self._commands.start(_TAKE, self._keys, self._token, expiry, stale)
        return int(await self._commands.answer(self._asked))

    async def _give_up(self) -> None:
        """Take back what may have been taken, and wait a while for that; it goes on when nobody waits."""
        release = self._commands.begin(self._take_back())
        await asyncio.wait({release}, timeout=self._commands.patience)

    async def _take_back(self) -> None:
        if self._asked is not None:
            await asyncio.wait({self._asked}, timeout=self._commands.patience)
        try:
            await self._release()
        except SharedStateError as error:
            logger.warning("a lock may stay for %g s: %s", self._locks.expiry, error)

    async def _release(self) -> None:
        await self._commands.run(_RELEASE, self._keys, self._token, milliseconds(self._locks.expiry * 2))

    async def __aexit__(self, *_: object) -> None:
        if self._renewal is None:
            return
        self._renewal.cancel()
        await asyncio.shield(self._commands.begin(self._release()))

    async def _renew(self) -> None:
        """Keep the lock; until it is cancelled, or the lock is somebody else's."""
        locks, expiry = self._locks, milliseconds(self._locks.expiry)
        while True:
            await locks.runtime.sleep(locks.expiry / 3)
            try:
                state = await self._commands.run(_RENEW, self._keys, self._token, expiry)
            except SharedStateError as error:
                logger.warning("a lock could not be renewed, and may expire while it is held: %s", error)
                continue
            if state == _LOST:
                locks.lost += 1
                logger.warning("a lock expired while it was held, and somebody else has it")
                return
