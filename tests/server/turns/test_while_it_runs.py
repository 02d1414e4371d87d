"""A turn that a test holds: the lock, the client that leaves, speed, and what happens in the background."""

from __future__ import annotations

import asyncio

import pytest

from tests.server.api import texts, user
from tests.server.faults.support import Clock, Naps, until
from tests.server.model.support import WEATHER


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def naps():
    return Naps()


@pytest.fixture
def settings(request, naps, clock):
    params = getattr(request.node, "callspec", None)
    profile = params.params.get("profile", "openai") if params else "openai"
    return {"seed": 1, "profile": profile, "sleep": naps, "clock": clock}


def streaming(input="Hi", **fields):
    return {"model": "gpt-5", "input": input, "stream": True, **fields}


async def take(events, type):
    """Read on until an event of this type has come."""
    return [event async for event in _until(events, type)]


async def _until(events, type):
    async for event in events:
        yield event
        if event["type"] == type:
            return


async def test_a_test_lets_out_token_by_token(api, server):
    """What is held does not leave; what is released does."""
    turn = server.model.say("a b c d").hold()
    async with api.open("POST", "/responses", streaming()) as events:
        await take(events, "response.content_part.added")
        said = []
        for n in (1, 2):
            turn.release(n)
            said += [(await anext(events))["delta"] for _ in range(n)]
        assert ["a", " b", " c"] == said
        turn.release()
        assert "response.completed" == (await take(events, "response.completed"))[-1]["type"]


async def test_a_turn_without_deltas_is_held_at_its_end(api, server):
    """A failure can be held, too."""
    turn = server.model.fail().hold()
    async with api.open("POST", "/responses", streaming()) as events:
        await take(events, "response.in_progress")
        turn.release(1)
        assert ["response.failed"] == [event["type"] async for event in events]


async def test_one_turn_at_a_time(api, server):
    """While one runs another is refused; items can be added, and stand before what the turn adds."""
    conversation = await api.create()
    turn = server.model.say("one").hold()
    async with api.open("POST", "/responses", streaming("a", conversation=conversation)) as events:
        await take(events, "response.in_progress")
        refused = await api.turn("b", conversation=conversation)
        await api.append(conversation, user("meanwhile"))
        turn.release()
        await take(events, "response.completed")

    assert (400, "conversation", "conversation_locked") == refused.error
    assert ["meanwhile", "a", "one"] == texts(await api.list(conversation, "?order=asc"))
    server.model.say("two")
    assert 200 == (await api.turn("b", conversation=conversation)).status


@pytest.mark.parametrize("profile", ["openai,items_during_turn=refused"])
async def test_items_can_be_locked_out(api, server, profile):
    """A trait says whether items are added and deleted while a turn runs."""
    conversation = await api.create(user("a"))
    (item,) = server.items(conversation)
    turn = server.model.say("one").hold()
    async with api.open("POST", "/responses", streaming("a", conversation=conversation)) as events:
        await take(events, "response.in_progress")
        added = await api.append(conversation, user("b"))
        deleted = await api.ask("DELETE", f"/conversations/{conversation}/items/{item['id']}")
        turn.release()
        await take(events, "response.completed")

    assert ["conversation_locked"] * 2 == [response.error[2] for response in (added, deleted)]
    assert 200 == (await api.append(conversation, user("b"))).status


async def test_an_id_that_is_there_already(api, server):
    """The input of a turn cannot hold an item that the conversation has."""
    conversation = await api.create(user("a"))
    (item,) = server.items(conversation)
    response = await api.turn([item], conversation=conversation)

    assert 400 == response.status
    assert "Duplicate item" in response.json["error"]["message"]


async def leave(api, server, conversation):
    """Begin a turn that says something and calls a tool, twice; hang up while it is held."""
    scripted = server.model.say("Well").call("get_weather", call_id="call_1").say("more").hold()
    async with api.open("POST", "/responses", streaming("a", conversation=conversation, tools=[WEATHER])) as events:
        id = (await take(events, "response.created"))[-1]["response"]["id"]
    await scripted.wait_until_client_left()
    assert scripted.client_left
    scripted.release()
    await until(lambda: server.requests[-1].committed)
    return id


@pytest.mark.parametrize(
    ("profile", "kept"),
    [
        ("openai", ["message", "message", "function_call", "message"]),
        ("openai,aborted_turn=unchanged", []),
        ("openai,aborted_turn=call", ["message", "message", "function_call"]),
    ],
)
async def test_a_client_that_leaves(api, server, profile, kept):
    """The turn runs on and its response is complete; what the conversation gets is a trait."""
    conversation = await api.create()
    id = await leave(api, server, conversation)
    entry = server.requests[-1]

    assert kept == [item["type"] for item in server.items(conversation)]
    assert "completed" == (await api.ask("GET", f"/responses/{id}")).json["status"]
    assert (True, False, 4, id) == (entry.client_left, entry.acknowledged, entry.events, entry.response_id)


