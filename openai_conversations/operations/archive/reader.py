"""
Reading files: our own exports, checked line by line, and saved conversations of two older APIs.

Nothing is sent before the whole file is read and found sound.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any, Final, Literal, TypeAlias

import attrs

from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_array, is_object
from openai_conversations.operations.archive.formats.assistants import is_thread_message, read_thread
from openai_conversations.operations.archive.formats.chat_completions import is_chat_message, read_chat
from openai_conversations.operations.archive.manifest import (
    Manifest,
    digest,
    digest_of_all,
    is_manifest,
    read_manifest,
)
from openai_conversations.operations.copy.differences import Difference
from openai_conversations.operations.errors import ArchiveError

Text: TypeAlias = str | bytes
Lines: TypeAlias = Text | Iterable[Text] | AsyncIterable[Text]
"""A whole file, or its lines with or without their ends."""

FileKind = Literal["conversation", "thread", "chat"]

_BOM: Final = b"\xef\xbb\xbf"


@attrs.frozen(kw_only=True)
class Archive:
    """
    A conversation out of a file.

    Attributes:
        kind: ``conversation`` for an export of this package, ``thread`` for messages of the Assistants API, ``chat``
            for a list of messages of Chat Completions.
        items: The items as JSON, oldest first.
        conversation: The conversation as JSON; empty where the file does not say.
        manifest: Line 1 of an export; ``None`` for the other kinds.
        unread: What the file holds and items cannot express; ``index`` counts the messages of the file.
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
        return (self.manifest.conversation_id if self.manifest else "") or self.kind


async def whole_text(lines: Lines) -> bytes:
    """The file as one text; lines that come without their ends get them."""
    if isinstance(lines, AsyncIterable):
        return b"".join([_with_end(line) async for line in lines])
    return joined(lines)


def joined(lines: Text | Iterable[Text]) -> bytes:
    """The same, without waiting."""
    if isinstance(lines, (str, bytes)):
        return _as_bytes(lines)
    return b"".join(_with_end(line) for line in lines)


def _as_bytes(text: Text) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _with_end(line: Text) -> bytes:
    text = _as_bytes(line)
    return text if text.endswith(b"\n") else text + b"\n"


def read_archive(text: bytes, loads: Callable[[bytes], Any], *, allow_damaged: bool = False) -> Archive:
    """
    Read a file of any of the three kinds.

    Args:
        text: The whole file.
        loads: JSON to a value; raises :class:`ValueError`.
        allow_damaged: Whether to take the sound lines before the first damage of an export instead of refusing it.

    Raises:
        ArchiveError: It is of no known kind, or damaged; the message and :attr:`ArchiveError.line` say where.
    """
    lines = [line.removesuffix(b"\r") for line in text.removeprefix(_BOM).split(b"\n")]
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
    return _read_foreign(_documents(lines, loads))


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
            raise ArchiveError(f"there are more items than the {expected} that the manifest tells of", line=number)
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
        if digest_of_all(self._lines) != self._manifest.sha256:
            raise ArchiveError("the items are not those that were exported: their hash differs", line=1)


def _documents(lines: list[bytes], loads: Callable[[bytes], Any]) -> list[Any]:
    """The JSON values of the file: one, or one per line."""
    try:
        return [loads(b"\n".join(lines))]
    except ValueError as error:
        if len(lines) == 1:
            raise ArchiveError(f"not JSON ({error})", line=1) from None
        whole = error
    values: list[Any] = []
    for number, line in enumerate(lines, 1):
        try:
            values.append(loads(line))
        except ValueError as error:
            # A document over many lines that breaks somewhere, or JSON Lines with one that is broken.
            place = number if values else getattr(whole, "lineno", number)
            raise ArchiveError(f"not JSON ({error if values else whole})", line=place) from None
    return values


def _read_foreign(documents: list[Any]) -> Archive:
    document: Any = documents[0]
    if len(documents) > 1:
        if any("messages" in as_object(each) for each in documents):
            message = f"the file holds {len(documents)} conversations; import them one by one"
            raise ArchiveError(message, line=2)
        document = documents
    messages = _messages(document)
    thread = _thread(document)
    if messages and all(map(is_thread_message, messages)):
        items, unread = read_thread(messages)
        return Archive(kind="thread", items=items, conversation=thread, unread=unread)
    if messages and all(map(is_chat_message, messages)):
        items, unread = read_chat(messages)
        return Archive(kind="chat", items=items, conversation=thread, unread=unread)
    raise ArchiveError(
        "this is no conversation: expected an export of this package, messages of an Assistants thread, "
        "or a list of Chat Completions messages",
        line=1,
    )


def _messages(document: Any) -> list[Any]:
    """The list, wherever the ways of saving it put it: ``[…]``, ``{"data": […]}``, ``{"messages": […]}``."""
    for name in ("messages", "data"):
        if is_object(document):
            document = document.get(name, document)
    return as_array(document)


def _thread(document: Any) -> JsonObject:
    """The object that has the metadata: the document itself or its ``thread``."""
    if is_array(document):
        return {}
    outer = as_object(document)
    return as_object(outer.get("thread")) or {
        key: outer[key] for key in ("id", "metadata", "created_at") if key in outer
    }
