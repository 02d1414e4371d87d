"""The control path: everything that a test does from Python, for clients in other languages."""

from __future__ import annotations

import pytest

from openai_conversations.server import ConversationsServer
from tests.server.api import Api, user

OPEN = "0.0.0.0"  # noqa: S104  # for the length of a test


@pytest.fixture
def control(api):
    async def ask(method, path, body=None):
        answer = await api.ask(method, f"{api.server.url}/_control/{path}", body)
        return answer.status, answer.json

    return ask


async def test_faults(api, control):
    """Faults are added, listed with how often they fired, and forgotten."""
    added = await control("POST", "faults", {"fault": "status", "status": 503, "headers": {"x-a": "b"}, "count": 2})
    answer = await api.ask("POST", "/conversations")
    listed = await control("GET", "faults")
    await control("DELETE", "faults")

    assert (200, {"fault": "status", "operation": None, "count": 2}) == added
    assert (503, "b") == (answer.status, answer.headers["x-a"])
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
    ],
)
async def test_nonsense(control, method, path, body, status):
    """What cannot be asked is refused with an error of the usual shape."""
    answered, value = await control(method, path, body)

    assert status == answered
    assert status == 200 or {"error"} == set(value)


@pytest.mark.parametrize(
    ("settings", "status"),
    [({}, 200), ({"control": False}, 404), ({"host": OPEN}, 404), ({"host": OPEN, "control": True}, 200)],
    ids=["loopback", "switched off", "open", "open on purpose"],
)
async def test_only_on_loopback(session, settings, status):
    """The control path answers on loopback, elsewhere only on purpose."""
    async with ConversationsServer(**settings) as server:
        answer = await Api(server, session).ask("GET", f"{server.url}/_control/faults")

    assert status == answer.status
