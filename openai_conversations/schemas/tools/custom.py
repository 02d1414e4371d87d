"""``custom``: a tool of the application that takes free text."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import AllowedCaller
from openai_conversations.schemas.plain_text_format import PlainTextFormat
from openai_conversations.schemas.unknown import UnknownObject


@schema
class CustomGrammarFormat(Schema):
    """Text that fits a grammar."""

    type: Literal["grammar"] = "grammar"

    syntax: Literal["lark", "regex"] | str
    definition: str
    """The grammar."""


CustomFormat = PlainTextFormat | CustomGrammarFormat | UnknownObject


@schema
class CustomTool(Schema):
    """A tool whose input is text instead of JSON."""

    type: Literal["custom"] = "custom"

    name: str
    description: str | None = None
    format: CustomFormat | None = None
    """``None`` is any text."""
    defer_loading: bool | None = None
    """Whether the model has to find the tool by a tool search first."""
    async_: bool | None = None
    """Whether the output may come later than with the next response."""
    allowed_callers: list[AllowedCaller] | None = None
