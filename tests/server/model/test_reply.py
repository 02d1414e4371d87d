"""What a script can be made of, and what is refused at once."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations.server.model import ScriptedModel, item, raw_events
from openai_conversations.server.model.default import arguments_for
from openai_conversations.server.model.gate import Gate
from openai_conversations.server.model.script import ScriptedTurn
from tests.server.model.support import a_turn


@pytest.mark.parametrize("make", [item, raw_events])
def test_what_has_no_type(make):
    """Items and events say what they are."""
    with pytest.raises(ValueError, match="has a type"):
        make({"id": "x"})


def test_the_shortcuts_of_a_model():
    """Each is a turn of one part."""
    model = ScriptedModel()
    model.refuse("No.")
    model.incomplete()
    model.item({"type": "mcp_list_tools"})
    model.turn().refuse().item({"type": "web_search_call"})

    assert ["message", "incomplete", "mcp_list_tools", "message + web_search_call", "nothing"] == [
        str(turn) for turn in (*model.unused, ScriptedTurn())
    ]


def test_what_a_turn_tells():
    """The model that was asked for, and texts that are plain strings."""
    turn = a_turn({"role": "user", "content": "plain"}, model="gpt-5")

    assert ("gpt-5", "plain") == (turn.model, turn.text)


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ({"required": ["a"]}, {}),
        ({"required": ["a"], "properties": {}}, {"a": "text"}),
        ({"required": ["a"], "properties": {"a": {"const": 7}}}, {"a": 7}),
        ({"required": ["a"], "properties": {"a": {"default": [1]}}}, {"a": [1]}),
        ({"required": ["a"], "properties": {"a": {"type": ["null", "string"]}}}, {"a": None}),
        ({"required": ["a"], "properties": {"a": {"type": "array"}}}, {"a": []}),
        ({"required": ["a"], "properties": {"a": {"type": "boolean"}}}, {"a": True}),
        ({"required": ["a"], "properties": {"a": {"type": "number"}}}, {"a": 1.5}),
        (
            {"required": ["a"], "properties": {"a": {"type": "object", "required": ["b"], "properties": {}}}},
            {"a": {"b": "text"}},
        ),
    ],
)
def test_arguments_that_fit_a_schema(schema, arguments):
    """The plainest value of each type."""
    assert arguments == arguments_for(schema)


async def test_a_gate_wakes_those_who_still_wait():
    """One that gave up in the meantime is no trouble, nor is a client that leaves twice."""
    gate = Gate()
    gate.hold()
    waiting, gone = gate.take(), gate.take()
    gone.cancel()
    gate.release(1)
    await waiting
    turn = ScriptedTurn()
    turn.note_client_left()
    turn.note_client_left()
    await asyncio.wait_for(turn.wait_until_client_left(), 1)

    assert gate.take() is None
    assert gate.take() is not None


def test_an_open_gate_stays_open():
    """To let out a few where nothing is held holds nothing."""
    gate = Gate()
    gate.release(1)

    assert [None, None, False] == [gate.take(), gate.take(), gate.is_closed]
