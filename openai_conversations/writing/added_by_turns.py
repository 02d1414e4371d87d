"""
What this client's own turns added to a conversation, told from what came besides.

A turn that is complete may be stored later than its response says. Its output has ids, which the response told: so its
items are known wherever they stand, and are nobody else's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from openai_conversations.api.pagination import item_id
from openai_conversations.writing.compare import is_same
from openai_conversations.writing.open_turns import OpenTurn


def without_turns(
    items: Sequence[Any], shown: Collection[str], turns: Sequence[OpenTurn]
) -> tuple[list[Any], list[OpenTurn]]:
    """
    The items that no turn of this client added, and the turns that may still add theirs.

    Args:
        items: Items behind the last known one, oldest first.
        shown: The ids of these and of others that the same listing showed.
        turns: Those whose items have not been seen so far.
    """
    left, still_open = list(items), list[OpenTurn]()
    for turn in turns:
        if turn.is_shown(shown):
            left = _without(left, turn.sent, turn.output or ())
        else:
            still_open.append(turn)
    return left, still_open


def _without(items: Sequence[Any], sent: Sequence[Any], output: Sequence[str]) -> list[Any]:
    """
    The items without an output, and without the input where it stands before that as it was sent.

    An item of somebody else that is equal to the input, and stands there instead, leaves the other one in its place.
    """
    first = next((at for at, item in enumerate(items) if item_id(item) in output), 0)
    before = list(items[max(first - len(sent), 0) : first])
    begin = first - len(sent) if len(before) == len(sent) and all(map(is_same, sent, before)) else first
    return [item for at, item in enumerate(items) if item_id(item) not in output and not begin <= at < first]
