"""``shell_call_output``: what commands in a shell printed."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, nullable, schema
from openai_conversations.schemas.callers import Caller
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownObject


@schema
class TimeoutOutcome(Schema):
    """The command took too long."""

    type: Literal["timeout"] = "timeout"


@schema
class ExitOutcome(Schema):
    """The command ended."""

    type: Literal["exit"] = "exit"

    exit_code: int


ShellOutcome = TimeoutOutcome | ExitOutcome | UnknownObject


@schema
class ShellOutput(Schema):
    """What one command printed."""

    stdout: str
    stderr: str
    outcome: ShellOutcome
    created_by: str | None = None
    """Who created it; present in responses only."""


@schema
class ShellCallOutput(Item):
    """The output of a shell call."""

    type: Literal["shell_call_output"] = "shell_call_output"

    call_id: str
    """The ``call_id`` of the shell call."""
    caller: Caller | None = None
    status: ItemStatus | None = None
    output: list[ShellOutput]
    """One for each command."""
    max_output_length: int | None = nullable(default=None)
    """The limit of the call, in characters."""
    created_by: str | None = None
    """Who created the item; present in responses only."""
