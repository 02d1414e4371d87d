"""Where most scenarios play: a server, a client, and a conversation that the client made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs

from benchmarks.traps.clients import Contender, Item
from openai_conversations.server import ConversationsServer, faults

APPEND = "createConversationItems"
CREATE = "createConversation"
LIST = "listConversationItems"
RETRIEVE = "getConversation"


def message(text: str, role: str = "user") -> Item:
    """A message, of a user unless said otherwise."""
    return {"role": role, "content": text}


def stored_message(text: str, role: str) -> Item:
    """A message as another program stores it."""
    part = {"type": "output_text", "annotations": []} if role == "assistant" else {"type": "input_text"}
    return {"type": "message", "role": role, "content": [{**part, "text": text}]}


@attrs.frozen(kw_only=True)
class Stage:
    """A server, a client, and a conversation."""

    who: Contender
    server: ConversationsServer
    client: Any
    id: str

    @property
    def items(self) -> Sequence[Any]:
        """What is stored."""
        return self.server.items(self.id)

    def append(self, *items: Any, **options: Any) -> Awaitable[Any]:
        """Append what fits into one request."""
        return self.client.conversations.items.create(self.id, items=list(items), **options)  # type: ignore[no-any-return]

    def number_of(self, text: str) -> int:
        """How many stored messages are of this text."""
        return sum(part.get("text") == text for item in self.items for part in item.get("content") or ())


@asynccontextmanager
async def stage(who: Contender, *, profile: str = "openai", **settings: Any) -> AsyncIterator[Stage]:
    async with server(profile) as running, who.client(running, **settings) as client:
        conversation = await client.conversations.create()
        yield Stage(who=who, server=running, client=client, id=conversation.id)


def server(profile: str = "openai") -> ConversationsServer:
    """A server that goes by the clock of the event loop."""
    return ConversationsServer(profile=profile, clock=asyncio.get_running_loop().time)


async def in_real_time(scenario: Coroutine[Any, Any, str]) -> str:
    """What takes part outside the event loop, a thread or a file, cannot be waited for in virtual time."""
    return await asyncio.to_thread(asyncio.run, scenario)


def lost(*, committed: bool = True, **select: Any) -> faults.Fault:
    """An append whose connection drops, after it is stored or before."""
    drop = faults.commit_then_drop if committed else faults.drop_before_commit
    return drop(operation=APPEND, **select)
