"""The two clients under test, and what a service does with either: make it, append, try again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs
import openai

from openai_conversations import ConversationsClient, Runtime, Timeout
from openai_conversations.limits import ITEMS_PER_REQUEST
from openai_conversations.server import ConversationsServer
from openai_conversations.writing.resume import AppendResume

KEY = "sk-trap-0123456789"

Item = dict[str, Any]


@attrs.frozen(kw_only=True)
class Contender:
    """
    A client under test.

    Attributes:
        name: Its column.
        make: Makes one.
        by_clock: What makes it go by the event loop's clock, where it does not do so anyway.
        bound: What bounds a call by so many seconds.
        bound_attempt: What bounds each attempt.
        append: Appends any number of items together: client, conversation, items, and what is called after each chunk.
        lookup_first: The keywords of a call that is made again after one whose outcome is not known, given the last
            item that was known before.
        raising_after: What makes a client that calls a function, which raises, after every response.
    """

    name: str
    make: Callable[..., Any]
    by_clock: Callable[[Callable[[], float]], dict[str, Any]]
    bound: Callable[[float], dict[str, Any]]
    bound_attempt: Callable[[float], dict[str, Any]]
    append: Callable[..., Awaitable[None]]
    lookup_first: Callable[[str | None], dict[str, Any]]
    raising_after: Callable[[Callable[[], None]], dict[str, Any]]

    @property
    def is_ours(self) -> bool:
        return self is OURS

    @asynccontextmanager
    async def client(self, server: ConversationsServer | str, **settings: Any) -> AsyncIterator[Any]:
        client = self.made(server, **settings)
        try:
            yield client
        finally:
            await client.close()

    def made(self, server: ConversationsServer | str, **settings: Any) -> Any:
        base_url = server if isinstance(server, str) else server.base_url
        settings = self.by_clock(asyncio.get_running_loop().time) | settings
        return self.make(**{"api_key": KEY, "base_url": base_url, **settings})


async def append_by_hand(
    client: openai.AsyncOpenAI, conversation_id: str, items: Sequence[Any], on_chunk: Callable[[Any], None]
) -> None:
    """What a service writes whose client appends no more than a request holds."""
    for start in range(0, len(items), ITEMS_PER_REQUEST):
        chunk = items[start : start + ITEMS_PER_REQUEST]
        on_chunk(await client.conversations.items.create(conversation_id, items=chunk))


async def append_ours(
    client: ConversationsClient,
    conversation_id: str,
    items: Sequence[Item],
    on_chunk: Callable[[Any], None],
    *,
    resume: AppendResume | None = None,
) -> None:
    """With what keeps others out, and with what goes on where an earlier run stopped."""
    await client.conversations.items.append(conversation_id, items, on_progress=on_chunk, together=True, resume=resume)


def hooked_official(hook: Callable[[], None]) -> dict[str, Any]:
    async def after(_: Any) -> None:
        hook()

    return {"http_client": openai.DefaultAsyncHttpxClient(event_hooks={"response": [after]})}


def hooked_ours(hook: Callable[[], None]) -> dict[str, Any]:
    async def middleware(request: Any, handler: Any) -> Any:
        response = await handler(request)
        hook()
        return response

    return {"middlewares": [middleware]}


OFFICIAL = Contender(
    name="official client",
    make=openai.AsyncOpenAI,
    by_clock=lambda _: {},
    bound=lambda s: {"timeout": s},
    bound_attempt=lambda s: {"timeout": s},
    append=append_by_hand,
    lookup_first=lambda _: {},
    raising_after=hooked_official,
)
OURS = Contender(
    name="openai_conversations",
    make=ConversationsClient,
    by_clock=lambda clock: {"runtime": Runtime(clock=clock)},
    bound=lambda s: {"timeout": s},
    bound_attempt=lambda s: {"timeout": Timeout(total=30, attempt=s)},
    append=append_ours,
    lookup_first=lambda last: {"lookup_first": True, "last_item_id": last},
    raising_after=hooked_ours,
)
