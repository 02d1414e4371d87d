"""What each fault does to a request: functions of the exchange that return the reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http.errors import Refusal
from openai_conversations.server.http.messages import Call, Reply, error_reply
from openai_conversations.server.rules.schema_dsl import is_array, is_object


class Exchange(Protocol):
    """What an effect can do with the request that it strikes."""

    @property
    def call(self) -> Call: ...

    async def perform(self) -> Reply:
        """Do what was asked; the reply that a sound server gives."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Wait; the end of the server ends the wait."""
        ...

    def go_down(self, seconds: float, /) -> None:
        """Close everything and refuse connections for so many seconds."""
        ...

    def cursor_for(self, after: str) -> str:
        """A new cursor that stands for another."""
        ...


Effect = Callable[[Exchange], Awaitable[Reply]]


async def commit_then_drop(exchange: Exchange, *, reset: bool) -> Reply:
    return attrs.evolve(await exchange.perform(), drop=True, reset=reset, truth=False)


async def commit_then_status(exchange: Exchange, *, status: int, headers: Mapping[str, str]) -> Reply:
    done = await exchange.perform()
    return _after_all(done, _error(status, headers, None, None))


async def drop_before_commit(exchange: Exchange, *, reset: bool) -> Reply:  # noqa: ARG001  # an effect
    return Reply(drop=True, reset=reset, truth=False)


async def refuse(exchange: Exchange, *, seconds: float) -> Reply:
    exchange.go_down(seconds)
    return Reply(drop=True, truth=False)


async def status(
    exchange: Exchange,  # noqa: ARG001  # an effect
    *,
    status: int,
    headers: Mapping[str, str],
    message: str | None,
    code: str | None,
) -> Reply:
    return _error(status, headers, message, code)


async def locked(exchange: Exchange) -> Reply:  # noqa: ARG001  # an effect
    message = "Another process is currently operating on this conversation. Please retry in a few seconds."
    return error_reply(Refusal(400, message, param="conversation", code="conversation_locked"))


async def slow(exchange: Exchange, *, seconds: float, before_commit: bool) -> Reply:
    if before_commit:
        await exchange.sleep(seconds)
        return await exchange.perform()
    reply = await exchange.perform()
    await exchange.sleep(seconds)
    return reply


async def trickle(exchange: Exchange, *, seconds: float, chunk: int) -> Reply:
    return attrs.evolve(await exchange.perform(), pace=seconds, chunk=chunk)


async def truncated_json(exchange: Exchange, *, cut: bool) -> Reply:
    done = await exchange.perform()
    return _after_all(done, done if cut else _with(done, done.body[: len(done.body) // 2]), cut=cut)


async def malformed_json(exchange: Exchange) -> Reply:
    done = await exchange.perform()
    return _after_all(done, _with(done, b'{"id": ' + done.body[1:-1] + b",}"))


async def html(exchange: Exchange, *, status: int) -> Reply:
    done = await exchange.perform()
    page = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
    return _after_all(done, Reply(status=status, body=page, content_type="text/html"))


_SHAPES = {
    "array": b"[]",
    "string": b'"done"',
    "null": b"null",
    "object": b'{"result":"done"}',
}


async def wrong_shape(exchange: Exchange, *, shape: str) -> Reply:
    done = await exchange.perform()
    return _after_all(done, Reply(body=_SHAPES[shape]))


async def empty_page(exchange: Exchange) -> Reply:
    done = await exchange.perform()
    cursor = exchange.cursor_for(_cursor_of(exchange.call))
    return _changed(done, lambda page: page | {"data": [], "has_more": True, "first_id": cursor, "last_id": cursor})


async def stuck_cursor(exchange: Exchange) -> Reply:
    cursor = _cursor_of(exchange.call)
    stuck = {"has_more": True} | ({"last_id": cursor} if cursor else {})
    return _changed(await exchange.perform(), lambda page: page | stuck)


async def missing_last_id(exchange: Exchange) -> Reply:
    gone = ("first_id", "last_id")
    return _changed(await exchange.perform(), lambda page: {k: v for k, v in page.items() if k not in gone})


async def unknown_item(exchange: Exchange) -> Reply:
    return _changed(await exchange.perform(), _with_unknown_item)


async def unknown_fields(exchange: Exchange) -> Reply:
    return _changed(await exchange.perform(), _with_unknown_fields)


def _error(status: int, headers: Mapping[str, str], message: str | None, code: str | None) -> Reply:
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    said = message or f"This error was ordered by a fault of the test server (status {status})."
    reply = error_reply(Refusal(status, said, code=code, type=kind, headers=headers))
    return attrs.evolve(reply, truth=False)


def _with(reply: Reply, body: bytes) -> Reply:
    return attrs.evolve(reply, body=body)


def _after_all(done: Reply, told: Reply, *, cut: bool = False) -> Reply:
    """What was told instead of what was done; the journal still learns what was done."""
    return attrs.evolve(told, conversation_id=done.conversation_id, item_ids=done.item_ids, truth=False, cut=cut)


def _changed(done: Reply, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Reply:
    """The reply with its object changed; a refusal stays as it is."""
    if done.status != 200:
        return done
    return _with(done, json.dumps(change(json.loads_exact(done.body))))


def _cursor_of(call: Call) -> str:
    return next(iter(call.query.get("after", ())), "")


def _with_unknown_item(value: dict[str, Any]) -> dict[str, Any]:
    if "data" not in value:
        return _future(value)
    return {**value, "data": [_future(item) if n == 0 else item for n, item in enumerate(value["data"])]}


def _future(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "hologram", "id": item["id"], "layers": [{"depth": 1.0, "of": item}], "phase_shift": None}


def _with_unknown_fields(value: Any) -> Any:
    if is_array(value):
        return [_with_unknown_fields(member) for member in value]
    if not is_object(value):
        return value
    inner = {name: field if name == "metadata" else _with_unknown_fields(field) for name, field in value.items()}
    return {**inner, "x_future": {"level": 1, "ratio": 1.0, "tags": ["new", None]}}
