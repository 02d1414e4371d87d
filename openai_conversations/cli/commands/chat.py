"""``chat``: talk to a model in a conversation."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from openai_conversations.cli.connection import Connection, has_key
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Flag
from openai_conversations.cli.render.output import note

if TYPE_CHECKING:
    from openai_conversations.client import ConversationsClient

DEFAULT = Connection()

DEFAULT_MODEL: Final = "gpt-5.5"

_OFFLINE: Final = (
    "no OPENAI_API_KEY: this is the embedded server, whose model repeats what you say; nothing leaves this machine"
)


async def chat(
    conversation_id: str | None = None,
    /,
    *,
    model: Annotated[str, Parameter(name=["--model", "-m"])] = DEFAULT_MODEL,
    instructions: str | None = None,
    no_background: Flag = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Talk to a model in a conversation.

    A line is what you say. Ctrl-C stops an answer; at the prompt it ends the chat, as Ctrl-D and /quit do. /help lists
    what else can be done. Without a key it talks to an embedded server, so that it can be tried.

    Args:
        conversation_id: The conversation to go on with; else a new one.
        model: The model.
        instructions: A system message for every turn.
        no_background: Run turns only as long as the connection lives, instead of in the background, where they can be
            asked how they ended when it breaks.
    """
    from openai_conversations.cli.talk import Talk, TalkOptions
    from openai_conversations.cli.talk_lines import Lines

    async with _client(connection) as client:
        if conversation_id is None:
            conversation_id = (await client.conversations.create()).id
            note(f"conversation: {conversation_id}")
        else:
            await client.conversations.retrieve(conversation_id)
        options = TalkOptions(model=model, instructions=instructions, safe=not no_background)
        lines = Lines(sys.stdin)
        went_well = await Talk(client, conversation_id, options, lines).until_quit()
    return Exit.OK if went_well or lines.is_terminal else Exit.FAILED


@asynccontextmanager
async def _client(connection: Connection) -> AsyncGenerator[ConversationsClient]:
    """The service's client; without a key, that of a server that lives as long as the chat."""
    if has_key(connection):
        async with connection.client() as client:
            yield client
        return
    from openai_conversations.client import ConversationsClient
    from openai_conversations.server import ConversationsServer

    note(_OFFLINE)
    async with (
        ConversationsServer() as server,
        ConversationsClient(api_key="offline", base_url=server.base_url) as client,
    ):
        yield client
