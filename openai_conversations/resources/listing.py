"""What ``items.list`` returns: awaitable for one page, iterable for every item."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.large import LARGE, decode_large
from openai_conversations.resources.paging import Fetch, FollowedPage, Lister, P
from openai_conversations.resources.raw import Finish
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.transport.message import HTTPResponse

Ask = Callable[[Caller, str | None], Awaitable[HTTPResponse]]
"""Ask, by a caller, for the page after a cursor."""

BY_PAGES = "use `async for … in page`, which goes on to the pages that follow, or `for … in page.data`"


class ConversationItemPage(ConversationItemList, FollowedPage["ConversationItemPage", ConversationItem]):
    """
    One page of items, which knows how to get the next.

    Iterating over it with ``async for`` goes on to the pages that follow. A page that was pickled or copied has lost
    its connection to the client: its data is all there, but it cannot get the next page.
    """

    __slots__ = ("_asked", "_fetch")

    def _how_to_iterate(self) -> str:
        return BY_PAGES


class ItemLister(Lister[ConversationItemPage, ConversationItem]):
    """
    What ``items.list`` returns. ``await`` gives one page, ``async for`` every item, page by page.

    Attributes:
        cursor: Id of the last item that the iteration gave; give it as ``after`` to go on later. ``None`` before the
            first.
    """

    __slots__ = ()


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
    fetch = fetching(ConversationItemPage, ask, caller, finish)
    return ItemLister(fetch, after=after, max_items=max_items, prefetch=prefetch)


def fetching(kind: type[P], ask: Ask, caller: Caller, finish: Finish | None) -> Fetch[P]:
    """
    How the pages of a listing are got; the arguments are those of :func:`lister`.

    Args:
        kind: The class of the pages.
        ask: Asks for a page.
        caller: Where it goes.
        finish: What a wrapper makes of the first response; ``None`` for a page.
    """

    async def first(cursor: str | None) -> P:
        assert finish is not None  # noqa: S101  # for type checkers
        page = finish(await ask(caller, cursor), kind)
        page.when_parsed(partial(kind.attach, fetch=fetch, asked=cursor))
        return cast("P", page)

    async def fetch(cursor: str | None) -> P:
        response = await ask(caller.streaming(stream=False), cursor)
        if len(response.content) > LARGE:
            page = await decode_large(response, kind, caller.runtime.clock)
        else:
            page = codec().decode_response(response, kind)
        page.attach(fetch, cursor)
        return page

    return fetch if finish is None else first
