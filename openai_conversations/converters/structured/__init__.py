"""
Structured output: a class as the format of a model's text, and the text as an object of the class.

The class is an attrs class, a dataclass or a TypedDict, and then one tree of types both writes the schema and reads the
text, so that the two cannot disagree. Or it is a pydantic model, known by its methods: then pydantic does both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from openai_conversations.converters.errors import DecodeError, SchemaMismatch
from openai_conversations.converters.json import loads_exact
from openai_conversations.converters.structured.definitions import name_in_json, whole_schema
from openai_conversations.converters.structured.hints import Hints, checked_class
from openai_conversations.converters.structured.models import is_model, model_schema, read_model
from openai_conversations.converters.structured.reading import Place
from openai_conversations.converters.structured.types import Object
from openai_conversations.jsontypes import JsonObject

T = TypeVar("T")


def text_format_of(kind: Any) -> JsonObject:
    """
    The ``format`` of ``text`` that makes the model write JSON of a class, in strict mode.

    All members are required, none is added; what has a default has to be written by the model all the same. Docstrings
    of classes, ``metadata={"description": …}`` of fields and text in ``Annotated`` are descriptions for the model.

    Args:
        kind: An attrs class, a dataclass, a TypedDict or a pydantic model class. Members are strings, numbers,
            booleans, dates, UUIDs, ``Literal``, enums, such classes, lists, sets, tuples of one type, and unions of all
            these.

    Raises:
        InvalidArgumentError: Strict mode has no schema for the class; the message says for what of it.
    """
    schema = model_schema(kind) if is_model(kind) else whole_schema(_object_of(checked_class(kind)))
    return {"type": "json_schema", "name": name_in_json(kind.__name__), "schema": schema, "strict": True}


def read_structured(kind: type[T], text: str, *, what: str | None = None) -> T:
    """
    The object that the JSON text of a model stands for.

    A member that is missing, as with servers that do not keep to strict mode, has its default where it has one.

    Args:
        kind: The class whose format was asked for.
        text: What the model wrote, which is no refusal.
        what: What an error begins with; ``None`` for "the text does not fit" and the name of the class.

    Raises:
        DecodeError: The text is not JSON, or does not fit; the message gives the JSON path of each mismatch.
        InvalidArgumentError: See :func:`text_format_of`.
    """
    read: T = read_model(kind, text) if is_model(kind) else _read(_object_of(checked_class(kind)), text, what)
    return read


def _read(kind: Object, text: str, what: str | None) -> Any:
    try:
        return _read_value(kind, loads_exact(text))
    except SchemaMismatch as error:
        reason = str(error)
    except RecursionError:
        reason = "nests too deeply @ $"
    except ValueError as error:
        reason = f"not JSON ({error})"
    raise DecodeError(f"{what or f'the text does not fit {kind.name}'}: {reason}")


def _read_value(kind: Object, value: Any) -> Any:
    """By the schema first: of a union's members, a default could make the wrong one fit."""
    try:
        return kind.read(value, Place("$", lenient=False))
    except SchemaMismatch:
        pass
    return kind.read(value, Place("$", lenient=True))


@lru_cache(maxsize=128)
def _object_of(kind: Any) -> Object:
    return Hints().root(kind)
