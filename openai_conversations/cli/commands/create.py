"""``create``: a new conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Json
from openai_conversations.cli.input import items_of, pairs_of
from openai_conversations.cli.render.output import as_json, note, wants_json, write_json
from openai_conversations.cli.render.reports import show_conversation
from openai_conversations.limits import ITEMS_PER_REQUEST

DEFAULT = Connection()


async def create(
    text: str | None = None,
    /,
    *,
    metadata: Annotated[Sequence[str], Parameter(name=["--metadata", "-m"], show_default=False)] = (),
    file: Annotated[str | None, Parameter(name=["--file", "-f"], allow_leading_hyphen=True)] = None,
    role: str = "user",
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Create a conversation.

    Args:
        text: Its first message; or give --file, or neither.
        metadata: KEY=VALUE; may be given more than once.
        file: Its first items as JSON: a list, an object with "items", one item, or one a line; - is standard input.
        role: Who says the text: user, assistant, system or developer.
    """
    values = pairs_of(metadata)
    items = items_of(text, file, role)
    async with connection.client() as client:
        made = await client.conversations.create(metadata=values, items=items[:ITEMS_PER_REQUEST])
        if len(items) > ITEMS_PER_REQUEST:
            note(f"created: {made.id}")  # told now: an append that fails must not take the id with it
            await client.conversations.items.append(made.id, items[ITEMS_PER_REQUEST:])
    conversation = as_json(made)
    write_json(conversation) if wants_json(json) else show_conversation(conversation)
    return Exit.OK
