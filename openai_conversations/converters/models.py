"""
How schema classes are read and written.

These are cattrs hook factories: cattrs finds the hook for a type, asks for it once per class and composes it with the
others; what a hook does is ours.

There are two ways to read. The *fast* one is a function generated per class
(:mod:`openai_conversations.converters.readers`) that checks every primitive, keeps unknown fields and raises a bare
:class:`SchemaMismatch`. The *detailed* one is cattrs' own, several times slower, whose errors
carry JSON paths; it runs only after the fast one has failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from openai_conversations.converters.errors import SchemaMismatch
from openai_conversations.converters.fields import fields_of, is_schema
from openai_conversations.converters.json import as_json_value, is_sequence
from openai_conversations.converters.primitives import StructureHook
from openai_conversations.converters.readers import ReaderFactory
from openai_conversations.jsontypes import is_object
from openai_conversations.schemas.base import Schema

UnstructureHook = Callable[[Any], Any]


def configure_models(converter: Converter, *, detailed: bool) -> None:
    """Register the factories for all schema classes."""
    converter.register_structure_hook_factory(is_schema, _detailed_reader if detailed else ReaderFactory())
    converter.register_unstructure_hook_factory(is_schema, _writer)


def _detailed_reader(cls: type[Schema], converter: Converter) -> StructureHook:
    fields = fields_of(cls)
    names: dict[str, Any] = {f.name: override(rename=f.wire) for f in fields}
    read = make_dict_structure_fn(cls, converter, extra=override(omit=True), **names)
    known = frozenset(f.wire for f in fields)
    left_out_as_null = frozenset(f.wire for f in fields if not f.required and not f.takes_null)

    def structure(value: Any, _: Any) -> Any:
        if not is_object(value):
            raise SchemaMismatch(f"expected an object, not {type(value).__name__}")
        made = read({k: v for k, v in value.items() if v is not None or k not in left_out_as_null}, cls)
        made.extra = {k: v for k, v in value.items() if k not in known} or None
        return made

    return structure


def _writer(cls: type[Schema], converter: Converter) -> UnstructureHook:
    """Everything that is set, under its wire name; then what is not known, as it came."""
    plan = [(f.name, f.wire, f.keeps_null, f.left_out, f.default) for f in fields_of(cls)]
    write = converter.unstructure

    def unstructure(value: Schema) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for name, wire, keeps_null, left_out, default in plan:
            member = getattr(value, name)
            if (member is None and not keeps_null) or (left_out and member == default):
                continue
            written[wire] = member if type(member) in _PLAIN else write_value(member, write)
        if value.extra:
            written.update(write_value(value.extra, write))
        return written

    return unstructure


_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


def write_value(value: Any, write: Callable[[Any], Any]) -> Any:
    """
    Schema objects at any depth become JSON, and so does what orjson would write; everything else stays what it is.

    Raises:
        RecursionError: The value contains itself, or nests very deeply.
    """
    if isinstance(value, Schema):
        return write(value)
    # Plain members stay as they are without a call: 6 % of the instructions of an append of 20 items.
    if is_object(value):
        return {k: v if type(v) in _PLAIN else write_value(v, write) for k, v in value.items()}
    if is_sequence(value):
        return [v if type(v) in _PLAIN else write_value(v, write) for v in value]
    plain = as_json_value(value)
    return value if plain is value else write_value(plain, write)


def shallow(value: Any) -> Any:
    """What a value is written as, its members left as they are: for saying where something stands."""
    if isinstance(value, Schema):
        fields = {f.wire: getattr(value, f.name) for f in fields_of(type(value))}
        return fields | (value.extra or {})
    return as_json_value(value)
