"""
The fast readers: one generated function per class, from a JSON object to an object of the class.

Generated, because decoding is what a client does all day. A page of 100 mixed items, in instructions of
``orjson.loads`` (``python -m benchmarks.instructions``): cattrs' own functions with the same checks 3.2, these 2.2.
They fill the slots of an instance directly; calling ``__init__`` with keywords costs another 20 %.
What each trick saves of such a page is said where it is used. All of them take what is usual first; what is not goes a
longer way to the same end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args, get_origin

from cattrs import Converter

from openai_conversations.converters.errors import SchemaMismatch
from openai_conversations.converters.fields import Field, fields_of, is_open_enum, is_union, literals, union_members
from openai_conversations.converters.primitives import StructureHook, keep_precise
from openai_conversations.jsontypes import is_object
from openai_conversations.schemas.base import Schema


class ReaderFactory:
    """Makes the readers; classes that contain themselves are bound when they are first used."""

    def __init__(self) -> None:
        self._under_way: set[type[Schema]] = set()

    def __call__(self, cls: type[Schema], converter: Converter) -> StructureHook:
        if cls in self._under_way:
            # Asked for when it is used: by then it is made.
            return lambda value, _: converter.get_structure_hook(cls)(value, _)  # noqa: PLW0108
        self._under_way.add(cls)
        try:
            return _reader(cls, converter)
        finally:
            self._under_way.discard(cls)


def for_tag(reader: Any) -> StructureHook:
    """What reads an object whose ``type`` is known to be that of the class."""
    known: StructureHook = getattr(reader, "for_tag", reader)
    return known


def _reader(cls: type[Schema], converter: Converter) -> StructureHook:
    source = _Source(cls, converter)
    reader = source.function()
    return reader if source.tag is None else _with_tag_checked(reader, source.tag)


def _with_tag_checked(reader: StructureHook, tag: str) -> StructureHook:
    """For a class with a single tag: whoever chose it by the tag need not read the tag again, which saves 4 %."""

    def read(value: Any, _: Any) -> Any:
        if not is_object(value) or value.get("type", tag) != tag:
            raise SchemaMismatch(f"expected an object of type {tag}")
        return reader(value if "type" in value else {**value, "type": tag}, None)

    checked: Any = read
    checked.for_tag = reader
    hook: StructureHook = checked
    return hook


class _Source:
    """
    The text of a function that reads one class, and the names that it uses.

    It reads ``o``, an object of ``m`` members, and counts in ``n`` those that it knows. When all are known, what has
    not been read is not there, and nobody needs to look for it: that saves 13 %.

    Attributes:
        tag: The ``type`` that the function takes for granted.
    """

    def __init__(self, cls: type[Schema], converter: Converter) -> None:
        fields = fields_of(cls)
        self.tag = next((tag for field in fields if (tag := _only_tag(field))), None)
        self._cls = cls
        self._converter = converter
        self._names: dict[str, Any] = {
            "SchemaMismatch": SchemaMismatch,
            "keep_precise": keep_precise,
            "unknown_members": _unknown_members,
            "make": cls.__new__,
            "cls": cls,
            "known": frozenset(f.wire for f in fields),
        }
        self._usual: list[str] = []
        self._seldom: list[str] = []
        self._absent: list[str] = []
        self._certain = 0
        for field in fields:
            self._field(field)

    def function(self) -> StructureHook:
        """The function."""
        text = _READER.format(
            check="" if self.tag else _CHECK,
            certain=self._certain,
            usual="\n        ".join(self._usual),
            absent="\n            ".join(self._absent),
            seldom="\n            ".join(self._seldom),
        )
        exec(text, self._names)  # noqa: S102  # the text is made of this package's own field names
        reader: StructureHook = self._names["read"]
        reader.__qualname__ = f"read_{self._cls.__name__}"
        return reader

    def _field(self, field: Field) -> None:
        """Read ``v`` from ``o`` and set the attribute."""
        if field.required or _is_tag(field) or _is_left_out(field):
            self._certain += 1
            self._usual += self._nearly_always_there(field)
        elif field.keeps_null or field.default is not None or field.name in _IN_NEARLY_ALL:
            self._usual += self._sometimes_there(field)
        else:
            self._seldom += self._sometimes_there(field)
            self._absent.append(f"new.{field.name} = {self._default(field)}")

    def _nearly_always_there(self, field: Field) -> list[str]:
        """Ask the object directly, which costs a third of ``get``: a fifth of an event, which has four such fields."""
        if _only_tag(field):
            return [f"new.{field.name} = {field.default!r}"]
        if _is_tag(field):
            tags = self._name("tags", {tag: tag for tag in literals(field.type)})
            return [
                f"try: v = o[{field.wire!r}]",
                f"except KeyError: v, n = {field.default!r}, n - 1",
                f"new.{field.name} = {tags}[v]",
            ]
        if _is_left_out(field):
            return self._left_out(field)
        checks = self._checks(field)
        if field.takes_null and checks:
            checks = ["if v is not None:", *_indented(checks)]
        return [f"v = o[{field.wire!r}]", *checks, f"new.{field.name} = v"]

    def _left_out(self, field: Field) -> list[str]:
        kind, default = field.type, repr(field.default)
        return [
            "try:",
            f"    new.{field.name} = v = o[{field.wire!r}]",
            f"    if type(v) is not {kind.__name__}:",
            f"        new.{field.name} = {default} if v is None else {self._hook(kind)}(v, None)",
            f"except KeyError: new.{field.name}, n = {default}, n - 1",
        ]

    def _sometimes_there(self, field: Field) -> list[str]:
        default = [f"v = {self._default(field)}"]
        lines = [f"if {field.wire!r} in o:", f"    v = o[{field.wire!r}]", "    n += 1"]
        checks = self._checks(field)
        if checks:
            lines += _indented(["if v is not None:", *_indented(checks)])
        if field.default is not None:
            lines += _indented(["else:", *_indented(default)] if checks else ["if v is None:", *_indented(default)])
        return [*lines, "else:", *_indented(default), f"new.{field.name} = v"]

    def _default(self, field: Field) -> str:
        if field.default is None or type(field.default) in {str, int, bool}:
            return repr(field.default)
        return f"{self._name('default', field.default_value)}()"

    def _checks(self, field: Field) -> list[str]:
        """
        Lines that check and convert ``v``, which is not ``None``.

        Known words are replaced by the one copy that their class holds: a page of items repeats them in every item.
        """
        kind = field.type
        if kind is str or kind is int:
            return [f"if type(v) is not {kind.__name__}: v = {self._hook(kind)}(v, None)"]
        if kind is bool:
            return [f"if v is not True and v is not False: raise SchemaMismatch({field.wire!r})"]
        if literals(kind) and not is_union(kind):
            return [f"v = {self._name('words', {word: word for word in literals(kind)})}[v]"]
        if is_open_enum(kind):
            return self._words(kind)
        if kind == dict[str, Any]:
            return [f"if type(v) is not dict: raise SchemaMismatch({field.wire!r})", "keep_precise(v)"]
        listed = _list_member(kind)
        if listed is None:
            return self._converted(kind, "{}", "v")
        other = f"v = {self._hook(kind)}(v, None)"
        if get_origin(kind) is list:
            other = f"raise SchemaMismatch({field.wire!r})"
        return ["if type(v) is list:", *_indented(self._list(listed)), f"else: {other}"]

    def _words(self, kind: Any) -> list[str]:
        """Three words are compared and not looked up, which would compute a hash: 2 %."""
        first = [word for word in _WORDS_OF_NEARLY_ALL if word in literals(kind)]
        words = self._name("words", {word: word for word in literals(kind)})
        lookup = [f"try: v = {words}[v]", f"except (KeyError, TypeError): v = {self._hook(str)}(v, None)"]
        if not first:
            return lookup
        compared = [f"elif v == {word!r}: v = {word!r}" for word in first]
        return [compared[0].removeprefix("el"), *compared[1:], "else:", *_indented(lookup)]

    def _list(self, kind: Any) -> list[str]:
        """
        Most messages have one part: to read it without a comprehension saves 3 %.

        An empty list stays what it is: an empty comprehension costs as much as two fields.
        """
        one, all_ = self._converted(kind, "[{}]", "v[0]"), self._converted(kind, "[{} for i in v]", "i")
        return ["if len(v) == 1:", *_indented(one), "elif v:", *_indented(all_)]

    def _converted(self, kind: Any, template: str, variable: str) -> list[str]:
        """
        Lines that convert with the hook of a type.

        Where members are told apart by their tag, the table is asked right here; what it does not know, and what does
        not fit, goes to the hook, which keeps it. This saves two calls per object: 20 % of a page.
        """
        hook = self._converter.get_structure_hook(kind)
        call = template.format(f"{self._name('hook', hook)}({variable}, None)")
        table: Any = getattr(hook, "table", None)
        if table is None:
            return [f"v = {call}"]
        direct = template.format(f"{self._name('table', table)}[{variable}['type']]({variable}, None)")
        return [
            "try:",
            f"    v = {direct}",
            "except (KeyError, TypeError, SchemaMismatch):",
            f"    v = {call}",
        ]

    def _hook(self, kind: Any) -> str:
        return self._name("hook", self._converter.get_structure_hook(kind))

    def _name(self, prefix: str, value: Any) -> str:
        name = f"{prefix}{len(self._names)}"
        self._names[name] = value
        return name


# Not for a class that was chosen by the tag of an object: 1 %.
_CHECK: Final = '    if type(o) is not dict: raise SchemaMismatch("expected an object")\n'

_READER: Final = """
def read(o, _):
{check}    new = make(cls)
    n = {certain}
    m = len(o)
    try:
        {usual}
        if n == m:
            {absent}
            new.extra = None
        else:
            {seldom}
            new.extra = None if n == m or known.issuperset(o) else unknown_members(o, known)
    except (KeyError, TypeError) as error:
        raise SchemaMismatch(str(error)) from None
    return new
"""

_IN_NEARLY_ALL: Final = frozenset({"status"})
"""Optional fields that nearly every stored object with such a field has."""

_WORDS_OF_NEARLY_ALL: Final = ("completed", "user", "assistant")
"""Of status and role."""


def _unknown_members(value: Mapping[str, Any], known: frozenset[str]) -> Any:
    return keep_precise({k: v for k, v in value.items() if k not in known})


def _is_tag(field: Field) -> bool:
    """Whether a field is a ``type`` with a default among its closed values."""
    return bool(literals(field.type)) and not is_union(field.type) and field.default in literals(field.type)


def _only_tag(field: Field) -> str | None:
    """The only value of the field that says which class an object is of; ``None`` for other fields."""
    return field.default if field.wire == "type" and _is_tag(field) and len(literals(field.type)) == 1 else None


def _is_left_out(field: Field) -> bool:
    return field.left_out and field.type in (str, int)


def _list_member(kind: Any) -> Any:
    """What is in the list that a field may hold; ``None`` when there is no list, or one of plain values."""
    for member in union_members(kind):
        if get_origin(member) is list and get_args(member)[0] not in (str, int, float, bool, Any):
            return get_args(member)[0]
    return None


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
