"""
From page to page for whoever lists: pages that know the next, iterators over what they hold, and what lists return.

The rules are those of :mod:`openai_conversations.api.pagination`. It stands with the public methods and not in ``api``,
because it sends: a page is asked for through the whole chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, Self, TypeVar, cast

from openai_conversations.api.pagination import PageWalk, SeenItems, stalled
from openai_conversations.errors import ConversationsError


class Member(Protocol):
    """What a page holds."""

    @property
    def id(self) -> str: ...


P = TypeVar("P", bound="FollowedPage[Any, Any]")
T = TypeVar("T", bound=Member)

Fetch = Callable[[str | None], Awaitable[P]]
"""The page after a cursor; ``None`` for the first."""


class FollowedPage(Generic[P, T]):
    """
    What a page has that knows how to get the next one; the class that it is mixed into has the data, and the slots.

    A page that was pickled or copied has lost its connection to the client: its data is all there, but it cannot get
    the next page.
    """

    if not TYPE_CHECKING:  # what it is mixed into has the slots
        __slots__ = ()
    else:
        data: Any  # list[T], which each page says of itself
        has_more: bool
        last_id: str | None
        _fetch: Any
        _asked: str | None

    def attach(self, fetch: Fetch[P], asked: str | None) -> None:
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
        return cast("str", self.data[-1].id) or None if self.data else None

    @property
    def is_empty(self) -> bool:
        """Whether it shows no item."""
        return not self.data

    async def get_next_page(self) -> P:
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
        cursor = self.next_cursor
        if cursor is None or cursor == getattr(self, "_asked", None):
            raise stalled(cursor)
        return await self._after(cursor)

    async def iter_pages(self) -> AsyncGenerator[P, None]:
        """
        This page and all that follow.

        Raises:
            PaginationStalledError: The server gives no cursor, one that it gave before, or empty pages without end.
        """
        async for page in self._pages():
            yield page

    def _pages(self) -> Pages[P]:
        return Pages(self._after, after=getattr(self, "_asked", None), first=cast("P", self))

    async def _after(self, cursor: str | None) -> P:
        if not hasattr(self, "_fetch"):
            raise ConversationsError("this page was pickled or copied and has no client; list again with `after`")
        return cast("P", await self._fetch(cursor))

    def _how_to_iterate(self) -> str:
        return "use `async for item in page`, which goes on to the pages that follow, or `for item in page.data`"

    def __aiter__(self) -> MemberIterator[P, T]:
        """Every item of this page and of all that follow, each once."""
        return MemberIterator(self._pages())


class Pages(Generic[P]):
    """
    One page after the other; a page that could not be fetched can be asked for again.

    Args:
        fetch: Gets the page after a cursor; ``None`` for the first.
        after: Where to begin.
        first: The first page, when it is there already.
    """

    __slots__ = ("_fetch", "_first", "_walk")

    def __init__(self, fetch: Fetch[P], *, after: str | None = None, first: P | None = None) -> None:
        self._fetch = fetch
        self._first = first
        self._walk = PageWalk(after)

    async def next(self) -> P | None:
        """
        The next page; ``None`` after the last.

        Raises:
            PaginationStalledError: The server gives no cursor, one that it gave before, or empty pages without end.
        """
        if not self._walk.goes_on():
            return None
        page, self._first = self._first, None
        if page is None:
            page = await self._fetch(self._walk.cursor)
        self._walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)
        return page

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> P:
        page = await self.next()
        if page is None:
            raise StopAsyncIteration
        return page


class MemberIterator(Generic[P, T]):
    """
    Every member of some pages; what is the very same item again comes once.

    An object and not an async generator: when a loop over it is left early, nothing stays behind that would have to
    run once more to be closed. An iteration that failed can go on: it asks for the page that it did not get.

    Args:
        pages: The pages.
        most: Items to give at the most; ``None`` for all.
        prefetch: Whether the next page is fetched while the second half of a page is consumed.
        note: Called with the id of each item that is given.
    """

    def __init__(
        self,
        pages: Pages[P],
        *,
        most: int | None = None,
        prefetch: bool = False,
        note: Callable[[str], None] | None = None,
    ) -> None:
        self._pages = pages
        self._left = most
        self._prefetch = prefetch
        self._note = note
        self._page: P | None = None
        self._index = 0
        self._seen: SeenItems[T] = SeenItems()
        self._coming: asyncio.Task[P | None] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._left == 0:
            await self.aclose()
            raise StopAsyncIteration
        while (item := self._next_of_page()) is None:
            page = await self._next_page()
            if page is None:
                raise StopAsyncIteration
            self._page, self._index = page, 0
            self._seen.turn_page()
        if self._left is not None:
            self._left -= 1
        if self._note is not None and item.id:
            self._note(item.id)
        self._fetch_ahead()
        return item

    def _next_of_page(self) -> T | None:
        """The next item of this page that did not come before; ``None`` at its end."""
        data: list[T] = self._page.data if self._page is not None else []
        while self._index < len(data):
            item = data[self._index]
            self._index += 1
            if self._seen.is_new(item.id, item):
                return item
        return None

    async def _next_page(self) -> P | None:
        coming, self._coming = self._coming, None
        return await (self._pages.next() if coming is None else coming)

    def _fetch_ahead(self) -> None:
        """From the middle of a page on, fetch the next one, unless this one has enough."""
        page = self._page
        if not self._prefetch or page is None or not page.has_more or self._coming is not None:
            return
        rest = len(page.data) - self._index
        if self._index * 2 >= len(page.data) and (self._left is None or self._left > rest):
            self._coming = asyncio.ensure_future(self._pages.next())

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


class Lister(Generic[P, T]):
    """
    What a listing returns. ``await`` gives one page, ``async for`` every item, page by page.

    Attributes:
        cursor: Id of the last item that the iteration gave; give it as ``after`` to go on later. ``None`` before the
            first.
    """

    __slots__ = ("_after", "_fetch", "_max_items", "_prefetch", "cursor")

    def __init__(self, fetch: Fetch[P], *, after: str | None, max_items: int | None, prefetch: bool) -> None:
        self._fetch = fetch
        self._after = after
        self._max_items = max_items
        self._prefetch = prefetch
        self.cursor: str | None = None

    def __await__(self) -> Generator[Any, None, P]:
        return self._fetch(self._after).__await__()

    async def iter_pages(self) -> AsyncGenerator[P, None]:
        """
        All pages.

        Raises:
            PaginationStalledError: The server gives no cursor, one that it gave before, or empty pages without end.
        """
        async for page in Pages(self._fetch, after=self._after):
            yield page

    def __aiter__(self) -> MemberIterator[P, T]:
        """Every item, once, up to ``max_items``."""
        pages = Pages(self._fetch, after=self._after)
        return MemberIterator(pages, most=self._max_items, prefetch=self._prefetch, note=self._given)

    def _given(self, item_id: str) -> None:
        self.cursor = item_id

    if not TYPE_CHECKING:  # for type checkers there is nothing to iterate over, and nothing to ask for

        def __iter__(self) -> NoReturn:
            raise TypeError(
                "use `async for item in ….list(…)` for every item, or `(await ….list(…)).data` for those of a page"
            )

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(
                f"{type(self).__name__} has no {name!r}: `await` it for a page, or use `async for` for every item",
                name=name,
                obj=self,
            )
