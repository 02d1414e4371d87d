"""The control path: everything that a test does from Python, for clients in other languages."""

from __future__ import annotations

import pytest

from openai_conversations.server import ConversationsServer
from tests.server.api import Api, user

OPEN = "0.0.0.0"  # noqa: S104  # for the length of a test


@pytest.fixture
def control(api):
    async def ask(method, path, body=None):
        response = await api.ask(method, f"{api.server.url}/_control/{path}", body)
        return response.status, response.json

    return ask


async def test_faults(api, control):
    """Faults are added, listed with how often they fired, and forgotten."""
    added = await control("POST", "faults", {"fault": "status", "status": 503, "headers": {"x-a": "b"}, "count": 2})
    response = await api.ask("POST", "/conversations")
    listed = await control("GET", "faults")
    await control("DELETE", "faults")

    assert (200, {"fault": "status", "operation": None, "count": 2}) == added
    assert (503, "b") == (response.status, response.headers["x-a"])
    assert (200, [{"fault": "status", "operation": None, "count": 2, "fired": 1}]) == listed
    assert (200, []) == await control("GET", "faults")


async def test_the_journal(api, control):
    """Every request is told, with what was sent; the control path is not."""
    conversation = await api.create(user("a"))
    status, (entry,) = await control("GET", "journal")

    assert (200, "createConversation", conversation) == (status, entry["operation"], entry["conversation_id"])
    assert '"content":"a"' in entry["body"]


async def test_what_is_stored(api, control):
    """Conversations, their items, and orphans are shown as they are stored."""
    conversation = await api.create(user("a"))
    status, added = await control("POST", "items", {"conversation_id": conversation, "items": ["b"]})
    await api.ask("DELETE", f"/conversations/{conversation}")
    _, (seen,) = await control("GET", "conversations")
    _, orphans = await control("GET", "orphans")

    assert (200, api.server.items(conversation)[1:]) == (status, added)
    assert (conversation, True, 2) == (seen["id"], seen["deleted"], len(seen["items"]))
    assert [(item["id"], conversation, item) for item in seen["items"]] == [
        (orphan["id"], orphan["conversation_id"], orphan["item"]) for orphan in orphans
    ]


@pytest.mark.parametrize(
    ("assertion", "good", "bad", "message"),
    [
        ("no-duplicates", {}, {"by": "content"}, "something was stored more than once"),
        ("no-loss", {"expected": {"{id}": ["a", "a"]}}, {"expected": {"{id}": ["b"]}}, "lacks some"),
        ("erased", {"conversation_id": "conv_none"}, {"conversation_id": "{id}"}, "still exists"),
        ("requests", {"operations": ["createConversation"]}, {"operations": []}, "not the expected requests"),
        ("requests", {"counts": {"getConversation": 0}}, {"counts": {"getConversation": 1}}, "expected 1, came 0"),
    ],
    ids=["no-duplicates", "no-loss", "erased", "requests", "counts"],
)
async def test_assertions(api, assertion, good, bad, message):
    """An assertion says yes, or no and why."""
    conversation = await api.create(user("a"), user("a"))

    async def judge(body):
        from openai_conversations.converters import json

        sent = json.dumps(body).replace(b"{id}", conversation.encode())
        return (await api.ask("POST", f"{api.server.url}/_control/assertions/{assertion}", sent)).json

    assert {"ok": True} == await judge(good)
    refused = await judge(bad)
    assert not refused["ok"]
    assert message in refused["message"]


async def test_reset(api, control):
    """A reset leaves nothing."""
    await api.create(user("a"))

    assert (200, None) == await control("POST", "reset")
    assert (200, []) == await control("GET", "conversations")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "secrets", None, 404),
        ("PUT", "faults", None, 404),
        ("POST", "faults", {}, 400),
        ("POST", "faults", {"fault": "explode"}, 400),
        ("POST", "faults", {"fault": 1}, 400),
        ("POST", "faults", [], 400),
        ("POST", "faults", b"{", 400),
        ("POST", "items", {"conversation_id": "conv_none", "items": []}, 400),
        ("POST", "items", {"conversation_id": ["a"], "items": 1}, 400),
        ("POST", "assertions/no-duplicates", {"of": 1}, 400),
        ("POST", "assertions/no-loss", {"expected": 1}, 400),
        ("POST", "assertions/requests", {"counts": {"a": []}}, 200),
        ("POST", "assertions/requests", {"operations": [1, {}]}, 400),
        ("POST", "assertions/requests", {"operations": 1}, 400),
        ("POST", "assertions/no-duplicates", {"by": "chance"}, 400),
        ("POST", "assertions/no-loss", {"expected": {"conv_none": [1]}}, 400),
        ("POST", "assertions/no-loss", b'{"expected":{"c":[' + b"[" * 300 + b"]" * 300 + b"]}}", 400),
        ("POST", "assertions/erased", {"conversation_id": {}}, 400),
        ("POST", "assertions/erased", {}, 400),
        ("POST", "items", {"conversation_id": {}, "items": ["a"]}, 400),
        ("POST", "items", b"[" * 100_000, 400),
        ("POST", "faults", {"fault": {"a": 1}}, 400),
        ("POST", "faults", {"fault": "status", "message": ["a"]}, 400),
        ("POST", "faults", {"fault": "status", "operation": {}}, 400),
    ],
)
async def test_nonsense(control, method, path, body, status):
    """What cannot be asked is refused with an error of the usual shape."""
    answered, value = await control(method, path, body)

    assert status == answered
    assert status == 200 or {"error"} == set(value)


