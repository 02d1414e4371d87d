"""What the converters need to know of a schema class: its fields, their wire names and when they are written."""

from __future__ import annotations

import typing
from typing import Any, Literal, get_args, get_origin

import attrs

from openai_conversations.schemas.base import Schema


@attrs.frozen(kw_only=True)
class Field:
    """
    One field of a schema class.

    Attributes:
        name: The attribute.
        wire: Its name in JSON: the attribute without a trailing underscore.
        type: Its annotation without ``None``.
        takes_null: Whether the annotation allows ``None``.
        required: Whether it must be there when reading.
        keeps_null: Whether ``None`` is written as null; else it is left out.
        left_out: Whether the default is not written either.
        default: A value, or an attrs ``Factory``.
    """

    name: str
    wire: str
    type: Any
    takes_null: bool
    required: bool
    keeps_null: bool
    left_out: bool
    default: Any

    def default_value(self) -> Any:
        """A fresh default."""
        return self.default.factory() if isinstance(self.default, attrs.Factory) else self.default  # type: ignore[arg-type]


def fields_of(cls: type[Schema]) -> list[Field]:
    """The fields that travel on the wire, in the order of the class: all but ``extra``."""
    hints = typing.get_type_hints(cls)
    return [_field(a, hints[a.name]) for a in attrs.fields(cls) if a.init and a.name != "extra"]


def _field(attribute: attrs.Attribute[Any], hint: Any) -> Field:
    required = attribute.default is attrs.NOTHING
    takes_null = type(None) in union_members(hint)
    return Field(
        name=attribute.name,
        wire=attribute.name.rstrip("_"),
        type=without_none(hint),
        takes_null=takes_null or hint is Any,
        required=required,
        keeps_null=required or bool(attribute.metadata.get("nullable")),
        left_out=bool(attribute.metadata.get("left_out")),
        default=attribute.default,
    )


def union_members(hint: Any) -> tuple[Any, ...]:
    """The members of a union; the hint itself when it is none."""
    return get_args(hint) if is_union(hint) else (hint,)


def is_union(hint: Any) -> bool:
    """Whether a hint is ``A | B``, in either spelling."""
    return get_origin(hint) in (typing.Union, type(int | str))


def without_none(hint: Any) -> Any:
    """The hint without its ``None``."""
    members = [m for m in union_members(hint) if m is not type(None)]
    return members[0] if len(members) == 1 else typing.Union[tuple(members)]  # noqa: UP007  # of a number unknown here


def is_schema(hint: Any) -> bool:
    """Whether a hint is a schema class."""
    return isinstance(hint, type) and issubclass(hint, Schema)


def literals(hint: Any) -> tuple[str, ...]:
    """The values of the literals in a hint: of ``Literal["a", "b"]`` and of ``Literal["a", "b"] | str``."""
    found = [get_args(member) for member in union_members(hint) if get_origin(member) is Literal]
    return tuple(value for group in found for value in group)


def is_open_enum(hint: Any) -> bool:
    """Whether a hint is ``Literal[…] | str``: known values, and any newer one."""
    members = union_members(hint)
    return len(members) > 1 and all(m is str or get_origin(m) is Literal for m in members)


def tags_of(cls: type[Schema]) -> tuple[str, ...]:
    """The values of ``type`` that stand for a class; empty when it has no tag."""
    hint = typing.get_type_hints(cls).get("type")
    return literals(without_none(hint)) if hint is not None and not is_open_enum(hint) else ()