@pytest.mark.parametrize("profile", ["openai,lock_after_disconnect=30"])
async def test_a_lock_that_is_left_behind(api, server, clock, profile):
    """A trait says how long a conversation stays locked when the client of a turn has left."""
    conversation = await api.create()
    await leave(api, server, conversation)
    server.model.say("again")
    output = {"type": "function_call_output", "call_id": "call_1", "output": "21"}

    assert 400 == (await api.turn([output], conversation=conversation)).status
    clock.now += 31
    assert 200 == (await api.turn([output], conversation=conversation)).status


async def test_a_client_that_leaves_a_plain_turn(api, server):
    """A client that waits for no stream is missed as well."""
    turn = server.model.say("a").hold()
    asking = asyncio.create_task(api.turn())
    await until(lambda: server.model.seen)
    asking.cancel()
    await turn.wait_until_client_left()
    turn.release()
    await until(lambda: server.requests[-1].committed)

    assert (None, True) == (server.requests[-1].status, server.requests[-1].client_left)


async def test_speed(api, server, naps):
    """Tokens come at the speed that was set, on the server's clock."""
    server.model.set_speed(tokens_per_second=50, first_token=2)
    server.model.say("a b c")
    await api.turn()

    assert [2, 0.02, 0.02] == naps.asked


# In the background


async def test_the_background(api, server):
    """The response is queued at first, in progress while it runs, and complete when it was stored."""
    conversation = await api.create()
    turn = server.model.say("done").hold()
    begun = (await api.turn("a", background=True, conversation=conversation)).json
    path = f"/responses/{begun['id']}"
    running = (await api.ask("GET", path)).json
    turn.release()
    await until(lambda: server.items(conversation))
    ended = (await api.ask("GET", path)).json

    assert ["queued", "in_progress", "completed"] == [one["status"] for one in (begun, running, ended)]
    assert ["a", "done"] == texts(await api.list(conversation, "?order=asc"))


async def test_a_background_stream_runs_on(api, server):
    """It does not mind its client; another one can read on, from any event."""
    turn = server.model.say("a b c").hold()
    async with api.open("POST", "/responses", streaming(background=True)) as events:
        begun = await take(events, "response.in_progress")
    await turn.wait_until_client_left()
    turn.release()
    id = begun[0]["response"]["id"]
    async with api.open("GET", f"/responses/{id}?stream=true&starting_after=4") as events:
        resumed = [event async for event in events]
    async with api.open("GET", f"/responses/{id}?stream=true") as events:
        again = [event async for event in events]

    assert ["response.created", "response.queued", "response.in_progress"] == [event["type"] for event in begun]
    assert [*range(5, len(again))] == [event["sequence_number"] for event in resumed]
    assert (begun, resumed) == (again[:3], again[5:])
    assert "completed" == again[-1]["response"]["status"]


async def test_five_minutes(api, clock):
    """After that a background response cannot be streamed any more, but looked up."""
    events = await api.stream(background=True)
    path = f"/responses/{events[0]['response']['id']}"
    clock.now += 301

    assert (400, "stream", "invalid_value") == (await api.ask("GET", f"{path}?stream=true")).error
    assert 200 == (await api.ask("GET", path)).status
    await api.turn()  # forgets what is too old
    assert 400 == (await api.ask("GET", f"{path}?stream=true")).status


async def test_what_cannot_be_streamed_again(api):
    """Only what was begun as a stream in the background."""
    ids = [(await api.turn()).json["id"], (await api.turn(background=True)).json["id"]]

    assert [400, 400] == [(await api.ask("GET", f"/responses/{id}?stream=true")).status for id in ids]


async def test_cancel(api, server):
    """A background turn stops, and leaves the conversation as it was; one that has ended stays as it is."""
    conversation = await api.create()
    turn = server.model.say("a b c").hold()
    async with api.open("POST", "/responses", streaming(background=True, conversation=conversation)) as events:
        id = (await take(events, "response.in_progress"))[0]["response"]["id"]
        cancelled = await api.ask("POST", f"/responses/{id}/cancel")
        assert [] == [event async for event in events if "delta" in event["type"] or "completed" in event["type"]]
    turn.release()
    again = await api.ask("POST", f"/responses/{id}/cancel")
    server.model.say("next")

    assert ["cancelled"] * 3 == [
        response.json["status"] for response in (cancelled, again, await api.ask("GET", f"/responses/{id}"))
    ]
    assert [] == server.items(conversation)
    assert 200 == (await api.turn("b", conversation=conversation)).status


