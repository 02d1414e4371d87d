"""
The first line of an export: what the other lines are, so that a damaged file is noticed and the damage found.

The format is JSON Lines in UTF-8. Line 1 is the manifest, every other line is one item, oldest first, as the server
wrote it. A reader refuses a version that it does not know; members that it does not know mean nothing to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import attrs

from openai_conversations.jsontypes import JsonObject, as_array, is_array, is_object
from openai_conversations.operations.erase.receipts import iso
from openai_conversations.operations.errors import ArchiveError

FORMAT: Final = "openai_conversations/conversation"
VERSION: Final = 1

_DIGEST_LENGTH: Final = 8


def digest(line: bytes) -> str:
    """The first 8 hexadecimal digits of the SHA-256 of a line, without its end."""
    return hashlib.sha256(line).hexdigest()[:_DIGEST_LENGTH]


def digest_of_all(lines: Iterable[bytes]) -> str:
    """SHA-256 over the item lines, each with its line feed."""
    whole = hashlib.sha256()
    for line in lines:
        whole.update(line)
    return whole.hexdigest()


@attrs.frozen(kw_only=True)
class Manifest:
    """
    What an export says about itself.

    Attributes:
        conversation: The conversation as the server wrote it: id, creation, metadata.
        source: Base URL of the server.
        exported_at: ISO 8601 in UTC; when the last item was read.
        include: The fields that were asked for beyond what a server gives by itself.
        include_refused: The fields that the server refused: they may be missing in the items.
        items: How many item lines follow.
        types: How many items of each type.
        sha256: :func:`digest_of_all` of the item lines.
        digests: :func:`digest` of each item line.
    """

    conversation: JsonObject
    source: str
    exported_at: str
    include: tuple[str, ...]
    items: int
    types: Mapping[str, int]
    sha256: str
    digests: tuple[str, ...]
    include_refused: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """The manifest as it stands in line 1."""
        return {"format": FORMAT, "version": VERSION, **attrs.asdict(self, recurse=False)}


def make_manifest(
    conversation: JsonObject,
    types: Mapping[str, int],
    lines: Sequence[bytes],
    *,
    source: str,
    at: float,
    include: Sequence[str],
    include_refused: Sequence[str] = (),
) -> Manifest:
    """The manifest of item lines, each with its end, and of how many there are of each type; *at* in Unix seconds."""
    return Manifest(
        conversation=conversation,
        source=source,
        exported_at=iso(at),
        include=tuple(include),
        include_refused=tuple(include_refused),
        items=len(lines),
        types=dict(sorted(types.items())),
        sha256=digest_of_all(lines),
        digests=tuple(digest(line[:-1]) for line in lines),
    )


def is_manifest(value: object) -> bool:
    """Whether a JSON value is the first line of an export, of any version."""
    return is_object(value) and value.get("format") == FORMAT


def read_manifest(value: JsonObject) -> Manifest:
    """
    Read line 1.

    Raises:
        ArchiveError: It is of another version, or not whole.
    """
    version = value.get("version")
    if version != VERSION:
        raise ArchiveError(f"the file is of version {version!r}, this reader knows version {VERSION}", line=1)
    for name, fits in _MEMBERS.items():
        if not fits(value.get(name)):
            raise ArchiveError(f"the manifest has no usable {name!r}", line=1)
    return Manifest(
        **{name: value[name] for name in ("conversation", "source", "exported_at", "items", "types", "sha256")},
        include=tuple(value["include"]),
        include_refused=tuple(as_array(value.get("include_refused"))),
        digests=tuple(value["digests"]),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


_MEMBERS: Final[Mapping[str, Callable[[object], bool]]] = {
    "conversation": is_object,
    "source": _is_text,
    "exported_at": _is_text,
    "include": is_array,
    "items": _is_count,
    "types": is_object,
    "sha256": _is_text,
    "digests": is_array,
}
