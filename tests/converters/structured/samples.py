"""Classes of all kinds, and the JSON of their objects as a model writes it."""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, NewType, NotRequired, Required, TypedDict

import attrs
import typing_extensions

from openai_conversations.converters.structured import text_format_of

Celsius = NewType("Celsius", float)


class Currency(enum.Enum):
    EURO = "EUR"
    FRANC = "CHF"


class Priority(enum.IntEnum):
    LOW = 1
    HIGH = 2


@attrs.define
class Line:
    """One line of an invoice."""

    text: str
    amount: float
    currency: Currency = Currency.EURO


@attrs.frozen(kw_only=True)
class Invoice:
    """
    An invoice.

    As it was printed.
    """

    KIND: ClassVar[str] = "invoice"

    number: str = attrs.field(metadata={"description": "With its prefix."})
    lines: list[Line]
    main: Line | None = attrs.field(default=None, metadata={"description": "The dearest."})
    paid: bool = False
    _priority: Priority = Priority.LOW
    day: date | None = None
    state: Literal["open", "closed", 3] | None = "open"
    tags: frozenset[str] = frozenset()
    pair: tuple[int, int] = (0, 0)
    heat: Celsius = Celsius(0.0)
    total: float = attrs.field(init=False, default=0.0)


INVOICE = Invoice(
    number="R-1",
    lines=[Line("a", 1.5), Line("b", 2, Currency.FRANC)],
    main=Line("b", 2, Currency.FRANC),
    priority=Priority.HIGH,
    day=date(2026, 1, 31),
    state=3,
    tags=frozenset({"x"}),
    pair=(1, 2),
)


@attrs.define
class Tree:
    value: int
    children: list[Tree] = attrs.field(factory=list)
    best: Annotated[Tree | None, "The best child."] = None
    first: Annotated[Tree, "Described, and a reference."] | None = None


@attrs.define
class Empty:
    pass


@dataclasses.dataclass
class Point:
    x: int
    y: int = dataclasses.field(default=0, metadata={"description": "Upwards."})
    id: uuid.UUID | None = None
    seen: datetime | None = None
    norm: float = dataclasses.field(init=False, default=0.0)


class Place(TypedDict):
    """Where it is."""

    name: Annotated[str, typing_extensions.Doc("In its own language.")]
    point: Point
    height: NotRequired[int]
    note: NotRequired[str | None]


class Loose(TypedDict, total=False):
    must: Required[int]
    may: Annotated[int | str, "Either."]


class Extended(typing_extensions.TypedDict):
    kept: typing_extensions.ReadOnly[int]


def schema_of(kind: Any) -> dict[str, Any]:
    return text_format_of(kind)["schema"]


def plain(value: Any) -> Any:
    """The JSON value of an object, as a model would write it: every member is there."""
    if attrs.has(type(value)):
        return {a.alias: plain(getattr(value, a.name)) for a in attrs.fields(type(value)) if a.init}
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    if isinstance(value, frozenset):
        return sorted(map(plain, value), key=repr)
    return value if value is None or isinstance(value, (str, int, float)) else text_of(value)


def text_of(value: date | uuid.UUID) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def every_schema(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each part of a schema."""
    yield schema
    parts = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", [])]
    for part in [*parts, *([schema["items"]] if "items" in schema else [])]:
        yield from every_schema(part)
