"""``find``: conversations in a registry, because the service has no list of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import attrs
from cyclopts import Parameter

from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.flags import Flag, Json
from openai_conversations.cli.input import typed
from openai_conversations.cli.render.output import console, note, wants_json, write_json
from openai_conversations.cli.render.reports import local_time
from openai_conversations.cli.render.text import clean, folded

if TYPE_CHECKING:
    from openai_conversations.middlewares.registry import Registry
    from openai_conversations.middlewares.registry_file import Registered

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


async def find(
    *,
    registry: Annotated[Path, Parameter(name=["--registry", "-r"])] = Path("conversations.sqlite"),
    owner: str | None = None,
    idle: str | None = None,
    deleted: Flag = False,
    pending: Flag = False,
    ids: Flag = False,
    json: Json = False,
) -> int:
    """
    List conversations of a registry.

    The service has no list of them. In a pipe it prints what erase, export and check take as --ids-file.

    Args:
        registry: The file that a client with a Registry writes.
        owner: Whose they are.
        idle: Not written to for so long: 90d, 12h, 30m.
        deleted: The deleted ones instead.
        pending: Creations that were sent and never heard of; each may have left a conversation that nobody knows.
        ids: Only the ids, one a line.
    """
    if not registry.is_file():
        raise CommandError(f"{registry}: no such file", Exit.BAD_INPUT)
    seconds = None if idle is None else seconds_of(idle)

    from openai_conversations.middlewares.registry import Registry

    async with Registry(registry) as opened:
        if pending:
            return await _show_pending(opened, json=wants_json(json))
        show = _show_id if ids else _show_json if wants_json(json) else _Table().show
        count = 0
        async for found in opened.find(
            owner=None if owner is None else typed(owner), idle_for=seconds, deleted=deleted
        ):
            show(found)
            count += 1
    if not wants_json(json) and not ids:
        note(f"{count} conversation{'s' if count != 1 else ''}")
    return Exit.OK


def seconds_of(text: str) -> float:
    """
    Seconds of ``90d``, ``12h``, ``30m``, ``45s`` or ``2w``.

    Raises:
        CommandError: It is none of these.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text.strip())
    if match is None:
        raise CommandError(f"expected a time such as 90d, 12h or 30m, not {text!r}", Exit.USAGE)
    return float(match[1]) * _UNITS[match[2]]


def _show_id(found: Registered) -> None:
    print(found.id)


def _show_json(found: Registered) -> None:
    write_json(attrs.asdict(found))


class _Table:
    """Rows as they come: there may be a million."""

    def __init__(self) -> None:
        self._console = console()

    def show(self, found: Registered) -> None:
        from rich.text import Text

        metadata = ", ".join(f"{key}={value}" for key, value in found.metadata.items())
        self._console.print(
            Text.assemble(
                clean(found.id),
                ("  " + clean(found.owner or "-"), "cyan"),
                ("  " + local_time(found.active_at), "dim"),
                "  " + folded(metadata, 60),
            ),
            soft_wrap=True,
        )


async def _show_pending(registry: Registry, *, json: bool) -> int:
    pending_creates = await registry.pending(older_than=0)
    for create in pending_creates:
        value: dict[str, Any] = attrs.asdict(create)
        if json:
            write_json(value)
        else:
            note(f"{local_time(create.at)}: owner {create.owner or '-'}, metadata {dict(create.metadata)}")
    return Exit.PROBLEMS_FOUND if pending_creates else Exit.OK
