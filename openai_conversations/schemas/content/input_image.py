"""``input_image``: an image that goes into the model."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.content.prompt_cache_breakpoint import PromptCacheBreakpoint
from openai_conversations.schemas.enums import ImageDetail


@schema
class InputImage(Schema):
    """An image, by URL or by the id of an uploaded file."""

    type: Literal["input_image"] = "input_image"

    image_url: str | None = None
    """A URL, or the image itself as a ``data:`` URL."""
    file_id: str | None = None
    detail: ImageDetail | None = None
    """Always present in a received message, optional in tool outputs; ``None`` lets the service choose ``auto``."""
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None
