"""A page of a conversation's items, and what pages have in common."""

from __future__ import annotations

from collections.abc import KeysView
from typing import Any, NoReturn, cast

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.items import ConversationItem


class Page:
    """What pages have in common; ``dict(…)`` takes them, and who iterates over them is told how."""

    __slots__ = ()

    def __iter__(self) -> NoReturn:
        raise TypeError(self._how_to_iterate())

    def _how_to_iterate(self) -> str:
        return f"a {type(self).__name__} is not what it holds: use `for … in page.data`"

    def keys(self) -> KeysView[str]:
        """Names of members, so that ``dict(…)`` takes a page as it takes other objects."""
        return cast("Schema", self).to_dict().keys()

    def __getitem__(self, name: str) -> Any:
        return cast("Schema", self).to_dict()[name]


@schema
class ConversationItemList(Page, Schema):
    """A page of items, in the order that was asked for."""

    object: str = "list"
    data: list[ConversationItem]
    has_more: bool = False
    """Whether the server says that there are more items; some servers say so on a full last page."""
    first_id: str | None = None
    """Id of the first item; ``None`` or ``""`` when the page is empty or the server does not say."""
    last_id: str | None = None
    """Id of the last item, the cursor of the next page; ``None`` or ``""`` as for ``first_id``."""
