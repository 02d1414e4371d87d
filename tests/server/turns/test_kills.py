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


async def test_a_kill_in_the_middle_of_a_slow_stream(tmp_path):
    """A client has read half a stream: nothing of its turn is stored, and its conversation is free."""
    await survive_slowly(tmp_path / "conversations.sqlite", kills=1)


@pytest.mark.kills
async def test_ten_kills_in_the_middle_of_slow_streams(tmp_path):
    """More for the session that is there for it."""
    await survive_slowly(tmp_path / "conversations.sqlite", kills=10)


async def survive_slowly(database, kills):
    """While others take short turns, one reads a stream of half a minute; each kill comes in its middle."""
    async with ConversationsServer(database=database) as server, aiohttp.ClientSession(headers=HEADERS) as session:
        first, *others = [(await post(session, f"{server.base_url}/conversations"))["id"] for _ in range(4)]
    taken = {id: [] for id in (first, *others)}
    for kill in range(kills):
        read = await read_until_killed(database, first, others, taken, kill)
        assert 3 <= len(read) < 3000
        assert not any(b"response.completed" in line for line in read)
        async with ConversationsServer(database=database) as server, aiohttp.ClientSession(headers=HEADERS) as session:
            for conversation, inputs in taken.items():
                texts = [item["content"][0]["text"] for item in server.items(conversation)]
                stored = texts[::2]
                assert [f"You said: {text}" for text in stored] == texts[1::2]
                assert set(inputs) <= set(stored) <= {*inputs, f"{kill}.{len(inputs)}"}
                asked = {"model": "m", "input": f"after {kill}", "conversation": conversation}
                await post(session, f"{server.base_url}/responses", asked)
                inputs[:] = [*stored, f"after {kill}"]


async def read_until_killed(database, first, others, taken, kill):
    """The lines of the long stream until its server is gone; the inputs that were acknowledged are noted."""
    lines = []
    async with (
        serving(database=str(database), access_log=False, tokens_per_second=100) as (process, base_url),
        aiohttp.ClientSession(headers=HEADERS) as session,
    ):

        async def listen():
            asked = {"model": "m", "input": "word " * 3000, "conversation": first, "stream": True}
            async with session.post(f"{base_url}/responses", json=asked) as response:
                while line := await response.content.readline():
                    lines.append(line)

        async def write(conversation):
            while True:
                name = f"{kill}.{len(taken[conversation])}"
                asked = {"model": "m", "input": name, "conversation": conversation, "stream": True}
                async with session.post(f"{base_url}/responses", json=asked) as response:
                    assert b'"status":"completed"' in await response.read()
                taken[conversation].append(name)
                if all(len(taken[id]) > 1 for id in others) and len(lines) > 40:
                    process.kill()

        outcomes = await asyncio.gather(listen(), *map(write, others), return_exceptions=True)
        await process.wait()
    assert all(isinstance(outcome, aiohttp.ClientError) for outcome in outcomes), outcomes
    return [line for line in lines if line.startswith(b"event: ")]


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
