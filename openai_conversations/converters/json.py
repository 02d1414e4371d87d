"""
JSON bytes and JSON values, without loss.

orjson does the work. It gives up three things that the wire can carry: integers beyond 64 bits (read as floats,
refused when written), lone surrogates (refused both ways) and numbers that JSON does not have (written as null).
The standard library takes over for the first two; the third is an error that names the place.

What orjson writes besides JSON values is written whatever else a value holds: enums, dataclasses, dates, times, UUIDs;
and mappings of any kind are, and models of pydantic's.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, TypeGuard

import orjson

from openai_conversations.jsontypes import is_model, is_object

MAX_DEPTH: Final = 500

BEYOND_64_BITS: Final = 2.0**63
"""From here on JSON integers do not fit 64 bits, and the fast reader has made floats of them."""

_LONGEST_PATH: Final = 60


def loads(body: bytes) -> Any:
    """
    Read one JSON value.

    Integers beyond 64 bits come out as floats, as orjson reads them; the other two readers keep them.

    Raises:
        ValueError: The body is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return loads_exact(body)


def loads_exact(body: bytes | str) -> Any:
    """
    Read one JSON value with integers of any size; several times slower than :func:`loads`.

    Raises:
        ValueError: The body is not JSON, or nests too deeply to be read.
    """
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("the JSON nests too deeply") from None


def dumps(value: Any) -> bytes:
    """
    Write one JSON value as compact UTF-8.

    Raises:
        ValueError: The value holds something that JSON cannot carry; the message gives its JSON path.
        RecursionError: It nests deeply, and the caller has nearly used up the stack.
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
    try:
        return _text(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _text(value, ensure_ascii=True).encode()


def _text(value: Any, *, ensure_ascii: bool) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, separators=(",", ":"), default=as_json_value)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _refuse_odd_keys(path: str, node: Mapping[Any, Any]) -> None:
    for key in node:
        if not isinstance(key, str):
            # A wrong value like any other that JSON cannot carry, not a wrong type of argument.
            raise ValueError(f"{path} has the key {key!r}; the keys of a JSON object are strings")  # noqa: TRY004


def _refuse_non_finite(value: Any) -> None:
    for path, node in walk(value):
        if isinstance(node, float) and not math.isfinite(node):
            raise ValueError(f"{path} is {node}, which JSON cannot carry")


def as_json_value(value: Any) -> Any:
    """
    What stands in JSON for a Python value that is no JSON value; a value that nothing stands for is returned as it is.

    The value of an enum, the fields of a dataclass, the text of a date, a time or a UUID, as orjson writes them; any
    mapping as a ``dict``; of a model of pydantic's what was set. Members are left as they are.
    """
    if isinstance(value, Enum):
        return as_json_value(value.value)
    if _is_plain(value):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # orjson's rule: an underscore makes a field private.
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if not f.name.startswith("_")}
    if _is_mapping(value):
        return dict(value)
    if is_model(value):
        return _model_json(value)
    try:
        return orjson.loads(orjson.dumps(value))
    except TypeError:
        return value


def _model_json(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float, dict, list, tuple))


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def walk(value: Any, root: str = "$", read: Callable[[Any], Any] = as_json_value) -> Iterator[tuple[str, Any]]:
    """
    Every node of a JSON value with its JSON path (``$.data[0].id``), parents first.

    Args:
        value: The value.
        root: Its path.
        read: What a node is taken for.

    Raises:
        ValueError: The value nests deeper than 500 levels, or contains itself; the message gives the JSON path.
    """
    around: list[int] = []  # the nodes that the current one is in
    stack: list[tuple[int, str, Any]] = [(0, root, value)]
    while stack:
        depth, path, node = stack.pop()
        del around[depth:]
        if id(node) in around:
            raise ValueError(f"{_cut(path)} contains itself")
        if depth > MAX_DEPTH:
            raise ValueError(f"{_cut(path)} nests deeper than {MAX_DEPTH} levels")
        around.append(id(node))
        taken = read(node)
        yield path, taken
        if is_object(taken):
            stack.extend((depth + 1, f"{path}.{key}", member) for key, member in taken.items())
        elif is_sequence(taken):
            stack.extend((depth + 1, f"{path}[{index}]", member) for index, member in enumerate(taken))


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether a value is written as a JSON array: a list, or a tuple."""
    return isinstance(value, (list, tuple))


def _cut(path: str) -> str:
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"
