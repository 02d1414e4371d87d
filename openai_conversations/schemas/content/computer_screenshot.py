"""
``computer_screenshot``: a picture of a computer's screen.

One tag, two shapes: in a message all keys are present, in the output of a computer call none needs to be.
"""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, nullable, schema
from openai_conversations.schemas.content.prompt_cache_breakpoint import PromptCacheBreakpoint
from openai_conversations.schemas.enums import ImageDetail


@schema
class ComputerScreenshot(Schema):
    """A screenshot as a content part of a message."""

    type: Literal["computer_screenshot"] = "computer_screenshot"

    image_url: str | None = nullable(default=None)
    file_id: str | None = nullable(default=None)
    detail: ImageDetail | None = nullable(default=None)
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None


@schema
class ComputerScreenshotImage(Schema):
    """A screenshot as the output of a computer call."""

    type: Literal["computer_screenshot"] = "computer_screenshot"

    image_url: str | None = None
    file_id: str | None = None
