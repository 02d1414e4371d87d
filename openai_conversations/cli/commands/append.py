"""``append``: items from a file or from words on the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, TypeGuard

from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.render.output import Json, as_json, note, wants_json, write_json
from openai_conversations.limits import ITEMS_PER_REQUEST

DEFAULT = Connection()


async def append(
    conversation_id: str,
    text: str | None = None,
    /,
    *,
    file: Annotated[str | None, Parameter(name=["--file", "-f"], allow_leading_hyphen=True)] = None,
    role: str = "user",
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Add items at the end of a conversation, each of them once.

    Args:
        conversation_id: The conversation.
        text: What to say; or give --file.
        file: Items as JSON: a list, an object with "items", one item, or one item a line; - is standard input.
        role: Who says the text: user, assistant, system or developer.
    """
    items = _items(text, file, role)
    stored = 0
    async with connection.client() as client:
        for start in range(0, len(items), ITEMS_PER_REQUEST):
            page = await client.conversations.items.create(
                conversation_id, items=items[start : start + ITEMS_PER_REQUEST]
            )
            stored += len(page.data)
            if wants_json(json):
                for item in page.data:
                    write_json(as_json(item))
    if not wants_json(json):
        note(f"stored: {stored} item{'s' if stored != 1 else ''}")
    return Exit.OK


def _items(text: str | None, file: str | None, role: str) -> list[Any]:
    if (text is None) == (file is None):
        raise CommandError("give either a text or --file", Exit.USAGE)
    if text is not None:
        return [{"type": "message", "role": role, "content": text}]
    return read_items(file or "-")


def read_items(file: str) -> list[Any]:
    """
    The items in a file.

    Raises:
        CommandError: The file cannot be read, or holds no items; the message says where.
    """
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    value = _parsed(content, "standard input" if file == "-" else file)
    items: list[Any] = value if _is_array(value) else [value]
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise CommandError(f"{file}: item {number} is not a JSON object", Exit.BAD_INPUT)
    if not items:
        raise CommandError(f"{file}: no items", Exit.BAD_INPUT)
    return items


def _parsed(content: bytes, name: str) -> Any:
    """One JSON value, unwrapped, or one a line."""
    from openai_conversations.converters.json import loads_exact

    try:
        value = loads_exact(content)
    except ValueError as error:
        if content.count(b"\n") < 2:
            raise CommandError(f"{name}: not JSON: {error}", Exit.BAD_INPUT) from error
        return _lines(content, name)
    wrapped = value.get("items") if _is_object(value) else None
    return wrapped if _is_array(wrapped) else value


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _lines(content: bytes, name: str) -> list[Any]:
    from openai_conversations.converters.json import loads_exact

    values: list[Any] = []
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                values.append(loads_exact(line))
            except ValueError as error:
                raise CommandError(f"{name}: line {number} is not JSON: {error}", Exit.BAD_INPUT) from error
    return values
