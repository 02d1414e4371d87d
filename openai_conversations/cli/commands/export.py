"""``export``: conversations to files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from openai_conversations.cli.bulk import DEFAULT_BULK, BulkArguments
from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.files import check_folder, check_target
from openai_conversations.cli.flags import Flag, Json
from openai_conversations.cli.render.output import note, wants_json, write_bytes

DEFAULT = Connection()

Format = Literal["jsonl", "markdown", "html"]

ENDINGS: Final[dict[str, Format]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
}


async def export(
    *conversation_ids: str,
    to: Annotated[Path | None, Parameter(name=["--to", "-o"], allow_leading_hyphen=True)] = None,
    format: Annotated[Format | None, Parameter(name=["--format", "-t"])] = None,
    force: Flag = False,
    bulk: BulkArguments = DEFAULT_BULK,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Write conversations to files.

    JSON Lines lose nothing and can be imported again; Markdown and HTML are for people.

    One conversation goes to standard output or to the file --to; many go into the folder --to.

    Args:
        conversation_ids: The conversations.
        to: A file, or for more than one conversation a folder; - is standard output.
        format: jsonl, markdown or html; else the ending of the file says it, else it is jsonl.
        force: Overwrite files that are there.
    """
    ids = bulk.ids(conversation_ids)
    target = None if to is None or str(to) == "-" else to
    if bulk.is_one and len(conversation_ids) == 1:
        return await _export_one(conversation_ids[0], target, _format(format, target), force, bulk, connection)
    if target is None:
        raise CommandError("more than one conversation: name a folder with --to", Exit.USAGE)
    check_folder(target)

    from openai_conversations.bulk.jobs import exporting

    limiter = bulk.rate_limiter()
    async with bulk.client(connection, limiter) as client:
        job = exporting(client.conversations, target, format=format or "jsonl", overwrite=force)
        return await bulk.run("export", job, ids, limiter, json=wants_json(json))


def _format(asked: Format | None, target: Path | None) -> Format:
    """
    What was asked for; else what the ending of the file says; without one it is jsonl.

    Raises:
        CommandError: No format has the ending.
    """
    if asked is not None or target is None:
        return asked or "jsonl"
    ending = target.suffix.lower()
    if ending and ending not in ENDINGS and not (target.exists() and not target.is_file()):
        known = ", ".join(ENDINGS)
        raise CommandError(
            f"{target}: no format has the ending {ending}; known are {known}; --format chooses one", Exit.USAGE
        )
    return ENDINGS.get(ending, "jsonl")


async def _export_one(  # noqa: PLR0917  # what the command was given
    id: str, target: Path | None, format: Format, force: bool, bulk: BulkArguments, connection: Connection
) -> Exit:
    from openai_conversations.bulk.files import write_file

    if target is not None:
        check_target(target, force=force)
    async with bulk.client(connection, bulk.rate_limiter()) as client:
        lines = client.conversations.export(id, format=format)
        if target is None:
            async for line in lines:
                write_bytes(line)
        else:
            _, size = await write_file(target, lines)
            note(f"written: {target}, {size} bytes")
    return Exit.OK
