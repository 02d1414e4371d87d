"""``local_shell_call``: a command on the caller's machine."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema, secret
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownObject


@schema
class LocalShellAction(Schema):
    """Execute a command."""

    type: Literal["exec"] = "exec"

    command: list[str]
    timeout_ms: int | None = None
    """In milliseconds."""
    working_directory: str | None = None
    env: dict[str, str] = secret()
    """Environment variables. Not in the repr, because keys are handed over in them."""
    user: str | None = None
    """The user to run the command as."""


@schema
class LocalShellCall(Item):
    """A call of the local shell."""

    type: Literal["local_shell_call"] = "local_shell_call"

    call_id: str
    action: LocalShellAction | UnknownObject
    status: ItemStatus | None = None
