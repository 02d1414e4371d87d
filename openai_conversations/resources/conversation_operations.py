"""What ``client.conversations`` can do beyond the eight operations of the API: thin methods on ``operations/``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Unpack

from openai_conversations.api.arguments import (
    Omit,
    check_include,
    checked_choice,
    checked_metadata,
    omit,
    path_id,
)
from openai_conversations.api.caller import Caller
from openai_conversations.checks import FLAG, MAPPING, OPTIONAL_FUNCTION, OPTIONAL_TEXT
from openai_conversations.limits import INCLUDE_ALL, Include
from openai_conversations.resources.operation_options import OperationOptions, operation_caller
from openai_conversations.resources.turn_operations import TurnOperations
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.writing.write_order import Writing

if TYPE_CHECKING:
    from openai_conversations.operations.archive.files import ExportFormat
    from openai_conversations.operations.archive.reader import Lines
    from openai_conversations.operations.copy.copying import CopyReport
    from openai_conversations.operations.erase.receipts import DeletedItem, PendingDeletes, Proof, Receipt
    from openai_conversations.operations.repair.check import CheckReport
    from openai_conversations.operations.repair.plans import RepairPlan, Strategy
    from openai_conversations.operations.repair.repair import RepairReport


class ConversationOperations(TurnOperations):
    """
    The part of ``client.conversations`` that is made of many requests.

    Every method takes the keywords of :class:`OperationOptions` and raises the errors of the tree in
    :mod:`openai_conversations.errors`, and those of :mod:`openai_conversations.operations.errors`.
    """

    def __init__(self, caller: Caller, writing: Writing) -> None:
        self._caller = caller
        self._writing = writing

    def _with(self, options: OperationOptions) -> Caller:
        """What makes the calls of an operation."""
        return operation_caller(self._caller, options)

    async def erase(
        self,
        conversation_id: str,
        *,
        concurrency: int = 8,
        on_deleting: Callable[[PendingDeletes], Awaitable[object]] | None = None,
        on_deleted: Callable[[DeletedItem], object] | None = None,
        on_proof: Callable[[Proof], Awaitable[object]] | None = None,
        **options: Unpack[OperationOptions],
    ) -> Receipt:
        """
        Delete a conversation *and its items*, and tell what was done and seen.

        Every item is deleted, a listing shows that nothing is left, and only then the conversation is deleted. Items
        that arrive meanwhile are deleted too. Wherever it stops, calling it again completes it. A conversation of which
        the API says that it is not there is no error: the receipt says ``already_gone``. A key of another project is
        answered in the same way.

        Args:
            conversation_id: The conversation.
            concurrency: How many items are deleted at a time.
            on_deleting: Awaited before items are deleted, once for each page of them: what it keeps names every item
                whose deletion a crash may hide. What it raises stops the erasure.
            on_deleted: Called after each deletion of an item. What it raises is logged.
            on_proof: Awaited between the proof and the deletion of the conversation, to keep the proof where a crash
                does not reach it. What it raises stops the erasure.
            **options: See :class:`OperationOptions`.

        Raises:
            EraseIncompleteError: The server goes on listing items that it said it deleted, or does not delete items.
            NotFoundError: A 404 that is not the API's own: a gateway's, or that of a wrong base URL.
        """
        from openai_conversations.operations.erase.erase import erase

        path_id("conversation_id", conversation_id)
        for name, hook in (("on_deleting", on_deleting), ("on_deleted", on_deleted), ("on_proof", on_proof)):
            OPTIONAL_FUNCTION.check(name, hook)
        return await erase(
            self._with(options),
            conversation_id,
            concurrency=concurrency,
            on_deleting=on_deleting,
            on_deleted=on_deleted,
            on_proof=on_proof,
        )

    async def fork(
        self,
        conversation_id: str,
        *,
        until: str | None = None,
        metadata: Mapping[str, str] | Omit | None = omit,
        split_tool_calls: bool = False,
        dry_run: bool = False,
        **options: Unpack[OperationOptions],
    ) -> CopyReport:
        """
        Copy a conversation, or its beginning, into a new one. The original is only read.

        Args:
            conversation_id: The original.
            until: Id of the last item to copy; ``None`` copies all.
            metadata: Of the new conversation; the original's when it is not given.
            split_tool_calls: Whether the copy may end between a tool call and its output. Otherwise it goes on to the
                last output of the calls that it holds.
            dry_run: Whether to send nothing and only predict what would differ.
            **options: See :class:`OperationOptions`.

        Returns:
            The id of the new conversation, and everything that could not be copied exactly.

        Raises:
            NoSuchItemError: The conversation has no item *until*.
            CopyIncompleteError: The new conversation was made, but not all items could be appended.
        """
        from openai_conversations.operations.copy.fork import INHERIT, fork

        path_id("conversation_id", conversation_id)
        if until is not None:
            path_id("until", until)
        FLAG.check("split_tool_calls", split_tool_calls)
        FLAG.check("dry_run", dry_run)
        return await fork(
            self._with(options),
            self._writing,
            conversation_id,
            until=until,
            metadata=INHERIT if isinstance(metadata, Omit) else checked_metadata(metadata),
            split_tool_calls=split_tool_calls,
            dry_run=dry_run,
        )

    def export(
        self,
        conversation_id: str,
        *,
        format: ExportFormat = "jsonl",
        title: str | None = None,
        include: Sequence[Include] | Omit = omit,
        **options: Unpack[OperationOptions],
    ) -> AsyncIterator[bytes]:
        """
        Read a whole conversation and give it as the lines of a file.

        ``jsonl`` loses nothing: a manifest with count and hash, then every item as the server wrote it, with every
        field that the service gives on demand. :meth:`import_` reads it. ``markdown`` and ``html`` are for people.

        Args:
            conversation_id: The conversation.
            format: ``jsonl``, ``markdown`` or ``html``. HTML needs the extra ``html``.
            title: What stands above Markdown and HTML; ``None`` takes ``title`` of the metadata, or the id.
            include: Fields to ask for beyond what the service gives by itself; all of them when it is not given.
            **options: See :class:`OperationOptions`.

        Raises:
            MissingExtraError: HTML is asked for, and what it needs is not installed.
        """
        from openai_conversations.operations.archive.export import export

        path_id("conversation_id", conversation_id)
        checked_choice("format", format, ("jsonl", "markdown", "html"))
        OPTIONAL_TEXT.check("title", title)
        check_include(include)
        caller = self._with(options)
        fields = INCLUDE_ALL if isinstance(include, Omit) else include
        if format == "jsonl":
            return export(caller, conversation_id, include=fields)
        return self._shown(caller, conversation_id, format, title, fields)

    async def _shown(
        self,
        caller: Caller,
        conversation_id: str,
        format: Literal["markdown", "html"],
        title: str | None,
        include: Sequence[str],
    ) -> AsyncIterator[bytes]:
        """The lines of an export for people."""
        from openai_conversations.operations.archive.export import collect
        from openai_conversations.operations.archive.files import render_archive

        archive = await collect(caller, conversation_id, include=include)
        text = render_archive(archive, format, title=title)
        for line in text.encode("utf-8", "replace").splitlines(keepends=True):
            yield line

    async def import_(
        self,
        lines: Lines,
        *,
        into: str | None = None,
        metadata: Mapping[str, str] | Omit | None = omit,
        dry_run: bool = False,
        allow_damaged: bool = False,
        conversation: str | None = None,
        branch: str | None = None,
        order: Literal["asc", "desc"] | None = None,
        on_created: Callable[[str], Awaitable[object]] | None = None,
        **options: Unpack[OperationOptions],
    ) -> CopyReport:
        """
        Make a conversation of a file: an export, items, or what other APIs and programs saved.

        Read are messages of Chat Completions and of Assistants threads, logs of the Responses API, conversations that
        ChatGPT exported, and UI messages of Vercel's AI SDK.

        The whole file is read and checked before anything is sent.

        Args:
            lines: A file that is open for reading, its lines, or its whole text; also from an async iterable.
            into: A conversation that is empty or holds the beginning of the file: only the rest is added, so that
                doing it again adds nothing. ``None`` makes a new conversation.
            metadata: Of a new conversation; the file's when it is not given.
            dry_run: Whether to write nothing and only predict what would differ.
            allow_damaged: Whether to import the sound lines before the first damage of an export.
            conversation: Which conversation of a file that holds several: its id, its title, or its number counted
                from 1.
            branch: Which branch of a conversation that ChatGPT exported: the id of its last message; ``None`` for the
                one that was shown last.
            order: ``asc`` when the file has the oldest message first, ``desc`` for the newest; ``None`` to find out by
                the times of the messages, or by calls and their outputs.
            on_created: Awaited with the id of a new conversation before anything is appended to it, to keep it where
                a crash does not reach it.
            **options: See :class:`OperationOptions`.

        Returns:
            The id of the conversation, and everything that did not come through.

        Raises:
            ArchiveError: The file is damaged, of no known kind, holds several conversations, or nothing that can be
                stored; ``line`` says where.
            ImportConflictError: *into* holds something else.
            CopyIncompleteError: Not all items could be appended; importing into the conversation that it names goes on.
        """
        from openai_conversations.converters.lossless import loads_lossless
        from openai_conversations.operations.archive.foreign import Choice
        from openai_conversations.operations.archive.reader import read_archive, whole_text
        from openai_conversations.operations.copy.fork import INHERIT
        from openai_conversations.operations.copy.imports import import_archive

        if into is not None:
            path_id("into", into)
        FLAG.check("dry_run", dry_run)
        FLAG.check("allow_damaged", allow_damaged)
        OPTIONAL_FUNCTION.check("on_created", on_created)
        choice = Choice(conversation=conversation, branch=branch, order=order)
        return await import_archive(
            self._with(options),
            self._writing,
            read_archive(await whole_text(lines), loads_lossless, allow_damaged=allow_damaged, choice=choice),
            into=into,
            metadata=INHERIT if isinstance(metadata, Omit) else checked_metadata(metadata),
            dry_run=dry_run,
            on_created=on_created,
        )

    async def check(self, conversation_id: str, **options: Unpack[OperationOptions]) -> CheckReport:
        """
        Look for what makes a conversation refuse its next turn.

        That is: tool calls without output, outputs without call, reasoning that is empty or lacks
        the item that must follow it, references to what is not there.
        While somebody is writing, a call without its output may be one that is being answered.

        Args:
            conversation_id: The conversation.
            **options: See :class:`OperationOptions`.
        """
        from openai_conversations.operations.repair.check import check

        path_id("conversation_id", conversation_id)
        return await check(self._with(options), conversation_id)

    async def repair(
        self,
        conversation_id: str,
        *,
        strategy: Strategy = "add_outputs",
        output: str | None = None,
        dry_run: bool = True,
        plan: RepairPlan | None = None,
        **options: Unpack[OperationOptions],
    ) -> RepairReport:
        """
        Plan how to fix what :meth:`check` finds, and do it with ``dry_run=False``.

        Args:
            conversation_id: The conversation.
            strategy: ``add_outputs`` says in place of each missing output that there is none; ``delete_tail`` deletes
                everything from the first broken call on. Both delete outputs that answer nothing, reasoning that
                is empty or lacks the item that must follow it, and references to what is not there.
            output: What the added outputs say; ``None`` for a sentence that says that nothing is known.
            dry_run: Whether to plan only.
            plan: A plan that a dry run gave; it is done as it stands, or not at all.
            **options: See :class:`OperationOptions`.

        Raises:
            OutdatedPlanError: Items came or went since *plan* was made; nothing was changed.
            RepairIncompleteError: It stopped half way; says which steps were done.
        """
        from openai_conversations.operations.repair.plans import DEFAULT_OUTPUT
        from openai_conversations.operations.repair.repair import check_plan, repair

        path_id("conversation_id", conversation_id)
        checked_choice("strategy", strategy, ("add_outputs", "delete_tail"))
        OPTIONAL_TEXT.check("output", output)
        FLAG.check("dry_run", dry_run)
        check_plan(plan)
        return await repair(
            self._with(options),
            conversation_id,
            strategy=strategy,
            output=DEFAULT_OUTPUT if output is None else output,
            dry_run=dry_run,
            plan=plan,
        )

    async def patch_metadata(
        self, conversation_id: str, changes: Mapping[str, str | None], **options: Unpack[OperationOptions]
    ) -> Conversation:
        """
        Set some keys of the metadata and remove those whose value is ``None``; the others stay.

        The API can only replace all metadata at once. What somebody else writes between our reading and our writing is
        lost without a trace; what somebody else writes after it is noticed, and the change is tried again, three times.

        Args:
            conversation_id: The conversation.
            changes: The keys to change. When all are as asked already, nothing is written.
            **options: See :class:`OperationOptions`.

        Returns:
            The conversation as it was read after the change.

        Raises:
            MetadataConflictError: The keys did not stay as asked: somebody else writes them, or the server merges
                metadata instead of replacing it.
        """
        from openai_conversations.operations.metadata import patch_metadata

        path_id("conversation_id", conversation_id)
        MAPPING.check("changes", changes)
        checked_metadata({key: value for key, value in changes.items() if value is not None}, "changes")
        return await patch_metadata(self._with(options), conversation_id, changes)
