"""Turns held and let out over the control path, by tests in other languages."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes import until

STREAM = {"model": "m", "input": "Hi", "stream": True}


@pytest.fixture
def control(api):
    async def ask(method, path, body=None):
        return (await api.ask(method, f"{api.server.url}/_control/{path}", body)).json

    return ask


async def test_a_turn_is_let_out_piece_by_piece(api, control):
    """A script that holds its turn lets out as many deltas as are asked for, then the rest."""
    await control("POST", "script", {"turns": [{"say": "a b c d", "hold": True}]})
    deltas = []
    async with api.open("POST", "/responses", STREAM) as events:
        for count, so_far in ((2, 2), (1, 3), (None, 4)):
            told = await control("POST", "script/release", {"number": 1, "count": count})
            while len(deltas) < so_far:
                event = await anext(events)
                deltas += [event["delta"]] if "delta" in event else []
            (turn,) = await control("GET", "script")
            assert (count is not None) == turn["held"]

    assert ["a", " b", " c", " d"] == deltas
    assert {"number": 1, "turn": "message", "used": 1, "held": False, "client_left": False} == told


async def test_a_turn_is_held_when_it_runs_already(api, server, control):
    """What is held from now on stays where it is, and its conversation stays locked, until it is released."""
    server.model.say("a b").hold()
    conversation = await api.create()
    running = asyncio.ensure_future(api.turn(conversation=conversation))
    await until(lambda: server.model.scripted[0].used)
    await control("POST", "script/release", {"number": 1, "count": 1})
    held = await control("POST", "script/hold", {"number": 1})
    assert (400, "conversation", "conversation_locked") == (await api.turn(conversation=conversation)).error
    await control("POST", "script/release", {"number": 1})

    assert (True, 200) == (held["held"], (await running).status)


async def test_it_is_told_who_has_left(api, server, control):
    """A test sees that the client of a turn has hung up."""
    await control("POST", "script", {"turns": [{"say": "a", "hold": True}, "b"]})
    async with api.open("POST", "/responses", STREAM) as events:
        await anext(events)
    await server.model.scripted[0].wait_until_client_left()

    assert [(1, True), (2, False)] == [(turn["number"], turn["client_left"]) for turn in await control("GET", "script")]


async def test_rules_have_numbers_too(control):
    """Turns of the list and rules are counted together, in the order in which they were written."""
    turns = ["a", {"when": {"text": "x"}, "say": "b", "hold": True}, "c"]
    added = await control("POST", "script", {"turns": turns})

    assert [1, 2, 3] == [turn["number"] for turn in added["turns"]]
    assert [False, True, False] == [turn["held"] for turn in added["turns"]]
    assert [1, 3, 2] == [turn["number"] for turn in await control("GET", "script")]


async def test_the_speed_comes_with_the_turns(server, control):
    """What a file of a script may hold the control path takes too, and what it may not is refused."""
    await control("POST", "script", {"turns": [], "tokens_per_second": 50, "first_token": 0.5})
    refused = await control("POST", "script", {"turns": [], "speed": 50})

    assert (50, 0.5) == (server.model.tokens_per_second, server.model.first_token)
    assert "numbers for tokens_per_second and first_token" in refused["error"]["message"]


async def test_a_script_that_is_forgotten_holds_nobody(api, server, control):
    """Nobody could let out a turn that is forgotten: it goes on."""
    await control("POST", "script", {"turns": [{"say": "a", "hold": True}]})
    running = asyncio.ensure_future(api.turn())
    await until(lambda: server.model.scripted[0].used)
    await control("DELETE", "script")

    assert 200 == (await running).status


@pytest.mark.parametrize("path", ["script/hold", "script/release"])
@pytest.mark.parametrize("body", [{}, {"number": 2}, {"number": "1"}, {"number": True}, {"number": -1}, {"number": {}}])
async def test_a_turn_that_is_none(control, path, body):
    """A number that no turn of the script has is an error."""
    await control("POST", "script", {"turns": ["a"]})

    assert "error" in await control("POST", path, body)


@pytest.mark.parametrize("count", [-1, 0.5, True, "2", []])
async def test_a_count_that_is_none(control, count):
    """So many deltas there are not."""
    await control("POST", "script", {"turns": [{"say": "a", "hold": True}]})
    refused = await control("POST", "script/release", {"number": 1, "count": count})

    assert "count is not an integer of 0 or more" in refused["error"]["message"]
