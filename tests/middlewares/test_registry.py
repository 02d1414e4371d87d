"""The registry: every conversation that a client makes, and what a crash leaves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from datetime import timedelta

import pytest

from openai_conversations import ConversationsClient, RetryPolicy
from openai_conversations.bulk.jobs import erasing
from openai_conversations.bulk.runner import run_bulk
from openai_conversations.errors import (
    APIError,
    APITimeoutError,
    BadRequestError,
    InvalidArgumentError,
    NotFoundError,
    WrongEventLoopError,
)
from openai_conversations.middlewares.registry import Registry
from openai_conversations.server import ConversationsServer
from openai_conversations.storage.errors import RegistryError
from tests.fakes import Script, append_request, delete_request, respond


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


def create(**changes):
    """A create, as the client makes it."""
    values = {"operation": "createConversation", "body": b'{"metadata":{"user":"42"}}', "conversation_id": None}
    return append_request(**{**values, **changes})


def made(id="conv_1"):
    return respond(200, b'{"id":"%s"}' % id.encode())


@contextlib.contextmanager
def locked_elsewhere(tmp_path):
    """Another process writes to the file."""
    path = tmp_path / "conversations.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


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

    assert [idle.id] == [id async for id in registry.expired(older_than=timedelta(days=90))]  # waits for the record
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


async def test_track(registry, tmp_path):
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

    (pending,) = await registry.pending(older_than=0)

    assert ("42", {"user": "42"}, clock.now) == (pending.owner, pending.metadata, pending.at)
    assert [] == await registry.pending(older_than=1)
    await registry.resolve(pending, conversation_id=server.conversations()[0].id)
    assert [] == await registry.pending(older_than=0)
    assert [server.conversations()[0].id] == await found(registry, owner="42")


async def test_killed_process(tmp_path, clock):
    """A pending create that a killed process left is there for the next one."""

    class KilledError(BaseException):
        pass

    async def dies(_):
        raise KilledError

    async with Registry(tmp_path / "r.sqlite", now=clock) as registry:
        with pytest.raises(KilledError):
            await registry(create(), dies)

    async with Registry(tmp_path / "r.sqlite", now=clock) as registry:
        (pending,) = await registry.pending(older_than=0)
        await registry.resolve(pending)
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


async def test_a_create_that_succeeded_stays_a_success(registry, caplog):
    """When the registry is closed between request and record, the caller gets the conversation, and the log its id."""

    async def closes(_):
        await registry.__aexit__()
        return made("conv_7")

    with caplog.at_level(logging.WARNING, "openai_conversations"):
        response = await registry(create(), closes)

    assert b'{"id":"conv_7"}' == response.content
    assert 1 == len(caplog.messages)
    assert "what became of conv_7 was not written down" in caplog.messages[0]


@pytest.mark.parametrize("operation", ["createConversationItems", "updateConversation", "deleteConversation"])
async def test_a_write_that_succeeded_stays_a_success(registry, caplog, operation):
    """A closed registry changes nothing about writes to a conversation; that it wrote nothing down is logged."""
    await registry.__aexit__()

    with caplog.at_level(logging.WARNING, "openai_conversations"):
        response = await registry(append_request(operation=operation), Script(respond(200)))

    assert 200 == response.status_code
    assert "what became of conv_1 was not written down" in caplog.messages[0]


async def test_full_disk(registry, caplog):
    """A disk that is full after a create does not take the id from the caller; the pending create tells of it."""
    database = registry._file  # noqa: SLF001  # nothing public fills a disk

    async def fills(_):
        (pages,) = database.run_now(lambda db: db.execute("PRAGMA page_count").fetchone())
        database.run_now(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())
        return made("conv_" + "x" * 100_000)

    response = await registry(create(), fills)

    assert 200 == response.status_code
    assert "was not written down" in caplog.messages[0]
    assert 1 == len(await registry.pending(older_than=0))


async def test_a_create_is_refused_before_it_is_sent(registry, tmp_path):
    """A registry that cannot write refuses a create, and says that it was not sent."""
    await registry.__aexit__()
    sent = Script(made())

    with pytest.raises(RegistryError, match="is closed; the create was not sent"):
        await registry(create(), sent)

    assert [] == sent.requests


async def test_deadline_before_a_create(registry, tmp_path):
    """A create waits for a file that is locked elsewhere as long as the call may take, and is not sent."""
    sent = Script(made())

    with locked_elsewhere(tmp_path):
        began = time.monotonic()
        with pytest.raises(RegistryError, match="the create was not sent"):
            await registry(create(deadline=began + 0.1), sent)
        took = time.monotonic() - began

    assert took < 5
    assert [] == sent.requests
    await registry.track(["conv_2"])  # what comes later is written, and the create that was given up is not
    assert [] == await registry.pending(older_than=0)


async def test_deadline_after_a_create(registry, tmp_path):
    """A create that succeeded returns at the deadline at the latest, and is written down when the file is free."""
    lock = contextlib.ExitStack()

    async def locks(_):
        lock.enter_context(locked_elsewhere(tmp_path))
        return made("conv_7")

    began = time.monotonic()
    response = await registry(create(deadline=began + 0.1), locks)
    took = time.monotonic() - began
    lock.close()
    await registry.track([])

    assert 200 == response.status_code
    assert took < 5
    assert ["conv_7"] == await found(registry, idle_for=0)


async def test_reads_beside_a_writer(registry, tmp_path):
    """Reading waits for no other process that writes, and neither does opening."""
    await registry.track(["conv_1"], owner="7")

    with locked_elsewhere(tmp_path):
        began = time.monotonic()
        async with Registry(tmp_path / "conversations.sqlite") as other:
            known = [await registry.get("conv_1"), await other.get("conv_1")]
        listed = [await found(registry, idle_for=-1), await registry.pending()]
        took = time.monotonic() - began

    assert ["conv_1", "conv_1"] == [each and each.id for each in known]
    assert [["conv_1"], []] == listed
    assert took < 5


async def test_operations_that_it_does_not_know(registry):
    """An operation of another kind passes through and changes nothing."""
    await registry.track(["conv_1"])
    before = await registry.get("conv_1")

    response = await registry(append_request(operation="somethingNew"), Script(respond(200)))

    assert (200, before) == (response.status_code, await registry.get("conv_1"))


async def test_timeouts_are_no_creation(registry):
    """A create that was certainly not sent leaves nothing pending; one that may have arrived does."""
    for sent, left in ((False, 0), (True, 1)):
        with pytest.raises(APITimeoutError):
            await registry(create(), Script(APITimeoutError(sent=sent)))
        assert left == len(await registry.pending(older_than=0))


def missing(body):
    return NotFoundError("404", response=respond(404), body=body)


@pytest.mark.parametrize(
    ("body", "is_gone"),
    [
        ({"error": {"message": "Conversation with id 'conv_1' not found."}}, True),
        ({"detail": "Conversation conv_1 not found"}, True),
        ({"detail": "Not Found"}, False),
        ({"error": {"message": "Invalid URL (DELETE /conversations)"}}, False),
        ("<html>404</html>", False),
        (None, False),
    ],
    ids=str,
)
async def test_only_the_api_says_that_it_is_gone(registry, body, is_gone):
    """A 404 that does not name the conversation is a gateway's, and says nothing about it."""
    await registry.track(["conv_1"])

    with pytest.raises(NotFoundError):
        await registry(delete_request(), Script(missing(body)))

    assert is_gone == (["conv_1"] == await found(registry, deleted=True))


