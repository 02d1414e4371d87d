"""``computer_call``: the model acts on a computer."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.enums import ItemStatus
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownObject


@schema
class Point(Schema):
    """A place on the screen, in pixels from the upper left corner."""

    x: int
    y: int


@schema
class ClickAction(Schema):
    """Click."""

    type: Literal["click"] = "click"

    button: Literal["left", "right", "wheel", "back", "forward"] | str
    x: int
    y: int
    keys: list[str] | None = None
    """Keys held down meanwhile; so in every action."""


@schema
class DoubleClickAction(Schema):
    """Click twice."""

    type: Literal["double_click"] = "double_click"

    x: int
    y: int
    keys: list[str] | None


@schema
class DragAction(Schema):
    """Drag along a path."""

    type: Literal["drag"] = "drag"

    path: list[Point]
    keys: list[str] | None = None


@schema
class KeypressAction(Schema):
    """Press keys together."""

    type: Literal["keypress"] = "keypress"

    keys: list[str]


@schema
class MoveAction(Schema):
    """Move the pointer."""

    type: Literal["move"] = "move"

    x: int
    y: int
    keys: list[str] | None = None


@schema
class ScreenshotAction(Schema):
    """Take a screenshot."""

    type: Literal["screenshot"] = "screenshot"


@schema
class ScrollAction(Schema):
    """Scroll."""

    type: Literal["scroll"] = "scroll"

    x: int
    y: int
    scroll_x: int
    """Distance to the right, in pixels."""
    scroll_y: int
    """Distance downwards, in pixels."""
    keys: list[str] | None = None


@schema
class TypeAction(Schema):
    """Type a text."""

    type: Literal["type"] = "type"

    text: str


@schema
class WaitAction(Schema):
    """Wait."""

    type: Literal["wait"] = "wait"


ComputerAction = (
    ClickAction
    | DoubleClickAction
    | DragAction
    | KeypressAction
    | MoveAction
    | ScreenshotAction
    | ScrollAction
    | TypeAction
    | WaitAction
    | UnknownObject
)


@schema
class SafetyCheck(Schema):
    """A check that a person should acknowledge before the computer goes on."""

    id: str
    code: str | None = None
    message: str | None = None


@schema
class ComputerCall(Item):
    """One action, or a batch of them."""

    type: Literal["computer_call"] = "computer_call"

    call_id: str
    """Ties the call to its output."""
    action: ComputerAction | None = None
    actions: list[ComputerAction] | None = None
    """The batch that the ``computer`` tool sends instead of one ``action``."""
    pending_safety_checks: list[SafetyCheck]
    """Checks to acknowledge in the output."""
    status: ItemStatus | None = None
