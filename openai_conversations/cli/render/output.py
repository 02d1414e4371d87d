"""Results: something to look at in a terminal, one JSON value a line in a pipe or with ``--json``."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from openai_conversations.cli.render.text import clean, clean_json

if TYPE_CHECKING:
    from rich.console import Console

    from openai_conversations.schemas.base import Schema


def wants_json(asked: bool) -> bool:
    """Whether results go out as JSON: when asked to, and when nobody looks."""
    return asked or not _is_terminal()


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()  # pyright: ignore[reportUnnecessaryComparison]  # `>&-`


def write_json(value: Any) -> None:
    """
    One JSON value on a line of its own.

    Raises:
        CommandError: It cannot be written; the error has it: it may be all that tells what was done.
        BrokenPipeError: Nobody reads any more.
    """
    line = json_line(value)
    try:
        write_bytes(line)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror
    else:
        return
    from openai_conversations.cli.exit_codes import Exit
    from openai_conversations.cli.failures import CommandError

    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
        silence(sys.stdout)
    left = line.decode("utf-8", "replace").strip()
    raise CommandError(f"standard output: {reason}; what could not be written: {left}", Exit.FAILED)


def silence(stream: TextIO) -> None:
    """Nothing more goes to a stream that cannot be written to, also not what Python would flush at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_bytes(line: bytes) -> None:
    """A line of a file to standard output: as it is in a pipe; a terminal gets nothing that could act on it."""
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    if sys.stdout.isatty():
        text = line.decode("utf-8", "replace")
        sys.stdout.write(clean_json(text) if text.startswith(("{", "[")) else clean(text))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def json_line(value: Any) -> bytes:
    """A value as a line of JSON, however odd it is."""
    from openai_conversations.converters.json import dumps

    try:
        return dumps(value) + b"\n"
    except ValueError:  # it nests deeper than the fast writer goes
        from openai_conversations.operations.archive.render.values import flat_json

        return flat_json(value).encode("utf-8", "replace") + b"\n"


def as_json(value: Schema) -> Any:
    """The JSON of a decoded object, with everything that came."""
    from openai_conversations.converters.codec import codec

    return codec().to_json(value)


def console(*, stderr: bool = False) -> Console:
    """A console that prints what it is given, without guessing colours for numbers."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, stderr=stderr)


def note(line: str) -> None:
    """Say something that is no result: on standard error."""
    print(clean(line), file=sys.stderr, flush=True)


def confirm(question: str, *, yes: bool) -> None:
    """
    Ask before something that cannot be undone.

    Raises:
        CommandError: The answer is not yes, or nobody can be asked.
    """
    from openai_conversations.cli.exit_codes import Exit
    from openai_conversations.cli.failures import CommandError

    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError("cannot ask for confirmation; pass --yes", Exit.NOT_CONFIRMED)
    with _interruptible():
        print(clean(f"{question} [y/N] "), end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
    if answer.strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was done", Exit.NOT_CONFIRMED)


@contextmanager
def _interruptible() -> Generator[None]:
    """Ctrl-C counts at once: asyncio waits for the task, and the task for the answer."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _check_interrupted()
        yield
    except KeyboardInterrupt:
        print(file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _check_interrupted() -> None:
    """Ctrl-C that came before the question has cancelled the task, which has not noticed yet."""
    import asyncio

    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise KeyboardInterrupt
