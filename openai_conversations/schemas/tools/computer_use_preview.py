"""``computer_use_preview``: use of a computer, the older tool."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class ComputerUsePreviewTool(Schema):
    """A computer of a given kind that the model may use."""

    type: Literal["computer_use_preview"] = "computer_use_preview"

    environment: Literal["windows", "mac", "linux", "ubuntu", "browser"] | str
    display_width: int
    """In pixels."""
    display_height: int
    """In pixels."""
