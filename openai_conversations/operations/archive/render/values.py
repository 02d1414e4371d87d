"""
JSON values and times as text for people.

A conversation may hold anything: what cannot be shown well is shown as it is, and nothing here raises.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from openai_conversations.jsontypes import is_array, is_object

_LINE: Final = 60
_DEEPEST: Final = 30
"""Levels that get line breaks of their own; what is deeper stands in one line."""

_HINT: Final = 160

_LAST_SECOND: Final = 253_402_300_799
"""The end of year 9999, the last that :mod:`datetime` knows."""


def json_text(value: object) -> str:
    """JSON with line breaks, but for what fits into one line. Numbers that JSON does not have are shown as Python's."""
    return _broken(value, "", 0)


def _broken(value: object, indent: str, depth: int) -> str:
    flat = flat_json(value)
    if len(flat) <= _LINE or depth >= _DEEPEST or not (is_object(value) or is_array(value)):
        return flat
    inner = f"{indent}  "
    if is_object(value):
        members = [f"{flat_json(key)}: {_broken(each, inner, depth + 1)}" for key, each in value.items()]
    else:
        members = [_broken(each, inner, depth + 1) for each in value]
    first, last = "{}" if is_object(value) else "[]"
    return "".join([first, "\n", ",\n".join(f"{inner}{each}" for each in members), "\n", indent, last])


def flat_json(value: object) -> str:
    """JSON in one line, however deep it is."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        return "".join(_tokens(value))


class _Token(str):
    """A piece of JSON, as opposed to a string value."""

    __slots__ = ()


def _tokens(value: object) -> Iterator[str]:
    """The JSON of a value in pieces, without recursion; the interpreter gives up at some hundred levels."""
    stack: list[object] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, _Token):
            yield node
        elif is_object(node):
            stack.extend(reversed(_members(node.items(), "{}")))
        elif is_array(node):
            stack.extend(reversed(_members([(None, each) for each in node], "[]")))
        else:
            yield json.dumps(node, ensure_ascii=False, default=str)


def _members(pairs: Sequence[tuple[object, object]] | Any, brackets: str) -> list[object]:
    parts: list[object] = []
    for key, each in pairs:
        parts.append(_Token(", " if parts else brackets[0]))
        if key is not None:
            parts.append(_Token(f"{json.dumps(str(key), ensure_ascii=False)}: "))
        parts.append(each)
    return [*(parts or [_Token(brackets[0])]), _Token(brackets[1])]


def json_in(text: str) -> Any:
    """
    The object or list that a text is, ``None`` when it is none, or when reading it would lose something.

    That is: it nests too deeply, names a member twice, or holds a number that Python has not.
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a member is named twice")
    return made


def hint(value: object) -> str:
    """A few words of a value, in one line."""
    text = value if isinstance(value, str) else "" if value is None else flat_json(value)
    folded = re.sub(r"\s+", " ", text[: 4 * _HINT]).strip()
    return folded if len(folded) <= _HINT else f"{folded[:_HINT]}…"


def time_text(seconds: object, form: str) -> str:
    """
    Unix seconds in UTC; what is no such time is shown as it stands, and called so.

    Args:
        seconds: What the server wrote: a number, or a text of digits.
        form: For :meth:`datetime.strftime`.
    """
    try:
        number = float(seconds) if isinstance(seconds, (int, float, str)) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not 0 <= number <= _LAST_SECOND:
        return f"{hint(seconds)} (not a time in seconds)"
    return datetime.fromtimestamp(number, UTC).strftime(form)
