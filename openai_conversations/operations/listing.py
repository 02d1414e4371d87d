"""Reading a conversation as JSON, oldest item first, by the rules of :mod:`openai_conversations.api.pagination`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.api.pagination import JsonPage, Once, PageWalk, item_id, json_page
from openai_conversations.jsontypes import JsonObject
from openai_conversations.limits import INCLUDE_ALL, ITEMS_PER_PAGE


async def read_page(
    caller: Caller, conversation_id: str, *, after: str | None = None, include: Sequence[str] = ()
) -> JsonPage:
    """
    One page of at most 100 items.

    Raises:
        APIResponseValidationError: The response is not a page.
    """
    request = requests.list_items(
        caller, conversation_id, after=after, include=include, limit=ITEMS_PER_PAGE, order="asc"
    )
    return json_page(await caller.send(request))


async def every_item(
    caller: Caller, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL
) -> AsyncIterator[JsonObject]:
    """
    Every item, oldest first, with everything that the server gives on demand.

    Raises:
        PaginationStalledError: The server says that there are more items but the listing does not get on.
    """
    once: Once[Any] = Once()
    walk = PageWalk()
    while walk.goes_on():
        page = await read_page(caller, conversation_id, after=walk.cursor, include=include)
        walk.note(page)
        once.turn_page()
        for item in page.items:
            if once.is_new(item_id(item), item):
                yield item


async def read_all(caller: Caller, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL) -> list[JsonObject]:
    """Every item in a list."""
    return [item async for item in every_item(caller, conversation_id, include=include)]
