"""A service that answers turns with bytes of the test's own, and clients of it, in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from openai_conversations import ConversationsClient, RetryPolicy
from tests.sockets import Asked, http, read_request, serving
from tests.virtual_time import runtime

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

Step = bytes | float
"""Bytes to write, or seconds to wait."""


def event(kind: str, number: int, **members: Any) -> bytes:
    """One event as bytes."""
    return f"data: {json.dumps({'type': kind, 'sequence_number': number, **members})}\n\n".encode()


def response(status: str = "in_progress", output: Iterable[Any] = (), **members: Any) -> dict[str, Any]:
    """A response as JSON."""
    return {"id": "resp_1", "object": "response", "created_at": 1, "status": status, "output": list(output), **members}


def message(text: str, role: str = "assistant", name: str = "msg_1") -> dict[str, Any]:
    """A stored message."""
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "id": name, "role": role, "content": [{"type": kind, "text": text}]}


def listing(items: list[Any], asked: Asked | None = None) -> bytes:
    """A conversation as a page, newest first unless the oldest was asked for."""
    data = items if asked is not None and "order=asc" in asked.line else items[::-1]
    return answer({"object": "list", "data": data, "has_more": False, "first_id": "", "last_id": ""})


def answer(value: Any) -> bytes:
    """A whole JSON response."""
    return http(200, json.dumps(value).encode(), "Content-Type: application/json", "Connection: close")


CREATED = event("response.created", 0, response=response())
TEXT = event("response.output_text.delta", 1, output_index=0, content_index=0, item_id="msg_1", delta="Hel")
COMPLETED = event("response.completed", 2, response=response("completed", [message("Hello")]))


@asynccontextmanager
async def scripted(answers: Callable[[Asked], Iterable[Step]], **settings: Any) -> AsyncIterator[Any]:
    """A client of a service that answers each request so; a connection serves one request."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await read_request(reader)
        for step in () if asked is None else answers(asked):
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            else:
                await asyncio.sleep(step)

    settings.setdefault("retry", RetryPolicy(initial=0.1, maximum=1.0))
    settings.setdefault("api_key", "sk-test")
    async with (
        serving(peer) as server,
        ConversationsClient(base_url=server.base_url, runtime=runtime(), **settings) as client,
    ):
        yield client
