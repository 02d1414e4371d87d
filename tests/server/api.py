"""A client that speaks plain HTTP and checks every response against the API's description."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import aiohttp
import attrs

from openai_conversations.converters import json
from openai_conversations.server import ConversationsServer
from openai_conversations.server.faults.fault import TURN_OPERATIONS
from tests.server import description
from tests.server.model import description as responses

_SPOILING = {
    "truncated_json",
    "malformed_json",
    "html",
    "empty_body",
    "event_stream",
    "unlabelled_gzip",
    "wrong_shape",
    "missing_last_id",
    "unknown_item",
    "error_in_200",
    "commit_then_status",
    "status",
    "late_commit",
}
"""Faults that make a response what the description does not allow."""


Event = dict[str, Any]
Events = AsyncIterator[Event]


@attrs.frozen
class ApiResponse:
    """A response, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads_exact(self.body)

    @property
    def error(self) -> tuple[int, str | None, str | None]:
        """Status, param and code of an error."""
        error = self.json["error"]
        return self.status, error["param"], error["code"]


class Api:
    """Asks a server over HTTP as any program would."""

    def __init__(self, server: ConversationsServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> ApiResponse:
        """Send a request; ``body`` is bytes, or a value that is sent as JSON."""
        headers = {"authorization": "Bearer sk-test", **options.pop("headers", {})}
        if body is not None:
            headers.setdefault("content-type", "application/json")
            options["data"] = body if isinstance(body, bytes) else json.dumps(body)
        url = f"{self.server.base_url}{path}" if path.startswith("/") else path
        async with self._session.request(method, url, headers=headers, allow_redirects=False, **options) as raw:
            response = ApiResponse(raw.status, raw.headers, await raw.read())
        self._check(response)
        return response

    def _check(self, response: ApiResponse) -> None:
        id = response.headers.get("x-request-id")
        entry = next((entry for entry in reversed(self.server.requests) if id and entry.request_id == id), None)
        if entry is None:
            return  # another profile, or the control path
        if not entry.fault:
            assert response.status < 500
        if self.server.profile.name != "openai" or entry.fault in _SPOILING:
            return
        if entry.operation not in TURN_OPERATIONS:
            description.check(entry.operation, response.status, response.body)
        elif response.status != 200:
            responses.check_error(response.json)
        elif response.headers["content-type"] == "application/json":
            responses.check_result(entry.operation, response.json)

    async def create(self, *items: Any, **metadata: str) -> str:
        """A new conversation; its id."""
        response = await self.ask("POST", "/conversations", {"items": list(items), "metadata": metadata})
        return str(response.json["id"])

    async def append(self, conversation_id: str, *items: Any, query: str = "") -> ApiResponse:
        return await self.ask("POST", f"/conversations/{conversation_id}/items{query}", {"items": list(items)})

    async def turn(self, input: Any = "Hi", **fields: Any) -> ApiResponse:
        """A response that is not streamed."""
        return await self.ask("POST", "/responses", {"model": "gpt-5", "input": input, **fields})

    @contextlib.asynccontextmanager
    async def open(self, method: str, path: str, body: Any = None) -> AsyncIterator[Events]:
        """A stream, event by event, each held against the description."""
        headers = {"authorization": "Bearer sk-test", "content-type": "application/json"}
        data = None if body is None else json.dumps(body)
        url = f"{self.server.base_url}{path}"
        async with self._session.request(method, url, headers=headers, data=data) as response:
            assert response.status == 200, await response.text()
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            yield _events(response.content)

    async def stream(self, input: Any = "Hi", **fields: Any) -> Sequence[Event]:
        """Every event of a turn."""
        async with self.open(
            "POST", "/responses", {"model": "gpt-5", "input": input, "stream": True, **fields}
        ) as events:
            return [event async for event in events]

    async def list(self, conversation_id: str, query: str = "") -> ApiResponse:
        return await self.ask("GET", f"/conversations/{conversation_id}/items{query}")


async def _events(content: aiohttp.StreamReader) -> Events:
    async for line in content:
        name, _, value = line.decode().strip().partition(": ")
        if name == "event":
            type = value
        elif name == "data" and value != "[DONE]":
            event = json.loads(value.encode())
            assert type == event["type"]
            responses.check_event(event)
            yield event


def user(text: str) -> dict[str, str]:
    """A user's message, in the short form."""
    return {"role": "user", "content": text}


def texts(response: ApiResponse) -> list[str]:
    """The texts of the messages of a list."""
    return [item["content"][0]["text"] for item in response.json["data"]]
