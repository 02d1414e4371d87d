"""
Text and JSON that SQLite takes, whatever they hold.

SQLite's text is UTF-8. A Python string may hold half a character: half an emoji that a server cut, or the bytes of a
file name that are no UTF-8 (https://peps.python.org/pep-0383/). Such text is stored as bytes, and is the same string
when it is read again.
"""

from __future__ import annotations

import json
from typing import Any


def to_sql(text: str | None) -> str | bytes | None:
    """What to store for a text."""
    if text is None or text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def from_sql(value: Any) -> str:
    """The text that was stored."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def dump_json(value: Any) -> str:
    """
    JSON as ASCII: half characters are escaped, and integers may have any length.

    Raises:
        ValueError: The value contains itself, or is nested too deep.
        TypeError: It is no JSON.
    """
    try:
        return json.dumps(value)
    except RecursionError:
        raise ValueError("the value is nested too deep for JSON") from None


def load_json(text: Any) -> Any:
    """What was stored; text that is JSON no more as ``{"unreadable": text}``, so that nothing is lost unseen."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {"unreadable": text if isinstance(text, str) else repr(text)}
