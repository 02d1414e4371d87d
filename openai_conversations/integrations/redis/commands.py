"""Scripts that run in Redis: each begun in a task of its own, so that no command is cancelled on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, Protocol, TypeVar, cast

from openai_conversations.errors import ConversationsError, one_line

T = TypeVar("T")

_CONNECTIONS: Final = 8
"""Connections of a client that is made here: commands are short, and more of them wait for a free one."""


class ScriptRunner(Protocol):
    """The part of ``redis.asyncio.Redis`` and ``valkey.asyncio.Valkey`` that is needed."""

    def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Run a script; awaitable."""
        ...


class Pool(Protocol):
    """The connections of a client that was made here."""

    async def aclose(self) -> None:
        """Close them."""
        ...


class SharedStateError(ConversationsError):
    """Redis did not answer, or refused a command; the request that it was for was not sent."""


class Commands:
    """
    Runs scripts.

    Whoever waits for an answer can be cancelled at any time; the command goes on. So the connection stays usable, and
    what the command did is known when it is undone.

    Args:
        redis: An asynchronous client.
        patience: Seconds in which an answer must come.
    """

    def __init__(self, redis: ScriptRunner, *, patience: float) -> None:
        self._redis = redis
        self.patience: float = patience
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, script: str, keys: tuple[str, ...], *arguments: str | int) -> asyncio.Task[Any]:
        """Send a script on its way."""
        return self.begin(self._eval(script, keys, arguments))

    async def _eval(self, script: str, keys: tuple[str, ...], arguments: tuple[str | int, ...]) -> Any:
        return await self._redis.eval(script, len(keys), *keys, *arguments)

    async def answer(self, command: asyncio.Task[Any]) -> Any:
        """
        Wait for the answer of a script.

        Raises:
            SharedStateError: There is none in time, or it is an error.
        """
        done, _ = await asyncio.wait({command}, timeout=self.patience)
        if not done:
            raise SharedStateError(f"Redis did not answer within {self.patience:g} s")
        try:
            return command.result()
        except Exception as error:
            raise SharedStateError(f"Redis: {type(error).__name__}: {one_line(str(error))}") from error

    async def run(self, script: str, keys: tuple[str, ...], *arguments: str | int) -> Any:
        """Both: :meth:`start` and :meth:`answer`."""
        return await self.answer(self.start(script, keys, *arguments))

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something in a task that is kept until it is done."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # who waits for it hears of it; where nobody does any more, it is nobody's

    async def drain(self) -> None:
        """Wait for everything that was begun, as long as an answer may take."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=self.patience)


def client_of(url: str) -> tuple[ScriptRunner, Pool]:
    """A client of ``redis://…``, and its connections, which are to be closed at the end."""
    from redis.asyncio import BlockingConnectionPool, Redis

    pool = cast("Any", BlockingConnectionPool).from_url(url, max_connections=_CONNECTIONS, timeout=None)
    return Redis(connection_pool=pool), pool


def milliseconds(seconds: float) -> int:
    """What Redis counts in."""
    return max(round(seconds * 1000), 1)
