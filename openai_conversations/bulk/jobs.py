"""
What the bulk runner can do with a conversation: erase, export, import, check. Each can be called again at any point.

The operations come in as a protocol; ``client.conversations`` is what has them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote

import attrs

from openai_conversations.bulk.files import write_file
from openai_conversations.bulk.ledger import LedgerRow
from openai_conversations.bulk.runner import BulkJob, BulkOutcome, Checkpoint
from openai_conversations.operations.copy.copying import CopyReport
from openai_conversations.operations.erase.receipts import DeletedItem, Proof, Receipt, iso
from openai_conversations.operations.repair.check import CheckReport

ExportFormat = Literal["jsonl", "markdown", "html"]

SUFFIXES: Final = {"jsonl": ".jsonl", "markdown": ".md", "html": ".html"}

_NOTES_AT_A_TIME: Final = 50


class Erases(Protocol):
    """``client.conversations``, as far as erasing goes."""

    def erase(
        self,
        conversation_id: str,
        *,
        concurrency: int = ...,
        on_deleted: Callable[[DeletedItem], object] | None = ...,
        on_proof: Callable[[Proof], Awaitable[object]] | None = ...,
    ) -> Awaitable[Receipt]: ...


def erasing(conversations: Erases, *, concurrency: int = 8) -> BulkJob:
    """
    Erase each conversation and keep its receipt.

    The receipt of a conversation that took more than one attempt says what the earlier ones are known to have
    deleted, and the proof that they saw, under ``earlier``.

    Args:
        conversations: Has ``erase``.
        concurrency: How many items of one conversation are deleted at a time.
    """

    async def work(row: LedgerRow, note: Checkpoint) -> BulkOutcome:
        deleted: list[DeletedItem] = []
        kept = 0

        def on_deleted(item: DeletedItem) -> None:
            nonlocal kept
            deleted.append(item)
            if len(deleted) - kept >= _NOTES_AT_A_TIME:
                note.keep_soon(*_items(deleted[kept:]))
                kept = len(deleted)

        async def on_proof(proof: Proof) -> None:
            """Before the conversation itself goes: what this attempt did is on the disk."""
            nonlocal kept
            new, kept = deleted[kept:], len(deleted)
            await note.keep(*_items(new), {"proof": attrs.asdict(proof)})

        receipt = await conversations.erase(row.id, concurrency=concurrency, on_deleted=on_deleted, on_proof=on_proof)
        return BulkOutcome(items=receipt.count + _earlier_count(row), receipt=_receipt(receipt, row))

    return work


def _items(deleted: Sequence[DeletedItem]) -> list[dict[str, Any]]:
    return [{"item": attrs.asdict(item)} for item in deleted]


def _earlier_count(row: LedgerRow) -> int:
    return sum("item" in note for note in row.notes)


def _receipt(receipt: Receipt, row: LedgerRow) -> dict[str, Any]:
    """The receipt with what earlier attempts did, as far as they could note it."""
    value = {**receipt.to_json(), "attempts": row.attempts}
    if row.attempts > 1:
        proofs = [note["proof"] for note in row.notes if "proof" in note]
        value["earlier"] = {
            "items": [note["item"] for note in row.notes if "item" in note],
            "proof": {**proofs[-1], "at": iso(proofs[-1]["at"])} if proofs else None,
        }
    return value


class Exports(Protocol):
    """``client.conversations``, as far as exporting goes."""

    def export(self, conversation_id: str, *, format: ExportFormat = ...) -> AsyncIterator[bytes]: ...


def exporting(
    conversations: Exports, folder: Path, *, format: ExportFormat = "jsonl", overwrite: bool = True
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

    async def work(row: LedgerRow, checkpoint: Checkpoint) -> BulkOutcome:
        path = folder / f"{quote(row.id, safe='')}{SUFFIXES[format]}"
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


def importing(conversations: Imports, *, dry_run: bool = False, allow_damaged: bool = False) -> BulkJob:
    """
    Make a conversation of each file. The id of the new one is in the ledger before anything is appended to it.

    Args:
        conversations: Has ``import_``.
        dry_run: Whether to write nothing and only foretell what would differ.
        allow_damaged: Whether to import the sound lines before the first damage of an export.
    """

    async def work(row: LedgerRow, note: Checkpoint) -> BulkOutcome:
        async def on_created(conversation_id: str) -> None:
            await note.keep(cursor=conversation_id)

        content = await asyncio.to_thread(Path(row.id).read_bytes)
        report = await conversations.import_(
            content, into=row.cursor, dry_run=dry_run, allow_damaged=allow_damaged, on_created=on_created
        )
        receipt = {"file": row.id, **report.to_json()}
        return BulkOutcome(items=report.present + report.stored, receipt=receipt)

    return work


class Checks(Protocol):
    """``client.conversations``, as far as checking goes."""

    def check(self, conversation_id: str) -> Awaitable[CheckReport]: ...


def checking(conversations: Checks) -> BulkJob:
    """
    Look at each conversation for what makes it refuse its next turn, and keep the report when there is something.

    Args:
        conversations: Has ``check``.
    """

    async def work(row: LedgerRow, _: Checkpoint) -> BulkOutcome:
        report = await conversations.check(row.id)
        receipt = None if report.is_sound else report.to_json()
        return BulkOutcome(items=report.items, problem=not report.is_sound, receipt=receipt)

    return work
