"""A server and clients of it in virtual time: no test here depends on the load of the machine."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import ConversationsClient, RetryPolicy
from openai_conversations.client import Runtime
from openai_conversations.server import ConversationsServer
from tests.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories():
    """Every test of this folder runs in virtual time."""
    return {"virtual time": VirtualTimeLoop}


@pytest.fixture
async def server():
    """A server on a real socket, in the event loop of the test."""
    async with ConversationsServer() as running:
        yield running


@pytest.fixture
async def make_client(server):
    """Makes clients of the server that go by the loop's clock; all are closed at the end."""
    made = []

    def make(**settings):
        settings.setdefault("base_url", server.base_url)
        settings.setdefault("retry", RetryPolicy(initial=0.002, maximum=0.02))
        clock = asyncio.get_running_loop().time
        made.append(ConversationsClient(api_key="sk-test", runtime=Runtime(clock=clock), **settings))
        return made[-1]

    yield make
    for client in made:
        await client.close()
