"""``apply_patch``: changes files."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import AllowedCaller


@schema
class ApplyPatchTool(Schema):
    """Lets the model change files by patches."""

    type: Literal["apply_patch"] = "apply_patch"

    allowed_callers: list[AllowedCaller] | None = None
