"""From the annotations of a class to the types of strict mode; what it has no type for is refused in one sentence."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
from enum import Enum
from types import NoneType
from typing import Annotated, Any, Final, Literal, cast, get_args, get_origin

import attrs

from openai_conversations.checks import shown
from openai_conversations.converters.fields import is_union, union_members
from openai_conversations.converters.structured.reading import JSON_NAMES
from openai_conversations.converters.structured.types import (
    NULL,
    SCALARS,
    Array,
    Enumeration,
    Member,
    Object,
    Scalar,
    Type,
    Union,
)
from openai_conversations.errors import InvalidArgumentError, one_line

_COLLECTIONS: Final[Mapping[Any, Callable[[Iterable[Any]], Any]]] = {
    list: list,
    Sequence: list,
    Collection: list,
    Iterable: list,
    tuple: tuple,
    set: set,
    AbstractSet: frozenset,
    frozenset: frozenset,
}
_SETS: Final = (set, frozenset)
_MAPPINGS: Final = "strict mode has no objects of any names: use a class, or a list of objects with a name and a value"
_BARE: Final = "strict mode has to know what its items are"
_NOTHING: Final = "strict mode has no type for it"


def checked_class(kind: Any) -> Any:
    """
    A class whose annotations can be read.

    Raises:
        InvalidArgumentError: It is something else.
    """
    if _has_members(kind):
        return kind
    given = _shown(kind) if isinstance(kind, type) or hasattr(kind, "__origin__") else shown(kind)
    raise InvalidArgumentError(
        f"text_format must be an attrs class, a dataclass, a TypedDict or a pydantic model class, not {given}"
    )


class Hints:
    """Reads annotations; each class once, so that classes may hold themselves and each other."""

    def __init__(self) -> None:
        self._objects: dict[Any, Object] = {}

    def root(self, kind: Any) -> Object:
        """
        The type of a class.

        Args:
            kind: A class by :func:`checked_class`.

        Raises:
            InvalidArgumentError: Strict mode has no type for something in it.
        """
        try:
            return self._object(kind)
        except RecursionError:
            pass
        raise InvalidArgumentError(f"text_format: the annotations of {_shown(kind)} never end")

    def _object(self, kind: Any) -> Object:
        if kind not in self._objects:
            self._objects[kind] = made = Object(name=kind.__name__, description=_docstring(kind), make=kind)
            made.members = tuple(self._members(kind))
            if not _is_typed_dict(kind):
                _refuse_other_arguments(made)
        return self._objects[kind]

    def _members(self, kind: Any) -> Iterator[Member]:
        hints = _hints(kind)
        if _is_typed_dict(kind):
            return (self._typed_dict_member(kind, name, hint) for name, hint in hints.items())
        fields = _attrs_fields(kind, hints) if attrs.has(kind) else _dataclass_fields(kind, hints)
        return (self._member(kind, field) for field in fields)

    def _member(self, kind: Any, field: _Field) -> Member:
        return Member(
            name=field.name,
            type=self._type(field.hint, f"{kind.__name__}.{field.name}"),
            description=str(field.metadata.get("description") or _annotation_text(field.hint)),
            has_default=field.has_default,
        )

    def _typed_dict_member(self, kind: Any, name: str, hint: Any) -> Member:
        optional = _is_optional(kind, name, hint)
        member = self._type(hint, f"{kind.__name__}.{name}")
        drops_null = optional and member.rank(None) is None
        return Member(
            name=name,
            type=_or_null(member) if drops_null else member,
            description=_annotation_text(hint),
            has_default=optional,
            drops_null=drops_null,
        )

    def _type(self, hint: Any, where: str) -> Type:
        hint = _bare(hint)
        if is_union(hint):
            return Union(members=tuple(self._type(member, where) for member in union_members(hint)))
        if get_origin(hint) is Literal:
            return _enumeration(get_args(hint), hint, where)
        if get_origin(hint) in _COLLECTIONS:
            return self._array(hint, where)
        if isinstance(hint, type):
            return self._class(hint, where)
        raise _refused(hint, where)

    def _class(self, hint: Any, where: str) -> Type:
        if hint in SCALARS:
            return SCALARS[hint]
        if issubclass(hint, Enum):
            return _enumeration(list(hint), hint, where)
        if not _has_members(hint):
            raise _refused(hint, where, _BARE if hint in _COLLECTIONS else "")
        return self._object(hint)

    def _array(self, hint: Any, where: str) -> Array:
        arguments, make = get_args(hint), _COLLECTIONS[get_origin(hint)]
        length = None
        if make is tuple and arguments[1:] != (Ellipsis,):
            if len(set(map(repr, arguments))) != 1:
                raise _refused(hint, where, "strict mode has no arrays of several types: use a class")
            length = len(arguments)
        items = self._type(arguments[0], where)
        if make in _SETS and not _is_plain(items):
            raise _refused(hint, where, "only plain values can be told apart in a set: use a list")
        return Array(items=items, make=make, length=length)


@attrs.frozen(kw_only=True)
class _Field:
    """What an attrs class and a dataclass say of a field alike."""

    name: str
    hint: Any
    metadata: Mapping[Any, Any]
    has_default: bool


def _attrs_fields(kind: Any, hints: Mapping[str, Any]) -> Iterator[_Field]:
    for a in attrs.fields(kind):
        if a.init:
            default = a.default is not attrs.NOTHING
            hint = hints.get(a.name, a.type)
            if hint is None:
                raise InvalidArgumentError(f"text_format: {kind.__name__}.{a.name} has no annotation")
            yield _Field(name=a.alias or a.name, hint=hint, metadata=a.metadata, has_default=default)


def _dataclass_fields(kind: Any, hints: Mapping[str, Any]) -> Iterator[_Field]:
    for f in dataclasses.fields(kind):
        if f.init:
            default = f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING
            yield _Field(name=f.name, hint=hints[f.name], metadata=f.metadata, has_default=default)


def _refuse_other_arguments(kind: Object) -> None:
    """A class that is not made of its members cannot be made of a text."""
    try:
        inspect.signature(kind.make).bind(**{member.name: None for member in kind.members})
    except TypeError as error:
        reason = f"{error}"
    else:
        return
    raise InvalidArgumentError(f"text_format: {kind.name} is not made of its fields alone: {reason}")


def _has_members(kind: Any) -> bool:
    return isinstance(kind, type) and (attrs.has(kind) or dataclasses.is_dataclass(kind) or _is_typed_dict(kind))


def _is_typed_dict(kind: Any) -> bool:
    """By shape: that of typing_extensions is another class than that of the standard library."""
    return isinstance(kind, type) and issubclass(kind, dict) and hasattr(cast("Any", kind), "__required_keys__")


def _is_optional(kind: Any, name: str, hint: Any) -> bool:
    """Python's own ``__required_keys__`` does not see a ``NotRequired`` in an annotation that is a string."""
    qualifiers = set(_qualifiers(hint))
    return "NotRequired" in qualifiers or ("Required" not in qualifiers and name not in kind.__required_keys__)


