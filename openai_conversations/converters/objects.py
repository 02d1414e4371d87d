"""
What objects say of themselves in JSON: ``to_dict()``, ``model_dump()``, ``from_dict()``, and what pydantic asks for.

The schemas have these methods and know nothing of JSON: they ask :mod:`openai_conversations.lazy` for this module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Final, cast

from openai_conversations.converters.codec import codec
from openai_conversations.converters.errors import DecodeError
from openai_conversations.converters.fields import Field, fields_of
from openai_conversations.converters.json import as_json_value, dumps, is_sequence
from openai_conversations.converters.json_schema import ref_of, schema_of
from openai_conversations.converters.lossless import json_text
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.jsontypes import is_object
from openai_conversations.schemas.base import DumpOptions, Schema, Selection
from openai_conversations.schemas.responses.events.base import Event
from openai_conversations.schemas.unknown import Unknown

_ALL: Final = "__all__"
_TAGS: Final = frozenset({"type", "object"})
_MODES: Final = ("python", "json")


def dump(value: Any, options: DumpOptions) -> Any:
    """
    The JSON value of an object, by pydantic's keywords.

    Raises:
        TypeError: A keyword is none of them.
        InvalidArgumentError: It contains itself, or nests too deeply; or *mode* is none.
    """
    for name in options:
        if name not in DumpOptions.__annotations__:
            raise TypeError(f"unexpected keyword argument {name!r}")
    if options.get("mode", "python") not in _MODES:
        raise InvalidArgumentError(f"mode must be one of {', '.join(_MODES)}, not {options.get('mode')!r}")
    written = codec().to_json(value)  # refuses what has no end
    chosen = {name for name, given in options.items() if given and name not in _WITHOUT_EFFECT}
    if chosen == {"exclude_unset"}:
        return written
    return _Dump(options).written(value, options.get("include"), options.get("exclude"))


_WITHOUT_EFFECT: Final = frozenset(
    {
        "by_alias",
        "context",
        "exclude_computed_fields",
        "mode",
        "polymorphic_serialization",
        "round_trip",
        "serialize_as_any",
        "use_api_names",
        "warnings",
    }
)


def dump_json(value: Any, options: DumpOptions, *, indent: int | None, ensure_ascii: bool) -> str:
    """
    The same as text.

    Raises:
        InvalidArgumentError: It holds something that JSON cannot carry; the message gives the JSON path.
    """
    try:
        return json_text(dump(value, options), indent=indent, ensure_ascii=ensure_ascii)
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"{type(value).__name__} cannot be written as JSON: {error}") from None


class _Dump:
    """One run through an object, by the keywords of pydantic's ``model_dump``."""

    def __init__(self, options: DumpOptions) -> None:
        self._unset = options.get("exclude_unset", False)
        self._defaults = options.get("exclude_defaults", False)
        self._none = options.get("exclude_none", False)
        self._fallback: Callable[[Any], Any] | None = options.get("fallback")

    def written(self, value: Any, include: Selection | None, exclude: Selection | None) -> Any:
        """What is written of a value."""
        if isinstance(value, Unknown):
            value = value.data
        if isinstance(value, Schema):
            return self._object(value, include, exclude)
        plain = as_json_value(value)
        if is_object(plain):
            members = ((key, key, member) for key, member in plain.items())
            return {key: self.written(*part) for key, part in _selected(members, include, exclude)}
        if is_sequence(plain):
            positions = ((index, index - len(plain), member) for index, member in enumerate(plain))
            return [self.written(*part) for _, part in _selected(positions, include, exclude)]
        is_json = plain is None or isinstance(plain, (str, int, float))
        return plain if is_json or self._fallback is None else self._fallback(plain)

    def _object(self, value: Schema, include: Selection | None, exclude: Selection | None) -> dict[str, Any]:
        kind: Any = type(value)
        members = [(f.wire, f.name, getattr(value, f.name)) for f in _fields(kind) if self._keeps(f, value)]
        members += [(key, key, member) for key, member in (value.extra or {}).items()]
        written = {key: self.written(*part) for key, part in _selected(members, include, exclude)}
        return {k: v for k, v in written.items() if v is not None} if self._none else written

    def _keeps(self, field: Field, value: Schema) -> bool:
        member = getattr(value, field.name)
        is_default = member is None if field.required else member == field.default_value()
        if field.left_out and is_default:
            return False
        if self._defaults and is_default and not field.required and field.wire not in _TAGS:
            return False
        return not (self._unset and member is None and not field.keeps_null)


