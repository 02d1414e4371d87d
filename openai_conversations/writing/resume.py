"""What an append of many items says of itself: where it stands, what came of it, and from where to go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, TypeGuard, cast

import attrs

from openai_conversations.checks import shown
from openai_conversations.errors import InvalidArgumentError, OperationError
from openai_conversations.limits import ITEMS_PER_REQUEST


class AppendResume(TypedDict):
    """
    Where an append goes on: plain values, which can be written to a file as JSON.

    Attributes:
        conversation_id: The conversation.
        stored: How many items, from the first on, are stored and must not be sent again.
        unknown: How many of those that follow may be stored, too: they are looked up before they are sent.
        last_item_id: Id of the last stored item before those, ``""`` when there is none, ``None`` when it is not known.
    """

    conversation_id: str
    stored: int
    unknown: int
    last_item_id: str | None


@attrs.frozen(kw_only=True)
class AppendProgress:
    """
    Where an append stands: before the first chunk is sent, and after each chunk.

    Attributes:
        stored: How many of the items are stored, those of an earlier run included.
        total: How many there are; ``None`` when that is not known beforehand.
        ids: The ids of the chunk that was just stored; empty before the first.
        resume: From where to go on if this process should die now. It takes the next chunk for one that may have been
            sent.
    """

    stored: int
    total: int | None
    ids: tuple[str, ...]
    resume: AppendResume


@attrs.frozen(kw_only=True)
class AppendResult:
    """
    An append that is done.

    Attributes:
        conversation_id: The conversation.
        count: How many items are stored, those of an earlier run included: all that were given, but for a
            ``compaction_trigger``, in whose place the service may store nothing.
        ids: The ids of the items that this run stored, in order.
    """

    conversation_id: str
    count: int
    ids: tuple[str, ...]


class AppendIncompleteError(OperationError):
    """
    An append of many items stopped; the cause is chained as ``__cause__``.

    Attributes:
        conversation_id: The conversation.
        stored: The ids of the items that this run stored and that are still there, in order.
        count: How many of the items, from the first on, are stored for certain, those of an earlier run included; after
            a rollback, how many are left.
        unknown: How many of :attr:`pending` may be stored, too: the chunk that failed, or 0.
        pending: The items that follow, as far as they were taken from the iterable, as they were given. Those of a
            generator are in nobody else's hands.
        resume: Give it to ``items.append`` with the same items to go on: plain values, which can be kept as JSON.
            ``None`` after a rollback.
        rolled_back: Whether everything that this run had stored was removed; ``None`` when that was not asked for.
    """

    def __init__(
        self,
        message: str,
        *,
        conversation_id: str,
        stored: tuple[str, ...],
        count: int,
        unknown: int,
        pending: tuple[Any, ...] = (),
        resume: AppendResume | None = None,
        rolled_back: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.stored = stored
        self.count = count
        self.unknown = unknown
        self.pending = pending
        self.resume = resume
        self.rolled_back = rolled_back


def checked_resume(resume: AppendResume | None, conversation_id: str, total: int | None) -> AppendResume:
    """
    Where to begin.

    Raises:
        InvalidArgumentError: It is not what an append gave, or of another conversation, or of other items.
    """
    if resume is None:
        return AppendResume(conversation_id=conversation_id, stored=0, unknown=0, last_item_id=None)
    if not _is_resume(resume):
        raise InvalidArgumentError(f"resume must be what an append gave, not {shown(resume)}")
    if resume["conversation_id"] != conversation_id:
        raise InvalidArgumentError(f"resume is of {resume['conversation_id']!r}, not of {conversation_id!r}")
    if total is not None and resume["stored"] > total:
        raise InvalidArgumentError(f"items has {total} items, but {resume['stored']} are stored: give the same items")
    return resume


def _is_resume(value: object) -> TypeGuard[AppendResume]:
    if not isinstance(value, Mapping) or not AppendResume.__required_keys__ <= value.keys():
        return False
    fields = cast("Mapping[str, Any]", value)
    counts = _is_count(fields["stored"]) and _is_count(fields["unknown"]) and fields["unknown"] <= ITEMS_PER_REQUEST
    return counts and (fields["last_item_id"] is None or isinstance(fields["last_item_id"], str))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