def _qualifiers(hint: Any) -> Iterator[str]:
    """``Required``, ``ReadOnly`` and the like, of the standard library or of typing_extensions."""
    while get_args(hint):
        origin = get_origin(hint)
        if _is_qualifier(origin):
            yield _word(origin)
        elif origin is not Annotated:
            return
        hint = get_args(hint)[0]


def _is_qualifier(origin: Any) -> bool:
    return _word(origin) in {"Required", "NotRequired", "ReadOnly", "Final"}


def _word(origin: Any) -> str:
    return str(origin).rpartition(".")[2]


def _bare(hint: Any) -> Any:
    """The hint without what only says something of it, and without names for it."""
    while True:
        if get_origin(hint) is Annotated or _is_qualifier(get_origin(hint)):
            hint = get_args(hint)[0]
        elif hasattr(hint, "__supertype__"):  # NewType
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":  # type X = …
            hint = hint.__value__
        else:
            return NoneType if hint is None else hint  # None stands as it is in list[None]


def _annotation_text(hint: Any) -> str:
    """The text in an ``Annotated``, as it is or as a ``Doc``."""
    while get_args(hint) and (get_origin(hint) is Annotated or _is_qualifier(get_origin(hint))):
        for note in getattr(hint, "__metadata__", ()):
            text = getattr(note, "documentation", note)
            if isinstance(text, str):
                return text
        hint = get_args(hint)[0]
    return ""


def _docstring(kind: Any) -> str:
    """The docstring that somebody wrote: not one of a base, nor the signature that a dataclass puts there."""
    text = cast("Mapping[str, object]", vars(kind)).get("__doc__")
    if not isinstance(text, str) or text.startswith(f"{kind.__name__}("):
        return ""
    return inspect.cleandoc(text)


def _hints(kind: Any) -> dict[str, Any]:
    reason = ""
    for names in (None, {kind.__name__: kind}):  # a class in a function may hold itself, too
        try:
            return typing.get_type_hints(kind, localns=names, include_extras=True)
        except (NameError, TypeError, SyntaxError, AttributeError) as error:
            reason = f"{error}"
    raise InvalidArgumentError(f"text_format: the annotations of {kind.__name__} cannot be read: {reason}")


def _enumeration(members: Collection[Any], hint: Any, where: str) -> Enumeration:
    values = [(member.value if isinstance(member, Enum) else member, member) for member in members]
    if not values or any(type(value) not in JSON_NAMES or isinstance(value, (list, dict)) for value, _ in values):
        raise _refused(hint, where, "its values are not strings, numbers, booleans or null")
    return Enumeration(values)


def _is_plain(kind: Type) -> bool:
    if isinstance(kind, Union):
        return all(_is_plain(member) for member in kind.members)
    return isinstance(kind, (Scalar, Enumeration))


def _or_null(kind: Type) -> Union:
    return Union(members=(*(kind.members if isinstance(kind, Union) else (kind,)), NULL))


def _refused(hint: Any, where: str, reason: str = "") -> InvalidArgumentError:
    kind = get_origin(hint) or hint
    open_object = isinstance(kind, type) and issubclass(kind, Mapping)
    why = reason or (_MAPPINGS if open_object else _NOTHING)
    return InvalidArgumentError(f"text_format: {where} is {_shown(hint)}, and {why}")


def _shown(hint: Any) -> str:
    if hint is NoneType:
        return "None"
    return hint.__name__ if isinstance(hint, type) else one_line(str(hint))
