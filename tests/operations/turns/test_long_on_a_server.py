"""Compact, trim, and reasoning without its item through the client, on a real socket."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from openai_conversations import (
    APIConnectionError,
    APIResponseValidationError,
    BadRequestError,
    ConversationsClient,
    ConversationsError,
    RepairIncompleteError,
    RetryPolicy,
    TrimIncompleteError,
)
from openai_conversations.server import ConversationsServer, faults
from tests.operations.turns.test_whole_turns import items_of

LONG = "s u a u r c1 o1 a u a u a"


@pytest.fixture
async def server() -> AsyncIterator[ConversationsServer]:
    """The embedded server on a real socket."""
    async with ConversationsServer(seed=1) as running:
        yield running


@pytest.fixture
async def client(server: ConversationsServer) -> AsyncIterator[ConversationsClient]:
    """A client on it that does not try again by itself."""
    async with ConversationsClient(api_key="key", base_url=server.base_url, max_retries=0, retry=RetryPolicy()) as made:
        yield made


async def conversation(server: ConversationsServer, client: ConversationsClient, line: str) -> str:
    made = await client.conversations.create(metadata={"user": "42"})
    items = [{**item, "id": f"rs_{item['id']}" if item["type"] == "reasoning" else ""} for item in items_of(line)]
    server.add_items(made.id, items)
    return made.id


def words(server: ConversationsServer, name: str) -> str:
    return " ".join((item.get("role") or item["type"])[:9] for item in server.items(name))


async def goes_on(client: ConversationsClient, name: str) -> str:
    """Take a turn; gives what it came to."""
    return (await client.responses.create(conversation=name, model="m", input="Go on.")).status


async def test_compact(server, client):
    """The counts are the service's, the original stays, and the model goes on in the new conversation."""
    name = await conversation(server, client, LONG)
    before = server.items(name)

    report = await client.conversations.compact(name, model="m", keep_last=2)

    counted = [
        (await client.responses.input_tokens.count(conversation=each, model="m")).input_tokens
        for each in (name, report.conversation_id)
    ]
    assert counted == [report.tokens_before, report.tokens_after]
    assert "system user user compactio user assistant user assistant" == words(server, report.conversation_id)
    assert (before, True, ()) == (server.items(name), report.is_exact, report.left_out)
    assert "completed" == await goes_on(client, report.conversation_id)


async def test_compacted_again(server, client):
    """A conversation that was compacted and went on can be compacted again."""
    name = await conversation(server, client, LONG)
    report = await client.conversations.compact(name, model="m", keep_last=1)
    await goes_on(client, report.conversation_id)

    again = await client.conversations.compact(report.conversation_id, model="m", keep_last=1)

    assert again.conversation_id not in (None, report.conversation_id)
    assert "completed" == await goes_on(client, again.conversation_id)


@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("lost", ["drop_before_commit", "commit_then_drop", "truncated_json"])
async def test_compact_stopped_at_every_request(server, client, lost, number):
    """Wherever a response is lost, a conversation that holds items is named, and the original is as it was."""
    name = await conversation(server, client, f"{LONG} {'u a ' * 12}")
    before = server.items(name)
    server.add_fault(getattr(faults, lost)(skip=number))

    try:
        named = (await client.conversations.compact(name, model="m", keep_last=14)).conversation_id
    except ConversationsError as error:
        named = getattr(error, "conversation_id", None)

    made = {each.id for each in server.conversations() if each.id != name and server.items(each.id)}
    assert made <= {named}
    assert before == server.items(name)


@pytest.mark.parametrize("number", range(14))
@pytest.mark.parametrize("lost", ["drop_before_commit", "commit_then_drop"])
async def test_trim_stopped_at_every_request(server, client, lost, number):
    """Wherever the connection breaks, trimming again completes it, and the model goes on."""
    name = await conversation(server, client, LONG)
    newest = [item["id"] for item in server.items(name)[-2:]]
    server.add_fault(getattr(faults, lost)(skip=number))
    with contextlib.suppress(APIConnectionError, TrimIncompleteError):
        await client.conversations.trim(name, model="m", max_tokens=20)

    report = await client.conversations.trim(name, model="m", max_tokens=20)

    assert newest == [item["id"] for item in server.items(name)[-2:]]
    assert 20 >= report.tokens_after
    assert "completed" == await goes_on(client, name)


async def test_server_that_does_not_delete_items(server, client):
    """It is said at once, and nothing is deleted."""
    name = await conversation(server, client, LONG)
    fault = faults.status(501, operation="deleteConversationItem", count=None)
    server.add_fault(fault)

    with pytest.raises(TrimIncompleteError, match="does not delete items"):
        await client.conversations.trim(name, model="m", max_tokens=20)

    assert 12 == len(server.items(name))


@pytest.mark.parametrize("operation", ["trim", "repair", "erase"])
async def test_an_error_with_200(server, client, operation):
    """A deletion whose response of success holds an error is not taken for one."""
    name = await conversation(server, client, f"{LONG} o9 u")
    server.add_fault(faults.error_in_200(operation="deleteConversationItem"))
    calls = {
        "trim": lambda: client.conversations.trim(name, model="m", max_tokens=20),
        "repair": lambda: client.conversations.repair(name, dry_run=False),
        "erase": lambda: client.conversations.erase(name, concurrency=1),
    }

    with pytest.raises((APIResponseValidationError, TrimIncompleteError, RepairIncompleteError)) as caught:
        await calls[operation]()

    assert 14 == len(server.items(name))
    assert () == getattr(caught.value, "deleted", getattr(caught.value, "done", ()))


async def test_an_error_with_200_for_a_conversation(server, client):
    """A conversation whose deletion was answered with an error is not called erased."""
    name = await conversation(server, client, "u a")
    server.add_fault(faults.error_in_200(operation="deleteConversation"))

    with pytest.raises(APIResponseValidationError):
        await client.conversations.erase(name)

    assert "erased" == (await client.conversations.erase(name)).outcome


@pytest.mark.parametrize("line", ["u r", "u r r u a", "u c1 r o1", "u r c1 o1 a", "u r a", "r r c1 o1"])
async def test_reasoning_without_its_item(server, client, line):
    """The check finds it where the service refuses a turn, and nowhere else; after a repair the model goes on."""
    name = await conversation(server, client, line)
    found = await client.conversations.check(name)

    if found.is_sound:
        assert "completed" == await goes_on(client, name)
        return
    assert {"reasoning_without_item"} == {finding.kind for finding in found.findings}
    with pytest.raises(BadRequestError, match="required following item"):
        await goes_on(client, name)
    await client.conversations.repair(name, dry_run=False)
    assert "completed" == await goes_on(client, name)
