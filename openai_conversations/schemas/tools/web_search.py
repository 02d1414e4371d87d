"""``web_search``: search on the web."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import SearchContextSize
from openai_conversations.schemas.tools.approximate_location import ApproximateLocation


@schema
class WebSearchFilters(Schema):
    """Restricts a search."""

    allowed_domains: list[str] | None = None
    """``None`` is the whole web; subdomains are included."""


@schema
class WebSearchTool(Schema):
    """Search on the web."""

    type: Literal["web_search", "web_search_2025_08_26"] = "web_search"

    external_web_access: bool | None = None
    """``False`` searches what the service has stored instead of the live web."""
    filters: WebSearchFilters | None = None
    user_location: ApproximateLocation | None = None
    search_context_size: SearchContextSize | None = None
