"""Any class that structured output takes, built at random, and any text."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, TypedDict

import attrs
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator as Validator

from openai_conversations.converters.errors import DecodeError
from openai_conversations.converters.structured import read_structured
from tests.converters.structured.samples import Currency, Priority, every_schema, plain, schema_of
from tests.strategies import anything


@attrs.frozen
class Case:
    """A hint, and what values of it are."""

    hint: Any
    values: st.SearchStrategy[Any]
    plain: bool = False


PLAIN = [
    Case(str, st.text(max_size=5), plain=True),
    Case(int, st.integers(), plain=True),
    Case(float, st.floats(allow_nan=False, allow_infinity=False), plain=True),
    Case(bool, st.booleans(), plain=True),
    Case(None, st.none(), plain=True),
    Case(Currency, st.sampled_from(Currency), plain=True),
    Case(Priority, st.sampled_from(Priority), plain=True),
    Case(Literal["a", 1, True], st.sampled_from(["a", 1, True]), plain=True),
]
FORMATS = [
    Case(date, st.dates()),
    Case(datetime, st.datetimes(timezones=st.just(UTC))),
    Case(uuid.UUID, st.uuids()),
]


@st.composite
def cases(draw: st.DrawFn, depth: int = 2, leaves: Sequence[Case] = (*PLAIN, *FORMATS)) -> Case:
    """Any type."""
    kinds = ["leaf", "list", "tuple", "set", "optional", "class"] if depth else ["leaf"]
    kind = draw(st.sampled_from(kinds))
    if kind == "leaf":
        return draw(st.sampled_from(leaves))
    if kind == "class":
        return draw(class_cases(depth - 1, leaves))
    inner = draw(st.sampled_from(leaves) if kind == "set" else cases(depth - 1, leaves))
    if kind == "list":
        return Case(list[inner.hint], st.lists(inner.values, max_size=3))
    if kind == "tuple":
        return Case(tuple[inner.hint, ...], st.lists(inner.values, max_size=3).map(tuple))
    if kind == "set":
        return Case(frozenset[inner.hint], st.frozensets(inner.values, max_size=3))
    return Case(inner.hint | None if inner.hint else None, st.none() | inner.values)


@st.composite
def class_cases(draw: st.DrawFn, depth: int = 2, leaves: Sequence[Case] = (*PLAIN, *FORMATS)) -> Case:
    """Any class, of any of the three kinds."""
    members = draw(st.dictionaries(st.sampled_from(["a", "b", "c_"]), cases(depth, leaves), max_size=3))
    hints = {name: case.hint for name, case in members.items()}
    values = {name: case.values for name, case in members.items()}
    kind = draw(st.sampled_from(["attrs", "dataclass", "dict"]))
    if kind == "dict":
        return Case(TypedDict("Generated", hints), st.fixed_dictionaries(values))  # type: ignore[operator]  # computed
    if kind == "attrs":
        fields = {name: attrs.field(type=type(None) if hint is None else hint) for name, hint in hints.items()}
        made: Any = attrs.make_class("Generated", fields)
    else:
        made = dataclasses.make_dataclass("Generated", list(hints.items()))
    return Case(made, st.builds(made, **values))


KEYWORDS = {"$defs", "$ref", "additionalProperties", "anyOf", "description", "enum", "format", "items"}
KEYWORDS |= {"maxItems", "minItems", "properties", "required", "type"}
"""What strict mode takes, and we use."""


@given(st.data())
def test_any_class(data: st.DataObject) -> None:
    """Any class has a schema that keeps the rules; any value of it fits the schema, and is read as it was."""
    case = data.draw(class_cases())
    value = data.draw(case.values)
    schema = schema_of(case.hint)

    Validator.check_schema(schema)
    for part in every_schema(schema):
        assert KEYWORDS >= part.keys()
        assert "$ref" not in part or {"$ref"} == part.keys()
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert list(part["properties"]) == part["required"]
    assert Validator(schema).is_valid(plain(value))
    assert value == read_structured(case.hint, json.dumps(plain(value)))


@given(st.data())
def test_nothing_else_is_read(data: st.DataObject) -> None:
    """What fits the schema is read, whatever it is, and nothing else is."""
    case = data.draw(class_cases(leaves=PLAIN))
    value = plain(data.draw(case.values))
    changed = data.draw(changes(value))
    fits = Validator(schema_of(case.hint)).is_valid(changed)

    try:
        read = plain(read_structured(case.hint, json.dumps(changed)))
    except DecodeError:
        assert not fits
    else:
        assert fits
        assert all(name in read for name in value)


@st.composite
def changes(draw: st.DrawFn, value: Any) -> Any:
    """The value with something put in the place of one of its parts, or left out, or added."""
    names = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not names or draw(st.booleans()):
        more = {"new": draw(anything)}
        return draw(anything | st.just({**value, **more})) if isinstance(value, dict) else draw(anything)
    name = draw(st.sampled_from(names))
    kept = dict(enumerate(value)) if isinstance(value, list) else dict(value)
    if draw(st.booleans()):
        kept[name] = draw(changes(kept[name]))
    else:
        del kept[name]
    return list(kept.values()) if isinstance(value, list) else kept


@given(st.data())
def test_any_union(data: st.DataObject) -> None:
    """Of a union no member is taken that cannot hold the value: what was written is what would be written again."""
    members = data.draw(st.lists(class_cases(1, PLAIN) | st.sampled_from(PLAIN[:4]), min_size=1, max_size=4))
    hint = members[0].hint
    for member in members[1:]:
        hint = hint | member.hint
    kind = attrs.make_class("Kind", {"a": attrs.field(type=hint)})
    value = {"a": plain(data.draw(st.one_of([member.values for member in members])))}
    assert Validator(schema_of(kind)).is_valid(value)

    written = plain(read_structured(kind, json.dumps(value)))

    assert value["a"] == written["a"]
