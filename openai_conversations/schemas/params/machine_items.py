"""Calls of computers, shells and patches, as dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypeAlias, TypedDict

from openai_conversations.schemas.params.content import (
    ComputerScreenshotImageParam,
    DirectCallerParam,
    ProgramCallerParam,
)
from openai_conversations.schemas.params.tools import ContainerReferenceParam, LocalEnvironmentParam


class ClickActionParam(TypedDict):
    """Click."""

    type: Literal["click"]
    button: Literal["left", "right", "wheel", "back", "forward"]
    x: int
    y: int
    keys: NotRequired[Sequence[str] | None]


class DoubleClickActionParam(TypedDict):
    """Click twice."""

    type: Literal["double_click"]
    x: int
    y: int
    keys: Sequence[str] | None


class PointParam(TypedDict):
    """A place on the screen, in pixels from the upper left corner."""

    x: int
    y: int


class DragActionParam(TypedDict):
    """Drag along a path."""

    type: Literal["drag"]
    path: Sequence[PointParam]
    keys: NotRequired[Sequence[str] | None]


class KeypressActionParam(TypedDict):
    """Press keys together."""

    type: Literal["keypress"]
    keys: Sequence[str]


class MoveActionParam(TypedDict):
    """Move the pointer."""

    type: Literal["move"]
    x: int
    y: int
    keys: NotRequired[Sequence[str] | None]


class ScreenshotActionParam(TypedDict):
    """Take a screenshot."""

    type: Literal["screenshot"]


class ScrollActionParam(TypedDict):
    """Scroll."""

    type: Literal["scroll"]
    x: int
    y: int
    scroll_x: int
    scroll_y: int
    keys: NotRequired[Sequence[str] | None]


class TypeActionParam(TypedDict):
    """Type a text."""

    type: Literal["type"]
    text: str


class WaitActionParam(TypedDict):
    """Wait."""

    type: Literal["wait"]


class SafetyCheckParam(TypedDict):
    """A check that a person should acknowledge before the computer goes on."""

    id: str
    code: NotRequired[str | None]
    message: NotRequired[str | None]


class ComputerCallParam(TypedDict):
    """One action, or a batch of them."""

    id: str
    type: Literal["computer_call"]
    call_id: str
    action: NotRequired[ComputerActionParam | None]
    actions: NotRequired[Sequence[ComputerActionParam] | None]
    pending_safety_checks: Sequence[SafetyCheckParam]
    status: Literal["in_progress", "completed", "incomplete"]


class ComputerCallOutputParam(TypedDict):
    """The output of a computer call."""

    id: NotRequired[str]
    type: Literal["computer_call_output"]
    call_id: str
    acknowledged_safety_checks: NotRequired[Sequence[SafetyCheckParam] | None]
    output: ComputerScreenshotImageParam
    status: NotRequired[Literal["in_progress", "completed", "incomplete", "failed"] | None]


class LocalShellActionParam(TypedDict):
    """Execute a command."""

    type: Literal["exec"]
    command: Sequence[str]
    timeout_ms: NotRequired[int | None]
    working_directory: NotRequired[str | None]
    env: Mapping[str, str]
    user: NotRequired[str | None]


class LocalShellCallParam(TypedDict):
    """A call of the local shell."""

    id: str
    type: Literal["local_shell_call"]
    call_id: str
    action: LocalShellActionParam
    status: Literal["in_progress", "completed", "incomplete"]


class LocalShellCallOutputParam(TypedDict):
    """The output of a local shell call. It has no ``call_id``: its ``id`` is the one of the call."""

    id: str
    type: Literal["local_shell_call_output"]
    output: str
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]


class ShellActionParam(TypedDict):
    """Commands and their limits."""

    commands: Sequence[str]
    timeout_ms: NotRequired[int | None]
    max_output_length: NotRequired[int | None]


class ShellCallParam(TypedDict):
    """A call of the shell tool."""

    id: NotRequired[str]
    type: Literal["shell_call"]
    call_id: str
    caller: NotRequired[DirectCallerParam | ProgramCallerParam | None]
    action: ShellActionParam
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]
    environment: NotRequired[LocalEnvironmentParam | ContainerReferenceParam | None]


class TimeoutOutcomeParam(TypedDict):
    """The command took too long."""

    type: Literal["timeout"]


class ExitOutcomeParam(TypedDict):
    """The command ended."""

    type: Literal["exit"]
    exit_code: int


class ShellOutputParam(TypedDict):
    """What one command printed."""

    stdout: str
    stderr: str
    outcome: TimeoutOutcomeParam | ExitOutcomeParam


class ShellCallOutputParam(TypedDict):
    """The output of a shell call."""

    id: NotRequired[str]
    type: Literal["shell_call_output"]
    call_id: str
    caller: NotRequired[DirectCallerParam | ProgramCallerParam | None]
    status: NotRequired[Literal["in_progress", "completed", "incomplete"] | None]
    output: Sequence[ShellOutputParam]
    max_output_length: NotRequired[int | None]


class CreateFileParam(TypedDict):
    """Create a file."""

    type: Literal["create_file"]
    path: str
    diff: str


class DeleteFileParam(TypedDict):
    """Delete a file."""

    type: Literal["delete_file"]
    path: str


class UpdateFileParam(TypedDict):
    """Change a file."""

    type: Literal["update_file"]
    path: str
    diff: str


class ApplyPatchCallParam(TypedDict):
    """A change of a file."""

    id: NotRequired[str]
    type: Literal["apply_patch_call"]
    call_id: str
    caller: NotRequired[DirectCallerParam | ProgramCallerParam | None]
    status: Literal["in_progress", "completed"]
    operation: CreateFileParam | DeleteFileParam | UpdateFileParam


class ApplyPatchCallOutputParam(TypedDict):
    """The output of a patch."""

    id: NotRequired[str]
    type: Literal["apply_patch_call_output"]
    call_id: str
    caller: NotRequired[DirectCallerParam | ProgramCallerParam | None]
    status: Literal["completed", "failed"]
    output: NotRequired[str | None]


ComputerActionParam: TypeAlias = (
    ClickActionParam
    | DoubleClickActionParam
    | DragActionParam
    | KeypressActionParam
    | MoveActionParam
    | ScreenshotActionParam
    | ScrollActionParam
    | TypeActionParam
    | WaitActionParam
)
