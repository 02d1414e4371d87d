"""
Compacting: a new conversation that begins with what a model made of the older turns, and goes on with the newest ones.

The service compacts a list of items and no conversation. What stands there, the conversation that it came from keeps:
it is only read. Nothing is made before the compacted window is there.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from openai_conversations.api import turn_requests
from openai_conversations.api.arguments import Omit, omit
from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.pagination import item_id
from openai_conversations.api.results import computed
from openai_conversations.errors import APIResponseValidationError, ConversationsError
from openai_conversations.jsontypes import JsonObject, as_array, is_object, text_of, type_of
from openai_conversations.operations.copy.copying import (
    Copied,
    CopyPlan,
    append_all,
    create_copy,
    in_order,
    new_ids,
    plan_copy,
    seen,
    unanswered,
)
from openai_conversations.operations.copy.fork import INHERIT, Inherit, copied_metadata
from openai_conversations.operations.differences import Difference
from openai_conversations.operations.listing import Whole, read_whole
from openai_conversations.operations.turns.tokens import count_conversation
from openai_conversations.operations.turns.whole_turns import whole_turns
from openai_conversations.schemas.responses.response import CompactedResponse
from openai_conversations.writing.write_order import Writing

logger: Final = logging.getLogger("openai_conversations")

DEFAULT_KEEP_LAST: Final = 4

OnCreated = Callable[[str], Awaitable[object]]


@attrs.frozen(kw_only=True)
class CompactReport:
    """
    What came of a compaction.

    Attributes:
        source: The conversation that was compacted; it is as it was.
        conversation_id: The new one; ``None`` when there was nothing to compact and none was made.
        reason: Why there was nothing to compact, in one sentence; ``""`` when there was.
        tokens_before: Tokens of the original, by the service's count.
        tokens_after: The same of the new one; ``None`` when none was made, or when it could not be counted.
        items_before: Items of the original.
        compacted: How many of them were compacted.
        window: How many items stand for these in the new conversation.
        carried: How many were carried over as they are: the developer's at the start, and the newest turns.
        turns: How many turns were carried over.
        ids: Id in the original → id in the new one, of what was carried over.
        not_compacted: Items before the newest turns that cannot be sent to be compacted, each with the reason: the new
            conversation knows nothing of them.
        differences: Every place where what was carried over differs but for the ids.
        window_differences: The same of the window and what the service had given for it.
        metadata_left_out: Keys of the metadata that the API does not take.
        metadata_not_kept: Keys of the metadata that the server did not return as they were sent.
        include_refused: Fields of ``include`` that the server refused: whether they came through could not be seen.
        unanswered: Ids of calls that were carried over and have no output.
        last_item_id: Id in the original of the last item that was read: what came after it is not in the new one.
            ``None`` when there was none.
    """

    source: str
    conversation_id: str | None
    reason: str = ""
    tokens_before: int
    tokens_after: int | None = None
    items_before: int
    compacted: int = 0
    window: int = 0
    carried: int = 0
    turns: int = 0
    ids: Mapping[str, str] = attrs.field(factory=dict[str, str])
    not_compacted: tuple[Difference, ...] = ()
    differences: tuple[Difference, ...] = ()
    window_differences: tuple[Difference, ...] = ()
    metadata_left_out: tuple[str, ...] = ()
    metadata_not_kept: tuple[str, ...] = ()
    include_refused: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    last_item_id: str | None = None

    @property
    def left_out(self) -> tuple[Difference, ...]:
        """The items of the original that could not be carried over, neither as they are nor compacted, and why."""
        return in_order([*self.not_compacted, *(found for found in self.differences if found.kind == "left_out")])

    @property
    def is_exact(self) -> bool:
        """
        Whether what was carried over is the original but for the ids, as far as the server shows.

        It is not while a field of ``include`` was refused: a value that nobody saw may be missing.
        """
        return not any((self.differences, self.metadata_left_out, self.metadata_not_kept, self.include_refused))

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON value. It holds ids, types and places, and never content."""
        return {**attrs.asdict(self), "ids": dict(self.ids), "is_exact": self.is_exact}


