"""
Pydantic models, known by their methods: pydantic is never imported.

The schema that a model gives is made strict by the rules that the official client has, and some that it lacks: what
strict mode refuses is left out (``default``) or written in another way (``oneOf``) where nothing is lost by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

from openai_conversations.converters.errors import DecodeError
from openai_conversations.errors import InvalidArgumentError, one_line
from openai_conversations.jsontypes import JsonObject, as_object, is_array, is_object

_LEFT_OUT: Final = frozenset({"default", "discriminator"})


def is_model(kind: Any) -> bool:
    """Whether it is the class of a pydantic model."""
    return isinstance(kind, type) and all(
        callable(getattr(kind, name, None)) for name in ("model_json_schema", "model_validate_json")
    )


def model_schema(kind: Any) -> JsonObject:
    """
    The schema of a model, strict.

    Raises:
        InvalidArgumentError: Strict mode has no schema for the model.
    """
    schema = _StrictSchema(kind.__name__, _described(kind)).whole()
    if schema.get("type") != "object":
        raise InvalidArgumentError(f"text_format: {kind.__name__} is not an object in JSON, as strict mode asks for")
    return schema


def _described(kind: Any) -> JsonObject:
    try:
        schema: JsonObject = kind.model_json_schema()
    except (RuntimeError, TypeError, ValueError) as error:  # pydantic's own are of these
        reason = one_line(f"{error}")
    else:
        return schema
    raise InvalidArgumentError(f"text_format: {kind.__name__} has no JSON schema: {reason}")


def read_model(kind: Any, text: str) -> Any:
    """
    The model that a JSON text stands for.

    Raises:
        DecodeError: It does not fit; the message gives the JSON path of each mismatch.
    """
    try:
        return kind.model_validate_json(text)
    except ValueError as error:
        reason = _findings(error)
    raise DecodeError(f"the text does not fit {kind.__name__}: {reason}")


def _findings(error: Any) -> str:
    """The findings of pydantic's ValidationError, without the values."""
    found: Iterable[Any] = error.errors() if callable(getattr(error, "errors", None)) else ()
    return "; ".join(f"{one_line(each['msg'])} @ {_path(each['loc'])}" for each in found) or one_line(f"{error}")


def _path(location: Iterable[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)


class _StrictSchema:
    """A schema, and the way through it."""

    def __init__(self, name: str, schema: JsonObject) -> None:
        self._name = name
        self._schema = schema

    def whole(self) -> JsonObject:
        """
        The schema, strict.

        Raises:
            InvalidArgumentError: It has an object of any names.
        """
        return self._strict(self._schema, "$", frozenset())

    def _strict(self, schema: JsonObject, at: str, inside: frozenset[str]) -> JsonObject:
        """Make one part strict; *inside* are the references that were written out around it."""
        made = {key: value for key, value in schema.items() if key not in _LEFT_OUT}
        if "oneOf" in made:
            made["anyOf"] = made.pop("oneOf")
        if "$ref" in made and len(made) > 1:
            return self._written_out(made, at, inside)
        self._refuse_open(made, at)
        return self._members(made, at, inside)

    def _written_out(self, schema: JsonObject, at: str, inside: frozenset[str]) -> JsonObject:
        """Nothing may stand beside a reference: what it refers to is written in its place, but only once."""
        reference = cast("str", schema["$ref"])
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        if reference in inside:
            return self._strict({"anyOf": [{"$ref": reference}], **beside}, at, inside)
        return self._strict({**self._resolved(reference), **beside}, at, inside | {reference})

    def _resolved(self, reference: str) -> JsonObject:
        node = self._schema
        for step in reference.removeprefix("#/").split("/"):
            node = as_object(node.get(step))
        return node

    def _refuse_open(self, schema: JsonObject, at: str) -> None:
        is_open = schema.get("type") == "object" and "properties" not in schema
        if is_open or schema.get("additionalProperties", False) is not False:
            raise InvalidArgumentError(
                f"text_format: {self._name} has an object of any names at {at}, and strict mode has none: "
                "use a model, or a list of models with a name and a value"
            )

    def _members(self, schema: JsonObject, at: str, inside: frozenset[str]) -> JsonObject:
        made: JsonObject = {}
        for key, value in schema.items():
            if key in {"$defs", "properties"} and is_object(value):
                made[key] = {name: self._strict(part, f"{at}.{name}", inside) for name, part in value.items()}
            elif key in {"anyOf", "allOf"} and is_array(value):
                made[key] = [self._strict(part, at, inside) for part in value]
            elif key == "items" and is_object(value):
                made[key] = self._strict(value, f"{at}[]", inside)
            else:
                made[key] = value
        return _closed(_without_single_all_of(made))


def _closed(schema: JsonObject) -> JsonObject:
    """An object without further members, all of whose members are required."""
    closed = {"additionalProperties": False} if schema.get("type") == "object" else {}
    required = {"required": list(schema["properties"])} if "properties" in schema else {}
    return {**schema, **closed, **required}


def _without_single_all_of(schema: JsonObject) -> JsonObject:
    parts = schema.get("allOf", [])
    if len(parts) != 1:
        return schema
    return {**{key: value for key, value in schema.items() if key != "allOf"}, **parts[0]}
