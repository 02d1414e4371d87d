"""JSON that keeps what the fast reader would lose, read and written as text."""

from __future__ import annotations

import json
from typing import Any

from openai_conversations.converters.codec import lost_digits
from openai_conversations.converters.json import dumps, loads, loads_exact


def loads_lossless(body: bytes) -> Any:
    """
    Read one JSON value with integers of any size; slowly only when one may not fit 64 bits.

    Raises:
        ValueError: The body is not JSON, or nests too deeply to be read.
    """
    value = loads(body)
    return loads_exact(body) if lost_digits(value) else value


def json_text(value: Any, *, indent: int | None = None, ensure_ascii: bool = False) -> str:
    """
    Write one JSON value as text; in one line, or with each level indented by so many spaces.

    What has no UTF-8 is escaped.

    Raises:
        ValueError: As :func:`dumps`.
        RecursionError: As :func:`dumps`.
    """
    body = dumps(value)
    if indent is None and not ensure_ascii:
        return body.decode()
    exact = loads_lossless(body)
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(exact, indent=indent, ensure_ascii=ensure_ascii, separators=separators)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(exact, indent=indent, separators=separators)
    return text
