"""
Whether stored items are those that were sent. Pure functions over JSON values.

Servers add ids, status, annotations and log probabilities, turn a content string into parts, leave fields out unless
asked with ``include``, and may rewrite what is behind a URL. Everything else they store as it is.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

IGNORED: Final = frozenset({"id", "status", "annotations", "logprobs", "created_by", "object"})

REWRITABLE: Final = frozenset({"image_url", "file_url", "file_data", "file_id", "detail", "encrypted_content", "result"})
"""Fields that a server may have replaced; a difference there proves nothing."""

_TEXT_PARTS: Final = frozenset({"input_text", "output_text", "text"})


class Likeness(enum.IntEnum):
    """How two values compare."""

    DIFFERENT = 0
    UNSURE = 1
    SAME = 2


@attrs.frozen(kw_only=True)
class Match:
    """
    What a list of stored items tells about the items that were sent.

    Attributes:
        runs: Start indexes of the runs that are the sent items.
        resembling: Indexes of stored items that may belong to them, when there is no run.
    """

    runs: tuple[int, ...] = ()
    resembling: tuple[int, ...] = ()


def find(sent: Sequence[Any], stored: Sequence[Any]) -> Match:
    """
    Look for the sent items, in order and without gaps, among stored ones.

    Args:
        sent: The items as they were sent.
        stored: Stored items, oldest first.
    """
    runs: list[int] = []
    start = 0
    while sent and start + len(sent) <= len(stored):
        if _run(sent, stored[start : start + len(sent)]) is Likeness.SAME:
            runs.append(start)
            start += len(sent)
        else:
            start += 1
    if runs:
        return Match(runs=tuple(runs))
    return Match(resembling=tuple(i for i, item in enumerate(stored) if any(compare(s, item) for s in sent)))


def _run(sent: Sequence[Any], stored: Sequence[Any]) -> Likeness:
    return min(compare(a, b) for a, b in zip(sent, stored, strict=True))


def compare(sent: Any, stored: Any) -> Likeness:
    """How a stored item compares with a sent one."""
    if not isinstance(sent, Mapping) or not isinstance(stored, Mapping):
        return _plain(sent, stored)
    if _tag(sent) != _tag(stored):
        return Likeness.DIFFERENT
    return min((_field(key, sent, stored) for key in sent if key != "type"), default=Likeness.SAME)


def _tag(value: Mapping[str, Any]) -> Any:
    """The type; a message and a reference may come without, and all kinds of text part count as one."""
    tag = value.get("type") or ("message" if "role" in value else "item_reference")
    return "text" if tag in _TEXT_PARTS else tag


def _field(key: str, sent: Mapping[str, Any], stored: Mapping[str, Any]) -> Likeness:
    """What is null or missing on a side proves nothing; what was rewritten leaves a doubt."""
    mine, theirs = sent[key], stored.get(key)
    if key in IGNORED or mine is None or theirs is None:
        return Likeness.SAME
    likeness = _list(mine, theirs) if isinstance(mine, list) or isinstance(theirs, list) else _value(mine, theirs)
    return Likeness.UNSURE if key in REWRITABLE and likeness is Likeness.DIFFERENT else likeness


def _value(sent: Any, stored: Any) -> Likeness:
    if isinstance(sent, Mapping) and isinstance(stored, Mapping):
        return min((_field(key, sent, stored) for key in sent), default=Likeness.SAME)
    return _plain(sent, stored)


def _list(sent: Any, stored: Any) -> Likeness:
    mine, theirs = _parts(sent), _parts(stored)
    if len(mine) != len(theirs):
        return Likeness.DIFFERENT
    return min((compare(a, b) for a, b in zip(mine, theirs, strict=True)), default=Likeness.SAME)


def _parts(value: Any) -> list[Any]:
    """A string stands for one part of text."""
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    return value if isinstance(value, list) else [value]


def _plain(sent: Any, stored: Any) -> Likeness:
    return Likeness.SAME if sent == stored and isinstance(sent, bool) == isinstance(stored, bool) else Likeness.DIFFERENT
