"""Listings of the conversation that a write goes to: they go the same way as the write, inside the same deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from openai_conversations.api import operations
from openai_conversations.api.large import LARGE, read_page
from openai_conversations.api.pagination import JsonPage, PageWalk, item_id, json_page
from openai_conversations.api.requests import derived
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse, Listing
from openai_conversations.writing.last_item import newer

_OURS: Final = frozenset({"after", "before", "limit", "order"})

_RECENT: Final = 20
"""Items that tell whether a listing has caught up with what is known."""


def listing_of(
    request: HTTPRequest, *, after: str | None, limit: int, order: Literal["asc", "desc"] = "desc"
) -> HTTPRequest:
    """
    The listing of the conversation that an append goes to: same headers, same deadline, the query that is not ours.

    Args:
        request: The append.
        after: The cursor.
        limit: Items of a page.
        order: Which end comes first.
    """
    parts = urlsplit(request.url)
    ours = [("after", after), ("limit", str(limit)), ("order", order)]
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in _OURS]
    pairs = [*query, *((name, value) for name, value in ours if value is not None)]
    url = f"{request.url.partition('?')[0]}?{urlencode(pairs, quote_via=quote, safe='')}"
    return derived(request, operations.LIST_ITEMS, url, listing=Listing(order=order, after=after))


async def newest_item(
    request: HTTPRequest, send: Handler, known: str | None, clock: Callable[[], float] = time.monotonic
) -> str | None:
    """
    The last item of a conversation, asked for.

    Args:
        request: The append that is to follow.
        send: Sends a request.
        known: What was known before: a listing that lags does not replace it.
        clock: Seconds; deadlines are by this clock.

    Returns:
        Its id, :data:`START` when the conversation is empty, ``None`` when nothing can be told.

    Raises:
        APIError: The listing failed.
        PaginationStalledError: The server says that there are items and gives none.
    """
    return newer(known, [item_id(item) for item in await newest_items(request, send, clock)])


async def newest_items(request: HTTPRequest, send: Handler, clock: Callable[[], float]) -> Sequence[Any]:
    """The newest items of a conversation, asked for, the newest first; see :func:`newest_item`."""
    walk = PageWalk()
    while walk.goes_on():
        page = await read_listing(await send(listing_of(request, after=walk.cursor, limit=_RECENT)), clock)
        walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)
        if page.items:
            return page.items
    return ()


async def read_listing(response: HTTPResponse, clock: Callable[[], float]) -> JsonPage:
    """The page of a listing; what is small is read at once, and not in a thread of its own."""
    return json_page(response) if len(response.content) <= LARGE else await read_page(response, clock)
