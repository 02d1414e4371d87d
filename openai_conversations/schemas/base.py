"""
What every schema class shares: a decorator, equality, a repr that hides secrets, unknown fields, JSON and back.

The classes are mutable on purpose: freezing costs 40 % of a decode.
They are generated without ``__eq__`` and ``__repr__`` of their own, which saves 45 % of the creation of a class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set as AbstractSet
from typing import Any, ClassVar, Literal, Self, TypedDict, TypeVar, Unpack, dataclass_transform

import attrs

from openai_conversations.lazy import provided

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


Selection = AbstractSet[Any] | Mapping[Any, Any]
"""Names of members, positions in lists, or ``"__all__"``; a mapping says for each ``True``, or what of it."""


class DumpOptions(TypedDict, total=False):
    """
    Keywords of ``to_dict()``, ``to_json()``, ``model_dump()`` and ``model_dump_json()``: those of the official client.

    Attributes:
        mode: ``python`` and ``json`` give the same: JSON values.
        include: What is written; ``None`` for everything.
        exclude: What is not.
        exclude_unset: Leave out what did not come; else it is null.
        exclude_defaults: Leave out what is as it is by default, but no ``type`` and no ``object``.
        exclude_none: Leave out what is null.
        fallback: Is asked for what JSON cannot carry.
        by_alias: No effect: names are always those of the JSON.
        use_api_names: No effect, likewise.
        context: No effect, nor have those that follow: there is nothing here that they are about.
        exclude_computed_fields: No effect.
        round_trip: No effect: what is written can always be read again.
        warnings: No effect.
        serialize_as_any: No effect: every object is written as what it is.
        polymorphic_serialization: No effect, likewise.
    """

    mode: Literal["python", "json"] | str
    include: Selection | None
    exclude: Selection | None
    exclude_unset: bool
    exclude_defaults: bool
    exclude_none: bool
    fallback: Callable[[Any], Any] | None
    by_alias: bool | None
    use_api_names: bool
    context: Any
    exclude_computed_fields: bool
    round_trip: bool
    warnings: bool | Literal["none", "warn", "error"]
    serialize_as_any: bool
    polymorphic_serialization: bool | None


def _json() -> Any:
    """What writes and reads JSON; it stands above the schemas, and is loaded when it is first asked for."""
    return provided("json objects")


class _Result:
    """Where it is noted which response an object came in; apart from the fields, which are all of the wire."""

    __slots__ = ("_noted",)

    _noted: str | None

    @property
    def _request_id(self) -> str | None:
        """The service's id of the response that this object is, if it gave one; ``None`` for what is inside another."""
        return getattr(self, "_noted", None)


@schema
class Schema(_Result):
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

    def to_dict(self, **options: Unpack[DumpOptions]) -> dict[str, Any]:
        """
        The JSON of this object, as it came: members under their JSON names, unknown ones too.

        A null where the API may leave the member out is left out.

        Args:
            **options: See :class:`DumpOptions`; ``exclude_unset`` is true unless given.

        Raises:
            TypeError: A keyword is none of :class:`DumpOptions`.
            InvalidArgumentError: It contains itself, or nests too deeply; the message gives the JSON path.
        """
        given: DumpOptions = {"exclude_unset": True, **options}
        return self.model_dump(**given)

    def to_json(self, *, indent: int | None = 2, **options: Unpack[DumpOptions]) -> str:
        """
        The same as text.

        Args:
            indent: Spaces for each level; ``None`` for one line.
            **options: See :class:`DumpOptions`; ``exclude_unset`` is true unless given.

        Raises:
            TypeError: A keyword is none of :class:`DumpOptions`.
            InvalidArgumentError: It holds something that JSON cannot carry; the message gives the JSON path.
        """
        given: DumpOptions = {"exclude_unset": True, **options}
        return self.model_dump_json(indent=indent, **given)

    def model_dump(self, **options: Unpack[DumpOptions]) -> dict[str, Any]:
        """
        The JSON of this object, as pydantic's method of this name gives it: with null for what did not come.

        Args:
            **options: See :class:`DumpOptions`.

        Raises:
            TypeError: A keyword is none of :class:`DumpOptions`.
            InvalidArgumentError: It contains itself, or nests too deeply.
        """
        dumped: dict[str, Any] = _json().dump(self, options)
        return dumped

    def model_dump_json(
        self, *, indent: int | None = None, ensure_ascii: bool = False, **options: Unpack[DumpOptions]
    ) -> str:
        """
        The same as text.

        Args:
            indent: Spaces for each level; ``None`` for one line.
            ensure_ascii: Whether other characters than those of ASCII are escaped.
            **options: See :class:`DumpOptions`.

        Raises:
            TypeError: A keyword is none of :class:`DumpOptions`.
            InvalidArgumentError: It holds something that JSON cannot carry.
        """
        text: str = _json().dump_json(self, options, indent=indent, ensure_ascii=ensure_ascii)
        return text

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """
        The object that a JSON object stands for; unknown members are kept.

        Of a base class (``ConversationItem``, ``Event``) the class goes by the ``type``.

        Raises:
            InvalidArgumentError: It does not fit; the message gives the JSON paths.
        """
        made: Self = _json().from_dict(cls, data)
        return made

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """
        The same from text, or from its UTF-8.

        Raises:
            InvalidArgumentError: It is not JSON, or does not fit.
        """
        made: Self = _json().from_json(cls, text)
        return made

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Names and JSON values, so that ``dict(…)`` takes it, as it takes pydantic's models; FastAPI does that."""
        return iter(self.to_dict().items())

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """Pydantic takes our classes as fields and as types: an instance, or its JSON."""
        return _json().pydantic_core_schema(cls)

    @property
    def __pydantic_serializer__(self) -> Any:
        """Pydantic writes our objects also where nothing says that they are there: ``-> Any``, ``dict[str, Any]``."""
        return _json().pydantic_serializer(type(self))

    @classmethod
    def __get_pydantic_json_schema__(cls, _core_schema: Any, handler: Any) -> Any:
        """What a page of OpenAPI says about it."""
        return _json().pydantic_json_schema(cls, handler)

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
