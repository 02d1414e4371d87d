"""``erase``: conversations with all their items, and a receipt for each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.render.output import Json, confirm, show_fields, wants_json, write_json
from openai_conversations.cli.running import Many, finish, progress_bar

if TYPE_CHECKING:
    from openai_conversations.bulk.ledger import Ledger

DEFAULT = Connection()
ALONE = Many()


async def erase(
    *conversation_ids: str,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"])] = False,
    receipts: Path | None = None,
    many: Many = ALONE,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Delete conversations and all their items, and keep a receipt of what was deleted.

    The service's own deletion leaves the items behind. This deletes every item, lists again to see that none is left,
    and then deletes the conversation. Interrupted, it can be run again.

    Args:
        conversation_ids: The conversations.
        yes: Do not ask.
        receipts: A file for the receipts, one JSON object a line: ids, counts, hashes and times, no content.
    """
    ids = many.ids(conversation_ids)
    pace = many.pace()
    client = many.client(connection, pace)
    confirm(f"Erase {_what(conversation_ids, many)} with all items? This cannot be undone.", yes=yes)
    async with client:
        if many.is_one and len(conversation_ids) == 1:
            receipt = (await client.conversations.erase(conversation_ids[0])).to_json()
            if receipts is not None:
                _write_all(receipts, [receipt])
            write_json(receipt) if wants_json(json) else _show(receipt)
            return Exit.OK

        from openai_conversations.bulk.jobs import erasing
        from openai_conversations.bulk.runner import run_bulk

        async def write_receipts(ledger: Ledger) -> None:
            if receipts is not None:
                await _write(receipts, ledger)

        with many.ledger_file("erase") as ledger, progress_bar("erasing") as bar:
            summary = await run_bulk(
                "erase",
                erasing(client.conversations),
                ids,
                ledger=ledger,
                options=many.options(bar),
                requests=pace.requests,
                on_receipts=write_receipts,
            )
    return finish(summary, json=wants_json(json))


def _what(named: tuple[str, ...], many: Many) -> str:
    parts = [named[0]] if len(named) == 1 else [f"{len(named)} conversations"] if named else []
    if many.ids_file is not None:
        parts.append(f"every conversation in {many.ids_file}")
    return " and ".join(parts)


async def _write(path: Path, ledger: Ledger) -> None:
    """All receipts of the ledger, in place of what the file held before."""
    from openai_conversations.converters.json import dumps

    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        async for receipt in ledger.receipts():
            file.write(dumps(receipt) + b"\n")
    partial.replace(path)


def _write_all(path: Path, receipts: list[dict[str, Any]]) -> None:
    from openai_conversations.converters.json import dumps

    path.write_bytes(b"".join(dumps(receipt) + b"\n" for receipt in receipts))


def _show(receipt: Mapping[str, Any]) -> None:
    proof: Mapping[str, Any] = receipt["proof"] or {}
    seen = f"at {proof['at']} a listing showed {proof['items']} items" if proof else "none: it was gone already"
    show_fields(
        {
            "conversation": receipt["conversation_id"],
            "outcome": receipt["outcome"],
            "items deleted": receipt["count"],
            "sha256 of ids": receipt["sha256"],
            "proof": seen,
            "finished": receipt["finished_at"],
        }
    )
