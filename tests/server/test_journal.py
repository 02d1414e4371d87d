"""What the journal tells, and what the verdicts make of it."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.inspection.assertions import summary
from tests.server.api import Api, user


async def test_every_request_has_an_entry(api, server):
    """An entry tells the request, what was understood of it, and what was answered."""
    conversation = await api.create(user("a"))
    listed = await api.list(conversation, "?limit=1&include=a&include=b")
    created, asked = server.requests

    assert ("createConversation", conversation, 200) == (created.operation, created.conversation_id, created.status)
    assert [item["id"] for item in server.items(conversation)] == list(created.item_ids)
    assert (1, True, True) == (created.number, created.committed, created.acknowledged)
    assert {"limit": ["1"], "include": ["a", "b"]} == asked.query
    assert (listed.headers["x-request-id"], 400, False) == (asked.request_id, asked.status, asked.committed)
    assert asked.seconds > 0


async def test_addresses_that_are_none(api, server):
    """A request to nowhere is in the journal too."""
    await api.ask("GET", "/models")

    assert ("", "/v1/models", 404) == (server.requests[0].operation, server.requests[0].path, server.requests[0].status)
    assert "request 1 GET /v1/models: answered 404" == str(server.requests[0])


async def test_keys_are_not_written_down(api, server):
    """No key reaches an entry."""
    await api.ask("POST", "/conversations", headers={"authorization": "Bearer sk-secret", "api-key": "sk-secret"})

    assert "sk-secret" not in repr(server.requests[0])
    assert "sk-secret" not in str(server.requests[0].headers)


async def test_a_client_that_gave_up_was_not_told(session):
    """An answer that found nobody is not acknowledged."""
    asked, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def wait(seconds):
        asked.set()
        await go_on.wait()

    async with ConversationsServer(sleep=wait, on_request=lambda entry: ended.set()) as server:
        api = Api(server, session)
        server.add_fault(faults.slow(1))
        asking = asyncio.ensure_future(api.create(user("a")))
        await asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
        await api.create()  # by the time that this is answered, the server has seen the other connection close
        ended.clear()
        go_on.set()
        await ended.wait()

        assert [(True, False), (True, True)] == [(entry.committed, entry.acknowledged) for entry in server.requests]


async def test_the_listener_hears_of_every_request(session):
    """Each ended request is told to the listener."""
    heard = []
    async with ConversationsServer(on_request=heard.append) as server:
        await Api(server, session).create()

        assert server.requests == heard


async def test_the_journal_can_be_short(session):
    """With a limit the oldest entries go."""
    async with ConversationsServer(journal_limit=2) as server:
        api = Api(server, session)
        for _ in range(3):
            await api.create()

        assert [2, 3] == [entry.number for entry in server.requests]


async def test_reset_forgets_everything(api, server):
    """After a reset the server is as new."""
    server.add_fault(faults.locked(operation="getConversation"))
    await api.create(user("a"))
    server.reset()

    assert ([], [], [], []) == (server.conversations(), server.requests, server.faults, server.orphans())


# Duplicates


async def replay(api, server, fault, *items):
    """A client that sends its append again when it did not hear of the first."""
    conversation = await api.create()
    server.add_fault(fault)
    for _ in range(2):
        try:
            await api.append(conversation, *items)
        except aiohttp.ClientError:
            continue
    return conversation


@pytest.mark.parametrize("fault", [faults.commit_then_drop(), faults.commit_then_status(500), faults.truncated_json()])
async def test_replays_are_duplicates(api, server, fault):
    """What was stored and sent again after its answer was lost or false is stored twice, and faults."""
    conversation = await replay(api, server, fault, user("Hello"))
    with pytest.raises(AssertionError) as caught:
        server.assert_no_duplicates()

    first, second = server.items(conversation)
    answered = {"commit_then_drop": "no answer", "commit_then_status": "answered 500"}.get(fault.name, "answered 200")
    assert [
        "something was stored more than once:",
        f"{conversation}: 2 times message user: 'Hello'",
        f"  {first['id']} by request 2 createConversationItems: {answered} ({fault.name})",
        f"  {second['id']} by request 3 createConversationItems: answered 200",
    ] == str(caught.value).splitlines()


async def test_conversations_that_were_made_twice(api, server):
    """A create with items that was sent again leaves a twin; an empty one holds nothing to double."""
    for body, twin in [({"items": [user("a")]}, True), ({"metadata": {}}, False)]:
        server.reset()
        server.add_fault(faults.commit_then_status(500))
        for _ in range(2):
            await api.ask("POST", "/conversations", body)
        if twin:
            with pytest.raises(AssertionError, match="2 conversations from one request: conv_"):
                server.assert_no_duplicates()
        else:
            server.assert_no_duplicates()


async def test_equal_items_on_purpose(api, server):
    """The same message twice is no duplicate, in one request or in two; by content it is."""
    conversation = await api.create(user("a"), user("a"))
    await api.append(conversation, user("a"))

    server.assert_no_duplicates()
    with pytest.raises(AssertionError, match="3 times message user: 'a'"):
        server.assert_no_duplicates(by="content")


async def test_a_fault_before_the_commit_makes_no_duplicate(api, server):
    """What was not stored the first time may be sent again."""
    await replay(api, server, faults.drop_before_commit(), user("a"))

    server.assert_no_duplicates()
    server.assert_no_duplicates(by="content")


async def test_a_duplicate_that_was_removed_is_none(api, server):
    """What counts is what is stored in the end."""
    conversation = await replay(api, server, faults.commit_then_status(500), user("a"))
    await api.ask("DELETE", f"/conversations/{conversation}/items/{server.items(conversation)[0]['id']}")

    server.assert_no_duplicates()


# Loss


async def test_no_loss(api, server):
    """Everything expected is there in its order; more may be there."""
    conversation = await api.create(user("a"), {"role": "assistant", "content": "b"}, user("c"))

    server.assert_no_loss({conversation: ["a", {"role": "assistant", "content": "b"}, user("c")]})
    server.assert_no_loss({conversation: ["a", "c"]})
    server.assert_no_loss({conversation: []})
    server.assert_no_loss({})


async def test_loss_is_shown(api, server):
    """A missing item, a wrong order, too few of equal ones: each is shown as a difference."""
    conversation = await api.create(user("a"), user("b"))

    for expected in (["a", "x"], ["b", "a"], ["a", "a"]):
        with pytest.raises(AssertionError, match=f"{conversation} lacks some"):
            server.assert_no_loss({conversation: expected})
    with pytest.raises(AssertionError) as caught:
        server.assert_no_loss({conversation: ["a", "x"]})
    assert ["  message user: 'a'", "- message user: 'x'", "+ message user: 'b'"] == str(caught.value).splitlines()[2:]


async def test_a_conversation_that_never_was(server):
    """Nothing is stored in a conversation that never was."""
    server.assert_no_loss({"conv_none": []})
    with pytest.raises(AssertionError, match="- message user: 'a'"):
        server.assert_no_loss({"conv_none": ["a"]})


# Erasure


async def test_erased(api, server):
    """Erased is who left neither a conversation nor an item, not even one that nobody can read."""
    conversation = await api.create(user("a"))
    with pytest.raises(AssertionError, match=f"{conversation} still exists and holds 1 items:\n  msg_"):
        server.assert_erased(conversation)
    (item,) = server.items(conversation)
    await api.ask("DELETE", f"/conversations/{conversation}")
    with pytest.raises(AssertionError, match="is deleted and holds 1 items"):
        server.assert_erased(conversation)
    server.assert_erased("conv_none")
    assert item

    other = await api.create(user("b"))
    (item,) = server.items(other)
    await api.ask("DELETE", f"/conversations/{other}/items/{item['id']}")
    await api.ask("DELETE", f"/conversations/{other}")
    server.assert_erased(other)


async def test_unlinked_items_are_not_erased(api, server):
    """An item that was unlinked by a replay of its id is left behind, and found."""
    conversation = await api.create(user("a"))
    (item,) = server.items(conversation)
    await api.create({"role": "user", "content": "a", "id": item["id"]})
    await api.ask("DELETE", f"/conversations/{conversation}")

    with pytest.raises(AssertionError, match=item["id"]):
        server.assert_erased(conversation)


async def test_an_empty_conversation_is_erased_by_deleting_it(api, server):
    """A conversation that exists is not erased, however empty it is."""
    conversation = await api.create()
    with pytest.raises(AssertionError, match="still exists and holds 0 items"):
        server.assert_erased(conversation)


class TestCascade:
    @pytest.fixture
    def settings(self):
        return {"profile": "openai,after_delete=cascade"}

    async def test_a_cascade_leaves_nothing(self, api, server):
        """Where deleting a conversation deletes its items, that erases it."""
        conversation = await api.create(user("a"))
        await api.ask("DELETE", f"/conversations/{conversation}")

        server.assert_erased(conversation)


# Requests


async def test_requests(api, server):
    """Requests are judged by their order or by their numbers."""
    await api.list(await api.create())

    server.assert_requests("createConversation", "listConversationItems")
    server.assert_requests(createConversation=1, getConversation=0)
    with pytest.raises(AssertionError) as order:
        server.assert_requests("createConversation")
    with pytest.raises(AssertionError) as counts:
        server.assert_requests(createConversation=2)
    with pytest.raises(AssertionError):
        server.assert_requests()
    assert ["  createConversation", "+ listConversationItems"] == str(order.value).splitlines()[1:]
    assert "  createConversation: expected 2, came 1" == str(counts.value).splitlines()[1]


# Behind the client's back


async def test_items_from_nowhere(api, server):
    """Items can appear as if another process had added them, whatever they are."""
    conversation = await api.create(user("a"))
    added = server.add_items(conversation, ["b", {"type": "hologram"}, {"type": "reasoning", "summary": []}])
    await api.append(conversation, user("c"))

    assert added == server.items(conversation)[1:4]
    assert ["message", "message", "hologram", "reasoning", "message"] == [
        item["type"] for item in server.items(conversation)
    ]
    with pytest.raises(ValueError, match="there is no conversation 'conv_none'"):
        server.add_items("conv_none", ["a"])


async def test_looking_behind_the_scenes(api, server):
    """Every conversation can be seen with its items, deleted ones too."""
    first, second = await api.create(user("a"), k="v"), await api.create()
    await api.ask("DELETE", f"/conversations/{first}")

    assert [(first, True, {"k": "v"}, 1), (second, False, {}, 0)] == [
        (seen.id, seen.deleted, seen.metadata, len(seen.items)) for seen in server.conversations()
    ]
    assert server.conversation("conv_none") is None
    assert [] == server.items("conv_none")


def test_summaries_are_short():
    """An item is shown in one line, whatever it holds."""
    assert 'function_call {"name":"f"}' == summary({"type": "function_call", "id": "fc_1", "name": "f"})
    assert 101 == len(summary(user("x" * 1000)))
    assert "message user: 'a'" == summary({"type": "message", "role": "user", "content": [{"text": "a"}, "b"]})
