"""How a text is cut into the deltas of a stream, and how many tokens it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from openai_conversations.server.rules.schema_dsl import is_array, is_object

Chunks = Literal["token", "word", "byte", "surrogate", "whole"]
"""
How texts are cut:

* ``token``: up to four letters or digits with the white space before them, or one other character;
* ``word``: a word with the white space before it;
* ``byte``: one delta for each byte of UTF-8. The first bytes of a character give empty deltas, its last one gives it
  whole, as servers do that decode the bytes of a model;
* ``surrogate``: as ``token``, but characters beyond U+FFFF are cut into their two surrogates;
* ``whole``: one delta.
"""

_TOKEN = re.compile(r"\s*[^\W_]{1,4}|\s*[^\w\s]|\s*_|\s+")
_WORD = re.compile(r"\s*\S+|\s+")


def cut(text: str, chunks: Chunks = "token") -> list[str]:
    """The deltas of a text, in order; joined they are the text. An empty text has none."""
    return list(_CUTS[chunks](text))


def _bytes(text: str) -> Iterator[str]:
    for character in text:
        yield from ("" for _ in range(len(character.encode(errors="surrogatepass")) - 1))
        yield character


def _surrogates(text: str) -> Iterator[str]:
    for token in _TOKEN.findall(text):
        astral = [n for n, character in enumerate(token) if ord(character) > 0xFFFF]
        if astral:
            yield from _halves(token, astral[0])
        else:
            yield token


def _halves(token: str, n: int) -> Iterator[str]:
    """The token, cut inside its character ``n``."""
    code = ord(token[n]) - 0x10000
    yield token[:n] + chr(0xD800 + (code >> 10))
    yield chr(0xDC00 + (code & 0x3FF)) + token[n + 1 :]


_CUTS: Mapping[Chunks, Callable[[str], Iterator[str] | list[str]]] = {
    "token": _TOKEN.findall,
    "word": _WORD.findall,
    "byte": _bytes,
    "surrogate": _surrogates,
    "whole": lambda text: [text] if text else [],
}


# The number of tokens

PER_ITEM = 4
"""Tokens that an item costs besides its strings."""

PER_BLOB = 85
"""Tokens of an image or a file, whatever is in it."""

_BLOBS = frozenset({"image_url", "file_data", "file_id", "file_url", "result"})
_NO_TEXT = frozenset({"id", "type", "status", "role", "call_id", "annotations", "logprobs", "detail"})


def count_text(text: str) -> int:
    """The tokens of a text: as many as it has deltas when it is cut by ``token``."""
    return sum(1 for _ in _TOKEN.finditer(text))


def count_item(item: Any) -> int:
    """
    The tokens of an item: four, and those of the strings in it.

    Ids, types, roles and annotations are free; an image or a file costs 85.
    """
    return PER_ITEM + count_strings(item)


def count_strings(value: Any) -> int:
    """The tokens of all strings in a JSON value, however deep."""
    total = 0
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            total += count_text(node)
        elif is_array(node):
            stack.extend(node)
        elif is_object(node):
            total += PER_BLOB * sum(1 for name in _BLOBS & node.keys() if node[name])
            stack.extend(member for name, member in node.items() if name not in _NO_TEXT and name not in _BLOBS)
    return total
