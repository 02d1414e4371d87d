"""The server is killed in the middle of turns: no half turn, no acknowledged one lost, no lock that stays."""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import pytest

from openai_conversations.server import ConversationsServer
from tests.server.process import serving

WRITERS = 8
HEADERS = {"authorization": "Bearer sk-test"}


async def test_two_kills(tmp_path):
    """A few kills for every run of the tests."""
    await survive(tmp_path / "conversations.sqlite", kills=2)


@pytest.mark.kills
async def test_twenty_kills(tmp_path):
    """More for the session that is there for it."""
    await survive(tmp_path / "conversations.sqlite", kills=20)


async def survive(database, kills):
    """Each writer takes turns in a conversation of its own until the server is killed."""
    acknowledged = []
    async with ConversationsServer(database=database) as server, aiohttp.ClientSession(headers=HEADERS) as session:
        conversations = [(await post(session, f"{server.base_url}/conversations"))["id"] for _ in range(WRITERS)]
    for kill in range(kills):
        acknowledged += await take_turns(database, conversations, f"{kill}", 20 + 17 * kill)
        await check(database, conversations, acknowledged)
    sys.stdout.write(f"{kills} kills, {len(acknowledged)} acknowledged turns: each stored once and whole\n")


async def post(session, url, body=None):
    async with session.post(url, json=body) as response:
        assert 200 == response.status, await response.text()
        return await response.json()


async def take_turns(database, conversations, kill, enough):
    """Take turns until so many were acknowledged, then kill; their inputs."""
    acknowledged = []
    async with (
        serving(database=str(database), access_log=False) as (process, base_url),
        aiohttp.ClientSession(headers=HEADERS) as session,
    ):

        async def write(writer, conversation):
            for number in range(enough):
                name = f"{kill}.{writer}.{number}"
                stream = writer % 2 == 0
                asked = {"model": "m", "input": name, "conversation": conversation, "stream": stream}
                async with session.post(f"{base_url}/responses", json=asked) as response:
                    assert 200 == response.status
                    told = await response.read()
                assert b'"status":"completed"' in told
                acknowledged.append(name)
                if len(acknowledged) == enough:
                    process.kill()
                await post(session, f"{base_url}/responses", {"model": "m", "input": name, "background": True})

        outcomes = await asyncio.gather(*map(write, range(WRITERS), conversations), return_exceptions=True)
        await process.wait()
    assert all(isinstance(outcome, aiohttp.ClientError) for outcome in outcomes), outcomes
    return acknowledged


async def check(database, conversations, acknowledged):
    """A new server on the file finds whole turns, every acknowledged one once, and no lock."""
    async with ConversationsServer(database=database) as server, aiohttp.ClientSession(headers=HEADERS) as session:
        texts = [[item["content"][0]["text"] for item in server.items(id)] for id in conversations]
        for number, conversation in enumerate(conversations):
            asked = {"model": "m", "input": f"{len(acknowledged)}.{number}", "conversation": conversation}
            await post(session, f"{server.base_url}/responses", asked)
        inputs = [text for conversation in texts for text in conversation[::2]]
        outputs = [text for conversation in texts for text in conversation[1::2]]

    assert [f"You said: {text}" for text in inputs] == outputs
    assert len(inputs) == len(set(inputs))
    assert set() == set(acknowledged) - set(inputs)


async def test_a_response_of_a_killed_server(tmp_path):
    """What was running in the background has failed; a turn in its conversation meets no lock."""
    database = tmp_path / "conversations.sqlite"
    async with (
        serving(database=str(database), access_log=False, tokens_per_second=0.001) as (process, base_url),
        aiohttp.ClientSession(headers=HEADERS) as session,
    ):
        conversation = (await post(session, f"{base_url}/conversations"))["id"]
        asked = {"model": "m", "input": "a", "conversation": conversation, "background": True}
        id = (await post(session, f"{base_url}/responses", asked))["id"]
        process.kill()
        await process.wait()
    async with ConversationsServer(database=database) as server, aiohttp.ClientSession(headers=HEADERS) as session:
        async with session.get(f"{server.base_url}/responses/{id}") as response:
            body = await response.json()
        await post(session, f"{server.base_url}/responses", {"model": "m", "input": "b", "conversation": conversation})

        assert ("failed", "server_error") == (body["status"], body["error"]["code"])
        assert 2 == len(server.items(conversation))
