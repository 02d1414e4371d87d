"""
Unions: which class a JSON value becomes. By its ``type`` where it has one, else by what kind of JSON value it is.

Written by hand and not with cattrs' ``configure_tagged_union``, which sends ``type: None`` back for what falls through.
What no member takes becomes the union's ``Unknown…`` member with all its data, so that nothing new can lose a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin

from cattrs import Converter
from cattrs.cols import list_structure_factory
from cattrs.errors import BaseValidationError

from openai_conversations.converters.errors import SchemaMismatch
from openai_conversations.converters.fields import is_schema, is_union, literals, tags_of, union_members
from openai_conversations.converters.models import write_value
from openai_conversations.converters.primitives import StructureHook, keep_precise
from openai_conversations.converters.readers import for_tag
from openai_conversations.jsontypes import is_object
from openai_conversations.schemas import items
from openai_conversations.schemas.items import ITEM_CLASSES
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import Unknown, UnknownItem

Keep = Callable[[Any], Any]


def configure_unions(converter: Converter, *, exact: bool) -> None:
    """Register lists, unions, literals, unknown members and the union of all items; after the models, and over them."""
    keep = _pass_on if exact else keep_precise
    converter.register_structure_hook_factory(_is_list, _list_reader)
    converter.register_structure_hook_factory(_is_literal, _literal_reader)
    converter.register_structure_hook_factory(_is_str_dict, _dict_reader)
    converter.register_structure_hook_factory(is_union, lambda t, c: _union_reader(t, c, keep))
    converter.register_structure_hook_factory(
        lambda t: isinstance(t, type) and issubclass(t, Unknown), lambda t, _: _unknown_reader(t, keep)
    )
    converter.register_structure_hook_func(lambda t: t is Item, _item_reader(converter, keep))
    converter.register_unstructure_hook_func(
        lambda t: isinstance(t, type) and issubclass(t, Unknown),
        lambda value: write_value(value.data, converter.unstructure),
    )


def _pass_on(value: Any) -> Any:
    return value


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is list


def _is_literal(kind: Any) -> bool:
    return bool(literals(kind)) and not is_union(kind)


def _is_str_dict(kind: Any) -> bool:
    return get_origin(kind) is dict


def _list_reader(kind: Any, converter: Converter) -> StructureHook:
    """cattrs' own hook reads any iterable; here a list is a list."""
    stock = list_structure_factory(kind, converter)

    def structure(value: Any, _: Any) -> Any:
        if type(value) is not list:
            raise SchemaMismatch(f"expected a list, not {type(value).__name__}")
        return stock(value, kind)

    return structure


def _dict_reader(kind: Any, converter: Converter) -> StructureHook:
    member = converter.get_structure_hook(get_args(kind)[1])

    def structure(value: Any, _: Any) -> Any:
        if not is_object(value):
            raise SchemaMismatch(f"expected an object, not {type(value).__name__}")
        return {key: member(entry, None) for key, entry in value.items()}

    return structure


def _literal_reader(kind: Any, _: Converter) -> StructureHook:
    shared = {value: value for value in literals(kind)}

    def structure(value: Any, _: Any) -> Any:
        if type(value) is not str or value not in shared:
            raise SchemaMismatch(f"expected {' or '.join(shared)}")
        return shared[value]

    return structure


def _unknown_reader(kind: Any, keep: Keep) -> StructureHook:
    def structure(value: Any, _: Any) -> Any:
        return kind(data=keep(value))

    return structure


def _union_reader(kind: Any, converter: Converter, keep: Keep) -> StructureHook:
    """One table from the kind of JSON value to what reads it; objects are told apart by their tag."""
    members = union_members(kind)
    unknown = next((m for m in members if _is_unknown(m)), None)
    by_kind: dict[type, StructureHook] = {}
    for member in members:
        if not is_schema(member):
            by_kind.update(_reader_by_kind(member, members, converter))
    objects = [m for m in members if is_schema(m) and m is not unknown]
    if objects:
        by_kind[dict] = _object_reader(objects, converter)

    def structure(value: Any, _: Any) -> Any:
        try:
            return by_kind[type(value)](value, None)
        except (KeyError, SchemaMismatch, BaseValidationError):
            if unknown is None:
                raise SchemaMismatch(f"a value of type {type(value).__name__} does not fit") from None
            return unknown(data=keep(value))

    if unknown is not None and set(by_kind) == {dict}:
        return _with_table(structure, TagTable(_by_tag(objects).get, converter, _unknown_reader(unknown, keep)))
    return structure


