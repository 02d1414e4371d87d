"""
The types of strict mode. Each writes its schema, and reads the JSON values that fit it.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from types import NoneType
from typing import Any, Final, Protocol
from uuid import UUID

import attrs

from openai_conversations.converters.errors import SchemaMismatch
from openai_conversations.converters.structured.definitions import Definitions
from openai_conversations.converters.structured.reading import JSON_NAMES, Place, unexpected
from openai_conversations.errors import one_line
from openai_conversations.jsontypes import JsonObject, is_array, is_object

_SHOWN_VALUES: Final = 8


class Type(Protocol):
    """One type."""

    @property
    def label(self) -> str:
        """What errors call it."""
        ...

    def schema(self, definitions: Definitions, /) -> JsonObject:
        """Its JSON Schema, or a reference to it."""
        ...

    def rank(self, value: Any) -> int | None:
        """How likely it is meant by a value: 0 is likeliest, ``None`` is not at all."""
        ...

    def read(self, value: Any, at: Place) -> Any:
        """
        The Python value that a JSON value, from the exact JSON reader, stands for.

        Raises:
            SchemaMismatch: It does not fit; the message gives the JSON path of each mismatch.
        """
        ...


@attrs.frozen(kw_only=True)
class Scalar:
    """
    A type without members.

    Attributes:
        name: The JSON Schema's type.
        format: The format of a string, or ``None``.
        kinds: What Python reads for it, the likeliest first.
        make: Gives the value, or raises ``ValueError``.
    """

    name: str
    format: str | None = None
    kinds: tuple[type, ...]
    make: Callable[[Any], Any]

    @property
    def label(self) -> str:
        return self.format or self.name

    def schema(self, _: Definitions) -> JsonObject:
        return {"type": self.name} | ({"format": self.format} if self.format else {})

    def rank(self, value: Any) -> int | None:
        return self.kinds.index(type(value)) if type(value) in self.kinds else None

    def read(self, value: Any, at: Place) -> Any:
        try:
            if type(value) in self.kinds:
                return self.make(value)
        except (ValueError, ArithmeticError):
            pass
        raise unexpected(self.label, value, at)


def _as_it_is(value: Any) -> Any:
    return value


def _integer(value: float) -> int:
    """JSON Schema takes 1.0 for an integer."""
    if value != int(value):
        raise ValueError(value)
    return int(value)


NULL: Final = Scalar(name="null", kinds=(NoneType,), make=_as_it_is)

SCALARS: Final[Mapping[Any, Scalar]] = {
    str: Scalar(name="string", kinds=(str,), make=_as_it_is),
    int: Scalar(name="integer", kinds=(int, float), make=_integer),
    float: Scalar(name="number", kinds=(float, int), make=float),
    bool: Scalar(name="boolean", kinds=(bool,), make=_as_it_is),
    NoneType: NULL,
    datetime: Scalar(name="string", format="date-time", kinds=(str,), make=datetime.fromisoformat),
    date: Scalar(name="string", format="date", kinds=(str,), make=date.fromisoformat),
    UUID: Scalar(name="string", format="uuid", kinds=(str,), make=UUID),
}


class Enumeration:
    """Some values: of a ``Literal``, or the members of an enum."""

    def __init__(self, members: Iterable[tuple[Any, Any]]) -> None:
        """Take pairs of a JSON value and what it stands for."""
        self._members = {_key(value): member for value, member in members}

    @property
    def label(self) -> str:
        shown = [json.dumps(value, ensure_ascii=False) for _, value in list(self._members)[:_SHOWN_VALUES]]
        return " or ".join([*shown, "…"] if len(self._members) > len(shown) else shown)

    def schema(self, _: Definitions) -> JsonObject:
        names = list(dict.fromkeys(JSON_NAMES[kind] for kind, _ in self._members))
        return {"type": names[0] if len(names) == 1 else names, "enum": [value for _, value in self._members]}

    def rank(self, value: Any) -> int | None:
        return 0 if self._holds(value) else None

    def read(self, value: Any, at: Place) -> Any:
        if not self._holds(value):
            raise unexpected(self.label, value, at)
        return self._members[_key(value)]

    def _holds(self, value: Any) -> bool:
        return not isinstance(value, (list, dict)) and _key(value) in self._members


def _key(value: str | float | None) -> tuple[type, str | float | None]:
    """In Python True, 1 and 1.0 are equal, in JSON only the last two."""
    if isinstance(value, float) and value.is_integer():
        return int, int(value)
    return type(value), value


@attrs.frozen(kw_only=True)
class Array:
    """
    Any number of values of one type.

    Attributes:
        items: The type.
        make: The collection.
        length: How many there are, or ``None`` for any number.
    """

    items: Type
    make: Callable[[Iterable[Any]], Any]
    length: int | None = None

    @property
    def label(self) -> str:
        return "array" if self.length is None else f"array of {self.length}"

    def schema(self, definitions: Definitions) -> JsonObject:
        bounds = {} if self.length is None else {"minItems": self.length, "maxItems": self.length}
        return {"type": "array", "items": self.items.schema(definitions), **bounds}

    def rank(self, value: Any) -> int | None:
        return 0 if is_array(value) and self.length in (None, len(value)) else None

    def read(self, value: Any, at: Place) -> Any:
        if not is_array(value) or self.rank(value) is None:
            raise unexpected(self.label, value, at)
        read = Gathered()
        for index, item in enumerate(value):
            read.add(index, self.items, item, at.item(index))
        return self.make(read.values().values())


@attrs.frozen(kw_only=True)
class Union:
    """
    Any of several types.

    Of those that a value fits, the one that its kind of JSON and the names of its members speak for; then the first.
    """

    members: tuple[Type, ...]

    @property
    def label(self) -> str:
        return " or ".join(member.label for member in self.members)

    def schema(self, definitions: Definitions) -> JsonObject:
        return {"anyOf": [member.schema(definitions) for member in self.members]}

    def rank(self, value: Any) -> int | None:
        return min((rank for rank, _ in self._ranked(value)), default=None)

    def read(self, value: Any, at: Place) -> Any:
        ranked = sorted(self._ranked(value), key=lambda pair: pair[0])
        findings: list[str] = []
        for _, member in ranked:
            try:
                return member.read(value, at)
            except SchemaMismatch as error:
                findings.append(str(error))
        if len(ranked) == 1 or (ranked and ranked[0][0] < ranked[1][0]):
            raise SchemaMismatch(findings[0])
        raise unexpected(self.label, value, at)

    def _ranked(self, value: Any) -> Iterator[tuple[int, Type]]:
        for member in self.members:
            rank = member.rank(value)
            if rank is not None:
                yield rank, member


@attrs.frozen(kw_only=True)
class Member:
    """
    A member of an object.

    Attributes:
        name: Its name in JSON, and the keyword of the constructor.
        type: What it holds.
        description: For the model; ``""`` for none.
        has_default: Whether the class can do without it.
        drops_null: Whether null stands for a member that is not there.
    """

    name: str
    type: Type
    description: str = ""
    has_default: bool = False
    drops_null: bool = False

    def schema(self, definitions: Definitions) -> JsonObject:
        """The schema of the member with its description, which must not stand beside a reference."""
        schema = self.type.schema(definitions)
        if not self.description:
            return schema
        return {**({"anyOf": [schema]} if "$ref" in schema else schema), "description": self.description}


@attrs.define(kw_only=True, eq=False)
class Object:
    """
    An object of a class.

    Attributes:
        name: The name of the class.
        description: For the model; ``""`` for none.
        make: The class.
        members: Filled in when the object is there already: a class may hold itself.
    """

    name: str
    description: str
    make: Callable[..., Any]
    members: tuple[Member, ...] = ()

    @property
    def label(self) -> str:
        return self.name

    def schema(self, definitions: Definitions) -> JsonObject:
        return definitions.reference(self)

    def definition(self, definitions: Definitions) -> JsonObject:
        """The schema itself."""
        return {
            "type": "object",
            **({"description": self.description} if self.description else {}),
            "properties": {member.name: member.schema(definitions) for member in self.members},
            "required": [member.name for member in self.members],
            "additionalProperties": False,
        }

    def rank(self, value: Any) -> int | None:
        if not is_object(value):
            return None
        if any(self._contradicts(member, value) for member in self.members):
            return 2
        return 0 if value.keys() == {member.name for member in self.members} else 1

    def _contradicts(self, member: Member, value: JsonObject) -> bool:
        kind = member.type
        plain = isinstance(kind, (Scalar, Enumeration))
        return plain and member.name in value and kind.rank(value[member.name]) is None

    def read(self, value: Any, at: Place) -> Any:
        if not is_object(value):
            raise unexpected(self.label, value, at)
        read = Gathered()
        names = {member.name for member in self.members}
        for member in self.members:
            self._read_member(member, value, at, read)
        for name in (name for name in value if name not in names):
            read.refuse("unexpected member", at.member(name))
        return self._made(read.values(), at)

    def _read_member(self, member: Member, value: JsonObject, at: Place, read: Gathered) -> None:
        if member.name in value:
            if not (member.drops_null and value[member.name] is None):
                read.add(member.name, member.type, value[member.name], at.member(member.name))
        elif not (at.lenient and member.has_default):
            read.refuse("required member missing", at.member(member.name))

    def _made(self, values: dict[Any, Any], at: Place) -> Any:
        try:
            return self.make(**values)
        except (ValueError, TypeError) as error:  # of the class's own validators
            reason = one_line(f"{error}") or type(error).__name__
        raise SchemaMismatch(f"{reason} @ {at.path}")


class Gathered:
    """Values that were read, or everything that does not fit."""

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}
        self._findings: list[str] = []

    def add(self, key: Any, kind: Type, value: Any, at: Place) -> None:
        """Read a value."""
        try:
            self._values[key] = kind.read(value, at)
        except SchemaMismatch as error:
            self._findings.append(str(error))

    def refuse(self, finding: str, at: Place) -> None:
        """Keep something that does not fit."""
        self._findings.append(f"{finding} @ {at.path}")

    def values(self) -> dict[Any, Any]:
        """
        The values, in order.

        Raises:
            SchemaMismatch: Something did not fit.
        """
        if self._findings:
            raise SchemaMismatch("; ".join(self._findings))
        return self._values
