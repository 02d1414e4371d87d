"""What is judged and written down of turns."""

from __future__ import annotations

import contextlib

import aiohttp
import pytest

from openai_conversations.server import faults
from openai_conversations.server.serve import access_line


async def test_turns_are_counted(api, server):
    """A turn counts when it left its items, whatever its client heard of it; a difference names the requests."""
    conversation, other = await api.create(), await api.create()
    server.add_fault(faults.commit_then_status(500, operation="createResponse"))
    server.add_fault(faults.completed_not_stored())
    statuses = [(await api.turn(conversation=conversation)).status for _ in range(3)]
    await api.turn(conversation=other)
    server.assert_turns(conversation, 2)
    server.assert_turns(other, 1)

    assert [500, 200, 200] == statuses
    with pytest.raises(AssertionError) as raised:
        server.assert_turns(conversation, 3)
    head, *lines = str(raised.value).splitlines()
    ids = [entry.response_id for entry in server.requests if entry.conversation_id == conversation][1:]
    assert f"{conversation} holds 2 turns, not 3:" == head
    assert [
        f"  request 3 createResponse: responded 500 (commit_then_status): stored 2 items, {ids[0]}",
        f"  request 4 createResponse: responded 200 (completed_not_stored): stored no item, {ids[1]}",
        f"  request 5 createResponse: responded 200: stored 2 items, {ids[2]}",
    ] == lines


async def test_a_turn_that_was_refused_is_none(api, server):
    """It is named, as every request for a turn in the conversation."""
    conversation = await api.create({"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"})
    await api.turn(conversation=conversation)

    server.assert_turns(conversation, 0)
    with pytest.raises(AssertionError, match="request 2 createResponse: responded 400: stored nothing"):
        server.assert_turns(conversation, 1)
    with pytest.raises(AssertionError, match="no turn was asked for"):
        server.assert_turns("conv_none", 1)


async def test_turns_over_the_control_path(api):
    """Other languages count them as well."""
    conversation = await api.create()
    await api.turn(conversation=conversation)
    url = f"{api.server.url}/_control/assertions/turns"
    results = [await api.ask("POST", url, {"conversation_id": conversation, "count": n}) for n in (1, 2, "x")]

    assert [True, False] == [result.json["ok"] for result in results[:2]]
    assert 400 == results[2].status


async def test_the_journal_tells_of_streams(api, server):
    """How many events were sent, what was stored, and whether a whole true response left."""
    conversation = await api.create()
    events = await api.stream(conversation=conversation)
    entry = server.requests[-1]

    assert (200, True, True, len(events), False) == (
        entry.status,
        entry.committed,
        entry.acknowledged,
        entry.events,
        entry.client_left,
    )
    assert (conversation, events[0]["response"]["id"]) == (entry.conversation_id, entry.response_id)
    assert [item["id"] for item in server.items(conversation)] == list(entry.item_ids)


async def test_the_access_log_tells_of_streams(api, server):
    """One line, with the number of events."""
    turn = server.model.say("a").hold()
    async with api.open("POST", "/responses", {"model": "m", "input": "a", "stream": True}) as events:
        await anext(events)
    await turn.wait_until_client_left()
    turn.release()

    assert access_line(server.requests[-1]).endswith(" events=4 client left")


async def test_the_script_over_the_control_path(api, server):
    """Other languages script the model, see what it was given, and whether all was used."""
    url = f"{server.url}/_control"
    added = await api.ask("POST", f"{url}/script", {"turns": ["a", {"reason": "Hm.", "say": "b"}]})
    refused = await api.ask("POST", f"{url}/script", {"turns": [{"shout": "a"}]})
    answer = await api.turn("Hi", instructions="Be kind")
    (turn,) = (await api.ask("GET", f"{url}/turns")).json
    unused = await api.ask("POST", f"{url}/assertions/script-used")
    await api.ask("DELETE", f"{url}/script")
    used = await api.ask("POST", f"{url}/assertions/script-used")

    assert ["message", "reasoning + message"] == [turn["turn"] for turn in added.json["turns"]]
    assert 400 == refused.status
    assert "a" == answer.json["output"][0]["content"][0]["text"]
    assert (1, "gpt-5", "Be kind", "", []) == tuple(
        turn[name] for name in ("number", "model", "instructions", "conversation_id", "tools")
    )
    assert ["Hi"] == [item["content"][0]["text"] for item in turn["prompt"]]
    assert ({"ok": False, "message": "the script was not used up:\n  reasoning + message"}, {"ok": True}) == (
        unused.json,
        used.json,
    )


# Verdicts


async def test_a_turn_that_was_taken_twice(api, server):
    """A turn is a duplicate when its response was lost and it was taken again, with a conversation and without."""
    conversation = await api.create()
    for fields in ({}, {"conversation": conversation}, {"store": False, "input": "b", "conversation": conversation}):
        server.add_fault(faults.commit_then_drop(operation="createResponse"))
        with contextlib.suppress(aiohttp.ClientError):
            await api.turn(**{"input": "a", **fields})
        await api.turn(**{"input": "a", **fields})
    with pytest.raises(AssertionError) as raised:
        server.assert_no_duplicates()
    turns = [line for line in str(raised.value).splitlines() if "turns from one request" in line]

    assert 3 == len(turns)
    assert turns[0].startswith(
        f"2 turns from one request: {server.requests[1].response_id} by request 2 createResponse"
    )


async def test_turns_that_were_taken_on_purpose(api, server):
    """Equal turns are no duplicates when each was heard of; nor are those of which nothing is left."""
    conversation = await api.create()
    for _ in range(2):
        await api.turn(conversation=conversation)
    server.assert_no_duplicates()
    server.add_fault(faults.commit_then_status(500, count=2))
    for _ in range(2):
        await api.turn("b", conversation=conversation)
        await api.turn("c")
    for entry in server.requests:
        if not entry.conversation_id and entry.response_id:
            await api.ask("DELETE", f"/responses/{entry.response_id}")
    await api.ask("DELETE", f"/conversations/{conversation}")

    server.assert_no_duplicates()


async def test_turns_that_are_not_lost(api, server):
    """A response stands for its output: what a client was told is in the conversation, in order."""
    conversation = await api.create()
    server.model.reason("Hm.").say("one")
    first = (await api.turn("a", conversation=conversation)).json
    server.assert_no_loss({conversation: ["a", first]})
    server.add_fault(faults.completed_not_stored())
    server.model.when().say("You said: b")
    second = (await api.turn("b", conversation=conversation)).json

    with pytest.raises(AssertionError, match=r"- message assistant: 'You said: b'"):
        server.assert_no_loss({conversation: ["a", first, "b", second]})
    with pytest.raises(AssertionError):
        server.assert_no_loss({conversation: [first, "a"]})
