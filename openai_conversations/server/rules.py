"""What the service accepts in metadata, in a batch of items and in a query: pure functions that return or refuse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.server import refusal

MAX_PAIRS = 16
MAX_KEY = 64
MAX_VALUE = 512
MAX_ITEMS = 20
MAX_PAGE = 100
DEFAULT_PAGE = 20

INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)

Query = Mapping[str, Sequence[str]]


@attrs.frozen(kw_only=True)
class PageQuery:
    """Which page was asked for; ``after`` is an id, or ``None`` for the first page."""

    after: str | None
    limit: int
    ascending: bool


def metadata(value: Any, *, limits: bool = True) -> dict[str, Any]:
    """At most 16 pairs of strings, keys up to 64 characters, values up to 512; null is an empty map."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refusal.wrong_type("metadata", "an object", value)
    if limits:
        _check_pairs(value)
    return value


def _check_pairs(pairs: dict[str, Any]) -> None:
    if len(pairs) > MAX_PAIRS:
        raise refusal.bad_request(
            f"Invalid 'metadata': too many properties. Expected an object with at most {MAX_PAIRS} properties, "
            f"but got an object with {len(pairs)} properties instead.",
            "metadata",
            "object_above_max_properties",
        )
    for key, value in pairs.items():
        _check_pair(key, value)


def _check_pair(key: str, value: Any) -> None:
    if len(key) > MAX_KEY:
        raise refusal.bad_request(
            f"Invalid property name in 'metadata': '{refusal.shorten(key)}' is too long. Expected a property name "
            f"with maximum length {MAX_KEY}, but got a property name with length {len(key)} instead.",
            "metadata",
            "property_name_above_max_length",
        )
    param = f"metadata.{key}"
    if not isinstance(value, str):
        raise refusal.wrong_type(param, "a string", value)
    if len(value) > MAX_VALUE:
        raise refusal.too_long(param, "string", MAX_VALUE, len(value))


def batch(value: Any, *, limits: bool = True) -> list[Any]:
    """The items of a request: an array of at most 20."""
    if not isinstance(value, list):
        raise refusal.wrong_type("items", "an array", value)
    if limits and len(value) > MAX_ITEMS:
        raise refusal.too_long("items", "array", MAX_ITEMS, len(value))
    return value


def page_query(query: Query, *, limits: bool = True) -> PageQuery:
    order = _last(query, "order", "desc")
    if order not in ("asc", "desc"):
        raise refusal.wrong_value("order", order, ("asc", "desc"))
    return PageQuery(after=_last(query, "after", None), limit=_limit(query, limits), ascending=order == "asc")


def _limit(query: Query, limits: bool) -> int:
    text = _last(query, "limit", str(DEFAULT_PAGE))
    try:
        limit = int(text) if text.isascii() else int("")
    except ValueError:
        message = f"Invalid type for 'limit': expected an integer, but got '{refusal.shorten(text)}' instead."
        raise refusal.bad_request(message, "limit", "invalid_type") from None
    if limit < 1:
        raise _beyond("below min", ">= 1", limit)
    if limit > MAX_PAGE and limits:
        raise _beyond("above max", f"<= {MAX_PAGE}", limit)
    return min(limit, MAX_PAGE)


def _beyond(where: str, bound: str, limit: int) -> refusal.Refusal:
    message = f"Invalid 'limit': integer {where}imum value. Expected a value {bound}, but got {limit} instead."
    return refusal.bad_request(message, "limit", f"integer_{where.replace(' ', '_')}_value")


def _last(query: Query, name: str, default: Any) -> Any:
    values = query.get(name)
    return values[-1] if values else default


def include(query: Query, names: Iterable[str]) -> frozenset[str]:
    """The fields asked for, under any of the parameter ``names`` (``include``, ``include[]``)."""
    asked = [value for name in names for value in query.get(name, ())]
    for value in asked:
        if value not in INCLUDABLE:
            raise refusal.wrong_value("include", value, INCLUDABLE)
    return frozenset(asked)
