"""What the service accepts in metadata, in a batch of items and in a query: pure functions that return or raise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import attrs

from openai_conversations.server.http import errors
from openai_conversations.server.profiles import Order
from openai_conversations.server.rules.schema_dsl import is_array, is_object
from openai_conversations.server.rules.views import INCLUDABLE, Shown
from openai_conversations.server.storage.store import Agent

MAX_PAIRS = 16
MAX_KEY = 64
MAX_VALUE = 512
MAX_ITEMS = 20
MAX_PAGE = 100
DEFAULT_PAGE = 20

Query = Mapping[str, Sequence[str]]


@attrs.frozen(kw_only=True)
class PageQuery:
    """
    Which page was asked for.

    Attributes:
        after: An id, or ``""`` for the first page.
        before: An id that the page ends before, or ``""``; only lists of conversations heed it.
        limit: The most members.
        ascending: The oldest first.
    """

    after: str
    before: str
    limit: int
    ascending: bool


def metadata(value: Any, *, limits: bool = True) -> dict[str, Any]:
    """At most 16 pairs of strings, keys up to 64 characters, values up to 512; null is an empty map."""
    if value is None:
        return {}
    if not is_object(value):
        raise errors.wrong_type("metadata", "an object", value)
    if limits:
        _check_pairs(value)
    return value


def _check_pairs(pairs: dict[str, Any]) -> None:
    if len(pairs) > MAX_PAIRS:
        raise errors.bad_request(
            f"Invalid 'metadata': too many properties. Expected an object with at most {MAX_PAIRS} properties, "
            f"but got an object with {len(pairs)} properties instead.",
            "metadata",
            "object_above_max_properties",
        )
    for key, value in pairs.items():
        _check_pair(key, value)


def _check_pair(key: str, value: Any) -> None:
    if len(key) > MAX_KEY:
        raise errors.bad_request(
            f"Invalid property name in 'metadata': '{errors.shorten(key)}' is too long. Expected a property name "
            f"with maximum length {MAX_KEY}, but got a property name with length {len(key)} instead.",
            "metadata",
            "property_name_above_max_length",
        )
    if not isinstance(value, str):
        raise errors.wrong_type(f"metadata.{key}", "a string", value)
    errors.check_length(f"metadata.{key}", "string", len(value), 0, MAX_VALUE)


def batch(value: Any, *, limits: bool = True) -> list[Any]:
    """The items of a request: an array of at most 20."""
    if not is_array(value):
        raise errors.wrong_type("items", "an array", value)
    if limits:
        errors.check_length("items", "array", len(value), 0, MAX_ITEMS)
    return value


def page_query(
    query: Query, *, limits: bool = True, default_order: Order = "desc", ignores_order: bool = False
) -> PageQuery:
    """
    Which page a listing asks for.

    Args:
        query: Every value of every parameter.
        limits: Whether a ``limit`` above 100 is refused; otherwise it means 100.
        default_order: Of lists that ask for none.
        ignores_order: Whether all lists have that order, whatever they ask for.
    """
    order = default_order if ignores_order else _last(query, "order", default_order)
    if order not in get_args(Order):
        raise errors.wrong_value("order", order, get_args(Order))
    after, before = _last(query, "after", ""), _last(query, "before", "")
    return PageQuery(after=after, before=before, limit=_limit(query, limits), ascending=order == "asc")


def agent(query: Query) -> Agent:
    """The agent whose conversations are asked for; ``agent_id`` is its name, a colon and its version."""
    name, _, version = _last(query, "agent_id", "").partition(":")
    return Agent(name=name or _last(query, "agent_name", ""), version=version)


def item_type(query: Query) -> str:
    """The type of the items that are asked for; ``""`` for all."""
    return _last(query, "item_type", "")


def _limit(query: Query, limits: bool) -> int:
    text = _last(query, "limit", str(DEFAULT_PAGE))
    if not re.fullmatch("[+-]?[0-9]{1,18}", text):
        message = f"Invalid type for 'limit': expected an integer, but got '{errors.shorten(text)}' instead."
        raise errors.bad_request(message, "limit", "invalid_type")
    errors.check_range("limit", int(text), 1, MAX_PAGE if limits else None)
    return min(int(text), MAX_PAGE)


def _last(query: Query, name: str, default: str) -> str:
    values = query.get(name)
    return values[-1] if values else default


def include(query: Query, names: Iterable[str]) -> Shown:
    """The fields asked for, under any of the parameter ``names`` (``include``, ``include[]``)."""
    asked = [value for name in names for value in query.get(name, ())]
    for value in asked:
        if value not in INCLUDABLE:
            raise errors.wrong_value("include", value, INCLUDABLE)
    return frozenset(asked)
