"""What people type, and files of theirs: texts, pairs, items, always UTF-8 whatever the locale."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.jsontypes import is_array, is_object
from openai_conversations.text_encoding import as_text


def typed(text: str) -> str:
    """A text from the command line; where the locale is ASCII, Python hands over the bytes of other characters."""
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeError:
        return text


def pairs_of(texts: Iterable[str]) -> dict[str, str]:
    """
    ``KEY=VALUE`` as often as it was given.

    Raises:
        CommandError: One is none.
    """
    return dict(_pair(typed(text)) for text in texts)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise CommandError(f"expected KEY=VALUE, not {text!r}", Exit.USAGE)
    return key, value


def items_of(text: str | None, file: str | None, role: str) -> list[Any]:
    """
    The items that were given: a text on the command line or a file; none when neither was given.

    Raises:
        CommandError: Both were given, or the file cannot be used.
    """
    if text is not None and file is not None:
        raise CommandError("give either a text or --file, not both", Exit.USAGE)
    if text is not None:
        return [{"type": "message", "role": role, "content": typed(text)}]
    return [] if file is None else read_items(file)


def read_items(file: str) -> list[Any]:
    """
    The items in a file; ``-`` is standard input.

    Raises:
        CommandError: The file cannot be read, or holds no items; the message says where.
    """
    name = "standard input" if file == "-" else file
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        value = _parsed(as_text(content), name)
    except UnicodeDecodeError as error:
        raise CommandError(f"{name}: no text: {error}", Exit.BAD_INPUT) from error
    items: list[Any] = value if is_array(value) else [value]
    for number, item in enumerate(items, 1):
        if not is_object(item):
            raise CommandError(f"{name}: item {number} is not a JSON object", Exit.BAD_INPUT)
    if not items:
        raise CommandError(f"{name}: no items", Exit.BAD_INPUT)
    return items


def _parsed(text: str, name: str) -> Any:
    """One JSON value, unwrapped, or one a line."""
    from openai_conversations.converters.json import loads_exact

    if not text.strip():
        raise CommandError(f"{name} is empty", Exit.BAD_INPUT)
    try:
        value = loads_exact(text.encode())
    except ValueError as error:
        if text.count("\n") < 2:
            raise CommandError(f"{name}: not JSON: {error}", Exit.BAD_INPUT) from error
        return _lines(text, name)
    wrapped = value.get("items") if is_object(value) else None
    return wrapped if is_array(wrapped) else value


def _lines(text: str, name: str) -> list[Any]:
    from openai_conversations.converters.json import loads_exact

    values: list[Any] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                values.append(loads_exact(line.encode()))
            except ValueError as error:
                raise CommandError(f"{name}: line {number} is not JSON: {error}", Exit.BAD_INPUT) from error
    return values
