"""``export`` and ``import``: conversations to files and back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.render.output import Json, note, show_fields, wants_json, write_json
from openai_conversations.cli.running import Many, finish, progress_bar

if TYPE_CHECKING:
    from openai_conversations.bulk.ids import Ids
    from openai_conversations.bulk.ledger import Ledger
    from openai_conversations.bulk.runner import BulkJob

DEFAULT = Connection()
ALONE = Many()


async def export(
    *conversation_ids: str,
    to: Annotated[Path | None, Parameter(name=["--to", "-o"])] = None,
    format: Annotated[Literal["jsonl", "markdown", "html"], Parameter(name=["--format", "-t"])] = "jsonl",
    many: Many = ALONE,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Write conversations to files: JSON Lines that lose nothing, or Markdown and HTML for people.

    One conversation goes to standard output, or to the file named with --to; many go into the folder named with --to.

    Args:
        conversation_ids: The conversations.
        to: A file, or for more than one conversation a folder.
        format: jsonl can be imported again; markdown and html are for people.
    """
    ids = many.ids(conversation_ids)
    if many.is_one and len(conversation_ids) == 1:
        return await _export_one(conversation_ids[0], to, format, many, connection)
    if to is None:
        raise CommandError("more than one conversation: name a folder with --to", Exit.USAGE)
    to.mkdir(parents=True, exist_ok=True)

    from openai_conversations.bulk.jobs import exporting

    pace = many.pace()
    async with many.client(connection, pace) as client:
        work = exporting(client.conversations, to, format=format)
        return await _run("export", work, ids, many, pace.requests, json=json)


async def _export_one(
    id: str, to: Path | None, format: Literal["jsonl", "markdown", "html"], many: Many, connection: Connection
) -> Exit:
    from openai_conversations.bulk.jobs import write_whole

    async with many.client(connection, many.pace()) as client:
        lines = client.conversations.export(id, format=format)
        if to is not None and str(to) != "-":
            _, size = await write_whole(to, lines)
            note(f"written: {to}, {size} bytes")
        else:
            async for line in lines:
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    return Exit.OK


async def _run(
    operation: str, work: BulkJob, ids: Ids, many: Many, requests: dict[str, int], *, json: bool, reports: bool = False
) -> Exit:
    from openai_conversations.bulk.runner import run_bulk

    async def tell(ledger: Ledger) -> None:
        async for receipt in ledger.receipts():
            write_json(receipt)

    with many.ledger_file(operation) as ledger, progress_bar(f"{operation}ing") as bar:
        summary = await run_bulk(
            operation,
            work,
            ids,
            ledger=ledger,
            options=many.options(bar),
            requests=requests,
            on_receipts=tell if reports and wants_json(json) else None,
        )
    return finish(summary, json=wants_json(json))


async def import_(
    *files: Annotated[str, Parameter(allow_leading_hyphen=True)],
    into: str | None = None,
    dry_run: bool = False,
    allow_damaged: bool = False,
    many: Many = ALONE,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Make conversations of files: exports, threads of the Assistants API, Chat Completions messages.

    A file is read and checked before anything is sent. What does not come through is reported.

    Args:
        files: The files; - is standard input.
        into: A conversation that is empty or holds the beginning of the file: only the rest is added.
        dry_run: Send nothing; tell what would differ.
        allow_damaged: Take the sound lines before the first damage.
    """
    unknown = next((name for name in files if name.startswith("-") and name != "-"), None)
    if unknown is not None:
        raise CommandError(f"Unknown option: {unknown}. A file of this name is ./{unknown}", Exit.USAGE)
    if many.is_one and len(files) == 1:
        return await _import_one(files[0], into, dry_run, allow_damaged, many, json, connection)
    if into is not None:
        raise CommandError("--into takes one file", Exit.USAGE)
    if "-" in files:
        raise CommandError("standard input is one conversation; give it alone", Exit.USAGE)
    names = many.ids(files)

    from openai_conversations.bulk.jobs import importing

    pace = many.pace()
    async with many.client(connection, pace) as client:
        work = importing(client.conversations, dry_run=dry_run, allow_damaged=allow_damaged)
        return await _run("import", work, names, many, pace.requests, json=json, reports=True)


async def _import_one(  # noqa: PLR0917  # what the command was given
    file: str,
    into: str | None,
    dry_run: bool,
    allow_damaged: bool,
    many: Many,
    json: bool,
    connection: Connection,
) -> Exit:
    import asyncio  # here: `--help` does without it

    content = sys.stdin.buffer.read() if file == "-" else await asyncio.to_thread(Path(file).read_bytes)
    async with many.client(connection, many.pace()) as client:
        report = await client.conversations.import_(content, into=into, dry_run=dry_run, allow_damaged=allow_damaged)
    value = report.to_json()
    write_json(value) if wants_json(json) else show_copy(value)
    return Exit.OK


def show_copy(report: dict[str, Any]) -> None:
    """What came of a fork or an import, for people."""
    show_fields(
        {
            "conversation": report["conversation_id"] or "(dry run: none was made)",
            "items": f"{report['total']} in all, {report['stored']} added, {report['present']} there before",
            "differences": _listed(report["differences"]),
            "metadata left out": ", ".join(report["metadata_left_out"]) or "none",
            **({"damage": report["damage"]} if report["damage"] else {}),
            **({"not expressible": len(report["unread"])} if report["unread"] else {}),
            **({"calls without output": ", ".join(report["unanswered"])} if report["unanswered"] else {}),
        }
    )


def _listed(differences: Sequence[dict[str, Any]]) -> str:
    if not differences:
        return "none, but for the ids"
    kinds = [str(found.get("kind")) for found in differences]
    counted = ", ".join(f"{kinds.count(kind)} × {kind.replace('_', ' ')}" for kind in dict.fromkeys(kinds))
    return f"{counted} (--json lists them)"
