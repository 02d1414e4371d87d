"""
From page to page, for everybody who reads a conversation: listings that cannot lie.

Rules: an empty page that says ``has_more`` is followed; a cursor that does not move is an error; what is the very same
item again comes once; a missing ``last_id`` is the id of the last item.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, Generic, TypeVar, cast

import attrs

from openai_conversations.api.caller import codec
from openai_conversations.errors import PaginationStalledError
from openai_conversations.jsontypes import JsonObject
from openai_conversations.transport.message import HTTPResponse

_MOST_EMPTY_PAGES: Final = 1000
"""In a row; a server that gives more of them will not stop."""

_PAGES_REMEMBERED: Final = 10


K = TypeVar("K")


class PageWalk:
    """
    From page to page: which cursor comes next.

    It asks for nothing itself::

        walk = PageWalk()
        while walk.goes_on():
            page = await read(walk.cursor)
            walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)

    A page that could not be read can be asked for again.

    Args:
        after: Where to begin; ``None`` for the first page.

    Attributes:
        cursor: What ``after`` must be for the page that is to be read; ``None`` for the first.
    """

    __slots__ = ("_empty", "_has_more", "_next", "_seen", "cursor")

    def __init__(self, after: str | None = None) -> None:
        self.cursor: str | None = after
        self._has_more: bool | None = None  # of the page that was read; None as long as it was not
        self._next: str | None = None
        self._seen: set[str | None] = {None, after}
        self._empty = 0

    def goes_on(self) -> bool:
        """
        Whether there is a page to read.

        Raises:
            PaginationStalledError: The server gives no cursor, one that it gave before, or empty pages without end.
        """
        if self._has_more is None:
            return True
        if not self._has_more:
            return False
        if self._next in self._seen or self._empty >= _MOST_EMPTY_PAGES:
            raise stalled(self._next)
        self._seen.add(self._next)
        self.cursor, self._has_more = self._next, None
        return True

    def note(self, *, has_more: bool, next_cursor: str | None, is_empty: bool) -> None:
        """
        The page was read.

        Args:
            has_more: Whether the server says that there is more.
            next_cursor: What ``after`` must be for the next page; ``None`` when the server gives none.
            is_empty: Whether it shows no item.
        """
        self._has_more, self._next = has_more, next_cursor
        self._empty = self._empty + 1 if is_empty else 0


class SeenItems(Generic[K]):
    """
    Tells an item that comes again from one that only has the same id.

    What is dropped is the very same item: a page that comes twice, or pages that overlap because something was deleted
    meanwhile. Two different items with one id are two items. It remembers the items of the last ten pages, so that a
    long listing takes no more memory than a short one.
    """

    __slots__ = ("_known", "_pages")

    def __init__(self) -> None:
        self._known: dict[str, list[K]] = {}
        self._pages: deque[list[str]] = deque([[]])

    def turn_page(self) -> None:
        """A page begins."""
        if len(self._pages) > _PAGES_REMEMBERED:
            for item_id in self._pages.popleft():
                self._known.pop(item_id, None)
        self._pages.append([])

    def is_new(self, item_id: str, item: K) -> bool:
        """Whether an item did not come before. Items without an id are all taken for different ones."""
        if not item_id:
            return True
        known = self._known.get(item_id)
        if known is None:
            self._known[item_id] = [item]
            self._pages[-1].append(item_id)
            return True
        if item in known:
            return False
        known.append(item)
        return True


@attrs.frozen(kw_only=True, eq=False, repr=False)
class JsonPage:
    """
    One page of items as the server wrote them.

    Attributes:
        items: The items, as JSON objects; integers of any size are kept.
        has_more: Whether the server says that there are more.
        last_id: The cursor that it gives; ``""`` for none.
        request_id: The service's id of the response, if it gave one.
    """

    items: list[JsonObject]
    has_more: bool = False
    last_id: str = ""
    request_id: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it shows no item."""
        return not self.items

    @property
    def next_cursor(self) -> str | None:
        """What ``after`` must be for the next page; ``None`` when there is no telling."""
        return self.last_id or (item_id(self.items[-1]) if self.items else "") or None


def json_page(response: HTTPResponse, *, exact: bool = True) -> JsonPage:
    """
    The page that a response holds.

    Args:
        response: The response.
        exact: Whether integers of any size are kept; for whoever reads ids only they need not be.

    Raises:
        APIResponseValidationError: It is none.
    """
    body = codec().exact_value_of(response) if exact else codec().value_of(response)
    data: list[Any] | None = member(body, "data")
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise codec().unlike(response, "a page of items", "expected an array of objects @ $.data")
    last_id = member(body, "last_id")
    if type(last_id) is float and not exact:
        return json_page(response)  # a cursor that is a large integer
    return JsonPage(
        items=cast("list[JsonObject]", data),
        has_more=member(body, "has_more") is True,
        last_id=str(last_id) if type(last_id) in (str, int) else "",
        request_id=response.request_id,
    )


def item_id(item: Any) -> str:
    """The id of an item's JSON, ``""`` when it has none."""
    try:
        found = item["id"]  # not by `member`: of a page of which only the ids are read this is a tenth
    except (KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def member(value: Any, name: str) -> Any:
    """A member of a JSON value, ``None`` when it has none or is no object."""
    return cast("JsonObject", value).get(name) if isinstance(value, dict) else None


def stalled(cursor: str | None) -> PaginationStalledError:
    """The error for a listing that does not advance."""
    where = "gives no cursor" if cursor is None else f"does not advance past the cursor {cursor!r}"
    return PaginationStalledError(f"the server says that there are more items but {where}", cursor=cursor)
