"""
Reading a conversation as JSON, page by page, oldest item first.

The rules are those of ``items.list``: an empty page that says ``has_more`` is followed, a cursor that does not move is
an error, no item comes twice, a missing ``last_id`` is the id of the last item.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import attrs

from openai_conversations.errors import PaginationStalledError
from openai_conversations.limits import INCLUDE_ALL, ITEMS_PER_PAGE
from openai_conversations.operations.calls import Answer, Tools
from openai_conversations.operations.errors import OperationError
from openai_conversations.operations.jsontypes import JsonObject, as_object, is_list, is_object
from openai_conversations.writing.settle import item_id


@attrs.frozen(kw_only=True)
class Page:
    """
    One page of a conversation.

    Attributes:
        items: Items as the server wrote them.
        has_more: Whether the server says that there are more.
        cursor: What to ask for the next page with; ``None`` when the server gives none.
        request_id: The service's id of the answer, if it gave one.
    """

    items: list[JsonObject]
    has_more: bool
    cursor: str | None
    request_id: str | None


async def read_page(
    tools: Tools, conversation_id: str, *, after: str | None = None, include: Sequence[str] = ()
) -> Page:
    """
    One page of at most 100 items.

    Raises:
        APIResponseValidationError: The answer is not a page.
    """
    answer = await tools.calls.items.list(
        conversation_id, after=after, include=include, limit=ITEMS_PER_PAGE, order="asc"
    )
    body = _body(tools, answer)
    items = body["data"]
    cursor = body.get("last_id") or (item_id(items[-1]) if items else None) or None
    return Page(items=items, has_more=body.get("has_more") is True, cursor=cursor, request_id=answer.request_id)


def items_of(tools: Tools, answer: Answer[Any]) -> list[JsonObject]:
    """
    The items of an answer that is a page.

    Raises:
        APIResponseValidationError: It is none.
    """
    items: list[JsonObject] = _body(tools, answer)["data"]
    return items


def _body(tools: Tools, answer: Answer[Any]) -> JsonObject:
    try:
        body = as_object(tools.loads(answer.content))
    except ValueError:
        body = {}
    data = body.get("data")
    if is_list(data) and all(is_object(item) for item in data):
        return body
    answer.parse()  # says what is wrong with it
    raise OperationError("the server's answer is not a page of items")


async def pages(
    tools: Tools, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL
) -> AsyncGenerator[Page, None]:
    """
    All pages.

    Raises:
        PaginationStalledError: The server says that there are more items but gives no cursor, or one that it gave
            before.
    """
    seen: set[str | None] = {None}
    page = await read_page(tools, conversation_id, include=include)
    yield page
    while page.has_more:
        if page.cursor in seen:
            raise PaginationStalledError(
                f"the server says that there are more items but its cursor {page.cursor!r} does not move",
                cursor=page.cursor,
            )
        seen.add(page.cursor)
        page = await read_page(tools, conversation_id, after=page.cursor, include=include)
        yield page


async def every_item(
    tools: Tools, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL
) -> AsyncIterator[JsonObject]:
    """Every item once, oldest first, with everything that the server gives on demand."""
    seen: set[str] = set()
    async with aclosing(pages(tools, conversation_id, include=include)) as found:
        async for page in found:
            for item in page.items:
                name = item_id(item)
                if name not in seen or not name:
                    seen.add(name)
                    yield item


async def read_all(tools: Tools, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL) -> list[JsonObject]:
    """Every item in a list."""
    return [item async for item in every_item(tools, conversation_id, include=include)]
