"""``file_search_call``: a search in uploaded files."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item


@schema
class FileSearchResult(Schema):
    """A passage that was found."""

    file_id: str | None = None
    text: str | None = None
    filename: str | None = None
    attributes: dict[str, str | float | bool] | None = None
    """The file's own attributes; integers stay integers."""
    score: float | None = None
    """Relevance, from 0 to 1."""


@schema
class FileSearchCall(Item):
    """A file search, with its results when the request included ``file_search_call.results``."""

    type: Literal["file_search_call"] = "file_search_call"

    status: ItemStatus | Literal["searching", "failed"] | None = None
    queries: list[str]
    results: list[FileSearchResult] | None = None