async def compact(
    caller: Caller,
    writing: Writing,
    conversation_id: str,
    *,
    model: str,
    keep_last: int = DEFAULT_KEEP_LAST,
    instructions: str | Omit | None = omit,
    metadata: Mapping[str, str] | Inherit | None = INHERIT,
    on_created: OnCreated | None = None,
) -> CompactReport:
    """
    Make a new conversation of the compacted older turns and the newest ones. The original is only read.

    Args:
        caller: Makes the calls.
        writing: The write order and the last items of the client.
        conversation_id: The original.
        model: The model that compacts, and whose tokens are counted.
        keep_last: How many of the newest turns are carried over as they are.
        instructions: What the model is told about the compaction.
        metadata: Of the new conversation; the original's unless something else is given.
        on_created: Awaited with the id of the new conversation before anything is appended to it.

    Raises:
        APIResponseValidationError: The service gave no window; nothing was made.
        CopyIncompleteError: The new conversation was made, but not all items could be appended.
    """
    before = await count_conversation(caller, model, conversation_id)
    whole = await read_whole(caller, conversation_id)
    report = CompactReport(
        source=conversation_id,
        conversation_id=None,
        tokens_before=before,
        items_before=len(whole.items),
        include_refused=whole.include.refused,
        last_item_id=item_id(whole.items[-1]) if whole.items else None,
    )
    parts = _Parts.of(whole, keep_last)
    if parts.reason:
        return attrs.evolve(report, reason=parts.reason)
    window = await _compacted(caller, model, parts.old, instructions)
    taken, refused = await copied_metadata(caller, conversation_id, metadata)
    made, not_kept = await create_copy(caller, taken)
    if on_created is not None:
        await on_created(made)
    stored = await append_all(caller, writing, made, parts.around(window), include=whole.include)
    report = attrs.evolve(
        report,
        conversation_id=made,
        metadata_left_out=refused,
        metadata_not_kept=not_kept,
        include_refused=whole.include.refused,
        tokens_after=await _counted(caller, model, made),
    )
    return _filled(report, parts, window, stored)


def _filled(report: CompactReport, parts: _Parts, window: CopyPlan, stored: Sequence[JsonObject]) -> CompactReport:
    """The report with what the server says that it stored."""
    end = parts.lead + len(window.items)
    carried = [*stored[: parts.lead], *stored[end:]]
    return attrs.evolve(
        report,
        compacted=len(parts.old.items),
        window=len(stored) - len(carried),
        carried=len(carried),
        turns=parts.turns,
        ids=new_ids(parts.carried, carried),
        not_compacted=parts.old.left_out,
        differences=seen(parts.carried, carried),
        window_differences=seen(window, stored[parts.lead : end]),
        unanswered=unanswered(parts.carried),
    )


@attrs.frozen(kw_only=True)
class _Parts:
    """
    A conversation as it is to be compacted.

    Attributes:
        carried: What is carried over as it is.
        lead: How many items of that stand before the window.
        old: What is compacted.
        turns: How many turns are carried over.
        reason: Why there is nothing to compact; ``""`` when there is.
    """

    carried: CopyPlan
    lead: int
    old: CopyPlan
    turns: int
    reason: str

    def around(self, window: CopyPlan) -> list[Copied]:
        """What is written, in its order."""
        return [*self.carried.items[: self.lead], *window.items, *self.carried.items[self.lead :]]

    @classmethod
    def of(cls, whole: Whole, keep_last: int) -> _Parts:
        found = whole_turns(whole.items)
        cut = found.start_of_last(keep_last)
        plan = plan_copy(whole.items, whole.include.refused)
        old = _part(plan, range(found.lead, cut))
        carried = _part(plan, (*range(found.lead), *range(cut, found.end)))
        turns = sum(start >= cut for start in found.starts)
        return cls(
            carried=carried,
            lead=sum(copied.index < found.lead for copied in carried.items),
            old=old,
            turns=turns,
            reason=_reason(whole.items[found.lead : cut], old, turns),
        )


def _part(plan: CopyPlan, indices: Sequence[int]) -> CopyPlan:
    among = frozenset(indices)
    return CopyPlan(
        items=tuple(copied for copied in plan.items if copied.index in among),
        left_out=tuple(found for found in plan.left_out if found.index in among),
    )


def _reason(items: Sequence[JsonObject], old: CopyPlan, turns: int) -> str:
    """Why nothing is to be compacted."""
    newest = ("the end", "the last turn")[turns] if turns < 2 else f"the last {turns} turns"
    if not items:
        return f"there is nothing before {newest}" if turns else "there is no turn in it"
    if not old.items:
        return f"nothing before {newest} can be sent: {old.left_out[0].reason}"
    return f"what is before {newest} is compacted already" if _is_window(items) else ""


def _is_window(items: Sequence[JsonObject]) -> bool:
    """Whether items are what a compaction gives: messages of users, and what stands for the rest."""
    *messages, last = items
    return type_of(last) == "compaction" and all(text_of(item, "role") == "user" for item in messages)


async def _compacted(caller: Caller, model: str, old: CopyPlan, instructions: str | Omit | None) -> CopyPlan:
    """What the service makes of items, as it is to be written."""
    sent = [copied.sent for copied in old.items]
    request = turn_requests.compact(caller, {"model": model, "input": sent, "instructions": instructions})
    response = await caller.send(request)
    computed(response, CompactedResponse)
    output = as_array(codec().exact_value_of(response)["output"])
    window = plan_copy([item for item in output if is_object(item)])
    if not window.items or not all(map(is_object, output)):
        raise APIResponseValidationError(
            response.without_secrets(), message="The compaction gave nothing that can be stored."
        )
    return window


async def _counted(caller: Caller, model: str, conversation_id: str) -> int | None:
    """The tokens of what was made. It is there, whether it can be counted or not."""
    try:
        return await count_conversation(caller, model, conversation_id)
    except ConversationsError as error:
        logger.warning("%s is compacted, but its tokens could not be counted: %s", conversation_id, error)
        return None
