"""``shell_call``: commands in a shell."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, nullable, schema
from openai_conversations.schemas.callers import Caller
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.environments import ContainerReference, LocalEnvironment
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownObject


@schema
class ShellAction(Schema):
    """Commands and their limits."""

    commands: list[str]
    timeout_ms: int | None = nullable(default=None)
    """In milliseconds, for all commands; ``None`` is no limit."""
    max_output_length: int | None = nullable(default=None)
    """Characters to return from each command; ``None`` is no limit."""


ShellEnvironment = LocalEnvironment | ContainerReference | UnknownObject


@schema
class ShellCall(Item):
    """A call of the shell tool."""

    type: Literal["shell_call"] = "shell_call"

    call_id: str
    """Ties the call to its output."""
    caller: Caller | None = None
    action: ShellAction
    status: ItemStatus | None = None
    environment: ShellEnvironment | None = nullable(default=None)
    """Where the commands run."""
    created_by: str | None = None
    """Who created the item; present in responses only."""
