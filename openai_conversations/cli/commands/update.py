"""``update``: the metadata of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.failures import CommandError
from openai_conversations.cli.flags import Flag, Json
from openai_conversations.cli.input import pairs_of, typed
from openai_conversations.cli.render.output import as_json, wants_json, write_json
from openai_conversations.cli.render.reports import show_conversation

DEFAULT = Connection()


async def update(
    conversation_id: str,
    /,
    *pairs: str,
    unset: Annotated[Sequence[str], Parameter(allow_leading_hyphen=False, show_default=False)] = (),
    replace: Flag = False,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Change the metadata of a conversation.

    What is not named stays.

    Args:
        conversation_id: The conversation.
        pairs: KEY=VALUE, as many as you like.
        unset: A key to remove; may be given more than once.
        replace: Forget all that is not named.
    """
    values = pairs_of(pairs)
    if not values and not unset and not replace:
        raise CommandError("nothing to change: give KEY=VALUE, --unset KEY or --replace", Exit.USAGE)
    async with connection.client() as client:
        if replace:
            changed = await client.conversations.update(conversation_id, metadata=values)
        else:
            changed = await client.conversations.patch_metadata(
                conversation_id, {**values, **dict.fromkeys(map(typed, unset), None)}
            )
    conversation = as_json(changed)
    write_json(conversation) if wants_json(json) else show_conversation(conversation)
    return Exit.OK
