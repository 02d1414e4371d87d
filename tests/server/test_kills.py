"""The server is killed while it is written to: what it acknowledged is there, and nothing by halves."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys

import aiohttp
import pytest

from openai_conversations.server import ConversationsServer
from tests.server.api import user
from tests.server.process import serving

BATCH = 5
WRITERS = 8
HEADERS = {"authorization": "Bearer sk-test"}


async def test_three_kills(tmp_path):
    """A few kills for every run of the tests."""
    await survive(tmp_path / "conversations.sqlite", kills=3)


@pytest.mark.kills
async def test_fifty_kills(tmp_path):
    """Fifty for the session that is there for it."""
    await survive(tmp_path / "conversations.sqlite", kills=50)


async def survive(database, kills):
    """Kill the server again and again at random points under load; it loses nothing that it acknowledged."""
    dice = random.Random(kills)
    acknowledged = []
    conversation = await first_conversation(database)
    for kill in range(kills):
        acknowledged += await write_until_killed(database, conversation, f"{kill}", dice.randrange(20, 300))
        await check(database, conversation, acknowledged)
    sys.stdout.write(f"{kills} kills, {len(acknowledged)} acknowledged batches: each stored once, whole and in order\n")


async def first_conversation(database):
    async with (
        ConversationsServer(database=database) as server,
        aiohttp.ClientSession(headers=HEADERS) as session,
        session.post(f"{server.base_url}/conversations") as response,
    ):
        return (await response.json())["id"]


async def write_until_killed(database, conversation, kill, enough):
    """Write from several tasks; kill the server once so many batches were acknowledged; the names of those."""
    acknowledged = []
    async with (
        serving(database=str(database), access_log=False) as (process, base_url),
        aiohttp.ClientSession(headers=HEADERS) as session,
    ):

        async def write(writer):
            for number in range(enough):
                name = f"{kill}.{writer}.{number}"
                items = [user(f"{name}.{part}") for part in range(BATCH)]
                url = f"{base_url}/conversations/{conversation}/items"
                async with session.post(url, json={"items": items}) as response:
                    assert 200 == response.status
                    await response.read()
                acknowledged.append(name)
                if len(acknowledged) == enough:
                    process.kill()

        outcomes = await asyncio.gather(*(write(writer) for writer in range(WRITERS)), return_exceptions=True)
        await process.wait()
    assert all(isinstance(outcome, aiohttp.ClientError) for outcome in outcomes)
    return acknowledged


async def check(database, conversation, acknowledged):
    """A new server on the file finds whole batches only, every acknowledged one once, those of a writer in order."""
    async with ConversationsServer(database=database) as server:
        texts = [item["content"][0]["text"] for item in server.items(conversation)]
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    names = [batch[0].rpartition(".")[0] for batch in batches]
    orders = {}
    for name in names:
        writer, _, number = name.rpartition(".")
        orders.setdefault(writer, []).append(int(number))

    assert [[f"{name}.{part}" for part in range(BATCH)] for name in names] == batches
    assert len(names) == len(set(names))
    assert set() == set(acknowledged) - set(names)
    assert {writer: list(range(len(order))) for writer, order in orders.items()} == orders
    assert list(range(len(texts))) == positions(database)


def positions(database):
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT position FROM items ORDER BY position").fetchall()
    connection.close()
    return [position for (position,) in rows]
