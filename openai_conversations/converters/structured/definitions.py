"""The schema of a class, with the schemas of the classes that it holds."""

from __future__ import annotations

import re
from typing import Final, Protocol

from openai_conversations.jsontypes import JsonObject

_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_-]+")
_LONGEST_NAME: Final = 64


class Definable(Protocol):
    """A type with a name."""

    @property
    def name(self) -> str:
        """Its name; others may have the same."""
        ...

    def definition(self, definitions: Definitions, /) -> JsonObject:
        """Its schema."""
        ...


class Definitions:
    """The ``$defs`` of a schema, written as they are referred to."""

    def __init__(self, root: Definable) -> None:
        self.written: dict[str, JsonObject] = {}
        self._references: dict[Definable, str] = {root: "#"}

    def reference(self, kind: Definable) -> JsonObject:
        """A reference to the schema of a class, which is written if it is not yet."""
        if kind not in self._references:
            name = self._unused(kind.name)
            self._references[kind] = f"#/$defs/{name}"
            self.written[name] = {}  # holds the place, and the name
            self.written[name] = kind.definition(self)
        return {"$ref": self._references[kind]}

    def _unused(self, name: str) -> str:
        name = name_in_json(name)
        number, unused = 1, name
        while unused in self.written:
            number += 1
            unused = f"{name}_{number}"
        return unused


def whole_schema(root: Definable) -> JsonObject:
    """The schema of a class, with all that it refers to."""
    definitions = Definitions(root)
    schema = root.definition(definitions)
    return {**schema, "$defs": definitions.written} if definitions.written else schema


def name_in_json(name: str) -> str:
    """A name by the rules of ``TextResponseFormatJsonSchema`` in the API's description."""
    return _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME].strip("_") or "output"
