"""A response whose body is spoiled, or holds what no client knows."""

from __future__ import annotations

import asyncio
import functools
import gzip
import itertools
import zlib
from typing import Any

import attrs

from openai_conversations.server.faults.effects import streams
from openai_conversations.server.faults.effects.common import gateway_page, instead_of, with_body
from openai_conversations.server.http.messages import ServerResponse
from openai_conversations.server.processing import PendingRequest
from openai_conversations.server.rules.schema_dsl import is_array, is_object


async def truncated_json(pending: PendingRequest, *, cut: bool) -> ServerResponse:
    done = await pending.process()
    return instead_of(done, done if cut else with_body(done, done.body[: len(done.body) // 2]), cut=cut)


async def malformed_json(pending: PendingRequest) -> ServerResponse:
    done = await pending.process()
    return instead_of(done, with_body(done, b'{"id": ' + done.body[1:-1] + b",}"))


async def html(pending: PendingRequest, *, status: int) -> ServerResponse:
    return instead_of(await pending.process(), gateway_page(status))


async def empty_body(pending: PendingRequest, *, status: int) -> ServerResponse:
    return instead_of(await pending.process(), ServerResponse(status=status))


async def event_stream(pending: PendingRequest) -> ServerResponse:
    done = await pending.process()
    return instead_of(done, ServerResponse(body=b"data: %b\n\n" % done.body, content_type="text/event-stream"))


async def unlabelled_gzip(pending: PendingRequest) -> ServerResponse:
    done = await pending.process()
    return instead_of(done, with_body(done, gzip.compress(done.body)))


async def gzip_bomb(pending: PendingRequest, *, size: int, status: int) -> ServerResponse:  # noqa: ARG001  # an effect
    body = await asyncio.to_thread(_compressed_error, size)
    return ServerResponse(status=status, body=body, headers={"content-encoding": "gzip"}, truth=False)


@functools.lru_cache(maxsize=4)
def _compressed_error(size: int) -> bytes:
    """An error whose message has so many characters, compressed."""
    packer = zlib.compressobj(1, wbits=31)
    chunks = [_ERROR_HEAD, *itertools.repeat(_CHUNK, size // len(_CHUNK)), b" " * (size % len(_CHUNK)), b'"}}']
    return b"".join([*map(packer.compress, chunks), packer.flush()])


_ERROR_HEAD = b'{"error":{"type":"invalid_request_error","param":null,"code":null,"message":"'
_CHUNK = b" " * 1_000_000


async def large_headers(pending: PendingRequest, *, size: int) -> ServerResponse:
    done = await pending.process()
    return attrs.evolve(done, headers={**done.headers, "set-cookie": "large=".ljust(size, "x")})


_SHAPES = {
    "array": b"[]",
    "string": b'"done"',
    "null": b"null",
    "object": b'{"result":"done"}',
}


async def wrong_shape(pending: PendingRequest, *, shape: str) -> ServerResponse:
    done = await pending.process()
    return instead_of(done, ServerResponse(body=_SHAPES[shape]))


async def unknown_item(pending: PendingRequest) -> ServerResponse:
    return await streams.each_object(pending, _with_unknown_item)


async def unknown_fields(pending: PendingRequest) -> ServerResponse:
    return await streams.each_object(pending, _with_unknown_fields)


def _with_unknown_item(value: dict[str, Any]) -> dict[str, Any]:
    """A list, a response, an event or an item with its first item from the future; other events stay."""
    for name in ("data", "output"):
        if name in value:
            return {**value, name: [_future(item) if n == 0 else item for n, item in enumerate(value[name])]}
    if "sequence_number" not in value:
        return _future(value)
    if "item" in value and value["output_index"] == 0:
        return {**value, "item": _future(value["item"])}
    return {**value, "response": _with_unknown_item(value["response"])} if "response" in value else value


def _future(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "hologram", "id": item["id"], "layers": [{"depth": 1.0, "of": item}], "phase_shift": None}


def _with_unknown_fields(value: Any) -> Any:
    if is_array(value):
        return [_with_unknown_fields(member) for member in value]
    if not is_object(value):
        return value
    inner = {name: field if name == "metadata" else _with_unknown_fields(field) for name, field in value.items()}
    return {**inner, "x_future": {"level": 1, "ratio": 1.0, "tags": ["new", None]}}
