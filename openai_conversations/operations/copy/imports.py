"""
Importing: a conversation out of a file.

Importing into a conversation that holds the beginning of the file adds the rest; into one that holds it all, nothing.
That is how an import that was interrupted goes on, and why doing it twice does no harm.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.pagination import item_id
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.jsontypes import JsonObject
from openai_conversations.limits import INCLUDE_ALL
from openai_conversations.operations.archive.reader import Archive
from openai_conversations.operations.copy.copying import (
    CopyPlan,
    CopyReport,
    accepted_metadata,
    append_all,
    create_copy,
    foretold,
    new_ids,
    not_kept,
    plan_copy,
    seen,
    unanswered,
)
from openai_conversations.operations.copy.fork import INHERIT, Inherit
from openai_conversations.operations.errors import ArchiveError, ImportConflictError
from openai_conversations.operations.include import IncludeFields
from openai_conversations.operations.listing import read_whole
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.writing.compare import is_alike
from openai_conversations.writing.write_order import Writing

OnCreated = Callable[[str], Awaitable[object]]


async def import_archive(
    caller: Caller,
    writing: Writing,
    archive: Archive,
    *,
    into: str | None = None,
    metadata: Mapping[str, str] | Inherit | None = INHERIT,
    dry_run: bool = False,
    on_created: OnCreated | None = None,
) -> CopyReport:
    """
    Write what a file holds.

    Args:
        caller: Makes the calls.
        writing: The write order and the last items of the client.
        archive: What was read.
        into: A conversation that is empty or holds the beginning of the file; ``None`` makes a new one.
        metadata: Of a new conversation; the file's unless something else is given.
        dry_run: Whether to write nothing and only predict what would differ.
        on_created: Awaited with the id of a new conversation before anything is appended to it.

    Raises:
        ArchiveError: None of the items of a file can be stored; no conversation was made.
        ImportConflictError: *into* holds something else; nothing was written.
        CopyIncompleteError: Not all items could be appended; importing into the conversation that it names goes on.
    """
    if into is not None and not isinstance(metadata, Inherit):
        raise InvalidArgumentError("metadata is for a new conversation; use patch_metadata for one that is there")
    plan = plan_copy(archive.items)
    if into is None and archive.items and not plan.items:
        raise ArchiveError(f"none of its {len(archive.items)} items can be stored: {plan.left_out[0].reason}")
    present, include = await _held(caller, into)
    _check_beginning(plan, present, into or "")
    taken, refused = _metadata(archive, into, metadata)
    report = CopyReport(
        source=archive.name,
        conversation_id=into,
        total=len(archive.items),
        present=len(present),
        metadata_left_out=refused,
        metadata_not_kept=await _not_there(caller, archive, into),
        include_refused=include.refused,
        unanswered=unanswered(plan),
        unread=archive.unread,
        damage=archive.damage,
        last_item_id=item_id(archive.items[-1]) if archive.items else None,
        dry_run=dry_run,
    )
    if dry_run:
        return attrs.evolve(report, differences=foretold(plan), ids=new_ids(plan, present))
    lost = report.metadata_not_kept
    target = into
    if target is None:
        target, lost = await create_copy(caller, taken)
        if on_created is not None:
            await on_created(target)
    stored = await append_all(caller, writing, target, plan.items[len(present) :], include=include, present=present)
    return attrs.evolve(
        report,
        conversation_id=target,
        stored=len(stored) - len(present),
        ids=new_ids(plan, stored),
        differences=seen(plan, stored),
        metadata_not_kept=lost,
        include_refused=include.refused,
    )


async def _held(caller: Caller, into: str | None) -> tuple[list[JsonObject], IncludeFields]:
    """The items that the target holds, and the fields that it can be asked for; a new one holds none."""
    if into is None:
        return [], IncludeFields(INCLUDE_ALL)
    whole = await read_whole(caller, into)
    return whole.items, whole.include


async def _not_there(caller: Caller, archive: Archive, into: str | None) -> tuple[str, ...]:
    """Keys of the file's metadata that the target does not have so: nothing is written over it."""
    metadata, _ = accepted_metadata(archive.conversation.get("metadata"))
    if into is None or not metadata:
        return ()
    response = await caller.send(requests.get_conversation(caller, into))
    return not_kept(metadata, codec().decode_response(response, Conversation).metadata)


def _metadata(
    archive: Archive, into: str | None, metadata: Mapping[str, str] | Inherit | None
) -> tuple[Mapping[str, str] | None, tuple[str, ...]]:
    if into is not None:
        return None, ()
    if isinstance(metadata, Inherit):
        return accepted_metadata(archive.conversation.get("metadata"))
    return metadata, ()


def _check_beginning(plan: CopyPlan, present: Sequence[JsonObject], into: str) -> None:
    """
    What is there must be the beginning of what is to be written.

    A place that the server may have rewritten, such as the URL of an image, does not count; the report names it.
    """
    for index, item in enumerate(present):
        if index >= len(plan.items):
            raise _conflict(into, index, f"holds {len(present)} items, and the file only {len(plan.items)}")
        copied = plan.items[index]
        if not is_alike(copied.sent, item):
            raise _conflict(into, index, f"has another item where the file has item {copied.index}")


def _conflict(into: str, index: int, what: str) -> ImportConflictError:
    return ImportConflictError(f"{into} {what}: nothing was imported", conversation_id=into, index=index)
