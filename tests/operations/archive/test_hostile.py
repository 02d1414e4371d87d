"""Exports of conversations with hostile and odd values: every format is written, or the error says why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openai_conversations.converters.lossless import loads_lossless
from openai_conversations.operations.archive.export import collect, export
from openai_conversations.operations.archive.files import render_archive
from openai_conversations.operations.archive.reader import Archive, read_archive
from openai_conversations.operations.errors import ArchiveError
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from tests.operations.fakes import caller, response

FORMATS = ["jsonl", "markdown", "html"]


def nested(levels: int) -> str:
    return '{"x":' * levels + "1" + "}" * levels


def said(text: str) -> str:
    return json.dumps({"type": "message", "id": "m", "role": "user", "content": [{"type": "input_text", "text": text}]})


def call(arguments: str) -> str:
    item = {"type": "function_call", "id": "f", "call_id": "c", "name": "f", "arguments": arguments}
    return json.dumps(item)


def searched(arguments: str) -> str:
    return f'{{"type": "tool_search_call", "id": "t", "call_id": null, "arguments": {arguments}}}'


ITEMS = {
    "10 MB": said("x" * 10_000_000),
    "bidi": said("abc \u202e def \u2066 ghi"),
    "control characters": said("".join(map(chr, range(32))) + "\x7f\x85\x9b"),
    "half an emoji": said("\ud83d"),
    "line separators": said("a\u2028b\u2029c\x0bd\x0ce"),
    "HTML": said("<img src=x onerror=alert(1)>"),
    "arguments nested 600 deep as text": call(nested(600)),
    "arguments nested 600 deep": searched(nested(600)),
    "arguments that are no JSON": call('{"x": '),
    "NaN in arguments": call('{"x": NaN}'),
    "a number out of range": searched('{"x": 1e999}'),
    "an integer beyond 64 bits": searched('{"x": 123456789012345678901234567890}'),
    "null everywhere": '{"type": "message", "id": null, "role": null, "content": null, "status": null}',
    "no type": "{}",
    "a type that is none": '{"type": 5, "id": [], "role": {}}',
    "parts that are none": '{"type": "message", "role": "user", "content": [null, 5, [], {}, {"type": []}]}',
}

BODIES = {
    "milliseconds": '"created_at": 1700000000000',
    "year 58874": '"created_at": 1795754400000.5',
    "before all time": '"created_at": -1e300',
    "a time out of range": '"created_at": 1e999',
    "time as text": '"created_at": "yesterday"',
    "metadata null": '"metadata": null',
    "metadata of other types": '"metadata": {"title": 5, "x": null, "y": [1]}',
    "metadata that are none": '"metadata": [1]',
    "a hostile title": '"metadata": {"title": "</title><script>\\u202e\\n# x"}',
}


async def exported(format: str, *, body: str = '"created_at": 1', item: str = "") -> tuple[bytes, Archive]:
    """A conversation as a server wrote it: texts, because Python would not write some of them."""

    async def serve(request: HTTPRequest) -> HTTPResponse:
        if request.operation == "getConversation":
            return response(request, f'{{"id": "conv_1", "object": "conversation", {body}}}'.encode())
        return response(request, f'{{"object": "list", "data": [{item}], "has_more": false}}'.encode())

    archive = await collect(caller(serve), "conv_1")
    if format == "jsonl":
        written = [line async for line in export(caller(serve), "conv_1")]
        return b"".join(written), archive
    return render_archive(archive, "html" if format == "html" else "markdown").encode("utf-8", "replace"), archive


UNWRITABLE = {"arguments nested 600 deep", "a number out of range", "a time out of range"}
"""JSON Lines lose nothing: what JSON cannot carry, or a reader could not read again, is refused."""


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("case", [*ITEMS, *BODIES])
async def test_hostile_values(case, format):
    """Every format is written; JSON Lines can be read again, or the error names the place in one line."""
    given: dict[str, Any] = {"item": ITEMS[case]} if case in ITEMS else {"body": BODIES[case], "item": said("a")}
    if format == "jsonl" and case in UNWRITABLE:
        with pytest.raises(ArchiveError) as caught:
            await exported(format, **given)
        assert 1 == len(str(caught.value).splitlines())
        assert "item 1" in str(caught.value) or "the conversation" in str(caught.value)
        return

    text, archive = await exported(format, **given)

    if format == "jsonl":
        assert repr(archive.items) == repr(read_archive(text, loads_lossless).items)
    else:
        assert text
        assert not set("\x00\x1b\x9b") & set(text.decode())
