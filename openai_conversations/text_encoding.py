"""
In which encoding a file is written, found out by its first bytes: for every file that is read.

UTF-8 with or without a byte order mark, and UTF-16 and UTF-32 of both byte orders, as PowerShell's ``>`` and some
editors write them. Without a mark, the zeros of the first characters tell, which are ASCII in every format that is read
here (RFC 4627 §3).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

# The longer marks first: that of UTF-32 begins like that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Which of the first four bytes are zero.
_ZEROS: Final[Mapping[tuple[bool, ...], str]] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}


def encoding_of(start: bytes) -> tuple[str, int]:
    """The encoding of a text by its first four bytes, and how many of them are its mark."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, len(mark)
    return _ZEROS.get(tuple(byte == 0 for byte in start[:4]), "utf-8"), 0


def as_utf8(content: bytes) -> bytes:
    """
    The text of a file in UTF-8 without a mark. A file in UTF-8 is not checked.

    Raises:
        UnicodeDecodeError: It is cut off in a character, or is no text.
    """
    encoding, mark = encoding_of(content)
    content = content[mark:]
    return content if encoding == "utf-8" else content.decode(encoding).encode()


def as_text(content: bytes) -> str:
    """
    The text of a file.

    Raises:
        UnicodeDecodeError: It is none.
    """
    return as_utf8(content).decode()


def utf8_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """
    The lines of a file in UTF-8 without a mark.

    Args:
        lines: Pieces of the file; what iterating over a file that is open for reading bytes gives will do, though it
            cuts UTF-16 in the middle of its line ends.

    Raises:
        UnicodeDecodeError: It is cut off in a character, or is no text.
    """
    pieces = iter(lines)
    first = next(pieces, b"")
    encoding, mark = encoding_of(first)
    whole = chain((first[mark:],), pieces)
    yield from whole if encoding == "utf-8" else _recoded(whole, encoding)


def _recoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        yield from (f"{line}\n".encode() for line in whole)
    yield (rest + decoder.decode(b"", final=True)).encode()
