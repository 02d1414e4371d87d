"""A store that keeps something else than what it was given: items that are sent, and what turns leave."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from openai_conversations.server.faults.effects import rewrites
from openai_conversations.server.faults.fault import Fault, Rewrite, Select, check_bounds

__all__ = [
    "drop_parts",
    "escape_non_ascii",
    "lower_case",
    "nfc",
    "partial_commit",
    "replace_surrogates",
    "rewrite_numbers",
    "sort_keys",
    "trim_whitespace",
    "truncate_text",
]

_STORES = frozenset({"createConversation", "createConversationItems", "createResponse"})


def partial_commit(n: int = 1, **select: Unpack[Select]) -> Fault:
    """Store only the first ``n`` items of a request; the response holds no more, and says 200."""
    check_bounds(n=n)
    return Fault(name="partial_commit", rewrite=partial(rewrites.first_items, n=n), possible=_STORES, **select)


def drop_parts(keep: int = 1, **select: Unpack[Select]) -> Fault:
    """Store only the first ``keep`` parts of each message; for ever by default, as all of this kind."""
    check_bounds(keep=keep)
    return _rewriting("drop_parts", partial(rewrites.first_parts, keep=keep), select)


def sort_keys(**select: Unpack[Select]) -> Fault:
    """Store objects with their keys sorted, also in strings that hold JSON, such as ``arguments``."""
    return _rewriting("sort_keys", rewrites.sort_keys, select)


def escape_non_ascii(**select: Unpack[Select]) -> Fault:
    r"""Store strings that hold JSON with ``\u00fc`` for ``ü``."""
    return _rewriting("escape_non_ascii", rewrites.escape_non_ascii, select)


def rewrite_numbers(**select: Unpack[Select]) -> Fault:
    """Store 1.5 for 1.50, and floats for integers beyond 2⁵³, also in strings that hold JSON."""
    return _rewriting("rewrite_numbers", rewrites.rewrite_numbers, select)


def replace_surrogates(**select: Unpack[Select]) -> Fault:
    """Store U+FFFD for lone surrogates."""
    return _rewriting("replace_surrogates", rewrites.replace_surrogates, select)


def trim_whitespace(**select: Unpack[Select]) -> Fault:
    """Store strings without the white space at their ends."""
    return _rewriting("trim_whitespace", rewrites.trim_whitespace, select)


def nfc(**select: Unpack[Select]) -> Fault:
    """Store strings in Unicode's normal form C."""
    return _rewriting("nfc", rewrites.nfc, select)


def lower_case(**select: Unpack[Select]) -> Fault:
    """Store texts in lower case; ids and words of the API stay."""
    return _rewriting("lower_case", rewrites.lower_case, select)


def truncate_text(n: int = 100, **select: Unpack[Select]) -> Fault:
    """Store the first ``n`` characters of each text."""
    check_bounds(n=n)
    return _rewriting("truncate_text", partial(rewrites.truncate_text, n=n), select)


def _rewriting(name: str, rewrite: Rewrite, select: Select) -> Fault:
    select.setdefault("count", None)
    return Fault(name=name, rewrite=rewrite, possible=_STORES, **select)
