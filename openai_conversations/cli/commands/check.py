"""``check``: what makes a conversation refuse its next turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.cli.bulk import DEFAULT_BULK, BulkArguments
from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Json
from openai_conversations.cli.render.output import console, note, wants_json, write_json
from openai_conversations.cli.render.reports import show_check
from openai_conversations.cli.render.text import clean

if TYPE_CHECKING:
    from openai_conversations.bulk.ledger import Ledger

DEFAULT = Connection()


async def check(
    *conversation_ids: str, bulk: BulkArguments = DEFAULT_BULK, json: Json = False, connection: Connection = DEFAULT
) -> int:
    """
    Find what makes a conversation refuse its next turn.

    That is: tool calls without output, outputs without call, reasoning that is empty or lacks
    the item that must follow it, dangling references.

    The exit code tells whether something was found.

    Args:
        conversation_ids: The conversations.
    """
    ids = bulk.ids(conversation_ids)
    limiter = bulk.rate_limiter()
    async with bulk.client(connection, limiter) as client:
        if bulk.is_one and len(conversation_ids) == 1:
            report = await client.conversations.check(conversation_ids[0])
            write_json(report.to_json()) if wants_json(json) else show_check(report)
            code = Exit.OK if report.is_sound else Exit.PROBLEMS_FOUND
        else:
            from openai_conversations.bulk.jobs import checking

            tell = _tell_json if wants_json(json) else _tell
            job = checking(client.conversations)
            code = await bulk.run("check", job, ids, limiter, json=wants_json(json), on_receipts=tell)
    if code is Exit.PROBLEMS_FOUND:
        note(f"to fix it: openai-conversations repair {_named(conversation_ids)}")
    return code


def _named(ids: tuple[str, ...]) -> str:
    return ids[0] if len(ids) == 1 else "CONVERSATION_ID"


async def _tell_json(ledger: Ledger) -> None:
    async for report in ledger.receipts():
        write_json(report)


async def _tell(ledger: Ledger) -> None:
    out = console()
    async for report in ledger.receipts():
        kinds = [str(finding["kind"]).replace("_", " ") for finding in report["findings"]]
        counted = ", ".join(f"{kinds.count(kind)} × {kind}" for kind in dict.fromkeys(kinds))
        out.print(clean(f"{report['conversation_id']}: {counted}"), soft_wrap=True)
