"""Reading a conversation as JSON, oldest item first, by the rules of :mod:`openai_conversations.api.pagination`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import attrs

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.api.pagination import JsonPage, PageWalk, SeenItems, item_id, json_page
from openai_conversations.errors import BadRequestError, NotFoundError, UnprocessableEntityError
from openai_conversations.jsontypes import JsonObject
from openai_conversations.limits import INCLUDE_ALL, ITEMS_PER_PAGE
from openai_conversations.operations.include import IncludeFields


async def read_page(
    caller: Caller,
    conversation_id: str,
    *,
    after: str | None = None,
    include: Sequence[str] = (),
    exact: bool = True,
) -> JsonPage:
    """
    One page of at most 100 items.

    Args:
        caller: Makes the call.
        conversation_id: The conversation.
        after: Id of the item before the page; ``None`` for the first page.
        include: Fields to ask for.
        exact: As for :func:`~openai_conversations.api.pagination.json_page`.

    Raises:
        APIResponseValidationError: The response is not a page.
    """
    request = requests.list_items(
        caller, conversation_id, after=after, include=include, limit=ITEMS_PER_PAGE, order="asc"
    )
    return json_page(await caller.send(request), exact=exact)


@attrs.frozen(kw_only=True)
class Whole:
    """
    A conversation as far as the server shows it.

    Attributes:
        items: Every item, oldest first, as the server wrote it.
        include: What was asked for, and what the server refused.
    """

    items: list[JsonObject]
    include: IncludeFields


async def read_whole(caller: Caller, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL) -> Whole:
    """
    Every item, for what must miss none: copies, checks.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        include: Fields to ask for beyond what the server gives by itself.

    Raises:
        PaginationStalledError: The server says that there are more items but the listing does not advance.
    """
    fields = IncludeFields(tuple(include))
    items = [item async for page in read_pages(caller, conversation_id, fields) for item in page]
    return Whole(items=items, include=fields)


async def read_pages(
    caller: Caller, conversation_id: str, include: IncludeFields
) -> AsyncIterator[Sequence[JsonObject]]:
    """
    The same page by page: of each what did not come before.

    A last page that is full is not believed: there are servers that say ``has_more: false`` on each. The listing is
    asked to go on behind it, until a page is not full or shows nothing new.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        include: Fields to ask for; what the server refuses is dropped.

    Raises:
        PaginationStalledError: The server says that there are more items but the listing does not advance.
    """
    walk, seen, page, is_more = PageWalk(), SeenItems[Any](), None, True
    while True:
        if walk.goes_on():
            page = await _page(caller, conversation_id, walk.cursor, include)
        elif page is None or len(page.items) < ITEMS_PER_PAGE or page.next_cursor is None or not is_more:
            return
        else:
            walk, is_more = PageWalk(), False
            page = await _page_behind(caller, conversation_id, page.next_cursor, include)
            if page is None:
                return
        walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)
        seen.turn_page()
        new = [item for item in page.items if seen.is_new(item_id(item), item)]
        is_more = is_more or bool(new)
        yield new


async def _page_behind(caller: Caller, conversation_id: str, cursor: str, include: IncludeFields) -> JsonPage | None:
    """The page behind what should be the last item: a server that knows no such place has nothing there."""
    try:
        return await read_page(caller, conversation_id, after=cursor, include=include.fields)
    except (BadRequestError, NotFoundError, UnprocessableEntityError):
        return None


async def _page(caller: Caller, conversation_id: str, after: str | None, include: IncludeFields) -> JsonPage:
    while True:
        try:
            return await read_page(caller, conversation_id, after=after, include=include.fields)
        except (BadRequestError, UnprocessableEntityError) as error:
            if not await include.narrow(caller, conversation_id, error):
                raise
