"""Where a value is read, and what is said of one that does not fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import NoneType
from typing import Any, Final

import attrs

from openai_conversations.converters.errors import SchemaMismatch
from openai_conversations.errors import one_line
from openai_conversations.jsontypes import is_array, is_object

JSON_NAMES: Final[Mapping[type, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    NoneType: "null",
    list: "array",
    dict: "object",
}


@attrs.frozen
class Place:
    """
    Where in a text a value is read.

    Attributes:
        path: The JSON path.
        lenient: Whether what is missing may have its default.
    """

    path: str
    lenient: bool

    def member(self, name: str) -> Place:
        return Place(f"{self.path}.{name}", self.lenient)

    def item(self, index: int) -> Place:
        return Place(f"{self.path}[{index}]", self.lenient)


def unexpected(expected: str, value: Any, at: Place) -> SchemaMismatch:
    """What is said of a value that is something else."""
    # Of a string, all but its beginning says little.
    shown = JSON_NAMES[type(value)] if is_array(value) or is_object(value) else one_line(json.dumps(value)[:60])
    return SchemaMismatch(f"expected {expected}, not {shown} @ {at.path}")
