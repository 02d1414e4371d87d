"""
What every schema class shares: one decorator, equality, a repr that hides secrets, and a place for unknown fields.

The classes are mutable on purpose: freezing costs 40 % of a decode.
They are generated without ``__eq__`` and ``__repr__`` of their own, which saves 45 % of the creation of a class.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar, dataclass_transform

import attrs

C = TypeVar("C", bound=type)
T = TypeVar("T")

_REPR_LIMIT = 80


def secret(**kwargs: Any) -> Any:
    """Make a field whose value never appears in a repr."""
    return attrs.field(metadata={"secret": True}, **kwargs)


def nullable(*, default: None) -> Any:
    """
    Make a field that is null on the wire when it is ``None``, and that a server or a caller may still leave out.

    For keys that are always present in a response but optional in a request. ``default=None`` is spelled out at the
    field because type checkers read it there.
    """
    return attrs.field(default=default, metadata={"nullable": True})


def left_out(*, default: T) -> T:
    """
    Make a field that servers leave out: it has its default then, and is not written as long as it has.

    For a default that no server sends, so that nothing is lost by it: an empty id, an index of -1.
    """
    field: T = attrs.field(default=default, metadata={"left_out": True})
    return field


@dataclass_transform(kw_only_default=True, field_specifiers=(attrs.field, secret, nullable, left_out))
def schema(cls: C) -> C:
    """Make a slotted attrs class with keyword-only fields; :class:`Schema` supplies equality and repr."""
    made: C = attrs.define(kw_only=True, eq=False, repr=False, slots=True, weakref_slot=False)(cls)
    return made


@schema
class Schema:
    """
    Base of everything that is decoded from the wire or sent over it.

    Fields stand in the order of the API's description. A trailing underscore is not part of the wire name
    (``async_`` is ``async``). A field without default is always present on the wire; an optional field is ``None``
    when the server sent null or nothing, and is not sent back then.
    """

    # The elements are Any because attrs.Attribute cannot be subscripted at run time.
    __attrs_attrs__: ClassVar[tuple[Any, ...]]

    extra: dict[str, Any] | None = None
    """
    Fields that this version does not know, as received, or ``None``; they are sent back unchanged.

    Also what a server wrote in another way than the class has it, such as a ``created_at`` that is a date.
    """

    def __eq__(self, other: object) -> bool:
        if self.__class__ is not other.__class__:
            return NotImplemented
        return all(getattr(self, a.name) == getattr(other, a.name) for a in self.__attrs_attrs__)

    __hash__: ClassVar[None]  # type: ignore[assignment]  # mutable values have no hash, as in the standard library

    def __repr__(self) -> str:
        # ``extra`` is the first field of every class; it reads better as the last one.
        fields = (*self.__attrs_attrs__[1:], self.__attrs_attrs__[0])
        return f"{type(self).__name__}({', '.join(filter(None, (_shown(self, a) for a in fields)))})"


def _shown(owner: Schema, attribute: attrs.Attribute[Any]) -> str:
    """Say ``name=value`` for one field, or nothing when it adds nothing: no value, or the tag the class name says."""
    name, value = attribute.name, getattr(owner, attribute.name)
    if value is None or value == "" or (name in ("type", "object") and value == attribute.default):
        return ""
    if attribute.metadata.get("left_out") and value == attribute.default:
        return ""
    if name == "extra":
        return f"extra=<{', '.join(value)}>"
    if attribute.metadata.get("secret"):
        return f"{name}='***'"
    return f"{name}={_cut(value)}"


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _REPR_LIMIT else text[:_REPR_LIMIT] + "…"
