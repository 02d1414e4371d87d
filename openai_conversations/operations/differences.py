"""What a copy of an item does not have of the original, place by place. Never what stood there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

from openai_conversations.api.pagination import item_id
from openai_conversations.jsontypes import JsonObject, is_array, is_object, type_of

DifferenceKind = Literal["left_out", "lost", "changed", "added"]


@attrs.frozen(kw_only=True)
class Difference:
    """
    One place where a copy is not the original.

    Attributes:
        index: Which item of the original, counted from 0; -1 for what belongs to the file of an import as a whole.
        item_id: Its id there, ``""`` when it has none.
        type: Its type.
        kind: ``left_out``: the whole item is not in the copy. ``lost``: the place is not there in the copy.
            ``changed``: something else stands there. ``added``: the original has nothing there.
        path: The place, such as ``content[0].logprobs``; ``""`` for the whole item.
        reason: One sentence, where there is more to say.
    """

    index: int
    item_id: str
    type: str
    kind: DifferenceKind
    path: str = ""
    reason: str = ""

    def __str__(self) -> str:
        place = f" {self.path}" if self.path else ""
        reason = f": {self.reason}" if self.reason else ""
        named = " ".join(name for name in (self.type, self.item_id) if name)
        item = "the file" if self.index < 0 else f"item {self.index + 1}" + (f" ({named})" if named else "")
        return f"{item} {self.kind.replace('_', ' ')}{place}{reason}"


def difference(index: int, item: JsonObject, kind: DifferenceKind, path: str = "", reason: str = "") -> Difference:
    """A difference of an item."""
    return Difference(index=index, item_id=item_id(item), type=type_of(item), kind=kind, path=path, reason=reason)


def differences(
    index: int, original: JsonObject, copy: JsonObject, *, count_nulls: bool = True
) -> Iterator[Difference]:
    """
    Every place where a copy differs, but for the id of the item.

    Args:
        index: Which item it is.
        original: The item as it was.
        copy: The item as it is.
        count_nulls: Whether a null in the original that is nothing in the copy counts.
    """
    for path, kind in _object(original if count_nulls else without_nulls(original), copy, ""):
        if path != "id":
            yield difference(index, original, kind, path)


def without_nulls(value: Any) -> Any:
    """The value without the members that are null, at any depth."""
    if is_object(value):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    return [without_nulls(member) for member in value] if is_array(value) else value


def _object(original: Mapping[str, Any], copy: Mapping[str, Any], path: str) -> Iterator[tuple[str, DifferenceKind]]:
    for key in sorted({*original, *copy}):
        place = f"{path}.{key}" if path else key
        if key not in copy:
            yield place, "lost"
        elif key not in original:
            yield place, "added"
        else:
            yield from _value(original[key], copy[key], place)


def _value(original: object, copy: object, path: str) -> Iterator[tuple[str, DifferenceKind]]:
    if is_object(original) and is_object(copy):
        yield from _object(original, copy, path)
    elif is_array(original) and is_array(copy) and len(original) == len(copy):
        yield from _list(original, copy, path)
    elif type(original) is not type(copy) or original != copy:
        yield path, "changed"


def _list(original: Sequence[Any], copy: Sequence[Any], path: str) -> Iterator[tuple[str, DifferenceKind]]:
    for index, (mine, theirs) in enumerate(zip(original, copy, strict=True)):
        yield from _value(mine, theirs, f"{path}[{index}]")
