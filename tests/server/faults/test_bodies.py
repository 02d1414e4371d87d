"""Responses whose body is spoiled, or holds what no client knows."""

from __future__ import annotations

import gzip
import json

import aiohttp
import pytest

from openai_conversations.server import faults
from tests.server.api import user
from tests.server.faults.support import stored


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [
        (faults.truncated_json(), 200, "application/json"),
        (faults.malformed_json(), 200, "application/json"),
        (faults.empty_body(), 200, "application/json"),
        (faults.empty_body(502), 502, "application/json"),
        (faults.event_stream(), 200, "text/event-stream"),
        (faults.unlabelled_gzip(), 200, "application/json"),
        (faults.html(), 200, "text/html"),
        (faults.html(502), 502, "text/html"),
    ],
    ids=["truncated", "malformed", "empty", "empty 502", "events", "gzip", "html", "html 502"],
)
async def test_bodies_that_are_no_json(api, fault, status, content_type):
    """The work is done; the body cannot be read as JSON."""
    conversation = await api.create()
    api.server.add_fault(fault)
    answer = await api.append(conversation, user("a"))

    assert (status, content_type) == (answer.status, answer.headers["content-type"].partition(";")[0])
    with pytest.raises(ValueError):
        _ = answer.json
    assert ["a"] == stored(api.server, conversation)
    assert not api.server.requests[-1].acknowledged


@pytest.mark.parametrize(
    ("shape", "value"), [("array", []), ("string", "done"), ("null", None), ("object", {"result": "done"})]
)
async def test_wrong_shape(api, server, conversation, shape, value):
    """The work is done; the JSON is of no use."""
    server.add_fault(faults.wrong_shape(shape))

    assert value == (await api.append(conversation, user("a"))).json
    assert ["a"] == stored(server, conversation)


async def test_unknown_item(api, server, conversation):
    """The first item of a response is of a type from the future; its id stays, and so does the store."""
    server.add_fault(faults.unknown_item(count=None))
    (appended,) = (await api.append(conversation, user("a"))).json["data"]
    (listed,) = (await api.list(conversation)).json["data"]
    retrieved = (await api.ask("GET", f"/conversations/{conversation}/items/{appended['id']}")).json

    assert "hologram" == appended["type"]
    assert appended == listed == retrieved
    assert ["a"] == stored(server, conversation)


async def test_unknown_fields(api, server, conversation):
    """Every object has a field more, but for the metadata, which are the user's own."""
    await api.append(conversation, user("a"))
    server.add_fault(faults.unknown_fields(count=None))
    page = (await api.list(conversation)).json
    shown = (await api.ask("GET", f"/conversations/{conversation}")).json

    part = page["data"][0]["content"][0]
    assert all("x_future" in node for node in (page, page["data"][0], part, shown))
    assert {} == shown["metadata"]


async def test_an_unknown_item_of_a_turn(api, server):
    """The first item of the output, as JSON and in a stream, and that of a list of input."""
    server.model.when().say("a").call("f")
    server.add_fault(faults.unknown_item(count=3))
    body = (await api.turn()).json
    stream = (await api.turn(stream=True)).body
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith(b"data: ")]
    listed = (await api.ask("GET", f"/responses/{body['id']}/input_items")).json
    items = [event["item"]["type"] for event in events if "item" in event]

    assert ["hologram", "function_call"] == [item["type"] for item in body["output"]]
    assert ["hologram", "hologram", "function_call", "function_call"] == items
    assert ["hologram", "function_call"] == [item["type"] for item in events[-1]["response"]["output"]]
    assert ["hologram"] == [item["type"] for item in listed["data"]]


async def test_unknown_fields_of_a_stream(api, server):
    """Every event has them, at every level."""
    server.add_fault(faults.unknown_fields())
    events = await api.stream()

    assert all("x_future" in event for event in events)
    assert "x_future" in events[-1]["response"]["output"][0]["content"][0]


@pytest.mark.parametrize(
    ("style", "body"),
    [("flat", {"message": "No", "type": "server_error", "param": None, "code": "c"}), ("bare", {"error": "No"})],
)
async def test_forms_of_errors(api, server, style, body):
    """Errors can be bare of what is around them, or in them."""
    server.add_fault(faults.status(500, body=style, message="No", code="c"))

    assert body == (await api.turn()).json


async def test_an_error_is_not_changed(api, server):
    """Faults that change responses leave errors alone."""
    server.add_fault(faults.unknown_fields())

    assert {"error"} == set((await api.list("conv_none")).json)


async def test_a_small_body_that_is_large(server, session):
    """A few bytes become an error of the size that was asked for."""
    server.add_fault(faults.gzip_bomb(3_000_000))
    url, headers = f"{server.base_url}/conversations", {"authorization": "Bearer x"}
    async with aiohttp.ClientSession(auto_decompress=False) as raw, raw.post(url, headers=headers) as response:
        body = await response.read()

    assert (400, "gzip") == (response.status, response.headers["content-encoding"])
    assert len(body) < 20_000
    assert 3_000_000 < len(gzip.decompress(body)) < 3_000_100
    assert "message" in json.loads(gzip.decompress(body))["error"]


async def test_large_headers(api, server):
    """Every response has a header of the size that was asked for, and is true otherwise."""
    server.add_fault(faults.large_headers(5_000))
    responses = [await api.ask("POST", "/conversations") for _ in range(2)]

    assert [(200, 5_000)] * 2 == [(response.status, len(response.headers["set-cookie"])) for response in responses]
    assert server.requests[-1].acknowledged
