"""
What other stores do to the items that they are given: functions of the items of a request.

The rules and the store see the rewritten items only, as if the client had sent them.
"""

from __future__ import annotations

import json as standard_json
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from openai_conversations.converters import json
from openai_conversations.server.rules.schema_dsl import is_array, is_object

_TEXTS = frozenset(
    {
        "arguments",
        "code",
        "content",
        "diff",
        "input",
        "output",
        "query",
        "refusal",
        "result",
        "stderr",
        "stdout",
        "text",
    }
)
"""Fields whose strings are written by people and models; the others are ids and words of the API."""

_LARGEST_EXACT = 2**53
"""Integers up to here are the same as 64-bit floats."""


def rewrite_body(body: bytes, rewrites: Iterable[Callable[[list[Any]], list[Any]]]) -> tuple[bytes, bool]:
    """
    The body of a request with its items rewritten, and whether as many are left as were sent.

    A body that holds no items, or nothing that can be written again, stays as it is: the rules refuse it or not.
    """
    try:
        fields = json.loads_exact(body)
        sent = fields["items"]
        items = sent
        for rewrite in rewrites:
            items = rewrite(items)
        return json.dumps({**fields, "items": items}), len(items) == len(sent)
    except (ValueError, TypeError, KeyError, RecursionError):
        return body, True


# The number of items


def first_items(items: list[Any], *, n: int) -> list[Any]:
    return items[:n]


def first_parts(items: list[Any], *, keep: int) -> list[Any]:
    return [_with_parts(item, keep) for item in items]


def _with_parts(item: Any, keep: int) -> Any:
    parts = item.get("content") if is_object(item) else None
    return {**item, "content": parts[:keep]} if is_array(parts) else item


# JSON


def sort_keys(items: list[Any]) -> list[Any]:
    return [_sorted(_map_strings(item, _in_json(_sorted))) for item in items]


def _sorted(value: Any) -> Any:
    if is_array(value):
        return [_sorted(member) for member in value]
    if is_object(value):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return value


def escape_non_ascii(items: list[Any]) -> list[Any]:
    return [_map_strings(item, lambda text: _escaped(text) if _is_json(text) else text) for item in items]


def _escaped(text: str) -> str:
    # Beyond ASCII stands in JSON only what is inside its strings.
    return re.sub(r"[^\x00-\x7f]", lambda found: standard_json.dumps(found[0])[1:-1], text)


def rewrite_numbers(items: list[Any]) -> list[Any]:
    return [_as_floats(_map_strings(item, _in_json(_as_floats))) for item in items]


def _as_floats(value: Any) -> Any:
    if is_array(value):
        return [_as_floats(member) for member in value]
    if is_object(value):
        return {name: _as_floats(member) for name, member in value.items()}
    is_large = isinstance(value, int) and abs(value) > _LARGEST_EXACT
    return _nearest(value) if is_large else value


def _nearest(number: int) -> int | float:
    try:
        return float(number)
    except OverflowError:
        return number


def _in_json(change: Callable[[Any], Any]) -> Callable[[str], str]:
    """A change of JSON values, for strings that hold JSON; it is written anew, as a store that parses it does."""

    def rewrite(text: str) -> str:
        if not _is_json(text):
            return text
        separators = (", ", ": ") if '": ' in text else (",", ":")
        return standard_json.dumps(change(standard_json.loads(text)), ensure_ascii=False, separators=separators)

    return rewrite


def _is_json(text: str) -> bool:
    """Whether a string holds an object or an array."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        standard_json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


# Texts


def replace_surrogates(items: list[Any]) -> list[Any]:
    return [_map_strings(item, _without_surrogates) for item in items]


def _without_surrogates(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def trim_whitespace(items: list[Any]) -> list[Any]:
    return [_map_strings(item, str.strip) for item in items]


def nfc(items: list[Any]) -> list[Any]:
    return [_map_strings(item, lambda text: unicodedata.normalize("NFC", text)) for item in items]


def lower_case(items: list[Any]) -> list[Any]:
    return [_map_texts(item, str.lower) for item in items]


def truncate_text(items: list[Any], *, n: int) -> list[Any]:
    return [_map_texts(item, lambda text: text[:n]) for item in items]


def _map_strings(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every string changed but the names of fields."""
    if isinstance(value, str):
        return change(value)
    if is_array(value):
        return [_map_strings(member, change) for member in value]
    if is_object(value):
        return {name: _map_strings(member, change) for name, member in value.items()}
    return value


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    if is_array(value):
        return [_map_texts(member, change) for member in value]
    return {name: _change_text(name, field, change) for name, field in value.items()} if is_object(value) else value


def _change_text(name: str, value: Any, change: Callable[[str], str]) -> Any:
    return change(value) if name in _TEXTS and isinstance(value, str) else _map_texts(value, change)
