"""Doing something with many things, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from openai_conversations.checks import POSITIVE_COUNT

T = TypeVar("T")


def checked_concurrency(concurrency: int) -> int:
    """
    How many at a time.

    Raises:
        InvalidArgumentError: It is not a whole number above 0.
    """
    POSITIVE_COUNT.check("concurrency", concurrency)
    return concurrency


async def for_each(things: Iterable[T], work: Callable[[T], Awaitable[object]], *, concurrency: int) -> None:
    """
    Work on every thing, on at most *concurrency* of them at a time.

    After a failure nothing new is begun, what is under way is brought to its end, and the first failure is raised, as
    it is; work in which something else was cancelled has failed, too. When this is cancelled, so is what is under way,
    and nothing new is begun.
    """
    left = iter(things)
    failures: list[BaseException] = []

    async def worker() -> None:
        for thing in left:
            try:
                await work(thing)
            except (KeyboardInterrupt, SystemExit):  # these end the event loop
                raise
            except BaseException as error:
                if is_cancelled():
                    raise
                failures.append(error)  # raised below, when the others have ended
            if failures or is_cancelled():
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
    if failures:
        raise failures[0]


def is_cancelled() -> bool:
    """Whether the task that this is called in is being cancelled; else a ``CancelledError`` is somebody else's."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
