"""
What ``items.list`` returns: awaitable for one page, iterable for every item.

The rules are those of :mod:`openai_conversations.api.pagination`. It stands with the public methods and not in ``api``,
because it sends: a page is asked for through the whole chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast

from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.large import LARGE, decode_large
from openai_conversations.api.pagination import PageWalk, SeenItems, stalled
from openai_conversations.errors import ConversationsError
from openai_conversations.resources.raw import Finish
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.transport.message import HTTPResponse

if TYPE_CHECKING:
    from openai_conversations.schemas.items import ConversationItem

Ask = Callable[[Caller, str | None], Awaitable[HTTPResponse]]
"""Ask, by a caller, for the page after a cursor."""

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

    @property
    def is_empty(self) -> bool:
        """Whether it shows no item."""
        return not self.data

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
        cursor = self.next_cursor
        if cursor is None or cursor == getattr(self, "_asked", None):
            raise stalled(cursor)
        return await self._after(cursor)

    async def iter_pages(self) -> AsyncGenerator[ConversationItemPage, None]:
        """
        This page and all that follow.

        Raises:
            PaginationStalledError: The server gives no cursor, one that it gave before, or empty pages without end.
        """
        async for page in self._pages():
            yield page

    def _pages(self) -> Pages:
        return Pages(self._after, after=getattr(self, "_asked", None), first=self)

    async def _after(self, cursor: str | None) -> ConversationItemPage:
        if not hasattr(self, "_fetch"):
            raise ConversationsError("this page was pickled or copied and has no client; list again with `after`")
        return await self._fetch(cursor)

    def _how_to_iterate(self) -> str:
        return "use `async for item in page`, which goes on to the pages that follow, or `for item in page.data`"

    def __aiter__(self) -> ItemIterator:
        """Every item of this page and of all that follow, each once."""
        return ItemIterator(self._pages())


class Pages:
    """
    One page after the other; a page that could not be fetched can be asked for again.

    Args:
        fetch: Gets the page after a cursor; ``None`` for the first.
        after: Where to begin.
        first: The first page, when it is there already.
    """

    __slots__ = ("_fetch", "_first", "_walk")

    def __init__(
        self, fetch: FetchPage, *, after: str | None = None, first: ConversationItemPage | None = None
    ) -> None:
        self._fetch = fetch
        self._first = first
        self._walk = PageWalk(after)

    async def next(self) -> ConversationItemPage | None:
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

    async def __anext__(self) -> ConversationItemPage:
        page = await self.next()
        if page is None:
            raise StopAsyncIteration
        return page


class ItemIterator:
    """
    Every item of some pages; what is the very same item again comes once.

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
        pages: Pages,
        *,
        most: int | None = None,
        prefetch: bool = False,
        note: Callable[[str], None] | None = None,
    ) -> None:
        self._pages = pages
        self._left = most
        self._prefetch = prefetch
        self._note = note
        self._page: ConversationItemPage | None = None
        self._index = 0
        self._seen: SeenItems[ConversationItem] = SeenItems()
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
            self._seen.turn_page()
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
            if self._seen.is_new(item.id, item):
                return item
        return None

    async def _next_page(self) -> ConversationItemPage | None:
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
        async for page in Pages(self._fetch, after=self._after):
            yield page

    def __aiter__(self) -> ItemIterator:
        """Every item, once, up to ``max_items``."""
        pages = Pages(self._fetch, after=self._after)
        return ItemIterator(pages, most=self._max_items, prefetch=self._prefetch, note=self._given)

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


def lister(
    ask: Ask, caller: Caller, finish: Finish | None, *, after: str | None, max_items: int | None, prefetch: bool
) -> ItemLister:
    """
    What the ``list`` of a resource returns.

    Args:
        ask: Asks for a page.
        caller: Where it goes.
        finish: What a wrapper makes of the first response; ``None`` for a page. What follows a raw page is a page.
        after: The cursor to begin with.
        max_items: Items at the most; ``None`` for all.
        prefetch: Whether the next page is fetched while the second half of a page is consumed.
    """

    async def first(cursor: str | None) -> ConversationItemPage:
        assert finish is not None  # noqa: S101  # for type checkers
        page = finish(await ask(caller, cursor), ConversationItemPage)
        page.when_parsed(partial(ConversationItemPage.attach, fetch=fetch, asked=cursor))
        return cast("ConversationItemPage", page)

    async def fetch(cursor: str | None) -> ConversationItemPage:
        response = await ask(caller.streaming(stream=False), cursor)
        if len(response.content) > LARGE:
            page = await decode_large(response, ConversationItemPage, caller.runtime.clock)
        else:
            page = codec().decode_response(response, ConversationItemPage)
        page.attach(fetch, cursor)
        return page

    return ItemLister(fetch if finish is None else first, after=after, max_items=max_items, prefetch=prefetch)
