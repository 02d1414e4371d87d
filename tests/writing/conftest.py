"""A server and clients of it in one event loop, in virtual time: nobody waits, and no test depends on the machine."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import ConversationsClient, RetryPolicy
from openai_conversations.server import ConversationsServer
from tests.virtual_time import pytest_asyncio_loop_factories, runtime  # noqa: F401  # a hook

CREATE_ITEMS = "createConversationItems"
LIST_ITEMS = "listConversationItems"


@pytest.fixture
async def server():
    """A server on a real socket, in the event loop of the test."""
    async with ConversationsServer(clock=asyncio.get_running_loop().time) as running:
        yield running


@pytest.fixture
async def make_client(server):
    """Makes clients of the server, with any setting changed; all are closed at the end."""
    made = []

    def make(**settings):
        settings.setdefault("retry", RetryPolicy(initial=0.002, maximum=0.02))
        settings.setdefault("base_url", server.base_url)
        made.append(ConversationsClient(api_key="sk-test", runtime=runtime(), **settings))
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.fixture
async def client(make_client):
    """A client of the server."""
    return make_client()
