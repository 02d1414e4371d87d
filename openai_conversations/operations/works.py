"""
What the bulk runner can do with a conversation: erase, export, import, check. Each can be called again at any point.

The operations come in as a protocol; ``client.conversations`` is what has them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import attrs

from openai_conversations.operations.bulk import Note, Outcome, Work
from openai_conversations.operations.ledger import Row
from openai_conversations.operations.receipts import DeletedItem, Proof, Receipt, iso

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


def erasing(conversations: Erases, *, concurrency: int = 8) -> Work:
    """
    Erase each conversation and keep its receipt.

    The receipt of a conversation that took more than one attempt says what the earlier ones are known to have
    deleted, and the proof that they saw, under ``earlier``.

    Args:
        conversations: Has ``erase``.
        concurrency: How many items of one conversation are deleted at a time.
    """

    async def work(row: Row, note: Note) -> Outcome:
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
        return Outcome(items=receipt.count + _earlier_count(row), receipt=_receipt(receipt, row))

    return work


def _items(deleted: Sequence[DeletedItem]) -> list[dict[str, Any]]:
    return [{"item": attrs.asdict(item)} for item in deleted]


def _earlier_count(row: Row) -> int:
    return sum("item" in note for note in row.notes)


def _receipt(receipt: Receipt, row: Row) -> dict[str, Any]:
    """The receipt with what earlier attempts did, as far as they could note it."""
    value = {**receipt.to_json(), "attempts": row.attempts}
    if row.attempts > 1:
        proofs = [note["proof"] for note in row.notes if "proof" in note]
        value["earlier"] = {
            "items": [note["item"] for note in row.notes if "item" in note],
            "proof": {**proofs[-1], "at": iso(proofs[-1]["at"])} if proofs else None,
        }
    return value
