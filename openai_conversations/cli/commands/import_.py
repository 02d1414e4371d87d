"""``import``: conversations out of files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

from cyclopts import Parameter

from openai_conversations.cli.bulk import DEFAULT_BULK, BulkArguments
from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.flags import Flag, Json
from openai_conversations.cli.render.output import wants_json, write_json
from openai_conversations.cli.render.reports import show_copy

if TYPE_CHECKING:
    from openai_conversations.bulk.ledger import Ledger
    from openai_conversations.operations.copy.copying import CopyReport

DEFAULT = Connection()


class _Choice(TypedDict):
    """What is read of a file that leaves something open."""

    conversation: str | None
    branch: str | None
    order: Literal["asc", "desc"] | None


async def import_(
    *files: Annotated[str, Parameter(allow_leading_hyphen=True)],
    into: str | None = None,
    dry_run: Flag = False,
    allow_damaged: Flag = False,
    conversation: str | None = None,
    branch: str | None = None,
    order: Literal["asc", "desc"] | None = None,
    bulk: BulkArguments = DEFAULT_BULK,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Make conversations of files.

    Read are exports, items, messages of Chat Completions and Assistants threads, logs of the Responses API, exports of
    ChatGPT, and UI messages.

    A file is checked before anything is sent. What does not come through is reported.

    Args:
        files: The files; - is standard input.
        into: A conversation that is empty or holds the beginning of the file: only the rest is added.
        dry_run: Send nothing; tell what would differ.
        allow_damaged: Take the sound lines before the first damage.
        conversation: Of a file with several conversations: id, title or number of one.
        branch: Of a ChatGPT conversation: the id of the last message of the branch.
        order: asc when a file has the oldest message first, desc for the newest.
    """
    unknown = next((name for name in files if name.startswith("-") and name != "-"), None)
    if unknown is not None:
        raise CommandError(f"Unknown option: {unknown}. A file of this name is ./{unknown}", Exit.USAGE)
    if bulk.is_one and len(files) == 1:
        choice = _Choice(conversation=conversation, branch=branch, order=order)
        report = (await _import_one(files[0], into, dry_run, allow_damaged, choice, bulk, connection)).to_json()
        write_json(report) if wants_json(json) else show_copy(report)
        return Exit.OK
    for name, given in (("--into", into), ("--conversation", conversation), ("--branch", branch), ("--order", order)):
        if given is not None:
            raise CommandError(f"{name} takes one file", Exit.USAGE)
    if "-" in files:
        raise CommandError("standard input is one conversation; give it alone", Exit.USAGE)
    names = bulk.ids(files, "no files: name them, - for standard input, or a file of their names with --ids-file")

    from openai_conversations.bulk.jobs import importing

    limiter = bulk.rate_limiter()
    async with bulk.client(connection, limiter) as client:
        job = importing(client.conversations, dry_run=dry_run, allow_damaged=allow_damaged)
        tell = _tell if wants_json(json) else None
        return await bulk.run("import", job, names, limiter, json=wants_json(json), on_receipts=tell)


async def _import_one(  # noqa: PLR0917  # what the command was given
    file: str,
    into: str | None,
    dry_run: bool,
    allow_damaged: bool,
    choice: _Choice,
    bulk: BulkArguments,
    connection: Connection,
) -> CopyReport:
    import asyncio

    from openai_conversations.operations.errors import ArchiveError

    content = sys.stdin.buffer.read() if file == "-" else await asyncio.to_thread(Path(file).read_bytes)
    async with bulk.client(connection, bulk.rate_limiter()) as client:
        try:
            return await client.conversations.import_(
                content, into=into, dry_run=dry_run, allow_damaged=allow_damaged, **choice
            )
        except ArchiveError as error:
            raise CommandError(f"{'standard input' if file == '-' else file}: {error}", Exit.BAD_INPUT) from error


async def _tell(ledger: Ledger) -> None:
    async for report in ledger.receipts():
        write_json(report)
