"""``fork``: a copy of a conversation, or of its beginning."""

from __future__ import annotations

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Flag, Json
from openai_conversations.cli.render.output import wants_json, write_json
from openai_conversations.cli.render.reports import show_copy

DEFAULT = Connection()


async def fork(
    conversation_id: str,
    /,
    *,
    until: str | None = None,
    split_tool_calls: Flag = False,
    dry_run: Flag = False,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Copy a conversation, or its beginning, into a new one.

    The original is only read.

    Args:
        conversation_id: The original.
        until: Id of the last item to copy; without, all are copied.
        split_tool_calls: Let the copy end between a tool call and its output.
        dry_run: Send nothing; tell what would differ.
    """
    async with connection.client() as client:
        report = await client.conversations.fork(
            conversation_id, until=until, split_tool_calls=split_tool_calls, dry_run=dry_run
        )
    value = report.to_json()
    write_json(value) if wants_json(json) else show_copy(value)
    return Exit.OK
