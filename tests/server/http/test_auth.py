"""Who may see what."""

from __future__ import annotations

import pytest

from openai_conversations.server import ConversationsServer
from tests.server.api import Api, user


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer", "Basic abc", "sk-test"])
async def test_no_key(api, header):
    """A request without a bearer is refused before it is read."""
    response = await api.ask("POST", "/conversations", b"{", headers={"authorization": header})

    assert (401, None, None) == response.error


async def test_any_key(api):
    """Without a list every key opens the same conversations."""
    conversation = await api.create()
    response = await api.ask("GET", f"/conversations/{conversation}", headers={"authorization": "bearer other"})

    assert 200 == response.status


async def test_keys_see_their_own(session):
    """With a list each key sees only its own conversations, and a wrong one nothing; no key is echoed."""
    async with ConversationsServer(keys=["sk-a", "sk-b"]) as server:
        api = Api(server, session)

        async def ask(key, method, path, body=None):
            return await api.ask(method, path, body, headers={"authorization": f"Bearer {key}"})

        mine = (await ask("sk-a", "POST", "/conversations", {"items": [user("a")]})).json["id"]
        (item,) = server.items(mine)
        theirs = (await ask("sk-b", "POST", "/conversations")).json["id"]
        wrong = await ask("sk-wrong", "GET", f"/conversations/{mine}")

        assert 200 == (await ask("sk-a", "GET", f"/conversations/{mine}")).status
        assert 404 == (await ask("sk-b", "GET", f"/conversations/{mine}")).status
        assert (
            404 == (await ask("sk-b", "POST", f"/conversations/{theirs}/items", {"items": [{"id": item["id"]}]})).status
        )
        assert (401, None, "invalid_api_key") == wrong.error
        assert b"sk-" not in wrong.body


async def test_another_owner_cannot_unlink(session):
    """Replaying the id of somebody else's item takes nothing from them."""
    async with ConversationsServer(keys=["sk-a", "sk-b"]) as server:
        api = Api(server, session)
        item = {"role": "user", "content": "a", "id": "msg_1"}
        for key in ("sk-a", "sk-b"):
            headers = {"authorization": f"Bearer {key}"}
            assert 200 == (await api.ask("POST", "/conversations", {"items": [item]}, headers=headers)).status

        assert [1, 1] == [len(conversation.items) for conversation in server.conversations()]


async def test_keys_are_not_stored(session, tmp_path):
    """A database file holds no key."""
    async with ConversationsServer(keys=["sk-very-secret"], database=tmp_path / "db") as server:
        headers = {"authorization": "Bearer sk-very-secret"}
        await Api(server, session).ask("POST", "/conversations", headers=headers)

    assert b"sk-very-secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
