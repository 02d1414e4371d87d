"""Reading a conversation as JSON, oldest item first, by the rules of :mod:`openai_conversations.api.pagination`."""

from __future__ import annotations

from collections.abc import Sequence
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
    Every item, for what must miss none: copies, exports, checks.

    A last page that is full is not believed: there are servers that say ``has_more: false`` on each. The listing is
    asked to go on behind it, until a page is not full or shows nothing new. Fields of ``include`` that the server
    refuses are dropped.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        include: Fields to ask for beyond what the server gives by itself.

    Raises:
        PaginationStalledError: The server says that there are more items but the listing does not advance.
    """
    reading = _Reading(caller, conversation_id, IncludeFields(tuple(include)))
    await reading.run()
    return Whole(items=reading.items, include=reading.include)


class _Reading:
    """One conversation on its way in."""

    def __init__(self, caller: Caller, conversation_id: str, include: IncludeFields) -> None:
        self.items: list[JsonObject] = []
        self.include = include
        self._caller = caller
        self._id = conversation_id
        self._seen: SeenItems[Any] = SeenItems()

    async def run(self) -> None:
        last = await self._walk(None)
        while last is not None and len(last.items) >= ITEMS_PER_PAGE and last.next_cursor is not None:
            count = len(self.items)
            last = await self._walk_behind(last.next_cursor)
            if len(self.items) == count:
                return

    async def _walk(self, page: JsonPage | None) -> JsonPage | None:
        """From page to page for as long as the server says that there are more; gives the last."""
        walk = PageWalk()
        if page is not None:
            walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)
        while walk.goes_on():
            page = await self._page(walk.cursor)
            walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)
            self._take(page)
        return page

    async def _walk_behind(self, cursor: str) -> JsonPage | None:
        """The same behind what should be the last item: a server that knows no such place has nothing there."""
        try:
            page = await read_page(self._caller, self._id, after=cursor, include=self.include.fields)
        except (BadRequestError, NotFoundError, UnprocessableEntityError):
            return None
        self._take(page)
        return await self._walk(page)

    async def _page(self, after: str | None) -> JsonPage:
        while True:
            try:
                return await read_page(self._caller, self._id, after=after, include=self.include.fields)
            except (BadRequestError, UnprocessableEntityError) as error:
                if not await self.include.narrow(self._caller, self._id, error):
                    raise

    def _take(self, page: JsonPage) -> None:
        self._seen.turn_page()
        self.items += [item for item in page.items if self._seen.is_new(item_id(item), item)]
