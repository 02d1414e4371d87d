"""Scripts as JSON."""

from __future__ import annotations

import pytest

from openai_conversations.server.model import (
    ScriptedModel,
    call,
    custom_call,
    fail,
    incomplete,
    item,
    raw_events,
    reason,
    refuse,
    say,
)
from openai_conversations.server.model.parse import load_script

SEARCH = {"type": "web_search_call"}


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        ("Hi", say("Hi")),
        ({"say": "Hi", "chunks": "byte"}, say("Hi", chunks="byte")),
        ({"refuse": "No."}, refuse("No.")),
        ({"reason": "Hm.", "call": "f"}, reason("Hm.") + call("f")),
        ({"call": {"name": "f", "arguments": {"a": 1}, "call_id": "call_1"}}, call("f", {"a": 1}, call_id="call_1")),
        ({"custom_call": {"name": "f", "input": "a"}}, custom_call("f", "a")),
        ({"item": SEARCH, "fail": "server_error"}, item(SEARCH) + fail()),
        (
            {"events": [{"type": "x"}], "incomplete": "content_filter"},
            raw_events({"type": "x"}) + incomplete("content_filter"),
        ),
        ({"fail": {"code": "a", "message": "b"}}, fail("a", "b")),
    ],
)
def test_turns(value, reply):
    """The members of a turn are done in their order."""
    (turn,) = load_script(ScriptedModel(), [value])

    assert reply == turn.reply


def test_rules():
    """A turn with ``when`` is a rule."""
    model = ScriptedModel()
    load_script(model, ["a", {"when": {"pattern": "x", "number": 2}, "say": "b"}])

    assert ["message", "when(pattern='x', number=2): message"] == [str(turn) for turn in model.unused]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (7, "turn 1 of the script: it is neither a text nor an object"),
        ({}, "it says nothing"),
        ({"when": {"text": "a"}}, "it says nothing"),
        ({"shout": "a"}, "there is no 'shout'; a turn has say, "),
        ({"say": 7}, "7 is not a text"),
        ({"say": "a", "chunks": "letter"}, "chunks is one of token, word, byte, surrogate, whole, not 'letter'"),
        ({"call": 7}, "7 is neither a text nor an object"),
        ({"call": {"name": 7}}, "holds what is no text"),
        ({"call": {"verb": "a"}}, "unexpected keyword"),
        ({"item": 7}, "7 is not an item"),
        ({"item": {}}, "an item has a type"),
        ({"events": [7]}, "a list of events"),
        ({"when": {"pattern": "("}, "say": "a"}, "no regular expression"),
        ({"when": {"number": "2"}, "say": "a"}, "when is an object"),
    ],
)
def test_what_is_no_script(value, message):
    """The turn is named, and nothing of the script is taken."""
    model = ScriptedModel()
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        load_script(model, [value, "a"])

    assert [] == model.unused


def test_a_script_is_a_list():
    """An object is none."""
    with pytest.raises(ValueError, match="a list of turns"):
        load_script(ScriptedModel(), {})


def test_a_script_as_an_object():
    """It need not say how fast the model is."""
    model = ScriptedModel()
    load_script(model, {"turns": ["a"]})

    assert (1, None) == (len(model.unused), model.tokens_per_second)


def test_a_script_with_its_speed(tmp_path):
    """An object holds the turns and says how fast the model is; a file can hold either."""
    model = ScriptedModel()
    path = tmp_path / "script.json"
    path.write_bytes(b'{"turns": ["a"], "tokens_per_second": 50, "first_token": 0.5}')
    load_script(model, path)

    assert (1, 50, 0.5) == (len(model.unused), model.tokens_per_second, model.first_token)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ({"tokens_per_second": 1}, "a script is a list of turns"),
        ({"turns": [], "speed": 1}, "numbers for tokens_per_second and first_token"),
        ({"turns": [], "first_token": "1"}, "numbers for tokens_per_second and first_token"),
        ({"turns": [], "first_token": -1}, "its first token comes after 0 or more"),
        ([{"recorded": 1}], "turn 1 of the script: recorded is a list of events"),
    ],
)
def test_scripts_that_are_none_in_other_ways(script, message):
    """What is wrong with a script is named."""
    with pytest.raises(ValueError, match=message):
        load_script(ScriptedModel(), script)
