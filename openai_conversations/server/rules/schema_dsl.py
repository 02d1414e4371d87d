"""
A small language for the shapes of JSON values.

A shape is a function of a value and of its path in the request. It returns the value as the service stores it (gaps
filled, meaningless nulls gone) or raises the error that the service would respond with. Tables of shapes are in
:mod:`.components`, :mod:`.tools` and :mod:`.item_types`. Fields that a shape does not name are kept: the description of
the API leaves its objects open, except where ``closed`` says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import attrs

from openai_conversations.server.http import errors

Shape = Callable[[Any, str], Any]

_NOTHING: Any = object()


@attrs.frozen
class Field:
    """
    A field that may be absent; a null counts as absent unless the shape is :class:`nullable`.

    Attributes:
        shape: Of the value, when there is one.
        default: What is stored when there is none; nothing is stored without a default.
    """

    shape: Shape
    default: Any = _NOTHING


def opt(shape: Shape) -> Field:
    """The field may be absent, and stays so."""
    return Field(shape)


def fill(shape: Shape, default: Any) -> Field:
    """The field may be absent: ``default`` is stored. A list is copied for each value."""
    return Field(shape, default)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def anything(value: Any, path: str) -> Any:  # noqa: ARG001  # a shape like the others
    return value


def boolean(value: Any, path: str) -> Any:
    if not isinstance(value, bool):
        raise errors.wrong_type(path, "a boolean", value)
    return value


def number(value: Any, path: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise errors.wrong_type(path, "a number", value)
    return value


def integer(least: int | None = None, most: int | None = None) -> Shape:
    def shape(value: Any, path: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise errors.wrong_type(path, "an integer", value)
        errors.check_range(path, value, least, most)
        return value

    return shape


def text(least: int = 0, most: int | None = None, pattern: str | None = None) -> Shape:
    """A string of ``least`` to ``most`` characters that ``pattern`` matches from end to end."""
    matches = re.compile(pattern).fullmatch if pattern else None

    def shape(value: Any, path: str) -> Any:
        if not isinstance(value, str):
            raise errors.wrong_type(path, "a string", value)
        errors.check_length(path, "string", len(value), least, most)
        if matches and not matches(value):
            raise errors.wrong_pattern(path, value, pattern)
        return value

    return shape


def words(*known: str) -> Shape:
    """One of these strings."""

    def shape(value: Any, path: str) -> Any:
        if not isinstance(value, str):
            raise errors.wrong_type(path, f"one of {', '.join(known)}", value)
        if value not in known:
            raise errors.wrong_value(path, value, known)
        return value

    return shape


@attrs.frozen
class nullable:  # noqa: N801  # a word of the language, like the others
    """A value or null; in :func:`opt` it keeps a null that was sent."""

    inner: Shape

    def __call__(self, value: Any, path: str) -> Any:
        return None if value is None else self.inner(value, path)


def array(member: Shape, least: int = 0, most: int | None = None) -> Shape:
    def shape(value: Any, path: str) -> Any:
        if not is_array(value):
            raise errors.wrong_type(path, "an array", value)
        errors.check_length(path, "array", len(value), least, most)
        return [member(one, f"{path}[{n}]") for n, one in enumerate(value)]

    return shape


def mapping(member: Shape = anything) -> Shape:
    """An object with any keys."""

    def shape(value: Any, path: str) -> Any:
        if not is_object(value):
            raise errors.wrong_type(path, "an object", value)
        return {key: member(one, f"{path}.{key}") for key, one in value.items()}

    return shape


def either(**shapes: Shape) -> Shape:
    """The shape by the kind of value: ``either(str=text(), list=array(PART))``."""
    expected = " or ".join(_JSON_TYPES[kind] for kind in shapes)

    def shape(value: Any, path: str) -> Any:
        chosen = shapes.get(type(value).__name__)
        if chosen is None:
            raise errors.wrong_type(path, expected, value)
        return chosen(value, path)

    return shape


_JSON_TYPES = {
    "str": "a string",
    "list": "an array",
    "dict": "an object",
    "bool": "a boolean",
    "int": "a number",
    "float": "a number",
}


@attrs.frozen
class Obj:
    """
    An object: a field is required when its shape stands alone, optional in :func:`opt` or :func:`fill`.

    ``closed`` refuses what is not named.
    """

    fields: Mapping[str, Shape | Field]
    closed: bool = False

    def __call__(self, value: Any, path: str) -> Any:
        if not is_object(value):
            raise errors.wrong_type(path, "an object", value)
        if self.closed and (unknown := value.keys() - self.fields.keys()):
            raise errors.unknown_parameter(f"{path}.{min(unknown)}")
        stored = dict(value)
        for name, field in self.fields.items():
            self._read(stored, name, field, path)
        return stored

    @staticmethod
    def _read(stored: dict[str, Any], name: str, field: Shape | Field, path: str) -> None:
        if not isinstance(field, Field):
            if name not in stored:
                raise errors.missing(f"{path}.{name}")
            stored[name] = field(stored[name], f"{path}.{name}")
        elif stored.get(name) is not None:
            stored[name] = field.shape(stored[name], f"{path}.{name}")
        elif field.default is not _NOTHING:
            stored[name] = list(field.default) if is_array(field.default) else field.default
        elif name in stored and not isinstance(field.shape, nullable):
            del stored[name]


@attrs.frozen
class Tagged:
    """An object whose ``type`` says which shape it has."""

    shapes: Mapping[str, Obj]

    def __call__(self, value: Any, path: str) -> Any:
        if not is_object(value):
            raise errors.wrong_type(path, "an object", value)
        if "type" not in value:
            raise errors.missing(f"{path}.type")
        words(*self.shapes)(value["type"], f"{path}.type")
        return self.shapes[value["type"]](value, path)
