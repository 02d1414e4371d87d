"""
What the bulk runner can do with a conversation: erase, export, import, check. Each can be called again at any point.

The operations come in as a protocol; ``client.conversations`` is what has them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote

import attrs

from openai_conversations.bulk.files import write_file
from openai_conversations.bulk.ledger import Ledger, LedgerRow
from openai_conversations.bulk.runner import BulkJob, BulkOutcome, Checkpoint
from openai_conversations.checks import FLAG, FUNCTION, PATH, instance_of, one_of, shown
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.jsontypes import is_object
from openai_conversations.operations.concurrency import checked_concurrency
from openai_conversations.operations.copy.copying import CopyReport
from openai_conversations.operations.erase.receipts import DeletedItem, PendingDeletes, Proof, Receipt, iso
from openai_conversations.operations.repair.check import CheckReport

ExportFormat = Literal["jsonl", "markdown", "html"]

SUFFIXES: Final = {"jsonl": ".jsonl", "markdown": ".md", "html": ".html"}


def _check_operations(conversations: object, method: str) -> None:
    """What a job works with: ``client.conversations``, and not the client."""
    hint = ""
    if callable(getattr(getattr(conversations, "conversations", None), method, None)):
        hint = ": pass its `.conversations`"
    if isinstance(conversations, type) or not callable(getattr(conversations, method, None)):
        raise InvalidArgumentError(
            f"conversations must be what has `{method}`, as client.conversations has, not {shown(conversations)}{hint}"
        )


class Erases(Protocol):
    """``client.conversations``, as far as erasing goes."""

    def erase(
        self,
        conversation_id: str,
        *,
        concurrency: int = ...,
        on_deleting: Callable[[PendingDeletes], Awaitable[object]] | None = ...,
        on_deleted: Callable[[DeletedItem], object] | None = ...,
        on_proof: Callable[[Proof], Awaitable[object]] | None = ...,
    ) -> Awaitable[Receipt]: ...


def erasing(conversations: Erases, *, concurrency: int = 8) -> BulkJob:
    """
    Erase each conversation and keep its receipt.

    What is about to be deleted is on the disk before its deletion is asked for. So the receipt of a conversation that
    took more than one attempt names under ``earlier`` every item that an earlier one deleted, or may have, and the
    proof that it saw.

    Args:
        conversations: Has ``erase``.
        concurrency: How many items of one conversation are deleted at a time.
    """
    _check_operations(conversations, "erase")
    checked_concurrency(concurrency)

    async def work(row: LedgerRow, note: Checkpoint) -> BulkOutcome:
        earlier = _Earlier(row)

        async def on_deleting(pending: PendingDeletes) -> None:
            await note.keep({"deleting": attrs.asdict(pending)})

        def on_deleted(item: DeletedItem) -> None:
            note.keep_soon({"item": {"id": item.id, "request_id": item.request_id}})

        async def on_proof(proof: Proof) -> None:
            """Before the conversation itself goes: what this attempt did is on the disk."""
            await note.keep({"proof": attrs.asdict(proof)})

        receipt = await conversations.erase(
            row.id, concurrency=concurrency, on_deleting=on_deleting, on_deleted=on_deleted, on_proof=on_proof
        )
        return BulkOutcome(
            items=receipt.count + len(earlier.items),
            receipt=earlier.added_to(receipt),
            missing=receipt.outcome == "already_gone" and earlier.proof is None,
        )

    return work


async def erasure_receipts(ledger: Ledger) -> AsyncIterator[Mapping[str, Any]]:
    """
    The receipts of an erasure: of what is done, of what was not there, and of what stopped half way.

    The last have the outcome ``incomplete``; what a later run does has a receipt of its own.
    """
    instance_of(Ledger, "an open Ledger").check("ledger", ledger)
    async for receipt in ledger.receipts():
        yield receipt
    async for row in ledger.unfinished():
        earlier = _Earlier(row)
        if earlier.pending:
            yield {**earlier.incomplete().to_json(), "attempts": row.attempts}


class _Earlier:
    """What earlier attempts noted."""

    def __init__(self, row: LedgerRow) -> None:
        notes = [note for note in row.notes if is_object(note)]
        self.row = row
        self.items: list[DeletedItem] = [DeletedItem(**note["item"]) for note in notes if "item" in note]
        self.pending: list[PendingDeletes] = [
            PendingDeletes(**note["deleting"]) for note in notes if "deleting" in note
        ]
        proofs = [Proof(**note["proof"]) for note in notes if "proof" in note]
        self.proof: Proof | None = proofs[-1] if proofs else None

    def unconfirmed(self, known: Iterable[str] = ()) -> tuple[str, ...]:
        """The ids whose deletion was about to be asked for, without those of which it is known."""
        settled = {item.id for item in self.items}.union(known)
        asked = dict.fromkeys(name for pending in self.pending for name in pending.ids)
        return tuple(name for name in asked if name not in settled)

    def added_to(self, receipt: Receipt) -> dict[str, Any]:
        """The receipt with what earlier attempts did."""
        value = {**receipt.to_json(), "attempts": self.row.attempts}
        if self.row.attempts > 1 or self.row.notes:
            known = [item.id for item in (*receipt.items, *receipt.missing)]
            value["earlier"] = {
                "items": [attrs.asdict(item) for item in self.items],
                "unconfirmed": list(self.unconfirmed(known)),
                "proof": None if self.proof is None else {**attrs.asdict(self.proof), "at": iso(self.proof.at)},
            }
        return value

    def incomplete(self) -> Receipt:
        """What is known when no attempt came to its end."""
        return Receipt(
            conversation_id=self.row.id,
            outcome="incomplete",
            items=tuple(self.items),
            unconfirmed=self.unconfirmed(),
            proof=self.proof,
            after="not_seen",
            started_at=self.pending[0].at,
            finished_at=self.pending[-1].at if self.proof is None else self.proof.at,
            source=self.pending[-1].source,
        )


class Exports(Protocol):
    """``client.conversations``, as far as exporting goes."""

    def export(self, conversation_id: str, *, format: ExportFormat = ...) -> AsyncIterator[bytes]: ...


def exporting(
    conversations: Exports, folder: str | PathLike[str], *, format: ExportFormat = "jsonl", overwrite: bool = True
) -> BulkJob:
    """
    Write each conversation to a file of its own, which is there whole or not at all.

    Args:
        conversations: Has ``export``.
        folder: Where the files go; they are named after the conversations.
        format: ``jsonl``, ``markdown`` or ``html``.
        overwrite: Whether to replace files that an earlier attempt of the same ledger did not write. Otherwise such a
            conversation fails.
    """
    _check_operations(conversations, "export")
    PATH.check("folder", folder)
    one_of(SUFFIXES).check("format", format)
    FLAG.check("overwrite", overwrite)

    async def work(row: LedgerRow, checkpoint: Checkpoint) -> BulkOutcome:
        path = Path(folder) / f"{quote(row.id, safe='')}{SUFFIXES[format]}"
        if not overwrite:
            _claim(path, row, checkpoint)
        lines, size = await write_file(path, conversations.export(row.id, format=format))
        items = lines - 1 if format == "jsonl" else 0
        return BulkOutcome(items=items, receipt={"conversation_id": row.id, "file": path.name, "bytes": size})

    return work


def _claim(path: Path, row: LedgerRow, checkpoint: Checkpoint) -> None:
    """Note that a file is ours, should this attempt be killed once it is there."""
    if any("writes" in note for note in row.notes):
        return
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    checkpoint.keep_soon({"writes": path.name})


class Imports(Protocol):
    """``client.conversations``, as far as importing goes."""

    def import_(
        self,
        lines: bytes,
        *,
        into: str | None = ...,
        dry_run: bool = ...,
        allow_damaged: bool = ...,
        on_created: Callable[[str], Awaitable[object]] | None = ...,
    ) -> Awaitable[CopyReport]: ...


def importing(
    conversations: Imports,
    *,
    dry_run: bool = False,
    allow_damaged: bool = False,
    now: Callable[[], float] = time.time,
) -> BulkJob:
    """
    Make a conversation of each file. The id of the new one is in the ledger before anything is appended to it.

    A process that is killed between the creation and that leaves an empty conversation whose id nobody knows. The
    report of the file then says under ``may_be_left`` when that was, and the metadata are those of the file.

    Args:
        conversations: Has ``import_``.
        dry_run: Whether to write nothing and only predict what would differ.
        allow_damaged: Whether to import the sound lines before the first damage of an export.
        now: Unix seconds.
    """
    _check_operations(conversations, "import_")
    FLAG.check("dry_run", dry_run)
    FLAG.check("allow_damaged", allow_damaged)
    FUNCTION.check("now", now)

    async def work(row: LedgerRow, note: Checkpoint) -> BulkOutcome:
        async def on_created(conversation_id: str) -> None:
            await note.keep(cursor=conversation_id)

        if row.cursor is None and not dry_run:
            await note.keep({"creating": iso(now())})
        content = await asyncio.to_thread(Path(row.id).read_bytes)
        report = await conversations.import_(
            content, into=row.cursor, dry_run=dry_run, allow_damaged=allow_damaged, on_created=on_created
        )
        receipt = {"file": row.id, **report.to_json(), **_may_be_left(row)}
        return BulkOutcome(items=report.present + report.stored, receipt=receipt)

    return work


def _may_be_left(row: LedgerRow) -> dict[str, Any]:
    """When earlier attempts began to make a conversation of which nobody heard; the last may be the one in use."""
    begun = [note["creating"] for note in row.notes if is_object(note) and "creating" in note]
    left = begun if row.cursor is None else begun[:-1]
    return {"may_be_left": left} if left else {}


class Checks(Protocol):
    """``client.conversations``, as far as checking goes."""

    def check(self, conversation_id: str) -> Awaitable[CheckReport]: ...


def checking(conversations: Checks) -> BulkJob:
    """
    Look at each conversation for what makes it refuse its next turn, and keep the report when there is something.

    Args:
        conversations: Has ``check``.
    """
    _check_operations(conversations, "check")

    async def work(row: LedgerRow, _: Checkpoint) -> BulkOutcome:
        report = await conversations.check(row.id)
        receipt = None if report.is_sound else report.to_json()
        return BulkOutcome(items=report.items, problem=not report.is_sound, receipt=receipt)

    return work
