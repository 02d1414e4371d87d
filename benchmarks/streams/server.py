"""
The server under the benchmarks of turns: ``python -m benchmarks.streams.server PORT``.

One asyncio protocol that decides nothing but by the name of the model that it is asked for:

=====================  =================================================================================
``whole``              the response as one JSON object
``each-N``             a stream of text deltas, N of them in a write, as fast as they are taken
``paced-RATE-COUNT``   so many deltas, so many in a second, one in a write
``silent``             the beginning of a stream, and nothing more
=====================  =================================================================================
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from typing import Any, Final

DELTAS: Final = 2000
"""Text deltas of a stream that is not paced."""

BESIDE_TOKENS: Final = 8
"""Other events of a stream, before the first token and after the last."""

_WRITES_AT_ONCE: Final = 8
"""Writes of one stream before another one has its turn."""

_MODEL: Final = re.compile(rb'"model":\s*"([a-z0-9.-]+)"')
_JSON_HEAD: Final = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_1\r\nContent-Length: {}\r\n\r\n"
)
_STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nx-request-id: req_1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_MESSAGE_ID: Final = "msg_68c0a1b2c3d4e5f60718293a4b5c6d7e8f90"


def message(text: str, status: str = "completed") -> dict[str, Any]:
    """A message of the model."""
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}] if text else []
    return {"id": _MESSAGE_ID, "type": "message", "status": status, "role": "assistant", "content": content}


def response(text: str | None) -> dict[str, Any]:
    """A response as the service gives it: complete with a text, in progress without."""
    usage = {
        "input_tokens": 36,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 87,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 123,
    }
    return {
        "id": "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
        "object": "response",
        "created_at": 1741476542,
        "status": "in_progress" if text is None else "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": "gpt-5.1",
        "output": [] if text is None else [message(text)],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None if text is None else usage,
        "metadata": {},
    }


def delta(number: int) -> dict[str, Any]:
    """The event of one token; it has a length that is chosen at random in the service, and by its number here."""
    return {
        "type": "response.output_text.delta",
        "item_id": _MESSAGE_ID,
        "output_index": 0,
        "content_index": 0,
        "delta": f" token{number}",
        "logprobs": [],
        "obfuscation": "aB3dE6gH9jK2mN5"[: number % 16],
    }


def before() -> list[dict[str, Any]]:
    """What comes before the first token."""
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    place = {"item_id": _MESSAGE_ID, "output_index": 0, "content_index": 0}
    return [
        {"type": "response.created", "response": response(None)},
        {"type": "response.in_progress", "response": response(None)},
        {"type": "response.output_item.added", "output_index": 0, "item": message("", "in_progress")},
        {"type": "response.content_part.added", "part": part, **place},
    ]


def after(count: int) -> list[dict[str, Any]]:
    """What comes after the last token."""
    text = "".join(f" token{number}" for number in range(count))
    place = {"item_id": _MESSAGE_ID, "output_index": 0, "content_index": 0}
    return [
        {"type": "response.output_text.done", "text": text, "logprobs": [], **place},
        {"type": "response.content_part.done", "part": message(text)["content"][0], **place},
        {"type": "response.output_item.done", "output_index": 0, "item": message(text)},
        {"type": "response.completed", "response": response(text)},
    ]


def stream(count: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """The events before, of and after so many tokens, as they stand in a body."""
    parts = before(), [delta(number) for number in range(count)], after(count)
    numbers = iter(range(count + 100))
    first, tokens, last = ([_event(event, next(numbers)) for event in part] for part in parts)
    return first, tokens, last


def _event(data: dict[str, Any], number: int) -> bytes:
    text = json.dumps({**data, "sequence_number": number}, separators=(",", ":"))
    return f"event: {data['type']}\ndata: {text}\n\n".encode()


def chunk(body: bytes) -> bytes:
    """One chunk of a body whose length nobody knows beforehand."""
    return b"%x\r\n%b\r\n" % (len(body), body)


class Server(asyncio.Protocol):
    """One connection."""

    _transport: asyncio.Transport
    _cached: Final[dict[str, list[bytes]]] = {}

    def __init__(self) -> None:
        self._buffer = b""
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # one of a socket

    def connection_lost(self, _: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._buffer = body[length:]
        asked = _MODEL.search(body)
        assert asked is not None
        task = asyncio.get_running_loop().create_task(self._answer(asked[1].decode()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, model: str) -> None:
        kind, *numbers = model.split("-")
        if kind == "whole":
            body = json.dumps(response("It is sunny. " * 30), separators=(",", ":")).encode()
            self._transport.write(_JSON_HEAD.format(len(body)).encode() + body)
            return
        self._transport.write(_STREAM_HEAD)
        if kind == "each":
            await self._write_all(self._chunks(model, DELTAS, int(numbers[0])))
        elif kind == "paced":
            await self._write_paced(self._chunks(model, int(numbers[1]), 1), 1 / float(numbers[0]))
        else:
            self._transport.write(chunk(b"".join(stream(1)[0])))

    def _chunks(self, model: str, count: int, each: int) -> list[bytes]:
        """The writes of a stream: what comes before the tokens, so many tokens in each, what comes after, the end."""
        if model not in self._cached:
            first, tokens, last = stream(count)
            grouped = [b"".join(tokens[at : at + each]) for at in range(0, count, each)]
            writes = [b"".join(first), *grouped, b"".join(last)]
            self._cached[model] = [*map(chunk, writes), b"0\r\n\r\n"]
        return self._cached[model]

    async def _write_all(self, writes: list[bytes]) -> None:
        for number, write in enumerate(writes):
            self._transport.write(write)
            if number % _WRITES_AT_ONCE == 0:
                await asyncio.sleep(0)
            await self._may_write.wait()

    async def _write_paced(self, writes: list[bytes], interval: float) -> None:
        """Each at its time, whatever came before; streams that were opened together are not written to together."""
        loop = asyncio.get_running_loop()
        at = loop.time() + random.random() * interval  # nobody has to guess it
        for write in writes:
            await asyncio.sleep(at - loop.time())
            self._transport.write(write)
            at += interval


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
