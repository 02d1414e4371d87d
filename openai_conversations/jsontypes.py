"""
Looking into values that may be anything; for the client's side, the embedded server has its own.

This knows Python's types and nothing of the API, so that every layer may import it, as it may ``limits``.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias, TypeGuard

JsonObject: TypeAlias = dict[str, Any]


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether a value is a JSON object, for type checkers too."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether a value is a JSON array, for type checkers too."""
    return isinstance(value, list)


def is_model(value: Any) -> bool:
    """Whether a value is a model as pydantic has them: an object of the official client, or one of ours."""
    return callable(getattr(value, "model_dump", None)) and not isinstance(value, type)


def is_omitted(value: object) -> bool:
    """Whether a value is ``omit`` or ``NOT_GIVEN``, also those of the official client: told by its shape."""
    return type(value).__name__ in _OMITTED and not value


_OMITTED: Final = ("Omit", "NotGiven")


def as_object(value: object) -> JsonObject:
    """The value when it is a JSON object, else an empty one."""
    return value if is_object(value) else {}


def as_array(value: object) -> list[Any]:
    """The value when it is a JSON array, else an empty one."""
    return value if is_array(value) else []


def text_of(value: object, key: str) -> str:
    """A member that is a string, ``""`` when it is none or not there."""
    member = as_object(value).get(key)
    return member if isinstance(member, str) else ""


def type_of(item: object) -> str:
    """The type of an item; a message may come without one."""
    return text_of(item, "type") or ("message" if "role" in as_object(item) else "")
