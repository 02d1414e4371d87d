"""
What every schema class shares: one decorator, equality, a repr that hides secrets, and a place for unknown fields.

The classes are mutable on purpose: freezing costs 40 % of a decode.
They are generated without ``__eq__`` and ``__repr__`` of their own, which saves 45 % of the creation of a class.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar, dataclass_transform

import attrs

C = TypeVar("C", bound=type)

_REPR_LIMIT = 80


def secret(**kwargs: Any) -> Any:
    """Make a field whose value never appears in a repr."""
    return attrs.field(metadata={"secret": True}, **kwargs)


@dataclass_transform(kw_only_default=True, field_specifiers=(attrs.field, secret))
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

    __attrs_attrs__: ClassVar[tuple[attrs.Attribute[Any], ...]]

    extra: dict[str, Any] | None = None
    """Fields that this version does not know, as received, or ``None``; they are sent back unchanged."""

    def __eq__(self, other: object) -> bool:
        if self.__class__ is not other.__class__:
            return NotImplemented
        return all(getattr(self, a.name) == getattr(other, a.name) for a in self.__attrs_attrs__)

    __hash__ = None  # type: ignore[assignment]  # mutable values have no hash, as in the standard library

    def __repr__(self) -> str:
        shown = (_shown(a, getattr(self, a.name)) for a in self.__attrs_attrs__)
        return f"{type(self).__name__}({', '.join(filter(None, shown))})"


def _shown(attribute: attrs.Attribute[Any], value: Any) -> str:
    if value is None or value == "":
        return ""
    if attribute.name == "extra":
        return f"extra=<{', '.join(value)}>"
    text = "'***'" if attribute.metadata.get("secret") else repr(value)
    return f"{attribute.name}={text if len(text) <= _REPR_LIMIT else text[:_REPR_LIMIT] + '…'}"