async def test_cancel_is_for_the_background(api):
    """Another response cannot be cancelled."""
    id = (await api.turn()).json["id"]

    assert 400 == (await api.ask("POST", f"/responses/{id}/cancel")).status


async def test_a_turn_that_sleeps_is_cancelled(api, server, naps):
    """A slow model does not make a client wait."""
    naps.ended.clear()
    server.model.set_speed(first_token=1000)
    id = (await api.turn(background=True)).json["id"]
    await naps.begun.wait()

    assert "cancelled" == (await api.ask("POST", f"/responses/{id}/cancel")).json["status"]


async def test_a_turn_that_waits_for_its_next_token_is_cancelled(api, server, naps):
    """It is stopped between two tokens as well as before the first."""
    naps.ended.clear()
    server.model.set_speed(tokens_per_second=0.001)
    server.model.say("a b")
    id = (await api.turn(background=True)).json["id"]
    await naps.begun.wait()

    assert "cancelled" == (await api.ask("POST", f"/responses/{id}/cancel")).json["status"]
    assert [1000] == naps.asked


async def test_a_response_that_is_deleted_while_it_runs(api, server):
    """It is not stored; the conversation gets its items."""
    conversation = await api.create()
    turn = server.model.say("a").hold()
    id = (await api.turn(background=True, conversation=conversation)).json["id"]
    deleted = await api.ask("DELETE", f"/responses/{id}")
    turn.release()
    await until(lambda: server.items(conversation))

    assert {"id": id, "object": "response", "deleted": True} == deleted.json
    assert 404 == (await api.ask("GET", f"/responses/{id}")).status


async def test_the_end_of_the_server_ends_turns(api, server):
    """Nothing of a turn that was running is stored."""
    conversation = await api.create()
    server.model.say("a").hold()
    await api.turn(background=True, conversation=conversation)
    await server.stop()
    await server.start()

    assert [] == server.conversations()


async def test_reset_ends_turns(api, server):
    """Nothing of them is stored afterwards, and the model has no script."""
    server.model.say("a").hold()
    await api.turn(background=True)
    server.reset()
    conversation = await api.create()
    response = await api.turn("Hi", conversation=conversation)

    assert "You said: Hi" == response.json["output"][0]["content"][0]["text"]


async def test_a_conversation_that_is_deleted_meanwhile(api, server):
    """The response is complete; there is no conversation that could get its items."""
    conversation = await api.create()
    turn = server.model.say("a").hold()
    id = (await api.turn(background=True, conversation=conversation)).json["id"]
    await api.ask("DELETE", f"/conversations/{conversation}")
    turn.release()
    await until(lambda: server.requests[1].committed)

    assert "completed" == (await api.ask("GET", f"/responses/{id}")).json["status"]
    assert [] == server.items(conversation)


async def test_nobody_goes_on_from_what_still_runs(api, server):
    """The previous response must have ended."""
    turn = server.model.say("a").hold()
    id = (await api.turn(background=True)).json["id"]
    refused = await api.turn("b", previous_response_id=id)
    turn.release()

    assert (400, "previous_response_id", "previous_response_not_completed") == refused.error


@pytest.mark.parametrize("profile", ["openai,aborted_turn=call"])
async def test_an_aborted_turn_without_a_call(api, server, profile):
    """All of its items are stored."""
    conversation = await api.create()
    turn = server.model.say("a").hold()
    async with api.open("POST", "/responses", streaming(conversation=conversation)) as events:
        await anext(events)
    await turn.wait_until_client_left()
    turn.release()
    await until(lambda: server.requests[-1].committed)

    assert 2 == len(server.items(conversation))


async def test_a_long_text_lets_others_live(api, server):
    """The event loop is given back while a long text is made."""
    server.model.say("word " * 2000)
    events = await api.stream()

    assert 2000 < len(events)


async def test_a_foreground_response_can_be_looked_up_while_it_runs(api, server):
    """Its id is known from its first event; it cannot be cancelled."""
    turn = server.model.say("a").hold()
    async with api.open("POST", "/responses", streaming()) as events:
        id = (await anext(events))["response"]["id"]
        responses = [await api.ask("GET", f"/responses/{id}"), await api.ask("POST", f"/responses/{id}/cancel")]
        turn.release()

    assert "in_progress" == responses[0].json["status"]
    assert 400 == responses[1].status