HALF = "half an emoji \ud83d"
ODD = (HALF, "", "\0", "ü" * 10_000, "'; DROP TABLE conversations; --", "0")


@pytest.mark.parametrize("odd", ODD, ids=ascii)
async def test_odd_texts(registry, odd):
    """Ids and owners of any text are kept as they are, and found again."""
    with registry.owned_by(odd or "x"):
        await registry(create(body=None), Script(made()))
    await registry.track([odd or "x"], owner=odd or "x")

    known = await registry.get(odd or "x")
    assert known is not None
    assert (odd or "x", odd or "x") == (known.id, known.owner)
    assert ["conv_1", odd or "x"] == await found(registry, owner=odd or "x")


BODIES = {
    "half an emoji": (b'{"metadata":{"user":"\\ud83d","b":"\\ud83d"}}', {"user": "\ud83d", "b": "\ud83d"}),
    "over 64 bits": (b'{"metadata":{"user":18446744073709551616}}', {"user": 2**64}),
    "infinity": (b'{"metadata":{"a":1e999}}', {"a": float("inf")}),
    "no object": (b'{"metadata":[1]}', {}),
    "no JSON": (b"{", {}),
    "no UTF-8": (b'{"metadata":{"a":"\xff"}}', {}),
    "nested": (b'{"metadata":' + b"[" * 100_000, {}),
    "digits": (b'{"metadata":{"a":' + b"1" * 5000 + b"}}", {}),
    "none": (None, {}),
}


