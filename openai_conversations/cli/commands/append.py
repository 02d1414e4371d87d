"""``append``: items from a file or from words on the command line, each of them once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import attrs
from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError, exit_code, explain
from openai_conversations.cli.files import check_target
from openai_conversations.cli.flags import Json
from openai_conversations.cli.input import items_of
from openai_conversations.cli.render.output import note, wants_json, write_json
from openai_conversations.text_encoding import as_utf8
from openai_conversations.writing.resume import AppendIncompleteError

if TYPE_CHECKING:
    from openai_conversations.writing.resume import AppendProgress, AppendResume

DEFAULT = Connection()


async def append(
    conversation_id: str,
    text: str | None = None,
    /,
    *,
    file: Annotated[str | None, Parameter(name=["--file", "-f"], allow_leading_hyphen=True)] = None,
    role: str = "user",
    resume: Path | None = None,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Add items to a conversation.

    They go in chunks of 20, in their order, each of them once.

    Args:
        conversation_id: The conversation.
        text: What to say; or give --file.
        file: Items as JSON: a list, an object with "items", one item, or one item a line; - is standard input.
        role: Who says the text: user, assistant, system or developer.
        resume: A file that remembers how far it came, until all is done: the same command goes on from there.
    """
    if (text is None) == (file is None):
        raise CommandError("give either a text or --file", Exit.USAGE)
    items = items_of(text, file, role)
    progress = _Progress(resume)
    async with connection.client() as client:
        start = progress.read()
        try:
            result = await client.conversations.items.append(
                conversation_id, items, resume=start, on_progress=progress.keep
            )
        except AppendIncompleteError as error:
            if not progress.stopped(error):
                raise
            raise CommandError(f"{explain(error)}; the same command goes on from there", exit_code(error)) from error
    progress.done()
    if wants_json(json):
        write_json(attrs.asdict(result))
    else:
        note(f"stored: {result.count} item{'s' if result.count != 1 else ''}")
    return Exit.OK


class _Progress:
    """The file that was named with --resume; nothing without one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def read(self) -> AppendResume | None:
        """Where to go on; ``None`` at the beginning."""
        if self._path is None:
            return None
        if not self._path.exists():
            check_target(self._path, force=False)
            return None
        from openai_conversations.converters.json import loads

        try:
            return cast("AppendResume", loads(as_utf8(self._path.read_bytes())))
        except ValueError as error:
            raise CommandError(f"{self._path}: not what --resume wrote: {error}", Exit.BAD_INPUT) from error

    def keep(self, progress: AppendProgress) -> None:
        """Before the first chunk and after each."""
        self._write(progress.resume)

    def stopped(self, error: AppendIncompleteError) -> bool:
        """Keep where it stopped, if there is where."""
        if self._path is None or error.resume is None:
            return False
        self._write(error.resume)
        return True

    def done(self) -> None:
        """There is nothing to go on with."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _write(self, resume: AppendResume) -> None:
        if self._path is None:
            return
        from openai_conversations.bulk.files import replace_file
        from openai_conversations.converters.json import dumps

        replace_file(self._path, dumps(dict(resume)) + b"\n")
