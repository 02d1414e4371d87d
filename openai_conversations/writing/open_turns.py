"""Turns whose items may still be added to a conversation, as values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import attrs

from openai_conversations.api.pagination import member
from openai_conversations.jsontypes import is_array, is_object

OUTPUT_OF_A_TURN: Final[Mapping[str, str]] = {"type": "output of a turn"}
"""In the place of what a model may still write."""

_MOST_TEXT: Final = 2_000
"""Characters of an item that are kept of the input of a turn that is complete."""


@attrs.frozen(kw_only=True, repr=False)
class OpenTurn:
    """
    A turn whose items have not been seen in its conversation.

    Attributes:
        response_key: What tells its response from those of other servers; ``""`` when it was not told.
        sent: Its input; of an item that is large, only the kind.
        output: The ids of its output, when it is complete; ``None`` when its end is not known.
        version: That of the conversation when this client heard of it last.
    """

    response_key: str
    sent: tuple[Any, ...]
    output: tuple[str, ...] | None
    version: int

    def is_shown(self, ids: Collection[str]) -> bool:
        """Whether the ids are of items among which its output is."""
        return any(name in ids for name in self.output or ())

    @property
    def may_add(self) -> tuple[Any, ...]:
        """What it may still add, as far as that is known."""
        return (*self.sent, OUTPUT_OF_A_TURN)


def may_add(turns: Sequence[OpenTurn]) -> tuple[Any, ...]:
    """What turns may still add."""
    return tuple(item for turn in turns for item in turn.may_add)


def in_brief(sent: Sequence[Any]) -> tuple[Any, ...]:
    """The input of a turn to keep: an item that holds more than some text is reduced to its kind."""
    return tuple(item if _size(item) <= _MOST_TEXT else _kind_alone(item) for item in sent)


def _size(value: Any) -> int:
    """Characters in the strings of a value; too many as soon as they are, or when it nests deep."""
    values: list[object] = [value]
    left = _MOST_TEXT + 1
    while values and left > 0:
        one = values.pop()
        if is_object(one):
            values.extend(one.values())
        elif is_array(one):
            values.extend(one)
        left -= len(one) if isinstance(one, str) else 1
    return _MOST_TEXT + 1 - left


def _kind_alone(item: Any) -> Any:
    return {name: member(item, name) for name in ("type", "role") if member(item, name) is not None}
