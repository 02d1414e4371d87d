"""
Listings that cannot lie: what ``items.list`` returns, awaitable for one page and iterable for every item.

Rules: an empty page that says ``has_more`` is followed; a cursor that does not move is an error; no item comes twice;
a missing ``last_id`` is the id of the last item.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final, Self

from openai_conversations.errors import ConversationsError, PaginationStalledError
from openai_conversations.schemas.page import ConversationItemList

if TYPE_CHECKING:
    from openai_conversations.schemas.items import ConversationItem

_MOST_EMPTY_PAGES: Final = 1000
"""In a row; a server that gives more of them will not stop."""

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
            raise RuntimeError(
                "No next page expected; please check `.has_next_page()` before calling `.get_next_page()`."
            )
        if not hasattr(self, "_fetch"):
            raise ConversationsError("this page was pickled or copied and has no client; list again with `after`")
        cursor = self.next_cursor
        if cursor is None or cursor == self._asked:
            raise stalled(cursor)
        return await self._fetch(cursor)

    async def iter_pages(self) -> AsyncGenerator[ConversationItemPage, None]:
        """
        This page and all that follow.

        Raises:
            PaginationStalledError: The server gives no cursor, one that it gave before, or empty pages without end.
        """
        walk = _Walk(self._itself)
        while (page := await walk.next()) is not None:
            yield page

    async def _itself(self) -> ConversationItemPage:
        return self

    def __aiter__(self) -> ItemIterator:
        """Every item of this page and of all that follow, each once."""
        return ItemIterator(self._itself)


def stalled(cursor: str | None) -> PaginationStalledError:
    """The error for a listing that does not get on."""
    where = "gives no cursor" if cursor is None else f"does not get on from the cursor {cursor!r}"
    return PaginationStalledError(f"the server says that there are more items but {where}", cursor=cursor)


class _Walk:
    """
    From page to page. A page that could not be fetched can be asked for again.

    Args:
        first: Gets the first page.
    """

    __slots__ = ("_empty", "_first", "_page", "_seen")

    def __init__(self, first: Callable[[], Awaitable[ConversationItemPage]]) -> None:
        self._first = first
        self._page: ConversationItemPage | None = None
        self._seen: set[str | None] = {None}
        self._empty = 0

    async def next(self) -> ConversationItemPage | None:
        """The next page; ``None`` after the last."""
        before = self._page
        if before is None:
            page = await self._first()
            self._seen.add(getattr(page, "_asked", None))
        elif not before.has_more:
            return None
        else:
            cursor = before.next_cursor
            if cursor in self._seen or self._empty >= _MOST_EMPTY_PAGES:
                raise stalled(cursor)
            page = await before.get_next_page()
            self._seen.add(cursor)
        self._empty = 0 if page.data else self._empty + 1
        self._page = page
        return page


class ItemIterator:
    """
    Every item of some pages, once; items without an id are all taken for different ones.

    An object and not an async generator: when a loop over it is left early, nothing stays behind that would have to
    run once more to be closed. An iteration that failed can go on: it asks for the page that it did not get.

    Args:
        first: Gets the first page.
        most: Items to give at the most; ``None`` for all.
        prefetch: Whether the next page is fetched while the second half of a page is consumed.
        note: Called with the id of each item that is given.
    """

    def __init__(
        self,
        first: Callable[[], Awaitable[ConversationItemPage]],
        *,
        most: int | None = None,
        prefetch: bool = False,
        note: Callable[[str], None] | None = None,
    ) -> None:
        self._walk = _Walk(first)
        self._left = most
        self._prefetch = prefetch
        self._note = note
        self._page: ConversationItemPage | None = None
        self._index = 0
        # Whole ids: two different ones must never be taken for the same, and a hash of them could be.
        self._seen: set[str] = set()
        self._coming: asyncio.Task[ConversationItemPage | None] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ConversationItem:
        if self._left == 0:
            await self.aclose()
            raise StopAsyncIteration
        while (item := self._next_of_page()) is None:
            page = await self._next_page()
            if page is None:
                raise StopAsyncIteration
            self._page, self._index = page, 0
        if self._left is not None:
            self._left -= 1
        if self._note is not None and item.id:
            self._note(item.id)
        self._fetch_ahead()
        return item

    def _next_of_page(self) -> ConversationItem | None:
        """The next item of this page that did not come before; ``None`` at its end."""
        data = self._page.data if self._page is not None else []
        while self._index < len(data):
            item = data[self._index]
            self._index += 1
            if not item.id or item.id not in self._seen:
                self._seen.add(item.id)
                return item
        return None

    async def _next_page(self) -> ConversationItemPage | None:
        coming, self._coming = self._coming, None
        return await (self._walk.next() if coming is None else coming)

    def _fetch_ahead(self) -> None:
        """From the middle of a page on, fetch the next one, unless this one has enough."""
        page = self._page
        if not self._prefetch or page is None or not page.has_more or self._coming is not None:
            return
        rest = len(page.data) - self._index
        if self._index * 2 >= len(page.data) and (self._left is None or self._left > rest):
            self._coming = asyncio.ensure_future(self._walk.next())

    async def aclose(self) -> None:
        """End the iteration: what is being fetched is cancelled. Closing twice is allowed."""
        self._left = 0
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.add_done_callback(_forget)
            coming.cancel()
            await asyncio.wait([coming])

    def __del__(self) -> None:
        """Left early: nobody will ask for the page that is being fetched."""
        coming = getattr(self, "_coming", None)
        if coming is not None and not coming.get_loop().is_closed():
            coming.add_done_callback(_forget)
            coming.cancel()


def _forget(task: asyncio.Task[Any]) -> None:
    """The error of a page that nobody waits for any more is nobody's."""
    if not task.cancelled():
        task.exception()


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
        """
        All pages.

        Raises:
            PaginationStalledError: The server gives no cursor, one that it gave before, or empty pages without end.
        """
        walk = _Walk(self._first)
        while (page := await walk.next()) is not None:
            yield page

    def __aiter__(self) -> ItemIterator:
        """Every item, once, up to ``max_items``."""
        return ItemIterator(self._first, most=self._max_items, prefetch=self._prefetch, note=self._given)

    async def _first(self) -> ConversationItemPage:
        return await self

    def _given(self, item_id: str) -> None:
        self.cursor = item_id
