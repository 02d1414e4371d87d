"""``conversations.list()``, where a server has it."""

from __future__ import annotations

import json

import pytest

from openai_conversations import (
    ConfigurationError,
    Conversation,
    ConversationPage,
    ConversationsClient,
    InvalidArgumentError,
    azure,
)
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


async def test_twins() -> None:
    """The raw twin gives the response as it came, the streaming one leaves it unread; both know the next page."""
    answers = page("conv_1", has_more=True), page("conv_2")
    async with answering(*answers) as server, client_of(server) as client:
        raw = await client.conversations.with_raw_response.list(limit=1)
        rest = await raw.parse().get_next_page()
    async with answering(*answers) as other, client_of(other) as client:
        async with client.conversations.with_streaming_response.list(agent_name="helper") as response:
            got = await response.parse()
        after = await got.get_next_page()

    assert (200, "conv_1") == (raw.status_code, json.loads(raw.content)["data"][0]["id"])
    assert ["conv_2"] == [conversation.id for conversation in rest.data]
    assert (["conv_1"], ["conv_2"]) == tuple([each.id for each in part.data] for part in (got, after))
    assert "GET /openai/v1/conversations?agent_name=helper HTTP/1.1" == other.asked[0].line


async def test_pages_as_azure_describes_them() -> None:
    """Its description has neither ``object`` nor ids of the ends among what must be there."""
    body = b'{"data":[{"id":"conv_1","object":"conversation","created_at":1,"metadata":null}],"has_more":false}'
    async with answering(http(200, body)) as server, client_of(server) as client:
        got = await client.conversations.list()

    assert (["conv_1"], False, None) == ([each.id for each in got.data], got.has_more, got.last_id)


@pytest.mark.parametrize("profile", ["openai", "generic"])
async def test_where_there_is_none(profile: str) -> None:
    """A profile without it says so in one sentence, and what to do."""
    async with ConversationsClient(api_key="k", profile=profile) as client:
        with pytest.raises(InvalidArgumentError, match=f"a server of the profile '{profile}' has no endpoint for it"):
            client.conversations.list()


async def test_users_of_one_key() -> None:
    """A view speaks for one user; a client for another, and one for nobody."""
    async with answering(*[page()] * 3) as server, client_of(server) as client:
        user = client.with_options(user_isolation_key="user-42")
        await user.conversations.list()
        await user.with_options(user_isolation_key="user-7", timeout=5).conversations.list()
        await client.conversations.list()

    assert ["user-42", "user-7", None] == [asked.headers.get("x-ms-user-isolation-key") for asked in server.asked]


@pytest.mark.parametrize("key", ["", "müller", "a\nb", 7])
async def test_keys_that_cannot_be_sent(key: object) -> None:
    """A key that no header can hold is refused, and not shown."""
    async with ConversationsClient(api_key="k", profile="azure", base_url="https://r.openai.azure.com") as client:
        with pytest.raises(ConfigurationError, match=r"^user_isolation_key ") as caught:
            client.with_options(user_isolation_key=key)  # type: ignore[arg-type]  # what is tried

    assert "ller" not in str(caught.value)


async def test_only_azure_has_it() -> None:
    """Another profile says so: a key that nobody reads would keep nobody apart."""
    with pytest.raises(
        ConfigurationError, match="user_isolation_key is Azure AI Foundry's, and the profile is 'openai'"
    ):
        ConversationsClient(api_key="k", user_isolation_key="user-42")
