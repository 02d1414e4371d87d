"""``image_generation``: makes images."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import ImageAction, ImageBackground, ImageFormat, ImageQuality
from openai_conversations.schemas.reasoning_config import ReasoningConfig


@schema
class InputImageMask(Schema):
    """Which part of an image is painted anew."""

    image_url: str | None = None
    """The mask as a ``data:`` URL."""
    file_id: str | None = None


@schema
class SvgConfig(Schema):
    """The model that writes an SVG image."""

    model: str | None = None
    reasoning: ReasoningConfig | None = None


ImageModel = (
    Literal[
        "gpt-image-1",
        "gpt-image-1-mini",
        "gpt-image-1.5",
        "gpt-image-2",
        "gpt-image-2-2026-04-21",
        "gpt-image-2.5-sunburst",
        "gpt-image-2.5-sunburst-2026-09-08",
        "gpt-image-2.5-flare",
        "gpt-image-2.5-flare-2026-09-08",
        "gpt-image-2.6-sunburst",
        "gpt-image-2.6-flare",
        "chatgpt-image-latest",
    ]
    | str
)


@schema
class ImageGenerationTool(Schema):
    """Makes and edits images; whatever is ``None`` is left to the service."""

    type: Literal["image_generation"] = "image_generation"

    model: ImageModel | None = None
    quality: ImageQuality | None = None
    size: Literal["1024x1024", "1024x1536", "1536x1024", "auto"] | str | None = None
    """``WIDTHxHEIGHT`` in pixels, or ``auto``."""
    output_format: ImageFormat | None = None
    output_compression: int | None = None
    """From 0 to 100."""
    moderation: Literal["auto", "low"] | str | None = None
    background: ImageBackground | None = None
    input_fidelity: Literal["high", "low"] | str | None = None
    """How closely features of the input images are kept."""
    input_image_mask: InputImageMask | None = None
    partial_images: int | None = None
    """How many unfinished images are streamed, from 0 to 3."""
    action: ImageAction | None = None
    complexity: Literal["low", "medium", "high"] | str | None = None
    """How much the image is planned before it is drawn."""
    frame_count: int | None = None
    """Frames of a GIF."""
    frame_duration_ms: int | None = None
    """Duration of each frame of a GIF, in milliseconds."""
    svg: SvgConfig | None = None
