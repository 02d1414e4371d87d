"""``configuration_update``: settings that hold from here on."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.plain_text_format import PlainTextFormat
from openai_conversations.schemas.reasoning_config import ReasoningConfig
from openai_conversations.schemas.unknown import UnknownObject


@schema
class JsonSchemaFormat(Schema):
    """JSON that fits a schema."""

    type: Literal["json_schema"] = "json_schema"

    name: str
    schema: dict[str, Any]
    """A JSON Schema."""
    description: str | None = None
    strict: bool | None = None
    """Whether the model must keep to the schema exactly."""


TextFormat = PlainTextFormat | JsonSchemaFormat | UnknownObject


@schema
class TextConfig(Schema):
    """Settings of the text that the model writes."""

    format: TextFormat


@schema
class ConfigurationUpdate(Item):
    """Settings for later responses; each one holds until a later update replaces it."""

    type: Literal["configuration_update"] = "configuration_update"

    reasoning: ReasoningConfig | None = None
    text: TextConfig | None = None
