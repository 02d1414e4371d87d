"""``conversations.list()``, where a server has it."""

from __future__ import annotations

import json

import pytest

from openai_conversations import Conversation, ConversationPage, ConversationsClient, InvalidArgumentError, azure
from tests.sockets import answering, http


def page(*ids: str, has_more: bool = False) -> bytes:
    data = [{"id": each, "object": "conversation", "created_at": 1, "metadata": {}} for each in ids]
    last = ids[-1] if ids else None
    return http(200, json.dumps({"object": "list", "data": data, "has_more": has_more, "last_id": last}).encode())


def client_of(server) -> ConversationsClient:
    return ConversationsClient(api_key="k", base_url=server.base_url.removesuffix("/v1"), profile=azure())


async def test_one_page() -> None:
    """``await`` gives one page; every keyword is a query value."""
    async with answering(page("conv_1", "conv_2")) as server, client_of(server) as client:
        got = await client.conversations.list(
            limit=2, order="asc", after="conv_0", before="conv_9", agent_name="helper", agent_id="helper:1"
        )

    assert isinstance(got, ConversationPage)
    assert ["conv_1", "conv_2"] == [conversation.id for conversation in got.data]
    query = "limit=2&order=asc&before=conv_9&agent_name=helper&agent_id=helper%3A1&after=conv_0"
    assert [f"GET /openai/v1/conversations?{query} HTTP/1.1"] == [asked.line for asked in server.asked]


async def test_every_conversation() -> None:
    """``async for`` goes on to the pages that follow."""
    async with answering(page("conv_1", has_more=True), page("conv_2")) as server, client_of(server) as client:
        found = [conversation async for conversation in client.conversations.list()]
    async with answering(page("conv_1", has_more=True), page("conv_2")) as other, client_of(other) as client:
        first = await client.conversations.list(limit=1)
        rest = await first.get_next_page()

    assert [Conversation] * 2 == [type(conversation) for conversation in found]
    assert ["GET /openai/v1/conversations HTTP/1.1", "GET /openai/v1/conversations?after=conv_1 HTTP/1.1"] == [
        asked.line for asked in server.asked
    ]
    assert (True, ["conv_2"]) == (first.has_next_page(), [conversation.id for conversation in rest.data])


@pytest.mark.parametrize("profile", ["openai", "generic"])
async def test_where_there_is_none(profile: str) -> None:
    """A profile without it says so in one sentence, and what to do."""
    async with ConversationsClient(api_key="k", profile=profile) as client:
        with pytest.raises(InvalidArgumentError, match=f"a server of the profile '{profile}' has no endpoint for it"):
            client.conversations.list()
