"""What the text of a model becomes."""

from __future__ import annotations

import enum
import json
import uuid
from datetime import UTC, datetime
from typing import Any, Literal

import attrs
import jsonschema
import pytest

from openai_conversations.converters.errors import DecodeError
from openai_conversations.converters.structured import read_structured
from tests.converters.structured.samples import (
    INVOICE,
    Currency,
    Empty,
    Invoice,
    Line,
    Loose,
    Place,
    Point,
    Tree,
    plain,
    schema_of,
)


@pytest.mark.parametrize(
    "value",
    [
        INVOICE,
        Tree(1, [Tree(2, [Tree(3)]), Tree(4)], best=Tree(5)),
        Point(1, 2, uuid.UUID(int=7), datetime(2026, 1, 1, tzinfo=UTC)),
        Empty(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_round_trips(value: Any) -> None:
    """What a model writes of an object is the object."""
    jsonschema.validate(plain(value), schema_of(type(value)))

    assert value == read_structured(type(value), json.dumps(plain(value)))


def test_reading_a_typed_dict() -> None:
    """Null stands for a key that is left out, unless the key itself may be null."""
    text = '{"name": "n", "point": {"x": 1, "y": 2, "id": null, "seen": null}, "height": null, "note": null}'

    assert {"name": "n", "point": Point(1, 2), "note": None} == read_structured(Place, text)
    assert {"must": 1} == read_structured(Loose, '{"must": 1, "may": null}')


def test_kinds_of_numbers() -> None:
    """A float is a float also when the model writes 1, an integer also when it writes 1.0; neither is a boolean."""
    read = read_structured(Line, '{"text": "", "amount": 1, "currency": "EUR"}')
    point = read_structured(Point, '{"x": 1.0, "y": 12345678901234567890123, "id": null, "seen": null}')

    assert (float, int, int) == (type(read.amount), type(point.x), type(point.y))
    assert 12345678901234567890123 == point.y


class Ratio(enum.Enum):
    ONE = 1.0
    HALF = 0.5


@attrs.define
class Recipe:
    ratio: Ratio
    steps: frozenset[int | str]


@pytest.mark.parametrize("written", ["1", "1.0"])
def test_numbers_of_an_enum(written: str) -> None:
    """In JSON 1 and 1.0 are the same number, and neither is true."""
    assert Recipe(Ratio.ONE, frozenset({"a", 1})) == read_structured(
        Recipe, f'{{"ratio": {written}, "steps": ["a", 1, "a"]}}'
    )
    with pytest.raises(DecodeError, match=r"expected 1 or 0\.5, not true @ \$\.ratio"):
        read_structured(Recipe, '{"ratio": true, "steps": []}')


def test_defaults() -> None:
    """What a server leaves out that does not keep to strict mode has its default; what has none is missing."""
    assert Line("a", 1.0, Currency.EURO) == read_structured(Line, '{"text": "a", "amount": 1}')
    assert {"must": 1} == read_structured(Loose, '{"must": 1}')
    with pytest.raises(DecodeError, match=r"Line: required member missing @ \$\.amount$"):
        read_structured(Line, '{"text": "a"}')


@attrs.define
class Circle:
    kind: Literal["circle"]
    radius: float


@attrs.define
class Square:
    kind: Literal["square"]
    side: float


@attrs.define
class Named:
    a: int
    b: int = 0


@attrs.define
class Short:
    a: int


@attrs.define
class Drawing:
    shape: Circle | Square
    part: Named | Short
    number: int | float | Literal["none"]


@pytest.mark.parametrize(
    "value",
    [
        Drawing(Square("square", 1.0), Short(1), 1.5),
        Drawing(Circle("circle", 1.0), Named(1, 2), "none"),
        Drawing(Circle("circle", 1.0), Named(1), 2),
    ],
)
def test_unions(value: Drawing) -> None:
    """Of a union the member is taken whose tag and names are there; a default makes none fit that is not meant."""
    assert value == read_structured(Drawing, json.dumps(plain(value)))


GOOD = plain(Drawing(Square("square", 1.0), Short(1), 1.5))


@attrs.define
class Checked:
    even: int = attrs.field()

    @even.validator
    def _check(self, _: Any, value: int) -> None:
        if value % 2:
            raise ValueError("must be even")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (Line, "Sorry, I", "not JSON (Expecting value: line 1 column 1 (char 0))"),
        (Line, '{"text": "a", "amount": NaN}', "not JSON (NaN is not JSON)"),
        (Line, "[]", "expected Line, not array @ $"),
        (Line, "null", "expected Line, not null @ $"),
        (
            Line,
            '{"text": 1, "amount": "1", "currency": "USD", "more": 1}',
            (
                'expected string, not 1 @ $.text; expected number, not "1" @ $.amount; '
                'expected "EUR" or "CHF", not "USD" @ $.currency; unexpected member @ $.more'
            ),
        ),
        (Point, '{"x": 1.5}', "expected integer, not 1.5 @ $.x"),
        (Point, '{"x": true}', "expected integer, not true @ $.x"),
        (Point, '{"x": 1e999}', "expected integer, not Infinity @ $.x"),
        (Point, '{"x": 1, "id": "?"}', 'expected uuid, not "?" @ $.id'),
        (Point, '{"x": 1, "seen": []}', "expected date-time or null, not array @ $.seen"),
        (
            Tree,
            '{"value": 1, "children": [{"value": 1}, {"value": "x"}]}',
            'expected integer, not "x" @ $.children[1].value',
        ),
        (Invoice, '{"number": "", "lines": [], "pair": [1]}', "expected array of 2, not array @ $.pair"),
        (
            Invoice,
            '{"number": "", "lines": [], "state": {}}',
            'expected "open" or "closed" or 3 or null, not object @ $.state',
        ),
        (Drawing, json.dumps(GOOD | {"shape": {"kind": "square"}}), "required member missing @ $.shape.side"),
        (Drawing, json.dumps(GOOD | {"shape": {"kind": "line"}}), "expected Circle or Square, not object @ $.shape"),
        (Drawing, json.dumps(GOOD | {"number": None}), 'expected integer or number or "none", not null @ $.number'),
        (Checked, '{"even": 3}', "must be even @ $"),
        (Tree, '{"value":1,"children":[' * 3000, "not JSON"),
        (Tree, '{"value":1,"children":[' * 400 + "]}" * 400, "nests too deeply @ $"),
    ],
)
def test_what_does_not_fit(kind: Any, text: str, expected: str) -> None:
    """The error names each mismatch with its JSON path."""
    with pytest.raises(DecodeError) as error:
        read_structured(kind, text)
    assert str(error.value).startswith(f"the text does not fit {kind.__name__}: {expected}")
    assert error.value.__context__ is None


def test_long_enumerations() -> None:
    """Of many values that would fit, a few are named."""
    kind = attrs.make_class("Kind", {"a": attrs.field(type=Literal[tuple(range(20))])})

    with pytest.raises(DecodeError, match=r"expected 0 or 1 or 2 or 3 or 4 or 5 or 6 or 7 or …, not 20 @ \$\.a$"):
        read_structured(kind, '{"a": 20}')
