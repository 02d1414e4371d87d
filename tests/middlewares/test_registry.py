"""The registry: every conversation that a client makes, and what a crash leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from openai_conversations import ConversationsClient, RetryPolicy
from openai_conversations.bulk.errors import RegistryError
from openai_conversations.bulk.jobs import erasing
from openai_conversations.bulk.runner import run_bulk
from openai_conversations.errors import APIError, BadRequestError
from openai_conversations.middlewares.registry import Registry
from openai_conversations.server import ConversationsServer


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def registry(tmp_path, clock):
    async with Registry(tmp_path / "conversations.sqlite", now=clock) as opened:
        yield opened


@pytest.fixture
async def server():
    async with ConversationsServer() as running:
        yield running


@pytest.fixture
async def client(server, registry):
    async with ConversationsClient(
        api_key="k", base_url=server.base_url, middlewares=[registry], max_retries=0, retry=RetryPolicy(initial=0)
    ) as made:
        yield made


async def found(registry, **wanted):
    return [conversation.id async for conversation in registry.find(**wanted)]


async def test_records(client, registry, clock):
    """What the client makes is recorded with owner, metadata and time."""
    made = await client.conversations.create(metadata={"user": "42", "topic": "weather"})

    known = await registry.get(made.id)

    assert known is not None
    assert ("42", {"user": "42", "topic": "weather"}) == (known.owner, known.metadata)
    assert (clock.now, clock.now, None) == (known.created_at, known.active_at, known.deleted_at)
    assert [] == await registry.pending(older_than=0)


async def test_find(client, registry, clock):
    """Conversations are found by owner, in the order of their making."""
    first = await client.conversations.create(metadata={"user": "42"})
    await client.conversations.create(metadata={"user": "43"})
    with registry.owned_by("42"):
        second = await client.conversations.create()

    assert [first.id, second.id] == await found(registry, owner="42")
    assert 3 == len(await found(registry))
    assert [] == await found(registry, owner="44")


async def test_activity(client, registry, clock):
    """Writes count as activity, reads do not; what was idle long enough has expired."""
    idle, written = await client.conversations.create(), await client.conversations.create()
    clock.now += timedelta(days=91).total_seconds()
    await client.conversations.retrieve(idle.id)
    await client.conversations.items.list(idle.id)
    await client.conversations.items.create(written.id, items=[{"role": "user", "content": "x"}])

    assert [idle.id] == [id async for id in registry.expired(older_than=timedelta(days=90))]
    known = await registry.get(written.id)
    assert known is not None
    assert clock.now == known.active_at


async def test_update(client, registry):
    """New metadata replace the old ones, and may name another owner."""
    made = await client.conversations.create(metadata={"user": "42", "a": "b"})

    await client.conversations.update(made.id, metadata={"user": "43"})
    known = await registry.get(made.id)

    assert known is not None
    assert ("43", {"user": "43"}) == (known.owner, known.metadata)


async def test_delete(client, registry, clock):
    """What was deleted is not found any more, but remembered; also when the service did not know it."""
    made, gone = await client.conversations.create(), await client.conversations.create()
    await client.conversations.delete(made.id)
    async with ConversationsClient(api_key="k", base_url=client.base_url) as other:
        await other.conversations.delete(gone.id)
    with pytest.raises(APIError):
        await client.conversations.delete(gone.id)

    assert [] == await found(registry)
    assert [made.id, gone.id] == await found(registry, deleted=True)


async def test_adopt(registry, tmp_path):
    """Ids that come from elsewhere are added once, and can be given an owner."""
    (tmp_path / "ids.txt").write_text("conv_1\nconv_2\n")

    added = [await registry.track(tmp_path / "ids.txt", owner="7"), await registry.track(["conv_2", "conv_3"])]

    assert [2, 1] == added
    assert ["conv_1", "conv_2"] == await found(registry, owner="7")


async def test_crash_between_create_and_record(client, registry, server, tmp_path, clock):
    """A creation whose answer nobody heard is told of: a conversation may be there whose id nobody has."""
    server.add_fault("commit_then_drop:operation=createConversation")
    with pytest.raises(APIError):
        await client.conversations.create(metadata={"user": "42"})

    (birth,) = await registry.pending(older_than=0)

    assert ("42", {"user": "42"}, clock.now) == (birth.owner, birth.metadata, birth.at)
    assert [] == await registry.pending(older_than=1)
    await registry.settle(birth, conversation_id=server.conversations()[0].id)
    assert [] == await registry.pending(older_than=0)
    assert [server.conversations()[0].id] == await found(registry, owner="42")


async def test_killed_process(tmp_path, clock):
    """A birth that a killed process left is there for the next one."""

    class KilledError(BaseException):
        pass

    class Asked:
        operation, body, conversation_id = "createConversation", b'{"metadata":{"user":"42"}}', None

    async def dies(_):
        raise KilledError

    async with Registry(tmp_path / "r.sqlite", now=clock) as registry:
        with pytest.raises(KilledError):
            await registry(Asked(), dies)

    async with Registry(tmp_path / "r.sqlite", now=clock) as registry:
        (birth,) = await registry.pending(older_than=0)
        await registry.settle(birth)
        assert [] == await registry.pending(older_than=0)


async def test_refused_creation_leaves_nothing(client, registry, server):
    """A creation that the service refused left no conversation, and is not told of."""
    server.add_fault("status:status=400,operation=createConversation")
    with pytest.raises(BadRequestError):
        await client.conversations.create()

    assert [] == await registry.pending(older_than=0)


async def test_feeds_the_bulk_runner(client, registry, server, tmp_path):
    """Everything of an owner is erased; the registry knows it afterwards, and nothing of others is touched."""
    for number in range(6):
        await client.conversations.create(metadata={"user": str(number % 2)}, items=[{"role": "user", "content": "x"}])
    kept = await found(registry, owner="0")

    summary = await run_bulk(
        "erase", erasing(client.conversations), registry.ids(owner="1"), ledger=tmp_path / "ledger.sqlite"
    )

    assert 3 == summary.done
    assert [] == await found(registry, owner="1")
    assert kept == await found(registry)
    for id in await found(registry, deleted=True):
        server.assert_erased(id)


async def test_many(registry):
    """A list of any length comes page by page."""
    await registry.track(f"conv_{number}" for number in range(1234))

    assert 1234 == len(await found(registry))


async def test_shared_by_processes(registry, tmp_path):
    """The same file can be open twice."""
    async with Registry(tmp_path / "conversations.sqlite") as other:
        await other.track(["conv_1"])
        await registry.track(["conv_2"])

        assert ["conv_1", "conv_2"] == await found(registry) == await found(other)


async def test_no_registry(tmp_path):
    """A file that is something else is refused."""
    (tmp_path / "x").write_bytes(b"conv_1\n" * 300)

    with pytest.raises(RegistryError):
        async with Registry(tmp_path / "x"):
            pass
