"""Forking: a new conversation with the items of another, up to and including one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.pagination import item_id
from openai_conversations.jsontypes import JsonObject
from openai_conversations.operations.copy.copying import (
    CopyReport,
    accepted_metadata,
    append_all,
    create_copy,
    foretold,
    new_ids,
    plan_copy,
    seen,
    unanswered,
)
from openai_conversations.operations.errors import NoSuchItemError
from openai_conversations.operations.listing import read_whole
from openai_conversations.operations.repair.tool_calls import link
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.writing.write_order import Writing


@attrs.frozen(kw_only=True)
class Inherit:
    """The metadata of the original is copied."""


INHERIT = Inherit()


async def fork(
    caller: Caller,
    writing: Writing,
    conversation_id: str,
    *,
    until: str | None = None,
    metadata: Mapping[str, str] | Inherit | None = INHERIT,
    split_tool_calls: bool = False,
    dry_run: bool = False,
) -> CopyReport:
    """
    Copy a conversation, or its beginning, into a new one. The original is only read.

    Args:
        caller: Makes the calls.
        writing: The write order and the last items of the client.
        conversation_id: The original.
        until: Id of the last item to copy; ``None`` copies all.
        metadata: Of the new conversation; the original's unless something else is given.
        split_tool_calls: Whether the copy may end between a tool call and its output. Otherwise it goes on to the
            last output of the calls that it holds.
        dry_run: Whether to send nothing and only predict what would differ.

    Raises:
        NoSuchItemError: The conversation has no item *until*.
        CopyIncompleteError: The new conversation was made, but not all items could be appended.
    """
    whole = await read_whole(caller, conversation_id)
    items = whole.items
    kept = items[: _end(conversation_id, items, until, split_tool_calls=split_tool_calls)]
    plan = plan_copy(kept, whole.include.refused)
    taken, refused = await copied_metadata(caller, conversation_id, metadata)
    report = CopyReport(
        source=conversation_id,
        conversation_id=None,
        total=len(kept),
        metadata_left_out=refused,
        include_refused=whole.include.refused,
        unanswered=unanswered(plan),
        last_item_id=item_id(kept[-1]) if kept else None,
        dry_run=dry_run,
    )
    if dry_run:
        return attrs.evolve(report, differences=foretold(plan))
    made, not_kept = await create_copy(caller, taken)
    stored = await append_all(caller, writing, made, plan.items, include=whole.include)
    return attrs.evolve(
        report,
        conversation_id=made,
        stored=len(stored),
        ids=new_ids(plan, stored),
        differences=seen(plan, stored),
        metadata_not_kept=not_kept,
        include_refused=whole.include.refused,
    )


async def copied_metadata(
    caller: Caller, conversation_id: str, metadata: Mapping[str, str] | Inherit | None
) -> tuple[Mapping[str, str] | None, tuple[str, ...]]:
    """The metadata of a copy, and the keys of the original's that the API does not take."""
    if not isinstance(metadata, Inherit):
        return metadata, ()
    original = codec().decode_response(
        await caller.send(requests.get_conversation(caller, conversation_id)), Conversation
    )
    return accepted_metadata(original.metadata)


def _end(conversation_id: str, items: Sequence[JsonObject], until: str | None, *, split_tool_calls: bool) -> int:
    """How many items to copy."""
    if until is None:
        return len(items)
    index = next((index for index, item in enumerate(items) if item_id(item) == until), None)
    if index is None:
        message = f"{conversation_id} has no item {until!r}"
        raise NoSuchItemError(message, conversation_id=conversation_id, item_id=until)
    return index + 1 if split_tool_calls else whole_calls(items, index + 1)


def whole_calls(items: Sequence[JsonObject], end: int) -> int:
    """The first end from *end* on at which no call is cut off from its output."""
    outputs = sorted(link(items).output_of.items())
    for call, output in outputs:
        if call >= end:
            break
        end = max(end, output + 1)
    return end
