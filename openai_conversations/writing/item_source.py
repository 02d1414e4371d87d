"""The items of an append, from an iterable of either kind, a few at a time, each checked as it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence, Sized
from typing import Any, Final, cast

from openai_conversations.api.arguments import is_items
from openai_conversations.errors import APITimeoutError, InvalidArgumentError
from openai_conversations.jsontypes import is_model
from openai_conversations.limits import ITEMS_PER_APPEND

ItemIterable = Iterable[Any] | AsyncIterable[Any]


class ItemSource:
    """The items, from an iterable of either kind, a few at a time."""

    def __init__(self, items: ItemIterable) -> None:
        if not (isinstance(items, AsyncIterable) or is_items(items)):
            raise InvalidArgumentError(
                f"items must be an iterable of items, not {type(cast('object', items)).__name__}"
            )
        self.total: int | None = len(items) if isinstance(items, Sized) else None
        if self.total is not None and not 1 <= self.total <= ITEMS_PER_APPEND:
            raise InvalidArgumentError(f"items has {self.total} items; an append takes 1 to {ITEMS_PER_APPEND:,}")
        if isinstance(items, Sequence):
            for index, item in enumerate(items):
                _check_item(index, item)
        # Asynchronously where both ways are there: a page of items has the other one only to say that it is wrong.
        self._async = aiter(items) if isinstance(items, AsyncIterable) else None
        self._sync = None if isinstance(items, AsyncIterable) else iter(items)
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
    if not (isinstance(item, Mapping) or is_model(item)):
        kind = "None" if item is None else type(item).__name__
        raise InvalidArgumentError(f"items[{index}] must be a mapping or an item object, not {kind}")
