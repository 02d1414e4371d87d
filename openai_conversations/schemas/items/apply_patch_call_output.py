"""``apply_patch_call_output``: whether a patch could be applied."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.callers import Caller
from openai_conversations.schemas.items.base import Item


@schema
class ApplyPatchCallOutput(Item):
    """The output of a patch."""

    type: Literal["apply_patch_call_output"] = "apply_patch_call_output"

    call_id: str
    """The ``call_id`` of the patch."""
    caller: Caller | None = None
    status: Literal["completed", "failed"] | str | None = None
    output: str | None = None
    """Text for the model, such as why the patch did not apply."""
    created_by: str | None = None
    """Who created the item; present in responses only."""
