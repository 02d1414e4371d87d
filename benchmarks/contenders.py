"""Who is measured: ours, the official client with its two backends, aiohttp as a person writes it, and the floor."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol
from urllib.parse import urlsplit

from benchmarks.payloads import CONVERSATION_ID


class Contender(Protocol):
    """What a client must do in the cases over HTTP."""

    async def retrieve(self) -> object: ...
    async def create_items(self, name: str, items: list[dict[str, Any]]) -> object: ...
    async def page(self) -> object: ...
    async def walk(self) -> int: ...
    async def close(self) -> None: ...


class Ours:
    """This package, as its README uses it: retries, deadline, guard, strict types, unknown fields kept."""

    def __init__(self, base_url: str, middlewares: tuple[Any, ...] = ()) -> None:
        from openai_conversations import ConversationsClient

        self._client = ConversationsClient(api_key="sk-x", base_url=base_url, middlewares=middlewares)
        self._conversations = self._client.conversations

    async def retrieve(self) -> object:
        return await self._conversations.retrieve(CONVERSATION_ID)

    async def create_items(self, name: str, items: list[dict[str, Any]]) -> object:
        return await self._conversations.items.create(name, items=items)

    async def page(self) -> object:
        return await self._conversations.items.list("page", limit=100, order="asc")

    async def walk(self) -> int:
        count = 0
        async for _ in self._conversations.items.list("walk", limit=100, order="asc"):
            count += 1
        return count

    async def export(self) -> int:
        """Items in the lines, which begin with a manifest."""
        count = -1
        async for _ in self._conversations.export("walk"):
            count += 1
        return count

    async def close(self) -> None:
        await self._client.close()


class Official(Ours):
    """The official client with its own backend."""

    def __init__(self, base_url: str) -> None:
        import openai

        self._client: Any = openai.AsyncOpenAI(api_key="sk-x", base_url=base_url, **self._options())
        self._conversations = self._client.conversations

    def _options(self) -> dict[str, Any]:
        return {}


class OfficialAiohttp(Official):
    """The official client with its aiohttp backend."""

    def _options(self) -> dict[str, Any]:
        import openai

        return {"http_client": openai.DefaultAioHttpClient()}


class Handwritten:
    """aiohttp and orjson as a person writes them: one session, the key in its headers, errors raised, no types."""

    def __init__(self, base_url: str) -> None:
        import aiohttp
        import orjson

        self._base_url = base_url
        self._loads, self._dumps = orjson.loads, orjson.dumps
        self._session = aiohttp.ClientSession(headers={"Authorization": "Bearer sk-x"})

    async def _get(self, path: str, **params: str) -> Any:
        async with self._session.get(f"{self._base_url}{path}", params=params) as response:
            response.raise_for_status()
            return self._loads(await response.read())

    async def retrieve(self) -> object:
        return await self._get(f"/conversations/{CONVERSATION_ID}")

    async def create_items(self, name: str, items: list[dict[str, Any]]) -> object:
        url = f"{self._base_url}/conversations/{name}/items"
        headers = {"Content-Type": "application/json"}
        async with self._session.post(url, data=self._dumps({"items": items}), headers=headers) as response:
            response.raise_for_status()
            return self._loads(await response.read())

    async def page(self) -> object:
        return await self._get("/conversations/page/items", limit="100", order="asc")

    async def walk(self) -> int:
        count, after = 0, {}
        while True:
            page = await self._get("/conversations/walk/items", limit="100", order="asc", **after)
            count += len(page["data"])
            if not page["has_more"]:
                return count
            after = {"after": page["last_id"]}

    async def close(self) -> None:
        await self._session.close()


class HandwrittenKept(Handwritten):
    """
    The same in a process that has freed a large block at some time, so that glibc keeps what answers are received in.

    Ours sees to that itself, see ``transport/session.py``.
    """

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        bytes(1 << 20)


class Streams:
    """The floor: a bare asyncio protocol per connection that knows just enough HTTP; ``retrieve`` only."""

    def __init__(self, base_url: str) -> None:
        self._parts = urlsplit(base_url)
        self._idle: list[_Connection] = []

    async def retrieve(self) -> object:
        connection = self._idle.pop() if self._idle else await self._connect()
        body = await connection.get(f"{self._parts.path}/conversations/{CONVERSATION_ID}")
        self._idle.append(connection)
        return json.loads(body)

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._parts.hostname, self._parts.port)
        return connection

    async def create_items(self, name: str, items: list[dict[str, Any]]) -> object:
        raise NotImplementedError

    async def page(self) -> object:
        raise NotImplementedError

    async def walk(self) -> int:
        raise NotImplementedError

    async def close(self) -> None:
        for connection in self._idle:
            connection.transport.close()


class _Connection(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._buffer = b""
        self._answer: asyncio.Future[bytes] | None = None

    async def get(self, path: str) -> bytes:
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-x\r\n\r\n".encode())
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(rest) >= length and self._answer is not None:
            self._buffer = b""
            self._answer.set_result(rest[:length])


CONTENDERS: dict[str, type[Any]] = {
    "ours": Ours,
    "official": Official,
    "official-aiohttp": OfficialAiohttp,
    "handwritten": Handwritten,
    "handwritten-kept": HandwrittenKept,
    "streams": Streams,
}
