"""``input_file``: a file that goes into the model."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.content.prompt_cache_breakpoint import PromptCacheBreakpoint
from openai_conversations.schemas.enums import FileDetail


@schema
class InputFile(Schema):
    """A file, by id, by URL or with its data."""

    type: Literal["input_file"] = "input_file"

    file_id: str | None = None
    filename: str | None = None
    file_data: str | None = None
    """The file's content, base64 or a ``data:`` URL."""
    file_url: str | None = None
    detail: FileDetail | None = None
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None
