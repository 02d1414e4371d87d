"""``image_generation_call``: an image that the model had made."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, nullable, schema
from openai_conversations.schemas.enums import ImageAction, ImageBackground, ImageFormat, ImageQuality
from openai_conversations.schemas.items.base import Item


@schema
class ModerationDetails(Schema):
    """Why an image was blocked."""

    categories: list[str]
    moderation_stage: Literal["input", "output", "unknown"] | str


@schema
class ImageGenerationError(Schema):
    """Why an image was not made."""

    code: str | None = nullable(default=None)
    message: str
    param: str | None = nullable(default=None)
    type: str
    """The kind of error, not a tag of a union."""
    moderation_details: ModerationDetails | None = None


@schema
class SvgUsage(Schema):
    """Tokens that the author model of an SVG image used."""

    input_tokens: int
    model: str
    output_tokens: int
    reasoning_tokens: int
    total_tokens: int


@schema
class ImageGenerationCall(Item):
    """A generated image."""

    type: Literal["image_generation_call"] = "image_generation_call"

    status: Literal["in_progress", "completed", "generating", "failed"] | str | None = None
    result: str | None = nullable(default=None)
    """The image in base64, ``None`` as long as there is none."""
    action: ImageAction | None = None
    background: ImageBackground | None = None
    error: ImageGenerationError | None = None
    output_format: ImageFormat | None = None
    quality: ImageQuality | None = None
    revised_prompt: str | None = None
    """The prompt after the model rewrote it."""
    size: Literal["1024x1024", "1024x1536", "1536x1024"] | str | None = None
    """``WIDTHxHEIGHT`` in pixels."""
    svg_usage: SvgUsage | None = None
