"""The classes against OpenAI's own description of the API: nothing that it has is missing here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

import attrs
import pytest

from openai_conversations.schemas.base import Schema
from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.schemas.unknown import Unknown
from tests.schemas.families import classes, fields, hints, literals, members, tagged

# Not part of the project: OpenAI's description, cut to the Conversations API, lies beside the repository.
DESCRIPTION = Path(__file__).resolve().parents[2].parent / "shared" / "spec" / "openapi-conversations.json"

pytestmark = pytest.mark.skipif(not DESCRIPTION.exists(), reason="OpenAI's description of the API is not here")

SCALARS: dict[str, tuple[Any, ...]] = {
    "string": (str,),
    "integer": (int, float),
    "number": (float,),
    "boolean": (bool,),
    "null": (NoneType,),
    "object": (dict,),
    "array": (list,),
}


@cache
def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DESCRIPTION.read_bytes())["components"]["schemas"]
    return found


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = _schemas()[node["$ref"].rsplit("/", 1)[1]]
    return node


def _alternatives(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Take a union of the description apart; the parts of an ``allOf`` are put together."""
    node = _resolved(node)
    if "allOf" in node:
        parts = [_resolved(part) for part in node["allOf"]]
        return [
            {
                "type": "object",
                "properties": {name: p for part in parts for name, p in part.get("properties", {}).items()},
                "required": [name for part in parts for name in part.get("required", [])],
            }
        ]
    union = node.get("anyOf") or node.get("oneOf")
    return [found for part in union for found in _alternatives(part)] if union else [node]


def _values(node: dict[str, Any]) -> list[Any]:
    return [
        value for part in _alternatives(node) for value in part.get("enum", [part["const"]] if "const" in part else [])
    ]


def _nullable(node: dict[str, Any]) -> bool:
    return any(part.get("type") == "null" for part in _alternatives(node))


