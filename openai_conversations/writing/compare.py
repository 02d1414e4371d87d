"""
Whether stored items are those that were sent. Pure functions over JSON values.

Servers add ids, status, annotations and log probabilities, turn a content string into parts, leave fields out unless
asked with ``include``, and may rewrite what is behind a URL. Everything else they store as it is. What is not quite
equal leaves a doubt rather than proving a difference: a doubt ends in an error, a difference in a second copy.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard

import attrs

from openai_conversations.schemas.items import ITEM_CLASSES

IGNORED: Final = frozenset({"id", "status", "annotations", "logprobs", "created_by", "object"})

REWRITABLE: Final = frozenset(
    {"image_url", "file_url", "file_data", "file_id", "detail", "encrypted_content", "result"}
)
"""Fields that a server may have replaced; a difference there proves nothing."""

STAND_INS: Final = frozenset({"item_reference", "compaction_trigger"})
"""Items in whose place a server stores another one, which nobody can foretell."""

_TEXT_PARTS: Final = frozenset({"input_text", "output_text", "text"})

# What databases and gateways are known to change in a text: white space, characters that nobody sees.
_UNSEEN: Final = re.compile(r"[\s\x00-\x1f\x7f\ufeff\ufffd\u200b]+")


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
        runs: Start indexes of the runs that are the sent items; more than one when they cannot be told apart.
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
    starts = range(len(stored) - len(sent) + 1) if sent else range(0)
    runs = tuple(start for start in starts if _is_run(sent, stored, start))
    if runs:
        return Match(runs=runs)
    return Match(resembling=tuple(i for i, item in enumerate(stored) if any(compare(s, item) for s in sent)))


def _is_run(sent: Sequence[Any], stored: Sequence[Any], start: int) -> bool:
    return all(compare(item, stored[start + i]) is Likeness.SAME for i, item in enumerate(sent))


def compare(sent: Any, stored: Any) -> Likeness:
    """How a stored item compares with a sent one."""
    if not _is_object(sent) or not _is_object(stored):
        return _plain(sent, stored)
    if sent.get("id") and sent.get("id") == stored.get("id"):
        return Likeness.SAME
    kind, other = _kind(sent), _kind(stored)
    if kind in STAND_INS:
        return Likeness.UNSURE
    if kind == other:
        return _fields(sent, stored)
    return Likeness.DIFFERENT if other in ITEM_CLASSES else Likeness.UNSURE  # nobody knows what it is


def _kind(item: Mapping[str, Any]) -> Any:
    """The type of an item; a message and a reference may come without."""
    return item.get("type") or ("message" if "role" in item else "item_reference")


def _fields(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> Likeness:
    return min((_field(key, sent, stored) for key in sent if key != "type"), default=Likeness.SAME)


def _field(key: str, sent: Mapping[str, Any], stored: Mapping[str, Any]) -> Likeness:
    """What is null or missing on a side proves nothing; what was rewritten leaves a doubt."""
    mine, theirs = sent[key], stored.get(key)
    if key in IGNORED or mine is None or theirs is None:
        return Likeness.SAME
    return max(_value(mine, theirs), Likeness.UNSURE if key in REWRITABLE else Likeness.DIFFERENT)


def _value(sent: Any, stored: Any) -> Likeness:
    if _is_array(sent) or _is_array(stored):
        return _list(_parts(sent), _parts(stored))
    if _is_object(sent) and _is_object(stored):
        return _part(sent, stored)
    return _plain(sent, stored)


def _list(sent: list[Any], stored: list[Any]) -> Likeness:
    if len(sent) == len(stored):
        return min((_value(a, b) for a, b in zip(sent, stored, strict=True)), default=Likeness.SAME)
    texts = _text(sent), _text(stored)
    if texts[0] is None or texts[1] is None:
        return Likeness.DIFFERENT
    return min(_plain(*texts), Likeness.UNSURE)


def _part(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> Likeness:
    """Two objects inside an item; all kinds of text part count as one kind."""
    kinds = [kind for kind in (sent.get("type"), stored.get("type")) if kind]
    if len({"text" if kind in _TEXT_PARTS else kind for kind in kinds}) > 1:
        return Likeness.DIFFERENT
    return _fields(sent, stored)


def _parts(value: Any) -> list[Any]:
    """A string stands for one part of text."""
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    return value if _is_array(value) else [value]


def _text(parts: list[Any]) -> str | None:
    """The text of parts that are nothing but text: a server may have joined or split them."""
    texts = [part.get("text") if _is_object(part) and part.get("type") in _TEXT_PARTS else None for part in parts]
    return None if None in texts else "".join(map(str, texts))


def _plain(sent: Any, stored: Any) -> Likeness:
    if sent == stored and isinstance(sent, bool) == isinstance(stored, bool):
        return Likeness.SAME
    texts = isinstance(sent, str) and isinstance(stored, str)
    return Likeness.UNSURE if texts and _seen(sent) == _seen(stored) else Likeness.DIFFERENT


def _seen(text: str) -> str:
    return _UNSEEN.sub("", unicodedata.normalize("NFC", text))


def _is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
