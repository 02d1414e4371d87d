"""What ends a call that would last too long, and what is said of it."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import APITimeoutError, ConversationsClient, Timeout
from openai_conversations.server import ConversationsServer, faults
from tests.sockets import answering, http, serving, silent
from tests.virtual_time import runtime


def client_of(server, **settings):
    return ConversationsClient(**{"api_key": "sk-test", "base_url": server.base_url, "runtime": runtime(), **settings})


async def ended_after(call):
    """How a call that is too slow ends, and after how many seconds."""
    clock = asyncio.get_running_loop().time
    began = clock()
    with pytest.raises(APITimeoutError) as caught:
        await call
    return caught.value, clock() - began


async def test_a_silent_server():
    """A server that says nothing ends a call at its deadline, not after as many attempts."""
    async with silent() as server, client_of(server, timeout=0.1) as client:
        error, taken = await ended_after(client.conversations.retrieve("conv_1"))

    assert "getConversation did not finish within 0.1 s" in str(error)
    assert (pytest.approx(0.1), 1, True) == (taken, len(error.attempts), error.sent)


@pytest.mark.parametrize("faulty", [faults.trickle(0.02), faults.slow(9.0)])
async def test_a_slow_server(faulty):
    """A server that sends one byte at a time, or takes its time, ends a call at its deadline."""
    async with ConversationsServer(faults=[faulty]) as server, client_of(server, timeout=0.1) as client:
        _, taken = await ended_after(client.conversations.create())

    assert pytest.approx(0.1) == taken


async def test_the_bound_of_a_connection():
    """A connection that is not ready in time is a timeout of its own, and certainly nothing was sent."""

    async def peer(reader, _):
        await reader.read(1)  # never answers the greeting of TLS
        await asyncio.Event().wait()

    async with serving(peer) as server:
        settings = {"base_url": server.base_url.replace("http", "https"), "max_retries": 0}
        async with client_of(server, timeout=Timeout(connect=0.05), **settings) as client:
            with pytest.raises(APITimeoutError, match=r"No connection within 0\.05 s") as caught:
                await client.conversations.items.create("conv_1", items=[{"role": "user", "content": "Hi"}])
        async with client_of(server, timeout=Timeout(total=0.05), **settings) as client:
            with pytest.raises(APITimeoutError, match=r"did not finish within 0\.05 s") as later:
                await client.conversations.items.create(
                    "conv_1", items=[{"role": "user", "content": "Hi"}], guard="off"
                )

    assert (False, False) == (caught.value.sent, later.value.sent)


async def test_a_provider_that_never_answers():
    """The time that a provider takes counts: a call ends by its deadline, and nothing was sent."""

    async def provider():
        await asyncio.Event().wait()

    async with answering(http()) as server, client_of(server, api_key=provider, timeout=0.05) as client:
        with pytest.raises(APITimeoutError) as caught:
            await client.conversations.items.create("conv_1", items=[{"role": "user", "content": "Hi"}])
    assert (False, 0) == (caught.value.sent, server.connections)
