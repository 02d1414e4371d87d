"""``erase``: conversations with all their items, and a receipt for each."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from openai_conversations.cli.bulk import DEFAULT_BULK, BulkArguments
from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.flags import Flag, Json, Yes
from openai_conversations.cli.receipts_file import ReceiptsFile
from openai_conversations.cli.render.output import confirm, wants_json, write_json
from openai_conversations.cli.render.reports import show_receipt

if TYPE_CHECKING:
    from openai_conversations.bulk.ledger import Ledger
    from openai_conversations.client import ConversationsClient

DEFAULT = Connection()

_OPERATION: Final = "erase"


async def erase(
    *conversation_ids: str,
    yes: Yes = False,
    receipts: Path | None = None,
    missing_ok: Flag = False,
    bulk: BulkArguments = DEFAULT_BULK,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Delete conversations with all their items, for real, with receipts.

    The service's own deletion leaves the items behind; this deletes them first, and looks whether any is left.

    Interrupted, it can be run again.

    Args:
        conversation_ids: The conversations.
        receipts: A file that gets the receipts, one JSON object a line: ids, counts, hashes and times, no content.
        missing_ok: Conversations that are not there are no failure.
    """
    _check(conversation_ids)
    ids = bulk.ids(conversation_ids)
    limiter = bulk.rate_limiter()
    client = bulk.client(connection, limiter)
    with ReceiptsFile(receipts) as file:
        confirm(f"Erase {_what(conversation_ids, bulk)} with all items? This cannot be undone.", yes=yes)
        async with client, _journal(file, bulk) as journal:
            if bulk.is_one and len(conversation_ids) == 1:
                receipt = await _erase_one(client, conversation_ids[0], journal, file)
                write_json(receipt) if wants_json(json) else show_receipt(receipt)
                return Exit.NOT_THERE if _is_missing(receipt) and not missing_ok else Exit.OK

            from openai_conversations.bulk.jobs import erasing

            async def keep(ledger: Ledger) -> None:
                await _keep(ledger, file)

            return await bulk.run(
                _OPERATION,
                erasing(client.conversations),
                ids,
                limiter,
                json=wants_json(json),
                on_receipts=keep,
                ledger=journal,
                missing_ok=missing_ok,
            )


def _check(named: tuple[str, ...]) -> None:
    from openai_conversations.bulk.ids import checked_id

    for id in named:
        try:
            checked_id(id)
        except ValueError as error:
            raise CommandError(f"not the id of a conversation: {error}", Exit.USAGE) from None


async def _erase_one(client: ConversationsClient, id: str, journal: Path, file: ReceiptsFile) -> dict[str, Any]:
    from openai_conversations.bulk.jobs import erasing
    from openai_conversations.bulk.ledger import Ledger, Result
    from openai_conversations.bulk.runner import Checkpoint

    async with Ledger(journal, operation=_OPERATION) as ledger:
        await ledger.add([id])
        (row,) = await ledger.take(1)
        try:
            outcome = await erasing(client.conversations)(row, Checkpoint(ledger, row.number))
            await ledger.finish(Result(number=row.number, phase="done", receipt=outcome.receipt))
        except BaseException:
            if file.path is None:
                await _print(ledger)
            raise
        finally:
            await _keep(ledger, file)
    assert outcome.receipt is not None  # noqa: S101  # for type checkers: an erasure leaves one
    return dict(outcome.receipt)


async def _print(ledger: Ledger) -> None:
    """What an erasure that stopped has deleted."""
    from openai_conversations.bulk.jobs import erasure_receipts

    async for receipt in erasure_receipts(ledger):
        write_json(receipt)


async def _keep(ledger: Ledger, file: ReceiptsFile) -> None:
    """Every receipt of a ledger into the file, and onto the disk."""
    from openai_conversations.bulk.jobs import erasure_receipts

    async for receipt in erasure_receipts(ledger):
        file.add(receipt)
    file.sync()


@asynccontextmanager
async def _journal(file: ReceiptsFile, bulk: BulkArguments) -> AsyncGenerator[Path]:
    """
    The ledger of a run. Where none was asked for it stands beside the receipts until they are whole.

    A process that is killed leaves it there, and the next one that adds to the same file takes its receipts out of it.
    """
    named = bulk.named_ledger(_OPERATION)
    if named is not None:
        yield named
    elif file.path is None or not file.is_regular:
        with tempfile.TemporaryDirectory(prefix="openai-conversations-") as folder:
            yield Path(folder) / "ledger.sqlite"
    else:
        journal = file.path.with_name(f"{file.path.name}.journal")
        await _take_over(journal, file)
        try:
            yield journal
        finally:
            if file.is_whole:
                _remove(journal)


async def _take_over(journal: Path, file: ReceiptsFile) -> None:
    """What a killed process wrote down."""
    from openai_conversations.bulk.ledger import Ledger

    if journal.exists():  # noqa: ASYNC240  # nothing else runs yet
        async with Ledger(journal, operation=_OPERATION) as ledger:
            await _keep(ledger, file)
    if file.is_whole:
        _remove(journal)


def _remove(journal: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        journal.with_name(journal.name + ending).unlink(missing_ok=True)


def _is_missing(receipt: dict[str, Any]) -> bool:
    return bool(receipt["outcome"] == "already_gone")


def _what(named: tuple[str, ...], bulk: BulkArguments) -> str:
    parts = [named[0]] if len(named) == 1 else [f"{len(named)} conversations"] if named else []
    if bulk.ids_file is not None:
        parts.append(f"every conversation in {bulk.ids_file}")
    return " and ".join(parts)
