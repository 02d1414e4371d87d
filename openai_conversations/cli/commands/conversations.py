"""``get``, ``update`` and ``delete``: single calls on a conversation or one of its items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.render.output import (
    Json,
    as_json,
    confirm,
    note,
    show_conversation,
    wants_json,
    write_json,
)

DEFAULT = Connection()


async def get(
    conversation_id: str,
    item_id: str | None = None,
    /,
    *,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Show a conversation, or one of its items.

    Args:
        conversation_id: The conversation.
        item_id: An item of it; without, the conversation itself.
    """
    async with connection.client() as client:
        if item_id is None:
            conversation = as_json(await client.conversations.retrieve(conversation_id))
            write_json(conversation) if wants_json(json) else show_conversation(conversation)
        else:
            item = as_json(await client.conversations.items.retrieve(item_id, conversation_id=conversation_id))
            write_json(item) if wants_json(json) else _show_item(item)
    return Exit.OK


def _show_item(item: object) -> None:
    from rich.json import JSON

    from openai_conversations.cli.render.output import console
    from openai_conversations.cli.render.text import clean
    from openai_conversations.converters.json import dumps

    console().print(JSON(clean(dumps(item).decode())))


async def update(
    conversation_id: str,
    /,
    *pairs: str,
    unset: Annotated[Sequence[str], Parameter(allow_leading_hyphen=False)] = (),
    replace: bool = False,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Change the metadata of a conversation: what is not named stays.

    Args:
        conversation_id: The conversation.
        pairs: KEY=VALUE, as many as you like.
        unset: A key to remove; may be given more than once.
        replace: Forget all that is not named.
    """
    values = dict(_pair(text) for text in pairs)
    if not values and not unset and not replace:
        raise CommandError("nothing to change: give KEY=VALUE, --unset KEY or --replace", Exit.USAGE)
    async with connection.client() as client:
        if replace:
            changed = await client.conversations.update(conversation_id, metadata=values)
        else:
            changed = await client.conversations.patch_metadata(
                conversation_id, {**values, **dict.fromkeys(unset, None)}
            )
    conversation = as_json(changed)
    write_json(conversation) if wants_json(json) else show_conversation(conversation)
    return Exit.OK


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise CommandError(f"expected KEY=VALUE, not {text!r}", Exit.USAGE)
    return key, value


async def delete(
    conversation_id: str,
    item_id: str | None = None,
    /,
    *,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"])] = False,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Delete an item, or a conversation without its items.

    The service keeps the items of a deleted conversation, where nobody can reach them; `erase` deletes them first.

    Args:
        conversation_id: The conversation.
        item_id: An item of it; without, the conversation itself.
        yes: Do not ask.
    """
    async with connection.client() as client:
        if item_id is None:
            confirm(f"Delete {conversation_id} and leave its items behind? (`erase` deletes them too)", yes=yes)
            done = as_json(await client.conversations.delete(conversation_id))
        else:
            confirm(f"Delete the item {item_id}?", yes=yes)
            done = as_json(await client.conversations.items.delete(item_id, conversation_id=conversation_id))
    write_json(done) if wants_json(json) else note(f"deleted: {item_id or conversation_id}")
    return Exit.OK
