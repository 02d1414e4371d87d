"""Results: something to look at in a terminal, one JSON value a line in a pipe or with ``--json``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from openai_conversations.cli.render.text import clean

if TYPE_CHECKING:
    from rich.console import Console

    from openai_conversations.schemas.base import Schema

Json = Annotated[bool, Parameter(name="--json", help="Print JSON, as in a pipe.")]


def wants_json(asked: bool) -> bool:
    """Whether results go out as JSON: when asked to, and when nobody looks."""
    return asked or not sys.stdout.isatty()


def write_json(value: Any) -> None:
    """One JSON value on a line of its own."""
    from openai_conversations.converters.json import dumps

    sys.stdout.buffer.write(dumps(value) + b"\n")
    sys.stdout.buffer.flush()


def as_json(value: Schema) -> Any:
    """The JSON of a decoded object, with everything that came."""
    from openai_conversations.converters.codec import codec

    return codec().to_json(value)


def console(*, stderr: bool = False) -> Console:
    """A console that prints what it is given, without guessing colours for numbers."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, stderr=stderr)


def show_fields(fields: Mapping[str, object]) -> None:
    """Names and values in two columns."""
    from rich.text import Text

    out = console()
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        out.print(Text.assemble((f"{name:>{width}}  ", "dim"), clean(str(value))))


def show_conversation(conversation: Mapping[str, Any]) -> None:
    """A conversation for people."""
    metadata: Mapping[str, Any] = conversation.get("metadata") or {}
    created = conversation.get("created_at")
    fields: dict[str, object] = {"id": conversation.get("id"), "created": local_time(created) if created else "unknown"}
    show_fields({**fields, **{f"metadata.{key}": value for key, value in metadata.items()}})


def local_time(seconds: float) -> str:
    """Unix seconds in the time zone of whoever looks."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


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
        raise CommandError("nobody to ask; give --yes", Exit.NOT_CONFIRMED)
    print(clean(f"{question} [y/N] "), end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was done", Exit.NOT_CONFIRMED)
