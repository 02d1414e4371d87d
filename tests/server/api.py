"""A client that speaks plain HTTP and checks every answer against the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import attrs

from openai_conversations.converters import json
from openai_conversations.server import ConversationsServer
from tests.server import description

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
"""Faults that make an answer what the description does not allow."""


@attrs.frozen
class Answer:
    """An answer, read whole."""

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

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Send a request; ``body`` is bytes, or a value that is sent as JSON."""
        headers = {"authorization": "Bearer sk-test", **options.pop("headers", {})}
        if body is not None:
            headers.setdefault("content-type", "application/json")
            options["data"] = body if isinstance(body, bytes) else json.dumps(body)
        url = f"{self.server.base_url}{path}" if path.startswith("/") else path
        async with self._session.request(method, url, headers=headers, allow_redirects=False, **options) as response:
            answer = Answer(response.status, response.headers, await response.read())
        self._check(answer)
        return answer

    def _check(self, answer: Answer) -> None:
        entry = self.server.requests[-1] if self.server.requests else None
        if entry is None or entry.request_id != answer.headers.get("x-request-id"):
            return  # another profile, or the control path
        if not entry.fault:
            assert answer.status < 500
        if self.server.profile.name == "openai" and entry.fault not in _SPOILING:
            description.check(entry.operation, answer.status, answer.body)

    async def create(self, *items: Any, **metadata: str) -> str:
        """A new conversation; its id."""
        answer = await self.ask("POST", "/conversations", {"items": list(items), "metadata": metadata})
        return str(answer.json["id"])

    async def append(self, conversation_id: str, *items: Any, query: str = "") -> Answer:
        return await self.ask("POST", f"/conversations/{conversation_id}/items{query}", {"items": list(items)})

    async def list(self, conversation_id: str, query: str = "") -> Answer:
        return await self.ask("GET", f"/conversations/{conversation_id}/items{query}")


def user(text: str) -> dict[str, str]:
    """A user's message, in the short form."""
    return {"role": "user", "content": text}


def texts(answer: Answer) -> list[str]:
    """The texts of the messages of a list."""
    return [item["content"][0]["text"] for item in answer.json["data"]]
