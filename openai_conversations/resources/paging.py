"""
Listings that cannot lie: what ``items.list`` returns, awaitable for one page and iterable for every item.

Rules: an empty page that says ``has_more`` is followed; a cursor that does not move is an error; no item comes twice;
a missing ``last_id`` is the id of the last item.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

from openai_conversations.errors import ConversationsError, PaginationStalledError
from openai_conversations.schemas.page import ConversationItemList

if TYPE_CHECKING:
    from openai_conversations.schemas.items import ConversationItem

FetchPage = Callable[[str | None], Awaitable["ConversationItemPage"]]
"""The page after a cursor; ``None`` for the first."""


class ConversationItemPage(ConversationItemList):
    """
    One page of items, which knows how to get the next.

    Iterating over it with ``async for`` goes on to the pages that follow. A page that was pickled or copied has lost
    its connection to the client: its data is all there, but it cannot get the next page.
    """

    __slots__ = ("_asked", "_fetch")

    def attach(self, fetch: FetchPage, asked: str | None) -> None:
        """Note how to get other pages, and the cursor that this one was asked for with."""
        self._fetch = fetch
        self._asked = asked

    def has_next_page(self) -> bool:
        """Whether the server says that there is more."""
        return self.has_more

    @property
    def next_cursor(self) -> str | None:
        """What ``after`` must be for the next page: ``last_id``, or the id of the last item where it is missing."""
        if self.last_id:
            return self.last_id
        return self.data[-1].id or None if self.data else None

    async def get_next_page(self) -> ConversationItemPage:
        """
        The next page.

        Raises:
            RuntimeError: There is none; see :meth:`has_next_page`.
            PaginationStalledError: The cursor does not move.
            ConversationsError: The page was pickled or copied, and has no client.
        """
        if not self.has_more:
            raise RuntimeError("No next page expected; please check `.has_next_page()` before calling `.get_next_page()`.")
        if not hasattr(self, "_fetch"):
            raise ConversationsError("this page was pickled or copied and has no client; list again with `after`")
        cursor = self.next_cursor
        if cursor is None or cursor == self._asked:
            raise stalled(cursor)
        return await self._fetch(cursor)

    async def iter_pages(self) -> AsyncGenerator[ConversationItemPage, None]:
        """This page and all that follow."""
        page = self
        seen = {page.next_cursor}
        yield page
        while page.has_more:
            page = await page.get_next_page()
            if page.has_more and page.next_cursor in seen:
                raise stalled(page.next_cursor)
            seen.add(page.next_cursor)
            yield page

    async def __aiter__(self) -> AsyncGenerator[ConversationItem, None]:
        """Every item of this page and of all that follow."""
        async with aclosing(self.iter_pages()) as pages:
            async for page in pages:
                for item in page.data:
                    yield item


def stalled(cursor: str | None) -> PaginationStalledError:
    """The error for a listing that does not get on."""
    where = "gives no cursor" if cursor is None else f"repeats the cursor {cursor!r}"
    return PaginationStalledError(f"the server says that there are more items but {where}", cursor=cursor)


class ItemLister:
    """
    What ``items.list`` returns. ``await`` gives one page, ``async for`` every item, page by page.

    Attributes:
        cursor: Id of the last item that the iteration gave; give it as ``after`` to go on later. ``None`` before the
            first.
    """

    __slots__ = ("_after", "_fetch", "_max_items", "_prefetch", "cursor")

    def __init__(self, fetch: FetchPage, *, after: str | None, max_items: int | None, prefetch: bool) -> None:
        self._fetch = fetch
        self._after = after
        self._max_items = max_items
        self._prefetch = prefetch
        self.cursor: str | None = None

    def __await__(self) -> Generator[Any, None, ConversationItemPage]:
        return self._fetch(self._after).__await__()

    async def iter_pages(self) -> AsyncGenerator[ConversationItemPage, None]:
        """All pages."""
        async with aclosing((await self).iter_pages()) as pages:
            async for page in pages:
                yield page

    async def __aiter__(self) -> AsyncGenerator[ConversationItem, None]:
        """Every item, once, up to ``max_items``."""
        left = self._max_items
        seen: set[int] = set()
        async with aclosing(self._items()) as items:
            while left is None or left > 0:
                item = await anext(items, None)
                if item is None:
                    return
                if self._is_new(item.id, seen):
                    self.cursor = item.id or self.cursor
                    yield item
                    left = None if left is None else left - 1

    @staticmethod
    def _is_new(item_id: str, seen: set[int]) -> bool:
        """Items without an id are all new. Hashes are kept, not ids: a third of the memory over a long walk."""
        if item_id and hash(item_id) in seen:
            return False
        seen.add(hash(item_id))
        return True

    async def _items(self) -> AsyncGenerator[ConversationItem, None]:
        """Every item; the next page is fetched while the second half of the current one is consumed."""
        pages = self.iter_pages()
        coming: asyncio.Task[ConversationItemPage | None] | None = None
        try:
            page = await anext(pages, None)
            while page is not None:
                half = len(page.data) // 2
                for index, item in enumerate(page.data):
                    if self._prefetch and page.has_more and index == half:
                        coming = asyncio.ensure_future(_next(pages))
                    yield item
                page, coming = (await (coming or _next(pages))), None
        finally:
            await _abandon(coming)
            await pages.aclose()


async def _next(pages: AsyncIterator[ConversationItemPage]) -> ConversationItemPage | None:
    return await anext(pages, None)


async def _abandon(task: asyncio.Task[Any] | None) -> None:
    """Cancel what is under way and wait until it is gone."""
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
