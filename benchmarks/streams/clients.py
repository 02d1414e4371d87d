"""Who takes turns in the benchmarks: ours, the official client with its two backends, and aiohttp line by line."""

from __future__ import annotations

from typing import Any, Protocol


class TurnTaker(Protocol):
    """What a client must do."""

    async def turn(self, model: str) -> object:
        """A response that is not streamed."""

    async def stream(self, model: str) -> int:
        """The events of a stream, read to its end."""

    async def open(self, model: str) -> object:
        """A stream of which the first event was read, and no other."""

    async def rest(self, opened: Any) -> int:
        """The further events of such a stream, read to its end."""

    async def close(self) -> None: ...


class Ours:
    """This package, as its README uses it."""

    def __init__(self, base_url: str, **options: Any) -> None:
        from openai_conversations import ConversationsClient

        self._client: Any = ConversationsClient(api_key="sk-x", base_url=base_url, **options)

    async def turn(self, model: str) -> object:
        return await self._client.responses.create(model=model, input="How is the weather?")

    async def stream(self, model: str) -> int:
        events = await self._client.responses.create(model=model, input="How is the weather?", stream=True)
        return await count_events(events)

    async def open(self, model: str) -> object:
        events = await self._client.responses.create(model=model, input="How is the weather?", stream=True)
        await anext(aiter(events))
        return events

    async def rest(self, opened: Any) -> int:
        return await count_events(opened)

    async def close(self) -> None:
        await self._client.close()


class Official(Ours):
    """The official client with its own backend."""

    def __init__(self, base_url: str, **_: Any) -> None:
        import httpx
        import openai

        limits = httpx.Limits(max_connections=2000, max_keepalive_connections=2000)
        http_client = openai.DefaultAsyncHttpxClient(limits=limits)
        self._client = openai.AsyncOpenAI(api_key="sk-x", base_url=base_url, http_client=http_client)


class OfficialAiohttp(Official):
    """The official client with its aiohttp backend."""

    def __init__(self, base_url: str, **_: Any) -> None:
        import openai

        http_client = openai.DefaultAioHttpClient()
        self._client = openai.AsyncOpenAI(api_key="sk-x", base_url=base_url, http_client=http_client)


class Lines:
    """aiohttp and orjson as a person writes them: ``async for line``, a dict for each event, nothing looked at."""

    def __init__(self, base_url: str, **_: Any) -> None:
        import aiohttp
        import orjson

        self._url = f"{base_url}/responses"
        self._loads = orjson.loads
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(headers={"Authorization": "Bearer sk-x"}, connector=connector)

    async def turn(self, model: str) -> object:
        async with self._session.post(self._url, json={"model": model, "input": "How is the weather?"}) as response:
            response.raise_for_status()
            return self._loads(await response.read())

    async def stream(self, model: str) -> int:
        async with await self._opened(model) as response:
            return await self._count(response)

    async def open(self, model: str) -> object:
        response = await self._opened(model)
        while not (await response.content.readline()).startswith(b"data: "):
            pass
        return response

    async def rest(self, opened: Any) -> int:
        async with opened as response:
            return await self._count(response)

    async def _opened(self, model: str) -> Any:
        response = await self._session.post(self._url, json=_streamed(model))
        response.raise_for_status()
        return response

    async def _count(self, response: Any) -> int:
        count, loads = 0, self._loads
        async for line in response.content:
            if line.startswith(b"data: "):
                loads(line[6:])
                count += 1
        return count

    async def close(self) -> None:
        await self._session.close()


def _streamed(model: str) -> dict[str, Any]:
    return {"model": model, "input": "How is the weather?", "stream": True}


async def count_events(events: Any) -> int:
    """Read to the end."""
    count = 0
    async for _ in events:
        count += 1
    return count


TURN_TAKERS: dict[str, type[Any]] = {
    "ours": Ours,
    "official": Official,
    "official-aiohttp": OfficialAiohttp,
    "lines": Lines,
}
