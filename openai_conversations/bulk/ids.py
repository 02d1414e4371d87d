"""Where the ids of a bulk run come from: a file, an iterable, an async iterable; never all of them in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, Final, cast

from openai_conversations.bulk.errors import IdsFileError
from openai_conversations.checks import Wanted, shown
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.jsontypes import is_object
from openai_conversations.text_encoding import utf8_lines

Ids = str | PathLike[str] | Iterable[str] | AsyncIterable[str]
"""Ids, or a path to a file that holds them. A ``str`` is a path, never an id."""

_BATCH: Final = 1000

_NOT_IN_IDS: Final = frozenset("/?#,;\"'")

_HEADINGS: Final = frozenset({"id", "ids", "conversation", "conversations", "conversationid", "conversationids"})
"""What stands over a column of ids."""


_IDS: Final = Wanted(
    "a list of ids or the path of a file that holds them",
    lambda value: isinstance(value, (PathLike, Iterable, AsyncIterable)) and not isinstance(value, (bytes, Mapping)),
)


def check_ids(ids: object) -> None:
    """
    See that it can hold ids, before anything is done.

    Raises:
        InvalidArgumentError: It is nothing that can be gone through, or a string that names no file: one id goes into
            a list.
    """
    if isinstance(ids, str) and not Path(ids).is_file():
        raise InvalidArgumentError(f"ids: there is no file {ids!r}; ids are given as a list, one id as well")
    _IDS.check("ids", ids)
    if isinstance(ids, (list, tuple)):
        for id in cast("list[object]", ids):
            _checked(id)


async def batches(ids: Ids) -> AsyncIterator[list[str]]:
    """
    The ids, a thousand at a time; a file is read in a thread.

    Raises:
        IdsFileError: A line of the file is not an id.
        OSError: The file cannot be read.
        InvalidArgumentError: An id is not a string, or empty.
    """
    check_ids(ids)
    if isinstance(ids, AsyncIterable):
        async with aclosing(_gathered(ids)) as gathered:
            async for batch in gathered:
                yield batch
        return
    source = ids_of_file(ids) if isinstance(ids, (str, PathLike)) else iter(ids)
    while batch := await asyncio.to_thread(_next_batch, source):
        yield batch


async def _gathered(ids: AsyncIterable[str]) -> AsyncGenerator[list[str], None]:
    batch: list[str] = []
    async for id in ids:
        batch.append(_checked(id))
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _next_batch(source: Iterator[str]) -> list[str]:
    return [_checked(id) for id in islice(source, _BATCH)]


def _checked(id: object) -> str:
    if not isinstance(id, str) or not id:
        raise InvalidArgumentError(f"ids must be strings that are not empty, not {shown(id)}")
    return id


def ids_of_file(path: str | PathLike[str]) -> Iterator[str]:
    """
    The ids in a file: one a line, bare or as a JSON string or object with ``id``; empty lines and ``#`` are skipped.

    Raises:
        IdsFileError: A line is none of these; names it.
    """
    with Path(path).open("rb") as lines:
        yield from ids_of_lines(lines, str(path))


def ids_of_lines(lines: Iterable[bytes], name: str) -> Iterator[str]:
    """The ids in lines that were read already, as :func:`ids_of_file` finds them in a file of this name."""
    for number, line in enumerate(_readable(lines, name), 1):
        try:
            id = _id(line.decode().strip())
        except ValueError as error:
            raise IdsFileError(f"{name}: line {number} has no id: {error}", line=number) from None
        if id is not None:
            yield id


def _readable(lines: Iterable[bytes], name: str) -> Iterator[bytes]:
    number = 1
    try:
        for line in utf8_lines(lines):
            yield line
            number += 1
    except UnicodeDecodeError as error:
        raise IdsFileError(f"{name}: line {number} is not text: {error}", line=number) from None


def _id(text: str) -> str | None:
    if not text or text.startswith("#"):
        return None
    if text[0] in '{"':
        value: Any = json.loads(text)
        id: Any = value.get("id") if is_object(value) else value
        if not isinstance(id, str) or not id:
            raise ValueError("the JSON has no id")
        return checked_id(id)
    return checked_id(text)


def checked_id(text: str) -> str:
    """
    What may be the id of a conversation.

    A line with a comma is a row of a table, and ``id`` over it is a heading. The service would call them "not found",
    which is what it says of a conversation that was erased.

    Raises:
        ValueError: It holds white space, a comma or another mark that ids do not have, or is a heading.
    """
    if any(c.isspace() or c in _NOT_IN_IDS or not c.isprintable() for c in text):
        raise ValueError(f"{text[:60]!r}")
    if text.casefold().replace("_", "").replace("-", "") in _HEADINGS:
        raise ValueError(f"{text!r} is a heading")
    return text
