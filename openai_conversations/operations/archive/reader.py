"""
Reading files: our own exports, checked line by line, and conversations that others saved.

Nothing is sent before the whole file is read and found sound.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from os import PathLike
from typing import Any, Final, TypeAlias, cast

import attrs

from openai_conversations.checks import shown
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.jsontypes import JsonObject, as_object, is_object, text_of
from openai_conversations.operations.archive.documents import documents_of
from openai_conversations.operations.archive.foreign import ALL, Choice, FileKind, read_foreign
from openai_conversations.operations.archive.manifest import (
    Manifest,
    digest,
    digest_of_all,
    is_manifest,
    read_manifest,
)
from openai_conversations.operations.differences import Difference
from openai_conversations.operations.errors import ArchiveError
from openai_conversations.text_encoding import as_utf8, encoding_of

Text: TypeAlias = str | bytes
Lines: TypeAlias = Text | Iterable[Text] | AsyncIterable[Text]
"""A whole file, or its lines with or without their ends."""

_LONGEST_NAME: Final = 1024

_is_file_name = re.compile(rb"[^\r\n\t{}\[\]\"]+\.(jsonl?|ndjson|txt|md|html?)").fullmatch


@attrs.frozen(kw_only=True)
class Archive:
    """
    A conversation out of a file.

    Attributes:
        kind: ``conversation`` for an export of this package, ``items`` for the API's own items, ``thread`` for messages
            of the Assistants API, ``chat`` for messages of Chat Completions, ``responses`` for a log of the Responses
            API, ``chatgpt`` for a conversation that ChatGPT exported, ``ui`` for UI messages of Vercel's AI SDK.
        items: The items as JSON, oldest first.
        conversation: The conversation as JSON; empty where the file does not say.
        manifest: Line 1 of an export; ``None`` for the other kinds.
        unread: What the file holds and items cannot express; ``index`` counts the messages of the file from 0, and is
            -1 for what belongs to the file as a whole.
        damage: What is wrong with the file after the last of these items; ``""`` when it is sound.
    """

    kind: FileKind
    items: tuple[JsonObject, ...]
    conversation: JsonObject = attrs.field(factory=dict[str, Any])
    manifest: Manifest | None = None
    unread: tuple[Difference, ...] = ()
    damage: str = ""

    @property
    def name(self) -> str:
        """What reports call it: the id of the conversation, or the kind of file."""
        return text_of(self.conversation, "id") or self.kind


async def whole_text(lines: Lines) -> bytes:
    """The file as one text; lines that come without their ends get them."""
    if isinstance(lines, AsyncIterable):
        return _joined([_as_bytes(line) async for line in lines])
    return joined(lines)


def joined(lines: Text | Iterable[Text]) -> bytes:
    """A file as one text, of lines that are there already; those without their ends get them."""
    if isinstance(lines, (str, bytes)):
        return _content(_as_bytes(lines))
    given: object = lines  # callers without a type checker pass anything
    if isinstance(given, (bytearray, memoryview)):
        return bytes(given)
    if isinstance(given, PathLike):
        raise InvalidArgumentError("lines must be what a file holds, not a path: pass path.read_bytes()")
    if isinstance(given, Mapping):
        raise InvalidArgumentError("lines must be what a file holds, not a mapping: pass json.dumps() of it")
    if not isinstance(given, Iterable):
        raise InvalidArgumentError(f"lines must be an open file, its lines or its text, not {shown(given)}")
    return _joined([_as_bytes(line) for line in lines])


def _content(text: bytes) -> bytes:
    """
    A whole text.

    Raises:
        InvalidArgumentError: It is the name of a file.
    """
    if len(text) <= _LONGEST_NAME and _is_file_name(text):
        raise InvalidArgumentError(
            f"lines must be what a file holds, not its name {shown(text.decode())}: pass Path(…).read_bytes()"
        )
    return text


def _as_bytes(text: Text) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    if not isinstance(cast("object", text), (bytes, bytearray, memoryview)):
        raise InvalidArgumentError(f"lines must hold strings or bytes, not {shown(text)}: pass json.dumps() of it")
    return bytes(text)


def _joined(pieces: list[bytes]) -> bytes:
    """Lines of a file in UTF-16 were cut in the middle of their ends: nothing may come between them."""
    is_utf8 = encoding_of(pieces[0] if pieces else b"")[0] == "utf-8"
    return b"".join(piece + b"\n" if is_utf8 and not piece.endswith(b"\n") else piece for piece in pieces)


def read_archive(
    text: bytes, loads: Callable[[bytes], Any], *, allow_damaged: bool = False, choice: Choice = ALL
) -> Archive:
    """
    Read a file of any of the kinds.

    Args:
        text: The whole file, in any encoding of :mod:`openai_conversations.text_encoding`.
        loads: JSON to a value; raises :class:`ValueError`.
        allow_damaged: Whether to take the sound lines before the first damage of an export instead of refusing it.
        choice: What is to be read of a file that holds more than one conversation, or leaves its order open.

    Raises:
        ArchiveError: It is of no known kind, or damaged; the message and :attr:`ArchiveError.line` say where.
    """
    try:
        text = as_utf8(text)
    except UnicodeDecodeError as error:
        raise ArchiveError(f"no text ({error})", line=1) from None
    lines = [line.removesuffix(b"\r") for line in text.split(b"\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise ArchiveError("the file is empty", line=1)
    try:
        first = loads(lines[0])
    except ValueError:
        first = None
    if is_manifest(first):
        return _Export(read_manifest(as_object(first)), lines[1:], loads).read(allow_damaged=allow_damaged)
    found = read_foreign(documents_of(lines, loads), choice)
    return Archive(kind=found.kind, items=found.items, conversation=found.conversation, unread=found.unread)


class _Export:
    """An export of this package: its manifest and its item lines."""

    def __init__(self, manifest: Manifest, lines: list[bytes], loads: Callable[[bytes], Any]) -> None:
        self._manifest = manifest
        self._lines = lines
        self._loads = loads

    def read(self, *, allow_damaged: bool) -> Archive:
        items: list[JsonObject] = []
        damage = ""
        try:
            for index in range(max(self._manifest.items, len(self._lines))):
                items.append(self._item(index))  # noqa: PERF401  # those before the damage are kept
            self._check_all()
        except ArchiveError as error:
            if not allow_damaged:
                raise
            damage = str(error)
        return Archive(
            kind="conversation",
            items=tuple(items),
            conversation=self._manifest.conversation,
            manifest=self._manifest,
            damage=damage,
        )

    def _item(self, index: int) -> JsonObject:
        expected = self._manifest.items
        number = index + 2
        if index >= len(self._lines):
            raise ArchiveError(f"the file ends here, after {index} of {expected} items", line=number)
        if index >= expected:
            raise ArchiveError(f"there are more items than the {expected} of the manifest", line=number)
        line = self._lines[index]
        try:
            item = self._loads(line)
        except ValueError as error:
            raise ArchiveError(f"not JSON ({error}); {index} of {expected} items are whole", line=number) from None
        if not is_object(item):
            raise ArchiveError("not an item", line=number)
        if index < len(self._manifest.digests) and self._manifest.digests[index] != digest(line):
            raise ArchiveError("the item is not the one that was exported: its hash differs", line=number)
        return item

    def _check_all(self) -> None:
        if digest_of_all(line + b"\n" for line in self._lines) != self._manifest.sha256:
            raise ArchiveError("the items are not those that were exported: their hash differs", line=1)
