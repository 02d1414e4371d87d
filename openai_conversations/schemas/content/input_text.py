"""``input_text``: text that goes into the model."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.content.prompt_cache_breakpoint import PromptCacheBreakpoint


@schema
class InputText(Schema):
    """Text of a user, a system or developer message, or a tool output."""

    type: Literal["input_text"] = "input_text"

    text: str
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None
