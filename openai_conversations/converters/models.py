"""
How schema classes are read and written.

These are cattrs hook factories: cattrs finds the hook for a type, asks for it once per class and composes it with the
others; what a hook does is ours.

There are two ways to read. The *fast* one is a function generated per class that checks every primitive, keeps unknown
fields and raises a bare :class:`SchemaMismatch`. The *detailed* one is cattrs' own, several times slower, whose errors
carry JSON paths; it runs only after the fast one has failed.

Generated, because decoding is what a client does all day. A page of 100 mixed items, in multiples of ``orjson.loads``
(:mod:`benchmarks`): cattrs' own functions with the same checks 3.2 to 3.4, these 2.0 to 2.5. They fill the slots of an
instance directly; calling ``__init__`` with keywords costs another 20 %.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_args, get_origin

from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from openai_conversations.converters.errors import SchemaMismatch
from openai_conversations.converters.fields import (
    Field,
    fields_of,
    is_open_enum,
    is_schema,
    is_union,
    literals,
    union_members,
)
from openai_conversations.converters.json import as_json_value, is_sequence
from openai_conversations.converters.primitives import StructureHook, keep_precise
from openai_conversations.jsontypes import is_object
from openai_conversations.schemas.base import Schema

UnstructureHook = Callable[[Any], Any]


def configure_models(converter: Converter, *, detailed: bool) -> None:
    """Register the factories for all schema classes."""
    converter.register_structure_hook_factory(is_schema, _detailed_reader if detailed else _Generator())
    converter.register_unstructure_hook_factory(is_schema, _writer)


class _Generator:
    """Makes the fast readers; classes that contain themselves are bound when they are first used."""

    def __init__(self) -> None:
        self._under_way: set[type[Schema]] = set()

    def __call__(self, cls: type[Schema], converter: Converter) -> StructureHook:
        if cls in self._under_way:
            # Asked for when it is used: by then it is made.
            return lambda value, _: converter.get_structure_hook(cls)(value, _)  # noqa: PLW0108
        self._under_way.add(cls)
        try:
            return _fast_reader(cls, converter)
        finally:
            self._under_way.discard(cls)


class _Source:
    """
    The text of a function that reads one class, and the names that it uses.

    It reads ``o``, and sets ``n`` to 0 when a field is not there: an object with all fields of its class, and as many
    members, has no unknown ones, and nobody needs to look for them.
    """

    def __init__(self, converter: Converter) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"SchemaMismatch": SchemaMismatch, "keep_precise": keep_precise}
        self._converter = converter

    def name(self, prefix: str, value: Any) -> str:
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name

    def field(self, field: Field) -> None:
        """Read ``v`` from ``o`` and set the attribute."""
        if _is_tag(field):
            tags = self.name("tags", {tag: tag for tag in literals(field.type)})
            self.lines += [f"try: v = o[{field.wire!r}]", f"except KeyError: v, n = {field.default!r}, 0"]
            self.lines.append(f"new.{field.name} = {tags}[v]")
            return
        if field.left_out and field.type in (str, int):
            self.lines += self.nearly_always_there(field)
            return
        checks = self.checks(field)
        if field.required and not field.takes_null:
            self.lines += [f"v = o[{field.wire!r}]", *checks]
        else:
            got = f"o[{field.wire!r}]" if field.required else f"get({field.wire!r})"
            self.lines += [f"v = {got}", "if v is not None:", *_indented(checks or ["pass"])]
            if not field.required:
                self.lines += ["else:", "    n = 0"]
                self.lines += [f"    v = {self.default(field)}"] if field.default is not None else []
        self.lines.append(f"new.{field.name} = v")

    def nearly_always_there(self, field: Field) -> list[str]:
        """Ask the object directly, which costs a third of ``get``: a fifth of an event, which has four such fields."""
        kind, default = field.type, repr(field.default)
        return [
            "try:",
            f"    new.{field.name} = v = o[{field.wire!r}]",
            f"    if type(v) is not {kind.__name__}:",
            f"        new.{field.name} = {default} if v is None else {self.hook(kind)}(v, None)",
            f"except KeyError: new.{field.name}, n = {default}, 0",
        ]

    def default(self, field: Field) -> str:
        return repr(field.default) if type(field.default) is str else f"{self.name('default', field.default_value)}()"

    def checks(self, field: Field) -> list[str]:
        """
        Lines that check and convert ``v``, which is not ``None``.

        Known words are replaced by the one copy that their class holds: a page of items repeats them in every item.
        """
        kind = field.type
        if kind is str or kind is int:
            return [f"if type(v) is not {kind.__name__}: v = {self.hook(kind)}(v, None)"]
        if kind is bool:
            return [f"if v is not True and v is not False: raise SchemaMismatch({field.wire!r})"]
        if literals(kind) and not is_union(kind):
            return [f"v = {self.name('words', {word: word for word in literals(kind)})}[v]"]
        if is_open_enum(kind):
            words = self.name("words", {word: word for word in literals(kind)}.get)
            return [f"v = {words}(v) or {self.hook(str)}(v, None)"]
        if kind == dict[str, Any]:
            return [f"if type(v) is not dict: raise SchemaMismatch({field.wire!r})", "keep_precise(v)"]
        listed = _list_member(kind)
        if listed is None:
            return self.converted(kind, "{}", "v")
        other = (
            f"raise SchemaMismatch({field.wire!r})" if get_origin(kind) is list else f"v = {self.hook(kind)}(v, None)"
        )
        # An empty list stays what it is: an empty comprehension costs as much as two fields.
        converted = ["if v:", *_indented(self.converted(listed, "[{} for i in v]", "i"))]
        return ["if type(v) is list:", *_indented(converted), f"else: {other}"]

    def converted(self, kind: Any, template: str, variable: str) -> list[str]:
        """
        Lines that convert with the hook of a type.

        Where members are told apart by their tag, the table is asked right here; what it does not know, and what does
        not fit, goes to the hook, which keeps it. This saves two calls per object: 20 % of a page.
        """
        hook = self._converter.get_structure_hook(kind)
        call = template.format(f"{self.name('hook', hook)}({variable}, None)")
        table: Any = getattr(hook, "table", None)
        if table is None:
            return [f"v = {call}"]
        direct = template.format(f"{self.name('table', table)}[{variable}['type']]({variable}, None)")
        return [
            "try:",
            f"    v = {direct}",
            "except (KeyError, TypeError, SchemaMismatch):",
            f"    v = {call}",
        ]

    def hook(self, kind: Any) -> str:
        return self.name("hook", self._converter.get_structure_hook(kind))


def _is_tag(field: Field) -> bool:
    """Whether a field is a ``type`` with a default among its closed values."""
    return bool(literals(field.type)) and not is_union(field.type) and field.default in literals(field.type)


def _list_member(kind: Any) -> Any:
    """What is in the list that a field may hold; ``None`` when there is no list, or one of plain values."""
    for member in union_members(kind):
        if get_origin(member) is list and get_args(member)[0] not in (str, int, float, bool, Any):
            return get_args(member)[0]
    return None


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _fast_reader(cls: type[Schema], converter: Converter) -> StructureHook:
    fields = fields_of(cls)
    source = _Source(converter)
    for field in fields:
        source.field(field)
    source.names |= {"make": cls.__new__, "cls": cls, "known": frozenset(f.wire for f in fields)}
    body = "\n        ".join(source.lines)
    exec(  # noqa: S102  # the text is made of this package's own field names
        _READER.format(body=body, fields=len(fields)), source.names
    )
    reader: StructureHook = source.names["read"]
    reader.__qualname__ = f"read_{cls.__name__}"
    return reader


_READER = """
def read(o, _):
    if type(o) is not dict: raise SchemaMismatch("expected an object")
    new = make(cls)
    get = o.get
    n = {fields}
    try:
        {body}
    except (KeyError, TypeError) as error:
        raise SchemaMismatch(str(error)) from None
    if n == len(o) or known.issuperset(o):
        new.extra = None
    else:
        new.extra = keep_precise({{k: v for k, v in o.items() if k not in known}})
    return new
"""


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
