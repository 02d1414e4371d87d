"""Every schema class, its tags and a filled instance of it, for the tests of this package."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

import openai_conversations.schemas
from openai_conversations.schemas.base import Schema
from openai_conversations.schemas.items import ITEM_CLASSES
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.responses.events.audio import AudioEvent
from openai_conversations.schemas.responses.events.base import ContentEvent, Event, ItemEvent
from openai_conversations.schemas.responses.events.reasoning import SummaryEvent
from openai_conversations.schemas.responses.events.shell import CommandEvent
from openai_conversations.schemas.unknown import Unknown
from openai_conversations.schemas.webhooks import WebhookEvent

SECRET = "s3cr3t"
BASES = (Schema, WebhookEvent, Item, Event, ItemEvent, ContentEvent, SummaryEvent, CommandEvent, AudioEvent)


def modules() -> list[str]:
    """Name every module of the schemas."""
    package = openai_conversations.schemas
    return [found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]


def classes() -> list[type[Schema]]:
    """List every schema class, the bases left out."""
    found = {
        value
        for module in map(import_module, modules())
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Schema)
        and "__attrs_attrs__" in vars(value)
        and value not in BASES
    }
    return sorted(found, key=lambda cls: (cls.__module__, cls.__name__))


def item_class(tag: str) -> type[Item]:
    """Import the class of an item."""
    found: type[Item] = getattr(import_module(f"openai_conversations.schemas.items.{tag}"), ITEM_CLASSES[tag])
    return found


@cache
def hints(cls: type[Schema]) -> dict[str, Any]:
    """Resolve the annotations of a class."""
    return get_type_hints(cls)


def fields(cls: type[Schema]) -> dict[str, attrs.Attribute[Any]]:
    """Map the wire name of each field of a class to the field; ``extra`` is none of the wire."""
    return {a.name.removesuffix("_"): a for a in attrs.fields(cls) if a.name != "extra"}


def members(hint: Any) -> list[Any]:
    """Take a union apart; a base class of items stands for all items."""
    if get_origin(hint) in (Union, UnionType):
        return [member for part in get_args(hint) for member in members(part)]
    if hint is Item:
        return [item_class(tag) for tag in ITEM_CLASSES]
    return [hint]


def literals(hint: Any) -> set[Any]:
    """Collect the values of all literals of an annotation."""
    return {value for part in members(hint) if get_origin(part) is Literal for value in get_args(part)}


def tags(cls: type[Schema]) -> set[Any]:
    """Collect the tags of a class; none when it has no ``type`` or any text is a type."""
    if issubclass(cls, Unknown) or "type" not in attrs.fields_dict(cls) or str in members(hints(cls)["type"]):
        return set()
    return literals(hints(cls)["type"])


def tagged(hint: Any) -> dict[str, type[Schema]]:
    """Map each tag of a union to its class."""
    found = [part for part in members(hint) if isinstance(part, type) and issubclass(part, Schema)]
    return {tag: cls for cls in found for tag in tags(cls)}


def sample(cls: type[Schema]) -> Schema:
    """Make an instance with a value in every field; all values of secret fields hold :data:`SECRET`."""
    values = {
        a.name: _value(hints(cls)[a.name], SECRET if a.metadata.get("secret") else a.name)
        for a in attrs.fields(cls)
        if a.init
    }
    return cls(**values)


def _value(hint: Any, text: str) -> Any:
    first = members(hint)[0]
    if first is Any:
        return {"type": "new", "id": "id_1", "key": [1]}
    if get_origin(first) is Literal:
        return get_args(first)[0]
    if get_origin(first) is list:
        return [_value(get_args(first)[0], text)]
    if get_origin(first) is dict:
        return {"brand_new": _value(get_args(first)[1], text)}
    if issubclass(first, Schema):
        return sample(first)
    return text if first is str else first(1)
