"""``additional_tools``: tools that become available from here on."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.enums import Role
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.tools import Tool


@schema
class AdditionalTools(Item):
    """Tools given to the model in the middle of a conversation."""

    type: Literal["additional_tools"] = "additional_tools"

    role: Role
    """A request may say ``developer`` only."""
    tools: list[Tool]