class Comparison:
    """Walks a part of the description along with an annotation, and lists what the annotation lacks."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.seen: set[tuple[str, str]] = set()
        self.classes: set[type[Schema]] = set()

    def compare(self, path: str, node: dict[str, Any], hint: Any) -> None:
        """Compare every alternative of a part with the members of an annotation."""
        for part in _alternatives(node):
            if Any not in members(hint):
                self._one(path, part, hint)

    def _one(self, path: str, part: dict[str, Any], hint: Any) -> None:
        if "properties" in part:
            self._object(path, part, hint)
        elif "const" in part or "enum" in part:
            self._open_enumeration(path, part, hint)
        elif isinstance(part.get("type"), str):
            self._plain(path, part, hint)

    def _plain(self, path: str, part: dict[str, Any], hint: Any) -> None:
        found = [m for m in members(hint) if (get_origin(m) or m) in SCALARS[part["type"]]]
        # An id that is null is an empty one, and a tag that is null (of an item reference) is the tag.
        if not found and not (part["type"] == "null" and path.endswith((".id", ".type"))):
            self.missing.append(f"{path}: no {part['type']}")
        for m in found:
            if get_origin(m) is list:
                self.compare(path + "[]", part["items"], get_args(m)[0])
            if get_origin(m) is dict and isinstance(part.get("additionalProperties"), dict):
                self.compare(path + "{}", part["additionalProperties"], get_args(m)[1])

    def _open_enumeration(self, path: str, part: dict[str, Any], hint: Any) -> None:
        # ``object`` is a plain string: it is for people, nothing is decided by it.
        lacking = set(_values(part)) - literals(hint)
        if lacking and not path.endswith(".object"):
            self.missing.append(f"{path}: no {sorted(lacking)}")
        if str not in members(hint) and not path.endswith(".type"):
            self.missing.append(f"{path}: is closed")

    def _object(self, path: str, part: dict[str, Any], hint: Any) -> None:
        for where, cls in self._classes(path, part, hint):
            self.classes.add(cls)
            self._properties(where, part, cls)

    def _classes(self, path: str, part: dict[str, Any], hint: Any) -> Iterator[tuple[str, type[Schema]]]:
        """Find the classes for an object: by its tags, or the class without a tag."""
        known = tagged(hint)
        wanted = _values(part["properties"].get("type", {})) if known else []
        for tag in wanted:
            if tag is not None and tag in known:
                yield f"{path}/{tag}", known[tag]
            elif tag is not None:
                self.missing.append(f"{path}: no class for {tag!r}")
        if not wanted:
            plain = [
                m for m in members(hint) if isinstance(m, type) and issubclass(m, Schema) and m not in known.values()
            ]
            plain = [m for m in plain if "data" not in attrs.fields_dict(m) or "data" in part["properties"]]
            if not plain:
                self.missing.append(f"{path}: no class for an object with {sorted(part['properties'])}")
            yield from ((path, cls) for cls in plain)

    def _properties(self, path: str, part: dict[str, Any], cls: type[Schema]) -> None:
        known, required = fields(cls), part.get("required", [])
        for name, node in part["properties"].items():
            where = f"{path}.{name}"
            if name not in known:
                self.missing.append(f"{where}: no field in {cls.__name__}")
            elif (where, cls.__name__) not in self.seen:
                self.seen.add((where, cls.__name__))
                self.compare(where, node, hints(cls)[known[name].name])
                self._null(where, node, known[name], required=name in required)
        for name, a in known.items():
            if a.default is attrs.NOTHING and name not in required:
                self.missing.append(f"{path}.{name}: {cls.__name__} requires what may be absent")

    def _null(self, path: str, node: dict[str, Any], a: attrs.Attribute[Any], *, required: bool) -> None:
        writes_null = a.default is attrs.NOTHING or a.metadata.get("nullable")
        if required and _nullable(node) and not writes_null:
            self.missing.append(f"{path}: null is never written")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("ConversationItem", Item, id="items in answers"),
        pytest.param("InputItem", Item, id="items in requests"),
        pytest.param("ConversationItemList", ConversationItemList, id="page"),
        pytest.param("ConversationResource", Conversation, id="conversation"),
        pytest.param("DeletedConversationResource", ConversationDeletedResource, id="deleted conversation"),
    ],
)
def test_nothing_is_missing(name: str, hint: Any) -> None:
    """Every type, field, enumerated value and null of the description has its place, nested objects included."""
    comparison = Comparison()

    comparison.compare(name, _schemas()[name], hint)

    assert [] == comparison.missing


def test_every_class_is_described() -> None:
    """The walk reaches every class down to the innermost objects, and no class has been made up."""
    comparison = Comparison()

    comparison.compare("answers", _schemas()["ConversationItem"], Item)
    comparison.compare("requests", _schemas()["InputItem"], Item)

    newer_than_the_description = {
        *("ConfigurationUpdate", "JsonSchemaFormat", "TextConfig", "ReasoningConfig"),
        *("ImageGenerationError", "ModerationDetails", "SvgConfig", "SvgUsage"),
    }
    no_part_of_an_item = {"Conversation", "ConversationDeletedResource", "ConversationItemList"}
    undescribed = {cls.__name__ for cls in classes() if not issubclass(cls, Unknown)} - {
        cls.__name__ for cls in comparison.classes
    }
    assert newer_than_the_description | no_part_of_an_item == undescribed


def test_comparison_finds_what_is_missing() -> None:
    """A class, a field, a value or a null that is not there is named with its path."""
    comparison = Comparison()

    comparison.compare(
        "x",
        {
            "properties": {
                "id": {"type": "integer"},
                "object": {"const": "conversation"},
                "metadata": {"type": "boolean"},
                "created_at": {"enum": ["a", "b"]},
                "new": {"type": "string"},
            },
            "required": ["object"],
        },
        Conversation,
    )
    comparison.compare("y", {"properties": {"type": {"const": "new_item"}}}, Item)

    assert comparison.missing == [
        "x.id: no integer",
        "x.metadata: no boolean",
        "x.created_at: no ['a', 'b']",
        "x.created_at: is closed",
        "x.new: no field in Conversation",
        "x.id: Conversation requires what may be absent",
        "y: no class for 'new_item'",
    ]
