"""The JSON values of a file: one, one a line, or one after the other, each with the line where it begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs

from openai_conversations.operations.errors import ArchiveError


@attrs.frozen
class Document:
    """
    One JSON value of a file.

    Attributes:
        value: The value.
        line: Where it begins, counted from 1.
    """

    value: Any
    line: int


def documents_of(lines: list[bytes], loads: Callable[[bytes], Any]) -> list[Document]:
    """
    The values of a file.

    Raises:
        ArchiveError: It is no JSON; says in which line.
    """
    whole = b"\n".join(lines)
    try:
        return [Document(loads(whole), 1)]
    except ValueError as error:
        if len(lines) == 1:
            raise ArchiveError(f"not JSON ({error})", line=1) from None
        broken = error
    try:
        loads(lines[0])
    except ValueError:
        return _one_after_the_other(whole, broken)
    return [_of_line(number, line, loads) for number, line in enumerate(lines, 1) if line.strip()]


def _of_line(number: int, line: bytes, loads: Callable[[bytes], Any]) -> Document:
    try:
        return Document(loads(line), number)
    except ValueError as error:
        raise ArchiveError(f"not JSON ({error})", line=number) from None


def _one_after_the_other(whole: bytes, broken: ValueError) -> list[Document]:
    """Values of several lines each, as ``jq`` writes them."""
    text = whole.decode("utf-8", "replace")
    read = json.JSONDecoder(parse_constant=_refuse).raw_decode
    documents: list[Document] = []
    place, line = 0, 1
    while True:
        start = len(text) - len(text[place:].lstrip())
        if start == len(text):
            return documents
        line += text.count("\n", place, start)
        try:
            value, end = read(text, start)
        except (ValueError, RecursionError) as error:
            at = getattr(error if documents else broken, "lineno", line)
            raise ArchiveError(f"not JSON ({error if documents else broken})", line=at) from None
        documents.append(Document(value, line))
        line += text.count("\n", start, end)
        place = end


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
