"""Responses afterwards: looking them up, listing their input, deleting them; counting and compacting."""

from __future__ import annotations

import base64

import pytest

from openai_conversations.converters import json
from openai_conversations.server import ConversationsServer
from tests.server.api import Api, texts, user
from tests.server.model.support import WEATHER


@pytest.fixture
def settings(request):
    params = getattr(request.node, "callspec", None)
    return {"seed": 1, "profile": params.params.get("profile", "openai") if params else "openai"}


async def test_a_response_is_kept(api):
    """What is looked up is what was told."""
    body = (await api.turn()).json

    assert body == (await api.ask("GET", f"/responses/{body['id']}")).json


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items"), ("GET", "?stream=true")],
)
async def test_a_response_that_does_not_exist(api, method, path):
    """It is 404, whatever is asked."""
    assert (404, "response_id", None) == (await api.ask(method, f"/responses/resp_none{path}")).error


@pytest.mark.parametrize("query", ["stream=maybe", "stream=true&starting_after=x", "starting_after=-1", "include=x"])
async def test_odd_queries(api, query):
    """They are refused."""
    id = (await api.turn()).json["id"]

    assert 400 == (await api.ask("GET", f"/responses/{id}?{query}")).status


async def test_delete(api):
    """It is gone; the conversation keeps its items."""
    conversation = await api.create()
    id = (await api.turn("a", conversation=conversation)).json["id"]

    assert [200, 404] == [(await api.ask("DELETE", f"/responses/{id}")).status for _ in range(2)]
    assert 404 == (await api.ask("GET", f"/responses/{id}")).status
    assert 2 == len(texts(await api.list(conversation)))


async def test_input_items(api):
    """They are listed by pages, newest first unless asked otherwise."""
    id = (await api.turn([user(text) for text in "abcde"])).json["id"]
    first = await api.ask("GET", f"/responses/{id}/input_items?limit=2&order=asc")
    second = await api.ask("GET", f"/responses/{id}/input_items?limit=2&order=asc&after={first.json['last_id']}")
    last = await api.ask("GET", f"/responses/{id}/input_items?limit=1")

    assert (["a", "b"], ["c", "d"], ["e"]) == (texts(first), texts(second), texts(last))
    assert [True, True, True] == [response.json["has_more"] for response in (first, second, last)]
    assert 404 == (await api.ask("GET", f"/responses/{id}/input_items?after=msg_none")).status


@pytest.mark.parametrize(("profile", "listed"), [("openai", ["b"]), ("openai,input_items=all", ["a", "1", "b"])])
async def test_how_far_input_goes_back(api, server, profile, listed):
    """A trait says whether what stood before the request counts."""
    server.model.script(["1", "2"])
    first = (await api.turn("a")).json["id"]
    id = (await api.turn("b", previous_response_id=first)).json["id"]

    assert listed == texts(await api.ask("GET", f"/responses/{id}/input_items?order=asc"))


async def test_the_count_is_what_a_turn_costs(api):
    """``input_tokens`` and ``usage`` agree, in a conversation, too."""
    conversation = await api.create(user("Good morning"))
    asked = {"input": "Hi", "conversation": conversation, "instructions": "Be kind", "tools": [WEATHER]}
    counted = await api.ask("POST", "/responses/input_tokens", {"model": "gpt-5", **asked})
    turn = await api.turn(**asked)

    assert counted.json["input_tokens"] == turn.json["usage"]["input_tokens"]
    assert {"object": "response.input_tokens", "input_tokens": 0} == (
        await api.ask("POST", "/responses/input_tokens", {})
    ).json


async def test_compact(api, server):
    """What users said stays; everything is in one item, which this server can read."""
    server.model.say("1")
    id = (await api.turn("a")).json["id"]
    response = await api.ask("POST", "/responses/compact", {"model": "gpt-5", "input": "b", "previous_response_id": id})
    *users, compaction = response.json["output"]
    window = json.loads(base64.b64decode(compaction["encrypted_content"]))

    assert ["a", "b"] == [item["content"][0]["text"] for item in users]
    assert ["a", "1", "b"] == [item["content"][0]["text"] for item in window]
    server.model.say("2")
    assert 200 == (await api.turn([*users, compaction])).status
    assert (400, "model", "missing_required_parameter") == (
        await api.ask("POST", "/responses/compact", {"input": "b"})
    ).error


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/responses", 405),
        ("GET", "/responses/input_tokens", 405),
        ("PUT", "/responses/resp_1", 405),
        ("GET", "/responses/resp_1/cancel", 405),
        ("POST", "/responses/", 404),
        ("GET", "/responses/resp_1/output_items", 404),
    ],
)
async def test_wrong_addresses(api, method, path, status):
    """Unknown addresses are 404, wrong methods 405."""
    assert status == (await api.ask(method, path)).status


async def test_owners_are_apart(session):
    """Nobody sees the responses of another key."""
    async with ConversationsServer(seed=1, keys=["sk-test", "sk-other"]) as server:
        api = Api(server, session)
        id = (await api.turn(background=True)).json["id"]
        other = {"headers": {"authorization": "Bearer sk-other"}}
        asked = {"model": "gpt-5", "input": "b", "previous_response_id": id}

        assert 404 == (await api.ask("GET", f"/responses/{id}", **other)).status
        assert 400 == (await api.ask("POST", "/responses", asked, **other)).status