@pytest.mark.parametrize(("body", "metadata"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("operation", ["createConversation", "updateConversation"])
async def test_odd_metadata(registry, operation, body, metadata):
    """Metadata of any kind are kept; nothing hangs, and the next call is written down."""
    if operation == "updateConversation":
        await registry.track(["conv_1"])
    request = create(operation=operation, body=body, conversation_id="conv_1")
    async with asyncio.timeout(5):
        await registry(request, Script(made()))
        await registry(create(), Script(made("conv_2")))

    known = await registry.get("conv_1")
    assert known is not None
    assert metadata == known.metadata
    assert 2 == len(await found(registry))


@pytest.mark.parametrize(
    "content",
    [b'{"id":"\\ud83d"}', b'{"id":7}', b'{"id":18446744073709551616}', b"{", b"", b"null", b'{"id":""}'],
    ids=str,
)
async def test_odd_responses(registry, content):
    """Whatever the server says, the caller gets it; what has no id stays pending."""
    async with asyncio.timeout(5):
        response = await registry(create(), Script(respond(200, content)))
        await registry(create(), Script(made("conv_2")))

    assert content == response.content
    assert 2 == len(await found(registry)) + len(await registry.pending(older_than=0))


IMPOSSIBLE = {
    "an owner that is no text": lambda registry: registry.track(["a"], owner=object()),
    "an id that is no text": lambda registry: registry.track([7]),
    "a time over 64 bits": lambda registry: found(registry, idle_for=-(10**400)),
    "an owner over 64 bits": lambda registry: found(registry, owner=2**64),
}


@pytest.mark.parametrize("bad", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_what_cannot_be_kept(registry, bad):
    """What no registry can keep is an error of whoever gave it: nothing hangs, and the next write succeeds."""
    async with asyncio.timeout(5):
        with pytest.raises(InvalidArgumentError):
            await bad(registry)
        assert 1 == await registry.track(["conv_1"])


@pytest.mark.parametrize("owner", ["", None, 7])
def test_no_owner(tmp_path, owner):
    """An owner is a string that is not empty."""
    with pytest.raises(InvalidArgumentError, match="owner must be a string"), Registry(tmp_path / "r").owned_by(owner):
        pass


async def test_broken_metadata(registry, tmp_path):
    """Metadata that are JSON no more are told as they stand in the file."""
    await registry.track(["conv_1", "conv_2"])
    with contextlib.closing(sqlite3.connect(tmp_path / "conversations.sqlite")) as db, db:
        db.execute("UPDATE conversations SET metadata = '{' WHERE id = 'conv_1'")

    known = await registry.get("conv_1")

    assert known is not None
    assert {"unreadable": "{"} == known.metadata
    assert 2 == len(await found(registry))


async def test_another_event_loop(registry):
    """A call from another event loop is refused before it is sent."""
    sent = Script(made())

    async def elsewhere():
        for request in (create(), append_request(), delete_request()):
            with pytest.raises(WrongEventLoopError, match="another event loop"):
                await registry(request, sent)

    await asyncio.to_thread(asyncio.run, elsewhere())

    assert [] == sent.requests
