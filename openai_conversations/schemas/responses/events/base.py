"""What events share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs

from openai_conversations.jsontypes import as_object
from openai_conversations.schemas.base import Schema, left_out, schema
from openai_conversations.schemas.unknown import Unknown


@schema
class Event(Schema):
    """Base of every event of a stream; at run time it also stands for the union of them all."""

    is_recovered: ClassVar[bool] = False
    """Whether this client made it of what it was told after the connection broke; no server has sent it."""

    sequence_number: int = left_out(default=-1)
    """Counts the events of a stream; -1 when the server does not say."""
    obfuscation: str | None = None
    """Random characters on deltas, which hide their lengths from whoever watches the network."""


@schema
class ItemEvent(Event):
    """Something happened to an item."""

    output_index: int = left_out(default=-1)
    """Which item of ``Response.output`` it is; -1 when the server does not say."""
    item_id: str = left_out(default="")
    """``""`` when the server does not say. Some servers change it from event to event: go by ``output_index``."""


@schema
class ContentEvent(ItemEvent):
    """Something happened to a content part."""

    content_index: int = left_out(default=-1)
    """Which part of the item's content it is; -1 when the server does not say."""


class Piece:
    """The next piece of a text."""

    __slots__ = ()

    _so_far: tuple[Sequence[str], int]

    def extend(self, pieces: Sequence[str]) -> None:
        """Note the pieces so far, this one included: a list that grows."""
        self._so_far = (pieces, len(pieces))  # type: ignore[misc]  # the slot is the subclasses'

    @property
    def snapshot(self) -> str:
        """
        All that has come so far, this piece included.

        Raises:
            AttributeError: The event does not come from a stream of this client, or was copied or pickled since.
        """
        pieces, count = self._so_far
        return "".join(pieces[:count])


class TextPieceEvent(Piece, ContentEvent):
    """The next piece of a content part."""

    __slots__ = ("_so_far",)


class ItemPieceEvent(Piece, ItemEvent):
    """The next piece of what a tool is called with."""

    __slots__ = ("_so_far",)


@schema
class UnknownEvent(Unknown, Event):
    """An event of an unknown type, or data that is no object. An event of a known type is always of its class."""

    data: Any

    sequence_number: int = attrs.field(
        init=False, default=attrs.Factory(lambda self: _number(self.data), takes_self=True)
    )
    """The number that stood in ``data`` when this object was made, or -1."""


def _number(data: Any) -> int:
    number: object = as_object(data).get("sequence_number")
    return number if type(number) is int else -1
