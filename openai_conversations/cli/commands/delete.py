"""``delete``: an item, or a conversation without its items."""

from __future__ import annotations

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Json, Yes
from openai_conversations.cli.render.output import as_json, confirm, note, wants_json, write_json

DEFAULT = Connection()


async def delete(
    conversation_id: str,
    item_id: str | None = None,
    /,
    *,
    yes: Yes = False,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Delete an item, or a conversation without its items.

    The service keeps the items of a deleted conversation where nobody can reach them; erase deletes them first.

    Args:
        conversation_id: The conversation.
        item_id: An item of it; without, the conversation itself.
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
