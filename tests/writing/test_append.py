"""Appends of many items on a real socket: through faults, through a rollback, through the death of the process."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from openai_conversations import (
    AppendIncompleteError,
    InvalidArgumentError,
    NotFoundError,
    RetryPolicy,
    Timeout,
)
from openai_conversations.server import faults
from tests.writing.conftest import CREATE_ITEMS
from tests.writing.helpers import operations, texts, user


def numbered(count):
    return [user(str(n)) for n in range(count)]


@pytest.fixture
async def conversation(client):
    """The id of a new conversation."""
    return (await client.conversations.create()).id


async def test_through_faults(server, make_client):
    """1,000 items through 20 % faults: each once, in order, and the ids are those of the stored items."""
    client = make_client(timeout=Timeout(total=10, attempt=0.5), max_retries=9)
    conversation_id = (await client.conversations.create()).id
    kinds = (faults.commit_then_drop, faults.drop_before_commit, faults.locked, faults.commit_then_status)
    for seed, make in enumerate(kinds):
        server.add_fault(make(operation=CREATE_ITEMS, probability=0.05, seed=seed, count=None))

    done = await client.conversations.items.append(conversation_id, numbered(1_000))

    assert [str(n) for n in range(1_000)] == texts(server, conversation_id)
    assert tuple(item["id"] for item in server.items(conversation_id)) == done.ids


@pytest.mark.parametrize("profile", ["openai", "ogx"])
async def test_objects_that_were_received(server, client, conversation, profile):
    """Items of one conversation can be appended to another as they come, page by page."""
    await client.conversations.items.append(conversation, numbered(45))
    target = await client.conversations.create()

    await client.conversations.items.append(
        target.id, client.conversations.items.list(conversation, order="asc", limit=7)
    )

    assert [str(n) for n in range(45)] == texts(server, target.id)


async def test_rollback(server, client, conversation):
    """What was stored before the failure is gone; what was there before the append stays."""
    await client.conversations.items.create(conversation, items=[user("before")])
    server.add_fault(faults.status(403, operation=CREATE_ITEMS, skip=2))
    server.add_fault(faults.commit_then_drop(operation="deleteConversationItem", count=3))

    with pytest.raises(AppendIncompleteError) as caught:
        await client.conversations.items.append(conversation, numbered(60), rollback=True)

    assert ["before"] == texts(server, conversation)
    assert caught.value.rolled_back is True


async def test_options_count_for_each_chunk(server, client, conversation):
    """Headers go with every chunk, and a bad option is refused before anything is sent."""
    await client.conversations.items.append(conversation, numbered(25), extra_headers={"x-user": "42"}, timeout=3)

    assert ["42", "42"] == [entry.headers.get("x-user") for entry in server.requests if entry.operation == CREATE_ITEMS]
    before = len(server.requests)
    with pytest.raises(InvalidArgumentError, match="guard"):
        await client.conversations.items.append(conversation, numbered(1), guard="never")
    with pytest.raises(InvalidArgumentError, match="conversation_id"):
        await client.conversations.items.append("", numbered(1))
    with pytest.raises(TypeError, match="unexpected keyword"):
        await client.conversations.items.append(conversation, numbered(1), page=1)
    assert before == len(server.requests)


async def test_a_conversation_that_is_not_there(client):
    """The first failure is on the error as its cause."""
    with pytest.raises(AppendIncompleteError, match="404") as caught:
        await client.conversations.items.append("conv_none", numbered(30))

    assert isinstance(caught.value.__cause__, NotFoundError)
    assert (0, 0, ()) == (caught.value.count, caught.value.unknown, caught.value.stored)


@pytest.mark.parametrize("total", [None, 30])
async def test_the_whole_in_time(server, make_client, total):
    """The bound of the whole ends an append in an error that says what is stored, however long a chunk may take."""
    client = make_client(timeout=total, retry=RetryPolicy(initial=0.01))
    conversation_id = (await client.conversations.create()).id
    server.add_fault(faults.locked(100_000, operation=CREATE_ITEMS, skip=2))

    started = asyncio.get_running_loop().time()
    with pytest.raises(AppendIncompleteError) as caught:
        await client.conversations.items.append(conversation_id, numbered(100), total_timeout=0.4)
    taken = asyncio.get_running_loop().time() - started

    assert 40 == caught.value.count == len(texts(server, conversation_id))
    assert taken < 1


WRITER = """
import asyncio, json, os, sys
from openai_conversations import ConversationsClient

base_url, conversation, path, count = sys.argv[1:]

def write_down(progress):
    with open(path + ".new", "w") as file:
        json.dump(progress.resume, file)
    os.replace(path + ".new", path)
    print(progress.stored, flush=True)

async def main():
    resume = json.load(open(path)) if os.path.exists(path) else None
    items = [{"role": "user", "content": str(n)} for n in range(int(count))]
    async with ConversationsClient(api_key="sk-test", base_url=base_url) as client:
        await client.conversations.items.append(conversation, items, resume=resume, on_progress=write_down)

asyncio.run(main())
"""


@pytest.mark.real_time
async def test_a_process_that_is_killed(server, client, conversation, tmp_path):
    """A process that is killed again and again in the middle of an append: the last one ends it, each item once."""
    path, count = tmp_path / "resume.json", 400
    # Answers are slow, so that most of the kills come while a chunk is stored but not yet acknowledged.
    server.add_fault(faults.slow(0.01, operation=CREATE_ITEMS, count=None))
    for lines in (3, 7, None):
        writer = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WRITER, server.base_url, conversation, path, str(count)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert writer.stdout is not None
        for _ in range(lines or 0):
            assert await writer.stdout.readline()
        if lines is not None:
            await asyncio.sleep(0.005)
            writer.kill()
        await writer.communicate()

    assert [str(n) for n in range(count)] == texts(server, conversation)
    assert count == json.loads(path.read_text())["stored"]
    assert "listConversationItems" in operations(server)


async def test_a_trigger_is_not_counted(server, client, conversation):
    """A compaction trigger is an order and no item: what is counted are the items that were stored."""
    done = await client.conversations.items.append(conversation, [user("a"), {"type": "compaction_trigger"}])

    assert (1, 1) == (done.count, len(done.ids))
