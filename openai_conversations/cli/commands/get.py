"""``get``: a conversation or one of its items as they are."""

from __future__ import annotations

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Json
from openai_conversations.cli.render.output import as_json, console, wants_json, write_json
from openai_conversations.cli.render.reports import show_conversation
from openai_conversations.cli.render.text import clean_json
from openai_conversations.operations.archive.render.values import json_text

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
    from rich.highlighter import JSONHighlighter

    console().print(JSONHighlighter()(clean_json(json_text(item))), soft_wrap=True)
