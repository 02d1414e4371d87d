"""Test doubles of what the client takes from outside: a clock, a sleep, dice, and the end of the chain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from multidict import CIMultiDict

from openai_conversations.errors import APIConnectionError, APITimeoutError
from openai_conversations.transport.message import HTTPRequest, HTTPResponse, Replay

URL = "http://127.0.0.1:1/v1/conversations/conv_1/items"

Step = HTTPResponse | BaseException | Callable[[HTTPRequest], Awaitable[HTTPResponse]]


class FakeClock:
    """A clock that only moves when somebody sleeps by it, and remembers how long they slept."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Script:
    """The end of a chain: one prepared outcome per attempt, the last one for ever; keeps what it was asked."""

    def __init__(self, *steps: Step) -> None:
        self._steps: Iterable[Step] = iter(steps)
        self._last: Step | None = None
        self.requests: list[HTTPRequest] = []

    async def __call__(self, request: HTTPRequest) -> HTTPResponse:
        self.requests.append(request)
        self._last = step = next(iter(self._steps), self._last)
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, HTTPResponse):
            return step
        assert step is not None, "a script has at least one step"
        return await step(request)


def append_request(**changes: Any) -> HTTPRequest:
    """An append, as ``items.create`` makes it."""
    values: dict[str, Any] = {
        "operation": "createConversationItems",
        "method": "POST",
        "template": "/conversations/{conversation_id}/items",
        "url": URL,
        "body": b'{"items":[]}',
        "replay": Replay.APPEND,
        "conversation_id": "conv_1",
    }
    return HTTPRequest(**{**values, **changes})


def get_request(**changes: Any) -> HTTPRequest:
    """A request that is safe to repeat."""
    return append_request(
        **{"operation": "listConversationItems", "method": "GET", "body": None, "replay": Replay.SAFE, **changes}
    )


def delete_request(**changes: Any) -> HTTPRequest:
    """A deletion, which is safe to repeat."""
    return get_request(**{"operation": "deleteConversation", "method": "DELETE", **changes})


def respond(status: int = 200, content: bytes = b"{}", **headers: str) -> HTTPResponse:
    """A response; underscores in the names of headers stand for dashes."""
    return HTTPResponse(
        status_code=status,
        headers=CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}),
        content=content,
        source=append_request(),
    )


def locked(**headers: str) -> HTTPResponse:
    """The service's word that another process is writing to the conversation."""
    error = b'{"message":"Another process","type":"invalid_request_error","param":"conversation","code":"%s"}'
    return respond(400, b'{"error":%s}' % (error % b"conversation_locked"), **headers)


def broken(*, sent: bool = True) -> APIConnectionError:
    """No response: the connection broke, or (``sent=False``) could not be made."""
    return APIConnectionError(message="Connection error: gone", request=append_request().info, sent=sent)


def timed_out(*, sent: bool = True) -> APITimeoutError:
    """No response in time."""
    return APITimeoutError(append_request().info, sent=sent)


async def until(condition: Callable[[], object]) -> None:
    """Let other tasks run until something has happened, for five seconds at the most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # what is waited for happens at the other end of a socket
            await asyncio.sleep(0)