@cache
def _fields(cls: Any) -> list[Field]:
    return fields_of(cls)


def _selected(members: Any, include: Selection | None, exclude: Selection | None) -> Any:
    """Each member that is written, with what of it; a member has a name and another one that may stand for it."""
    for key, other, member in members:
        inside, outside = _rule(include, key, other), _rule(exclude, key, other)
        if outside is True or (include is not None and inside in (None, False)):
            continue
        yield key, (member, None if inside in (True, None) else inside, outside or None)


def _rule(rules: Selection | None, key: Any, other: Any) -> Any:
    """What a selection says of a member: ``True``, what of it, or ``None`` for nothing."""
    if rules is None:
        return None
    name = next((name for name in (key, other, _ALL) if name in rules), None)
    if name is None:
        return None
    said = rules[name] if isinstance(rules, Mapping) else True
    return True if said is ... else said


def from_dict(cls: Any, data: Any) -> Any:
    """
    The object that a JSON object stands for.

    Raises:
        InvalidArgumentError: It does not fit; the message gives the JSON paths.
    """
    try:
        body = dumps(codec().to_json(data))
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"{cls.__name__} cannot be made of this: {error}") from None
    return from_json(cls, body)


def from_json(cls: Any, text: str | bytes) -> Any:
    """
    The same from text.

    Raises:
        InvalidArgumentError: It is not JSON, or does not fit.
    """
    body = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    try:
        return codec().decode_event(body) if cls is Event else codec().decode(body, cls)
    except DecodeError as error:
        raise InvalidArgumentError(f"{cls.__name__} cannot be made of this: {error}") from None


def json_default(value: Any) -> Any:
    """
    For ``json.dumps(…, default=json_default)`` and the like: the JSON of our objects, wherever they stand.

    Raises:
        TypeError: It is none of ours, nor anything else that stands for JSON.
    """
    if isinstance(value, Schema):
        return value.to_dict()
    plain = as_json_value(value)
    if plain is value:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    return plain


# What pydantic asks for. Its core schemas are plain dictionaries, so nothing of it is imported.
# https://docs.pydantic.dev/latest/concepts/types/#customizing-validation-with-__get_pydantic_core_schema__


def pydantic_core_schema(cls: type[Schema]) -> dict[str, Any]:
    """How pydantic reads and writes a class: an instance as it is, JSON by our rules, and out comes JSON."""
    return {
        "type": "function-plain",
        "ref": ref_of(cls),
        "function": {"type": "no-info", "function": partial(_validated, cls)},
        "serialization": {"type": "function-plain", "function": _serialized, "when_used": "always"},
    }


@cache
def pydantic_serializer(cls: Any) -> Any:
    """
    What writes the objects of a class for pydantic.

    Raises:
        AttributeError: Pydantic is not loaded, so it is not pydantic that asks.
    """
    core = sys.modules.get("pydantic_core")
    if core is None:
        raise AttributeError("__pydantic_serializer__")
    schema = pydantic_core_schema(cls)
    del schema["ref"]
    return core.SchemaSerializer(schema)


def pydantic_json_schema(cls: type[Schema], handler: Any) -> dict[str, Any]:
    """The JSON schema of a class; what it consists of stands in ``$defs``, or in the components of OpenAPI."""

    def refer(other: type[Schema]) -> dict[str, Any]:
        # As the member of a list: only what is inside something is asked for its own JSON schema, and referred to.
        # Pydantic notes the method of a class where it meets the class itself; here it does not.
        noted = {"pydantic_js_functions": [other.__get_pydantic_json_schema__]}
        listed = handler({"type": "list", "items_schema": pydantic_core_schema(other) | {"metadata": noted}})
        return cast("dict[str, Any]", listed["items"])

    return schema_of(cls, refer)


def _validated(cls: type[Schema], value: Any) -> Any:
    if isinstance(value, cls):
        return value
    plain = as_json_value(value)
    if not is_object(plain):
        raise InvalidArgumentError(f"expected the JSON of a {cls.__name__}, not a {type(value).__name__}")
    return cls.from_dict(plain)


def _serialized(value: Any) -> Any:
    return value.to_dict() if isinstance(value, Schema) else value
