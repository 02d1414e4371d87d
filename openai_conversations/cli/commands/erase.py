"""``erase``: conversations with all their items, and a receipt for each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from openai_conversations.cli.bulk import DEFAULT_BULK, BulkArguments
from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Json, Yes
from openai_conversations.cli.receipts_file import ReceiptsFile
from openai_conversations.cli.render.output import confirm, wants_json, write_json
from openai_conversations.cli.render.reports import show_receipt

if TYPE_CHECKING:
    from openai_conversations.bulk.ledger import Ledger
    from openai_conversations.client import ConversationsClient

DEFAULT = Connection()


async def erase(
    *conversation_ids: str,
    yes: Yes = False,
    receipts: Path | None = None,
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
    """
    ids = bulk.ids(conversation_ids)
    limiter = bulk.rate_limiter()
    client = bulk.client(connection, limiter)
    with ReceiptsFile(receipts) as file:
        confirm(f"Erase {_what(conversation_ids, bulk)} with all items? This cannot be undone.", yes=yes)
        async with client:
            if bulk.is_one and len(conversation_ids) == 1:
                return await _erase_one(client, conversation_ids[0], file, json=json)

            from openai_conversations.bulk.jobs import erasing

            async def keep(ledger: Ledger) -> None:
                async for receipt in ledger.receipts():
                    file.add(receipt)

            job = erasing(client.conversations)
            return await bulk.run("erase", job, ids, limiter, json=wants_json(json), on_receipts=keep)


async def _erase_one(client: ConversationsClient, id: str, file: ReceiptsFile, *, json: bool) -> Exit:
    receipt = (await client.conversations.erase(id)).to_json()
    file.add(receipt)
    write_json(receipt) if wants_json(json) else show_receipt(receipt)
    return Exit.OK


def _what(named: tuple[str, ...], bulk: BulkArguments) -> str:
    parts = [named[0]] if len(named) == 1 else [f"{len(named)} conversations"] if named else []
    if bulk.ids_file is not None:
        parts.append(f"every conversation in {bulk.ids_file}")
    return " and ".join(parts)
