"""
Turns and events of servers that write them in another way: read as far as they go.

A response with an odd member is still a response, and an event of a known type is always of its class. The attribute is
what the class promises; what came goes to ``extra``, which is written back in its place, as with envelopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, get_origin

from cattrs import Converter
from cattrs.errors import BaseValidationError

from openai_conversations.converters.errors import SchemaMismatch
from openai_conversations.converters.fields import Field, fields_of, is_schema
from openai_conversations.jsontypes import is_object

_PACKAGE: Final = "openai_conversations.schemas.responses."


def is_tolerant(kind: Any) -> bool:
    """Whether a class, or anything else that can be decoded, is one of these."""
    return is_schema(kind) and kind.__module__.startswith(_PACKAGE)


@cache
def _fields(cls: Any) -> list[Field]:
    return fields_of(cls)


def read_tolerantly(value: Mapping[str, Any], cls: Any, converter: Converter) -> Any:
    """
    An object of a class, whatever its members are.

    Args:
        value: From the exact JSON reader.
        cls: One that :func:`is_tolerant`.
        converter: A detailed one.
    """
    made = cls.__new__(cls)
    extra = dict(value)
    for field in _fields(cls):
        member = extra.pop(field.wire, None)
        try:
            read = _member(field, member, converter)
        except (SchemaMismatch, BaseValidationError, RecursionError):
            read = _without(field, converter)
            if field.wire in value:
                extra[field.wire] = member
        setattr(made, field.name, read)
    made.extra = extra or None
    return made


def read_with_required(value: Mapping[str, Any], cls: Any, converter: Converter) -> Any:
    """
    The same, but what the class requires has to be there: without an id a response is none.

    Raises:
        SchemaMismatch: It is not, or is something else; also as one of cattrs' errors.
    """
    required = {f.wire: value[f.wire] for f in _fields(cls) if f.required and f.wire in value}
    converter.structure(required, cls)
    return read_tolerantly(value, cls, converter)


def _member(field: Field, value: Any, converter: Converter) -> Any:
    if value is None and field.takes_null:
        return None
    if value is None and not field.required:
        return field.default_value()
    if is_tolerant(field.type) and is_object(value):
        return read_tolerantly(value, field.type, converter)
    return converter.get_structure_hook(field.type)(value, field.type)


def _without(field: Field, converter: Converter) -> Any:
    """
    The value of a field that did not come, or not as its class has it.

    What these classes require are texts, lists, responses, and unions, which keep whatever comes.
    """
    if not field.required:
        return field.default_value()
    if is_schema(field.type):
        return read_tolerantly({}, field.type, converter)
    return [] if get_origin(field.type) is list else ""
