"""What the assertions make of what is stored and of the journal."""

from __future__ import annotations

import aiohttp
import pytest

from openai_conversations.server import faults
from openai_conversations.server.inspection.assertions import summary
from tests.server.api import user


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
    """What was stored and sent again after its response was lost or false is stored twice, and faults."""
    conversation = await replay(api, server, fault, user("Hello"))
    with pytest.raises(AssertionError) as caught:
        server.assert_no_duplicates()

    first, second = server.items(conversation)
    told = {"commit_then_drop": "no response", "commit_then_status": "responded 500"}.get(fault.name, "responded 200")
    assert [
        "something was stored more than once:",
        f"{conversation}: 2 times message user: 'Hello'",
        f"  {first['id']} by request 2 createConversationItems: {told} ({fault.name})",
        f"  {second['id']} by request 3 createConversationItems: responded 200",
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


def test_summaries_are_short():
    """An item is shown in one line, whatever it holds."""
    assert 'function_call {"name":"f"}' == summary({"type": "function_call", "id": "fc_1", "name": "f"})
    assert 101 == len(summary(user("x" * 1000)))
    assert "message user: 'a'" == summary({"type": "message", "role": "user", "content": [{"text": "a"}, "b"]})
