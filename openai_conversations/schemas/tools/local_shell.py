"""``local_shell``: a shell on the caller's machine."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema


@schema
class LocalShellTool(Schema):
    """Lets the model ask for commands on the caller's machine."""

    type: Literal["local_shell"] = "local_shell"
