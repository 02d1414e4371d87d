"""``web_search_preview``: search on the web, the older tool."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import SearchContextSize
from openai_conversations.schemas.tools.approximate_location import ApproximateLocation


@schema
class WebSearchPreviewTool(Schema):
    """Search on the web."""

    type: Literal["web_search_preview", "web_search_preview_2025_03_11"] = "web_search_preview"

    user_location: ApproximateLocation | None = None
    search_context_size: SearchContextSize | None = None
    search_content_types: list[Literal["text", "image"] | str] | None = None
