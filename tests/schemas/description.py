"""OpenAI's description of the API, and a walk through it along with our annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

import attrs

from openai_conversations.schemas.base import Schema
from tests.schemas.families import fields, hints, literals, members, tagged

# Not part of the project: OpenAI's description, cut to these APIs, lies beside the repository.
_SPEC = Path(__file__).resolve().parents[2].parent / "shared" / "spec"
CONVERSATIONS = _SPEC / "openapi-conversations.json"
RESPONSES = _SPEC / "openapi-responses.json"

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
def described(description: Path) -> dict[str, Any]:
    """The schemas of a description, by name."""
    found: dict[str, Any] = json.loads(description.read_bytes())["components"]["schemas"]
    return found


class Comparison:
    """Walks a part of the description along with an annotation, and lists what the annotation lacks."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas
        self.missing: list[str] = []
        self.seen: set[tuple[str, str]] = set()
        self.classes: set[type[Schema]] = set()

    def compare(self, path: str, node: dict[str, Any], hint: Any) -> None:
        """Compare every alternative of a part with the members of an annotation."""
        for part in self._alternatives(node):
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
        lacking = set(self._values(part)) - literals(hint)
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
        wanted = self._values(part["properties"].get("type", {})) if known else []
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
        if required and self._nullable(node) and not writes_null:
            self.missing.append(f"{path}: null is never written")

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            node = self._schemas[node["$ref"].rsplit("/", 1)[1]]
        return node

    def _alternatives(self, node: dict[str, Any]) -> list[dict[str, Any]]:
        """Take a union of the description apart; the parts of an ``allOf`` are put together."""
        node = self._resolved(node)
        if "allOf" in node:
            parts = [part for one in node["allOf"] for part in self._alternatives(one)]
            return [
                {
                    "type": "object",
                    "properties": {name: p for part in parts for name, p in part.get("properties", {}).items()},
                    "required": [name for part in parts for name in part.get("required", [])],
                }
            ]
        union = node.get("anyOf") or node.get("oneOf")
        return [found for part in union for found in self._alternatives(part)] if union else [node]

    def _values(self, node: dict[str, Any]) -> list[Any]:
        return [
            value
            for part in self._alternatives(node)
            for value in part.get("enum", [part["const"]] if "const" in part else [])
        ]

    def _nullable(self, node: dict[str, Any]) -> bool:
        return any(part.get("type") == "null" for part in self._alternatives(node))
