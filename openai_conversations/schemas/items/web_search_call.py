"""``web_search_call``: a search on the web."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownObject


@schema
class WebSearchSource(Schema):
    """A page that a search used."""

    type: Literal["url"] = "url"

    url: str


@schema
class SearchAction(Schema):
    """Search the web."""

    type: Literal["search"] = "search"

    query: str | None = None
    queries: list[str] | None = None
    sources: list[WebSearchSource | UnknownObject] | None = None
    """Only when the request included ``web_search_call.action.sources``."""


@schema
class OpenPageAction(Schema):
    """Open a page."""

    type: Literal["open_page"] = "open_page"

    url: str | None = None


@schema
class FindInPageAction(Schema):
    """Look for a text in an open page."""

    type: Literal["find_in_page"] = "find_in_page"

    url: str
    pattern: str


WebSearchAction = SearchAction | OpenPageAction | FindInPageAction | UnknownObject


@schema
class WebSearchCall(Item):
    """A step of a web search."""

    type: Literal["web_search_call"] = "web_search_call"

    status: ItemStatus | Literal["searching", "failed"] | None = None
    action: WebSearchAction
