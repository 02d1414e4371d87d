"""The JSON schema of a schema class, for OpenAPI pages: its members, what they may be, and which must be there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, get_args, get_origin

from openai_conversations.converters.fields import Field, fields_of, is_schema, literals, union_members
from openai_conversations.schemas import items
from openai_conversations.schemas.base import Schema
from openai_conversations.schemas.items import ITEM_CLASSES
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.responses import events
from openai_conversations.schemas.responses.events import EVENT_CLASSES
from openai_conversations.schemas.responses.events.base import Event
from openai_conversations.schemas.unknown import Unknown

Refer = Callable[[type[Schema]], dict[str, Any]]
"""Gives the schema of another class, or a reference to it."""

_PLAIN: Final[dict[Any, str]] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}

_UNDER_WAY: ContextVar[frozenset[type]] = ContextVar("classes whose schema is being made", default=frozenset())


def ref_of(cls: type[Schema]) -> str:
    """What pydantic knows a class by."""
    return f"{cls.__module__}.{cls.__qualname__}"


def schema_of(cls: type[Schema], refer: Refer) -> dict[str, Any]:
    """The JSON schema of a class; unknown members are allowed everywhere."""
    if issubclass(cls, Unknown):
        return {"title": cls.__name__, "description": _description(cls)}
    if cls in _UNIONS:
        return {"title": cls.__name__, "anyOf": [refer(member) for member in _members(cls)]}
    token = _UNDER_WAY.set(_UNDER_WAY.get() | {cls})
    try:
        fields = fields_of(cls)
        properties = {field.wire: _field(field, refer) for field in fields}
    finally:
        _UNDER_WAY.reset(token)
    described = {"title": cls.__name__, "description": _description(cls), "type": "object", "properties": properties}
    required = [field.wire for field in fields if field.required or field.wire == "type"]
    return described | ({"required": required} if required else {})


_UNIONS: Final[dict[type, tuple[Any, dict[str, str]]]] = {Item: (items, ITEM_CLASSES), Event: (events, EVENT_CLASSES)}
"""Base class → where the classes are that it stands for, and their names by tag."""


def _members(cls: type[Schema]) -> list[type[Schema]]:
    module, names = _UNIONS[cls]
    return [getattr(module, name) for name in names.values()]


def _description(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].replace("``", "`")


def _field(field: Field, refer: Refer) -> dict[str, Any]:
    choices = _choices(field.type, refer)
    if field.takes_null and {} not in choices:
        choices.append({"type": "null"})
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _choices(hint: Any, refer: Refer) -> list[dict[str, Any]]:
    """What a hint allows; an unknown member, which may be anything, is not told of."""
    if words := literals(hint):
        is_open = str in union_members(hint)
        # A closed word is the tag of a class; the others are examples of what may come.
        return [{"type": "string", "examples": list(words)} if is_open else {"type": "string", "enum": list(words)}]
    known: list[Any] = [m for m in union_members(hint) if not (isinstance(m, type) and issubclass(m, Unknown))]
    return [_one(member, refer) for member in known] or [{}]


def _one(hint: Any, refer: Refer) -> dict[str, Any]:
    if is_schema(hint):
        return {"title": hint.__name__, "type": "object"} if hint in _UNDER_WAY.get() else refer(hint)
    if get_origin(hint) is list:
        choices = _choices(get_args(hint)[0], refer)
        return {"type": "array", "items": choices[0] if len(choices) == 1 else {"anyOf": choices}}
    if get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": True}
    return {"type": _PLAIN[hint]} if hint in _PLAIN else {}
