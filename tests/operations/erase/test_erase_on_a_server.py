"""Erasing on a real socket, on servers that cascade and servers that do not."""

from __future__ import annotations

import pytest

from openai_conversations import APIConnectionError, ConversationsClient
from openai_conversations.server import ConversationsServer, faults

TEXTS = [f"message {number}" for number in range(5)]


async def _conversation(server: ConversationsServer, client: ConversationsClient, texts: list[str]) -> str:
    made = await client.conversations.create(metadata={"user": "42"})
    server.add_items(made.id, texts)
    return made.id


async def test_erased(server, client):
    """Nothing is left: no conversation, no item, and no item that nobody can reach."""
    name = await _conversation(server, client, [f"message {number}" for number in range(250)])
    ids = sorted(item["id"] for item in server.items(name))

    receipt = await client.conversations.erase(name)

    server.assert_erased(name)
    assert ("erased", ids) == (receipt.outcome, list(receipt.item_ids))
    assert [] == server.orphans(name)


async def test_delete_alone_is_not_enough(server, client):
    """The service's own deletion leaves the items behind: what erase is for."""
    name = await _conversation(server, client, TEXTS)

    await client.conversations.delete(name)

    if server.profile.after_delete == "cascade":
        server.assert_erased(name)
    else:
        with pytest.raises(AssertionError):
            server.assert_erased(name)


async def test_again(server, client):
    """A second erasure says that the conversation was gone already."""
    name = await _conversation(server, client, TEXTS)
    await client.conversations.erase(name)

    receipt = await client.conversations.erase(name)

    assert ("already_gone", 0) == (receipt.outcome, receipt.count)


async def test_request_ids(server, client):
    """The receipt carries the service's request ids, where the server gives any."""
    name = await _conversation(server, client, TEXTS)

    receipt = await client.conversations.erase(name)

    given = [receipt.request_id, receipt.proof.request_id, *(item.request_id for item in receipt.items)]
    assert bool(server.profile.request_id_headers) == all(given)


@pytest.mark.parametrize("number", range(len(TEXTS) + 3))
@pytest.mark.parametrize("lost", ["drop_before_commit", "commit_then_drop"])
async def test_stopped_at_every_request(server, client, lost, number):
    """Wherever the connection breaks, before or after the server did its work, a second run completes it."""
    name = await _conversation(server, client, TEXTS)
    server.add_fault(getattr(faults, lost)(skip=number))

    with pytest.raises(APIConnectionError):
        await client.conversations.erase(name, concurrency=2)
    await client.conversations.erase(name)

    server.assert_erased(name)


async def test_late_item(server, client):
    """An item that another process adds while items are deleted is deleted too."""
    name = await _conversation(server, client, TEXTS)
    late = iter(["late"])

    def add(_: object) -> None:
        if text := next(late, None):
            server.add_items(name, [text])

    receipt = await client.conversations.erase(name, on_deleted=add)

    server.assert_erased(name)
    assert len(TEXTS) + 1 == receipt.count


async def test_unknown_conversation(server, client):
    """A conversation that never was gives a receipt that says that it is not there."""
    assert "already_gone" == (await client.conversations.erase("conv_" + "0" * 48)).outcome


async def test_options_reach_every_request(server, client):
    """Headers and query values given to the operation are on each of its requests."""
    name = await _conversation(server, client, TEXTS)
    before = len(server.requests)

    await client.conversations.erase(name, extra_headers={"x-ticket": "4711"}, timeout=20)

    sent = server.requests[before:]
    assert len(sent) == sum(entry.headers.get("x-ticket") == "4711" for entry in sent)


@pytest.mark.parametrize("bad", ["", "a/b", ".."])
async def test_bad_id(server, client, bad):
    """An id that cannot be one is refused before anything is sent."""
    with pytest.raises(ValueError, match="conversation_id"):
        await client.conversations.erase(bad)

    assert [] == server.requests


async def test_unknown_keyword(client):
    """A keyword that is none is a TypeError."""
    with pytest.raises(TypeError, match="extra_body"):
        await client.conversations.erase("conv_1", extra_body={})
