"""``file_search``: search in uploaded files."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.unknown import UnknownObject


@schema
class ComparisonFilter(Schema):
    """Compares an attribute of a file with a value."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]

    key: str
    """Name of the attribute."""
    value: str | float | bool | list[str | float]
    """Integers stay integers. A list for ``in`` and ``nin``."""


@schema
class CompoundFilter(Schema):
    """Combines filters."""

    type: Literal["and", "or"]

    filters: list[FileFilter]


FileFilter = ComparisonFilter | CompoundFilter | UnknownObject


@schema
class HybridSearch(Schema):
    """Weights of the two ways to search."""

    embedding_weight: float
    text_weight: float


@schema
class RankingOptions(Schema):
    """How passages are ranked."""

    ranker: Literal["auto", "default-2024-11-15"] | str | None = None
    score_threshold: float | None = None
    """From 0 to 1: passages below are left out."""
    hybrid_search: HybridSearch | None = None


@schema
class FileSearchTool(Schema):
    """Search in vector stores."""

    type: Literal["file_search"] = "file_search"

    vector_store_ids: list[str]
    max_num_results: int | None = None
    """From 1 to 50."""
    ranking_options: RankingOptions | None = None
    filters: FileFilter | None = None