async def test_ids_that_are_there_already(api, control):
    """An item under an id that its conversation holds is refused, in the same request or a later one."""
    conversation = await api.create()
    item = {"role": "user", "content": "a", "id": "msg_1"}
    twice = await control("POST", "items", {"conversation_id": conversation, "items": [item, item]})
    first = await control("POST", "items", {"conversation_id": conversation, "items": [item]})
    again = await control("POST", "items", {"conversation_id": conversation, "items": [item]})

    assert [400, 200, 400] == [status for status, _ in (twice, first, again)]
    assert "holds an item 'msg_1' already" in again[1]["error"]["message"]


async def test_ids_that_are_none(api, control):
    """What is no id is replaced by one."""
    conversation = await api.create()
    ids = [{}, [1], 7, None, True, ""]
    items = [{"type": "hologram", "id": id} for id in ids]
    status, stored = await control("POST", "items", {"conversation_id": conversation, "items": items})

    assert (200, len(ids)) == (status, len({item["id"] for item in stored}))


async def test_whatever_is_stored_is_shown(api, control):
    """Items that nest as deeply as the service takes them, and halves of pairs, do not break the control path."""
    deep = b"[" * 490 + b"]" * 490
    conversation = await api.create()
    item = b'{"role":"user","content":"\\ud800","deep":%b}' % deep
    assert 200 == (await api.ask("POST", f"/conversations/{conversation}/items", b'{"items":[%b]}' % item)).status
    for path in ("conversations", "journal"):
        status, (seen, *_) = await control("GET", path)
        assert 200 == status
        assert conversation == (seen.get("id") if path == "conversations" else seen["conversation_id"])
    status, result = await control("POST", "assertions/no-loss", {"expected": {conversation: ["a"]}})
    assert (200, False) == (status, result["ok"])
    await api.ask("DELETE", f"/conversations/{conversation}")
    assert 200 == (await control("GET", "orphans"))[0]
    assert (200, False) == (await _ok(control("POST", "assertions/erased", {"conversation_id": conversation})))


async def _ok(asking):
    status, value = await asking
    return status, value["ok"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:1"}, 200),
        ({"host": "a.localhost"}, 200),
        ({"host": "[::1]:80"}, 200),
        ({"host": "127.9.9.9"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"host": "evil"}, 403),
        ({"host": "10.0.0.1"}, 403),
        ({"origin": "http://{host}"}, 200),
        ({"origin": "https://{host}"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://localhost:3000"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "evil.example", "origin": "http://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"content-type": "text/plain"}, 400),
        ({"content-type": "application/x-www-form-urlencoded"}, 400),
        ({"content-type": "multipart/form-data; boundary=x"}, 400),
    ],
    ids=lambda value: " ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else None,
)
@pytest.mark.parametrize("body", [None, b"{}"])
async def test_pages_of_others_are_refused(api, server, headers, status, body):
    """No page of another origin, no rebound name and no form can wipe what is stored, or read it."""
    await api.create(user("a"))
    sent = {name: value.format(host=f"127.0.0.1:{server.port}") for name, value in headers.items()}
    wiped = await api.ask("POST", f"{server.url}/_control/reset", body, headers=sent)

    assert status == wiped.status
    assert (status == 200) == (server.conversations() == [])
    if status == 403:
        assert 403 == (await api.ask("GET", f"{server.url}/_control/conversations", headers=sent)).status


@pytest.mark.parametrize(
    ("host", "status"),
    [("10.0.0.1:80", 200), ("[fe80::1]", 200), ("conversations:80", 200), ("evil.example", 403), ("", 403)],
)
async def test_names_of_an_open_server(session, host, status):
    """A server that is open on purpose answers under addresses and names of containers, not under names of the web."""
    async with ConversationsServer(host=OPEN, control=True) as server:
        response = await Api(server, session).ask("GET", f"{server.url}/_control/faults", headers={"host": host})

    assert status == response.status


@pytest.mark.parametrize(
    ("settings", "status"),
    [({}, 200), ({"control": False}, 404), ({"host": OPEN}, 404), ({"host": OPEN, "control": True}, 200)],
    ids=["loopback", "switched off", "open", "open on purpose"],
)
async def test_only_on_loopback(session, settings, status):
    """The control path answers on loopback, elsewhere only on purpose."""
    async with ConversationsServer(**settings) as server:
        response = await Api(server, session).ask("GET", f"{server.url}/_control/faults")

    assert status == response.status
