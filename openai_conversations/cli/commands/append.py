"""``append``: items from a file or from words on the command line, each of them once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import attrs
from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError, exit_code, explain
from openai_conversations.cli.files import check_target
from openai_conversations.cli.flags import Json
from openai_conversations.cli.input import items_of
from openai_conversations.cli.render.output import note, wants_json, write_json
from openai_conversations.jsontypes import as_object, text_of
from openai_conversations.text_encoding import as_utf8
from openai_conversations.writing.resume import AppendIncompleteError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openai_conversations.writing.resume import AppendProgress, AppendResult, AppendResume

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
        resume: A file that remembers how far it came: the same command goes on from there, and adds nothing when all
            is done.
    """
    import asyncio  # a command that only shows its help does not load it

    if (text is None) == (file is None):
        raise CommandError("give either a text or --file", Exit.USAGE)
    items = items_of(text, file, role)
    progress = Progress(resume, conversation_id, items)
    async with connection.client() as client:
        start = progress.read()
        try:
            result = await client.conversations.items.append(
                conversation_id, items, resume=start, on_progress=progress.keep
            )
        except AppendIncompleteError as error:
            raise CommandError(f"{explain(error)}{progress.stopped(error)}", exit_code(error)) from error
        except asyncio.CancelledError:
            progress.check_written()
            raise
        progress.done()
    if wants_json(json):
        write_json(attrs.asdict(result))
    else:
        note(progress.words(result))
    return Exit.OK


class Progress:
    """
    The file that was named with --resume; nothing without one.

    It stays when all is done: a process that is killed at its very end would else be called again, and store everything
    a second time.
    """

    def __init__(self, path: Path | None, conversation_id: str, items: Sequence[Any]) -> None:
        self._path = path
        self._id = conversation_id
        self._total = len(items)
        self._digest = "" if path is None else _digest(items)
        self._stored = 0
        self._was_done = False
        self._failure: OSError | None = None

    def read(self) -> AppendResume | None:
        """Where to go on; ``None`` at the beginning."""
        if self._path is None:
            return None
        if not self._path.exists():
            check_target(self._path, force=False)
            return None
        from openai_conversations.converters.json import loads

        try:
            found = loads(as_utf8(self._path.read_bytes()))
        except ValueError as error:
            raise CommandError(f"{self._path}: not what --resume wrote: {error}", Exit.BAD_INPUT) from error
        is_done, of = as_object(found).get("done") is True, text_of(found, "items_sha256")
        self._was_done = is_done and (text_of(found, "conversation_id"), of) == (self._id, self._digest)
        if of not in ("", self._digest) and not is_done:
            message = f"{self._path}: of other items, which are not all stored: name another file, or remove this one"
            raise CommandError(message, Exit.BAD_INPUT)
        return cast("AppendResume", found) if self._was_done or not is_done else None

    async def keep(self, progress: AppendProgress) -> None:
        """Before the first chunk and after each; where it cannot be written, nothing more is sent."""
        import asyncio

        self._stored = progress.stored
        try:
            self._write({**progress.resume})
        except OSError as error:
            self._failure = error
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  # for type checkers
            task.cancel()
            await asyncio.sleep(0)

    def check_written(self) -> None:
        """
        See that the append was not given up for want of the file.

        Raises:
            CommandError: It was.
        """
        if self._failure is None:
            return
        stored = f"{self._stored} of {self._total} items are stored" if self._stored else "nothing was stored"
        message = f"{self._path}: {self._failure.strerror}: {stored}; the same command goes on from there"
        raise CommandError(message, exit_code(self._failure)) from self._failure

    def stopped(self, error: AppendIncompleteError) -> str:
        """Keep where it stopped, if there is where; gives what there is to say of it."""
        if self._path is None or error.resume is None:
            return ""
        try:
            self._write({**error.resume})
        except OSError as failure:
            return f"; {self._path}: {failure.strerror}: the same command looks for what is stored, and goes on"
        return "; the same command goes on from there"

    def done(self) -> None:
        """There is nothing to go on with; nothing has to be written of an append that was done before."""
        resume = {"conversation_id": self._id, "stored": self._total, "unknown": 0, "last_item_id": None}
        if not self._was_done:
            self._write({**resume, "done": True})

    def words(self, result: AppendResult) -> str:
        """What was done, for people."""
        said = f"stored: {result.count} item{'s' if result.count != 1 else ''}"
        return f"{said}, by an earlier run; remove {self._path} to add them again" if self._was_done else said

    def _write(self, resume: Mapping[str, object]) -> None:
        if self._path is None:
            return
        from openai_conversations.bulk.files import replace_file
        from openai_conversations.converters.json import dumps

        replace_file(self._path, dumps({**resume, "items_sha256": self._digest}) + b"\n")


def _digest(items: Sequence[Any]) -> str:
    from openai_conversations.converters.json import dumps

    return hashlib.sha256(dumps(items)).hexdigest()
