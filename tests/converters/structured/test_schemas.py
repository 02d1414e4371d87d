"""What a class asks of the model, and what strict mode cannot ask."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

import attrs
import pytest
import typing_extensions

from openai_conversations import InvalidArgumentError
from openai_conversations.converters.structured import read_structured, text_format_of
from tests.converters.structured.samples import INVOICE, Extended, Invoice, Line, Loose, Place, Tree, schema_of

T = TypeVar("T")

LINE_SCHEMA = {
    "type": "object",
    "description": "One line of an invoice.",
    "properties": {
        "text": {"type": "string"},
        "amount": {"type": "number"},
        "currency": {"type": "string", "enum": ["EUR", "CHF"]},
    },
    "required": ["text", "amount", "currency"],
    "additionalProperties": False,
}


def test_the_format() -> None:
    """The format names the class, and is strict."""
    made = text_format_of(Invoice)

    assert ["type", "name", "schema", "strict"] == list(made)
    assert ("json_schema", "Invoice", True) == (made["type"], made["name"], made["strict"])


def test_an_attrs_class() -> None:
    """Every keyword of the constructor is required; classes that it holds are defined once; docstrings describe."""
    assert schema_of(Invoice) == {
        "type": "object",
        "description": "An invoice.\n\nAs it was printed.",
        "properties": {
            "number": {"type": "string", "description": "With its prefix."},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            "main": {"anyOf": [{"$ref": "#/$defs/Line"}, {"type": "null"}], "description": "The dearest."},
            "paid": {"type": "boolean"},
            "priority": {"type": "integer", "enum": [1, 2]},
            "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "state": {"anyOf": [{"type": ["string", "integer"], "enum": ["open", "closed", 3]}, {"type": "null"}]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "pair": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
            "heat": {"type": "number"},
        },
        "required": ["number", "lines", "main", "paid", "priority", "day", "state", "tags", "pair", "heat"],
        "additionalProperties": False,
        "$defs": {"Line": LINE_SCHEMA},
    }


def test_recursion() -> None:
    """A class that holds itself refers to the root; beside a reference stands no description."""
    assert schema_of(Tree)["properties"] == {
        "value": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#"}},
        "best": {"anyOf": [{"$ref": "#"}, {"type": "null"}], "description": "The best child."},
        "first": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
    }


def test_recursion_below_the_root() -> None:
    """A class that holds itself, held by another, refers to its definition."""

    @attrs.define
    class Forest:
        trees: list[Tree]
        oldest: Tree = attrs.field(metadata={"description": "By rings."})

    schema = schema_of(Forest)

    assert {"anyOf": [{"$ref": "#/$defs/Tree"}], "description": "By rings."} == schema["properties"]["oldest"]
    assert {"type": "array", "items": {"$ref": "#/$defs/Tree"}} == schema["$defs"]["Tree"]["properties"]["children"]


def test_a_typed_dict() -> None:
    """A key that may be left out is null then; Doc describes; a dataclass has no docstring of its own."""
    schema = schema_of(Place)
    null = {"type": "null"}

    assert "Where it is." == schema["description"]
    assert schema["properties"] == {
        "name": {"type": "string", "description": "In its own language."},
        "point": {"$ref": "#/$defs/Point"},
        "height": {"anyOf": [{"type": "integer"}, null]},
        "note": {"anyOf": [{"type": "string"}, null]},
    }
    assert schema["$defs"]["Point"] == {
        "type": "object",
        "properties": {
            "x": {"type": "integer"},
            "y": {"type": "integer", "description": "Upwards."},
            "id": {"anyOf": [{"type": "string", "format": "uuid"}, null]},
            "seen": {"anyOf": [{"type": "string", "format": "date-time"}, null]},
        },
        "required": ["x", "y", "id", "seen"],
        "additionalProperties": False,
    }


def test_totality() -> None:
    """``total=False`` makes what is not Required a key that may be left out."""
    assert schema_of(Loose)["properties"] == {
        "must": {"type": "integer"},
        "may": {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}], "description": "Either."},
    }
    assert {"kept": {"type": "integer"}} == schema_of(Extended)["properties"]


def test_same_names() -> None:
    """Two classes of one name have two definitions."""
    first, second = (attrs.make_class("Part", {name: attrs.field(type=int)}) for name in ("a", "b"))
    kind = attrs.make_class("Whole", {"a": attrs.field(type=first), "b": attrs.field(type=second)})

    assert ["Part", "Part_2"] == list(schema_of(kind)["$defs"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Größe", "Gr_e"), ("Page[Invoice]", "Page_Invoice"), ("x" * 80, "x" * 64), ("名", "output"), ("A-b_1", "A-b_1")],
)
def test_names(name: str, expected: str) -> None:
    """The name of a format keeps the rules of the API."""
    assert expected == text_format_of(attrs.make_class(name, {"a": attrs.field(type=int)}))["name"]


def test_it_is_the_callers() -> None:
    """What was given away may be changed: the next format is whole again."""
    schema_of(Invoice)["properties"].clear()

    assert schema_of(Invoice)["properties"]


@attrs.define
class Pile(Generic[T]):
    items: list[T]


@attrs.define(init=False)
class OwnConstructor:
    a: int

    def __init__(self, other: int) -> None:
        self.a = other


@dataclasses.dataclass
class WithInitVar:
    a: int
    seed: dataclasses.InitVar[int]


class NoMembers(enum.Enum):
    pass


class Odd(enum.Enum):
    PAIR = (1, 2)


@attrs.define
class Unresolved:
    a: Nowhere  # noqa: F821  # that it is not there is the point


NO_TYPE = "and strict mode has no type for it"
NO_NAMES = "and strict mode has no objects of any names: use a class, or a list of objects with a name and a value"


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (dict[str, int], f"dict[str, int], {NO_NAMES}"),
        (Mapping[str, int], f"collections.abc.Mapping[str, int], {NO_NAMES}"),
        (dict, f"dict, {NO_NAMES}"),
        (list[dict[str, str]] | None, f"dict[str, str], {NO_NAMES}"),
        (Any, f"Any, {NO_TYPE}"),
        (object, f"object, {NO_TYPE}"),
        (bytes, f"bytes, {NO_TYPE}"),
        (Callable[[], int], f"collections.abc.Callable[[], int], {NO_TYPE}"),
        (list, "list, and strict mode has to know what its items are"),
        (tuple[int, str], "tuple[int, str], and strict mode has no arrays of several types: use a class"),
        (set[Line], f"{set[Line]}, and only plain values can be told apart in a set: use a list"),
        (NoMembers, "NoMembers, and its values are not strings, numbers, booleans or null"),
        (Odd, "Odd, and its values are not strings, numbers, booleans or null"),
        (Literal[b"a"], "typing.Literal[b'a'], and its values are not strings, numbers, booleans or null"),
    ],
)
def test_what_has_no_type(hint: Any, expected: str) -> None:
    """What strict mode cannot express is refused with the name of its field and the reason."""
    kind = attrs.make_class("Kind", {"field": attrs.field(type=hint)})

    with pytest.raises(InvalidArgumentError) as error:
        text_format_of(kind)
    assert f"text_format: Kind.field is {expected}" == str(error.value)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Pile, "text_format: Pile.items is ~T, and strict mode has no type for it"),
        (Unresolved, "text_format: the annotations of Unresolved cannot be read: name 'Nowhere' is not defined"),
        (
            OwnConstructor,
            "text_format: OwnConstructor is not made of its fields alone: missing a required argument: 'other'",
        ),
        (WithInitVar, "text_format: WithInitVar is not made of its fields alone: missing a required argument: 'seed'"),
        (attrs.make_class("Untyped", ["a"]), "text_format: Untyped.a has no annotation"),
    ],
)
def test_classes_that_say_too_little(kind: Any, expected: str) -> None:
    """A class that does not say what it is made of is refused."""
    with pytest.raises(InvalidArgumentError) as error:
        text_format_of(kind)
    assert str(error.value).startswith(expected[:60])
    assert set(expected.split()) - {"argument:"} <= set(str(error.value).split())


@pytest.mark.parametrize("call", [text_format_of, lambda kind: read_structured(kind, "{}")])
@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (int, "int"),
        (dict, "dict"),
        (list[Line], "list[tests.converters.structured.samples.Line]"),
        (INVOICE.lines[0], "of type Line"),
        ({"type": "json_schema"}, "of type dict"),
        (None, "None"),
        (type(None), "None"),
    ],
)
def test_what_is_no_class(call: Any, kind: Any, shown: str) -> None:
    """Anything but a class of the four kinds is refused, by both functions."""
    with pytest.raises(InvalidArgumentError) as error:
        call(kind)
    assert str(error.value).startswith("text_format must be an attrs class, a dataclass, a TypedDict or a pydantic")
    assert str(error.value).endswith(f", not {shown}")


def test_annotations_that_are_no_text() -> None:
    """Only text in an Annotated describes."""
    kind = attrs.make_class("Kind", {"a": attrs.field(type=Annotated[int, 5, "Five."])})

    assert {"type": "integer", "description": "Five."} == schema_of(kind)["properties"]["a"]


def test_named_types() -> None:
    """A named type is what it stands for."""
    rows = typing_extensions.TypeAliasType("rows", list[int])
    kind = attrs.make_class("Kind", {"a": attrs.field(type=rows)})

    assert {"type": "array", "items": {"type": "integer"}} == schema_of(kind)["properties"]["a"]


class TypeAliasType:
    """What ``type endless = list[endless]`` makes, which Python 3.11 does not have yet."""

    __value__: Any


def test_types_without_an_end() -> None:
    """A named type that holds itself, with no class between, is refused."""
    endless = TypeAliasType()
    endless.__value__ = list[endless]
    kind = attrs.make_class("Kind", {"a": attrs.field(type=endless)})

    with pytest.raises(InvalidArgumentError, match=r"^text_format: the annotations of Kind never end$"):
        text_format_of(kind)
