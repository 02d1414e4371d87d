"""Commands of the shell tool and what they print; in the order of the commands of one call."""

from __future__ import annotations

from typing import Literal

import attrs

from openai_conversations.schemas.base import Schema, left_out, schema
from openai_conversations.schemas.items.shell_call_output import ShellOutput
from openai_conversations.schemas.responses.events.base import Event, ItemEvent


@schema
class ShellOutputDelta(Schema):
    """What a command printed meanwhile."""

    stdout: str | None = None
    stderr: str | None = None


@schema
class CommandEvent(Event):
    """Something happened to a command."""

    output_index: int = left_out(default=-1)
    """Which item of ``Response.output`` it is; -1 when the server does not say."""
    command_index: int = left_out(default=-1)
    """Which command of the call it is; -1 when the server does not say."""


@schema
class ResponseShellCallCommandAddedEvent(CommandEvent):
    """A new command, as far as it has come."""

    type: Literal["response.shell_call_command.added"] = "response.shell_call_command.added"

    command: str


@schema
class ResponseShellCallCommandDeltaEvent(CommandEvent):
    """The next piece of a command."""

    type: Literal["response.shell_call_command.delta"] = "response.shell_call_command.delta"

    delta: str


@schema
class ResponseShellCallCommandDoneEvent(CommandEvent):
    """A whole command."""

    type: Literal["response.shell_call_command.done"] = "response.shell_call_command.done"

    command: str


@schema
class ResponseShellCallOutputContentDeltaEvent(ItemEvent):
    """The next piece of what a command prints."""

    type: Literal["response.shell_call_output_content.delta"] = "response.shell_call_output_content.delta"

    command_index: int = left_out(default=-1)
    """Which command of the call it is; -1 when the server does not say."""
    delta: ShellOutputDelta = attrs.field(factory=ShellOutputDelta)


@schema
class ResponseShellCallOutputContentDoneEvent(ItemEvent):
    """All that a command printed."""

    type: Literal["response.shell_call_output_content.done"] = "response.shell_call_output_content.done"

    command_index: int = left_out(default=-1)
    """Which command of the call it is; -1 when the server does not say."""
    output: list[ShellOutput]