def _with_table(hook: Any, table: Mapping[str, StructureHook]) -> StructureHook:
    """A hook that shows the table behind it, for generated code that asks the table first."""
    hook.table = table
    read: StructureHook = hook
    return read


class TagTable(dict[str, StructureHook]):
    """
    Tag → reader of the class with this tag, made when the tag is first met.

    Args:
        class_of: The class of a tag; ``None`` for a tag that nobody knows.
        converter: Makes the readers.
        unknown: Reads what has such a tag; without it, that is a :class:`KeyError`.
    """

    def __init__(
        self, class_of: Callable[[str], Any], converter: Converter, unknown: StructureHook | None = None
    ) -> None:
        super().__init__()
        self._class_of = class_of
        self._converter = converter
        self._unknown = unknown

    def __missing__(self, tag: str) -> StructureHook:
        cls = self._class_of(tag)
        if cls is not None:
            self[tag] = reader = for_tag(self._converter.get_structure_hook(cls))
            return reader
        if self._unknown is None:
            raise KeyError(tag)
        return self._unknown


def _by_tag(classes: list[Any]) -> dict[str, Any]:
    return {tag: cls for cls in classes for tag in tags_of(cls)}


def _is_unknown(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Unknown)


def _reader_by_kind(member: Any, members: tuple[Any, ...], converter: Converter) -> dict[type, StructureHook]:
    """The JSON kinds that a member takes, and how they are read."""
    if member is type(None):
        return {type(None): _accept}
    if literals(member):
        return {} if str in members else {str: converter.get_structure_hook(member)}
    if member is float:
        return {float: converter.get_structure_hook(float), int: _accept}
    return {get_origin(member) or member: converter.get_structure_hook(member)}


def _accept(value: Any, _: Any) -> Any:
    return value


def _object_reader(classes: list[Any], converter: Converter) -> StructureHook:
    """By tag; a single class without a tag takes every object."""
    by_tag = _by_tag(classes)
    if not by_tag and len(classes) == 1:
        return converter.get_structure_hook(classes[0])
    table = TagTable(by_tag.get, converter)

    def structure(value: Any, _: Any) -> Any:
        try:
            hook = table[value["type"]]
        except (KeyError, TypeError):
            raise SchemaMismatch("no member has this type") from None
        return hook(value, None)

    return structure


def item_class(tag: str) -> type[Item]:
    """
    The class of an item type.

    Raises:
        KeyError: There is none.
    """
    cls: type[Item] = getattr(items, ITEM_CLASSES[tag])
    return cls


def _known_class(tag: str) -> type[Item] | None:
    return item_class(tag) if tag in ITEM_CLASSES else None


def _item_reader(converter: Converter, keep: Keep) -> StructureHook:
    table = TagTable(_known_class, converter, _unknown_reader(UnknownItem, keep))

    def structure(value: Any, _: Any) -> Any:
        try:
            return table[value["type"]](value, None)
        except (KeyError, TypeError):
            return _untagged_item(value, table, keep)
        except (SchemaMismatch, BaseValidationError):
            return UnknownItem(data=keep(value))

    return _with_table(structure, table)


def _untagged_item(value: Any, table: Mapping[str, StructureHook], keep: Keep) -> Any:
    """A message may come without its type, and so may a reference to an item."""
    tag = "item_reference" if is_object(value) and set(value) == {"id"} else "message"
    if is_object(value) and "type" not in value:
        try:
            return table[tag](value, None)
        except (SchemaMismatch, BaseValidationError):
            pass
    return UnknownItem(data=keep(value))
