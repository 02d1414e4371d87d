"""
Credentials in what a server says: it may repeat them, in any spelling, compressed, or broken off in the middle.

Only for what is shown: errors, and what is pickled. What cannot be searched, because it is no text, is not kept.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html.entities import codepoint2name
from typing import Final

from multidict import CIMultiDict

_MASK: Final = b"***"

_SHORTEST: Final = 6
"""Characters at the end of a body that broke off by which a credential is known."""

# Characters: to look for all spellings of a longer credential would take seconds; then nothing of the body is kept.
_LONGEST_ESCAPED: Final = 4096

_LONGEST_ESCAPE: Final = 12
"""Bytes that stand for one character, such as ``\\ud83d\\ude00``."""

# By these, escapes begin: of JSON, of addresses, of HTML.
_ESCAPES: Final = re.compile(rb"[\\%&]")

_MOST_DECOMPRESSED: Final = 1 << 20
_MOST_WRAPPINGS: Final = 3

# zlib.MAX_WBITS + 32 reads the formats of both gzip and zlib (https://docs.python.org/3/library/zlib.html).
_ANY_FORMAT: Final = zlib.MAX_WBITS + 32

# What no text has, but for white space and the escapes of terminals.
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def hide(content: bytes, secrets: Sequence[str], wrappings: int = 0) -> bytes:
    """
    A body with ``***`` for each credential; as it came when it repeats none.

    Args:
        content: The body.
        secrets: The credentials, the longest first.
        wrappings: How often it was compressed, as far as that is known.
    """
    if not secrets or not content:
        return content
    if content.startswith((b"\x1f\x8b", b"\x78")):
        unpacked = _unpacked(content)
        if unpacked is not None:
            return _hidden_inside(content, *unpacked, secrets, wrappings)
    if _BINARY.search(content):
        text = content.decode(json.detect_encoding(content), "replace").replace("\0", "").encode()
        if _BINARY.search(text) or "\ufffd" in text.decode():
            return _MASK
        hidden = _hidden(text, secrets)
        return content if hidden == text else hidden
    return _hidden(content, secrets)


def hide_in_headers(headers: Mapping[str, str], secrets: Sequence[str]) -> Mapping[str, str]:
    """Headers of a response with ``***`` for each credential; the very same when they repeat none."""
    shown = [(name, hide_in_text(value, secrets)) for name, value in headers.items()]
    return headers if shown == list(headers.items()) else CIMultiDict(shown)


def hide_in_text(text: str, secrets: Sequence[str]) -> str:
    """A text with ``***`` for each credential."""
    content = text.encode(errors="surrogateescape")
    hidden = _hidden(content, secrets)
    return text if hidden == content else hidden.decode(errors="surrogateescape")


def _unpacked(content: bytes) -> tuple[bytes, bool] | None:
    """What was compressed and not labelled so, as far as it is read, and whether that is all; ``None`` if it is not."""
    unpacking = zlib.decompressobj(_ANY_FORMAT)
    try:
        beginning = unpacking.decompress(content, _MOST_DECOMPRESSED)
    except zlib.error:
        return None
    return beginning, not (unpacking.unconsumed_tail or unpacking.unused_data)


def _hidden_inside(content: bytes, inner: bytes, is_whole: bool, secrets: Sequence[str], wrappings: int) -> bytes:
    hidden = hide(inner, secrets, wrappings + 1) if wrappings < _MOST_WRAPPINGS else _MASK
    return content if is_whole and hidden == inner else gzip.compress(hidden)


def _hidden(content: bytes, secrets: Sequence[str]) -> bytes:
    for secret in secrets:
        content = content.replace(secret.encode(errors="surrogateescape"), _MASK)
        if _ESCAPES.search(content):
            content = _escaped(secret).sub(_MASK, content) if len(secret) <= _LONGEST_ESCAPED else _MASK
        content = _without_beginning_at_end(content, secret)
    return content


def _escaped(secret: str) -> re.Pattern[bytes]:
    r"""A credential whose writer escapes some or all characters: .NET writes a plus as ``\u002B``, HTML ``&#43;``."""
    return re.compile(b"".join(map(_any_spelling, secret)))


# Kept by character and not by credential: an error is looked through for each, and a fleet's erase makes thousands.
@lru_cache(maxsize=512)
def _any_spelling(character: str) -> bytes:
    return rb"(?:\\*%b|(?i:%b))" % (re.escape(_utf8(character)), b"|".join(map(re.escape, _escapes_of(character))))


def _escapes_of(character: str) -> list[bytes]:
    """As JSON, addresses and HTML write a character."""
    units = character.encode("utf-16-be", "surrogatepass").hex("-", 2).split("-")
    code, name = ord(character), codepoint2name.get(ord(character))
    spellings = ["".join(rf"\u{unit}" for unit in units), "".join(f"%{byte:02x}" for byte in _utf8(character))]
    spellings += [f"&#{code};", f"&#x{code:x};", f"&#0{code};", *([f"&{name};"] if name else [])]
    return [spelling.encode() for spelling in spellings]


def _utf8(character: str) -> bytes:
    return character.encode(errors="surrogateescape")


def _without_beginning_at_end(content: bytes, secret: str) -> bytes:
    """The body of an error is cut where it gets too long, and that may be in the middle of a credential."""
    beginning = _escaped(secret[:_SHORTEST])
    tail = max(len(content) - _LONGEST_ESCAPE * len(secret), 0)
    for found in beginning.finditer(content, tail):
        if _is_beginning(content, found.end(), secret[_SHORTEST:]):
            return content[: found.start()] + _MASK
    return content


def _is_beginning(content: bytes, at: int, rest: str) -> bool:
    """Whether what a body ends with is the beginning of the rest of a credential, in any spelling."""
    for character in rest:
        found = re.compile(_any_spelling(character)).match(content, at)
        if found is None:
            end = content[at:].lower()
            return len(end) < _LONGEST_ESCAPE and any(one.startswith(end) for one in _escapes_of(character))
        at = found.end()
    return False
