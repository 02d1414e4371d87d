"""
JSON bytes and JSON values, without loss.

orjson does the work. It gives up three things that the wire can carry: integers beyond 64 bits (read as floats,
refused when written), lone surrogates (refused both ways) and numbers that JSON does not have (written as null).
The standard library's parser takes over for the first two; the third is an error that names the place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import orjson

MAX_DEPTH = 500

LONG_INTEGER = re.compile(rb"\d{19}").search
"""Finds what may be an integer beyond 64 bits, which :func:`loads` would read as a float."""


def loads(body: bytes) -> Any:
    """
    Read one JSON value.

    Integers beyond 64 bits come out as floats, as orjson reads them; :func:`loads_exact` keeps them.

    Raises:
        ValueError: The body is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return loads_exact(body)


def loads_exact(body: bytes) -> Any:
    """
    Read one JSON value with integers of any size; several times slower than :func:`loads`.

    Raises:
        ValueError: The body is not JSON, or nests too deeply to be read.
    """
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("the JSON nests too deeply") from None


def loads_lossless(body: bytes) -> Any:
    """
    Read one JSON value with integers of any size, slowly only where there is such an integer.

    Raises:
        ValueError: The body is not JSON.
    """
    return loads_exact(body) if LONG_INTEGER(body) else loads(body)


def dumps(value: Any) -> bytes:
    """
    Write one JSON value as compact UTF-8.

    Raises:
        ValueError: The value holds something that JSON cannot carry; the message gives its JSON path.
    """
    try:
        body = orjson.dumps(value)
    except TypeError:
        return _dumps_exact(value)
    if b"null" in body:
        _refuse_non_finite(value)
    return body


def _dumps_exact(value: Any) -> bytes:
    for path, node in walk(value):
        if is_object(node):
            _refuse_odd_keys(path, node)
        elif not (node is None or isinstance(node, (str, int, float, list, tuple))):
            raise ValueError(f"{path} is of type {type(node).__name__}, which JSON cannot carry")
    _refuse_non_finite(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object, for type checkers too."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether a JSON value is an array, for type checkers too."""
    return isinstance(value, (list, tuple))


def _refuse_odd_keys(path: str, node: Mapping[Any, Any]) -> None:
    for key in node:
        if not isinstance(key, str):
            # A wrong value like any other that JSON cannot carry, not a wrong type of argument.
            raise ValueError(f"{path} has the key {key!r}; the keys of a JSON object are strings")  # noqa: TRY004


def _refuse_non_finite(value: Any) -> None:
    for path, node in walk(value):
        if isinstance(node, float) and not math.isfinite(node):
            raise ValueError(f"{path} is {node}, which JSON cannot carry")


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """
    Every node of a JSON value with its JSON path (``$.data[0].id``), parents first.

    Raises:
        ValueError: The value nests deeper than 500 levels, or holds itself.
    """
    stack: list[tuple[int, str, Any]] = [(0, "$", value)]
    while stack:
        depth, path, node = stack.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"the value nests deeper than {MAX_DEPTH} levels, or holds itself")
        yield path, node
        if is_object(node):
            stack.extend((depth + 1, f"{path}.{key}", member) for key, member in node.items())
        elif is_array(node):
            stack.extend((depth + 1, f"{path}[{index}]", member) for index, member in enumerate(node))
