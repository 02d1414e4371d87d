"""Which reply a turn gets."""

from __future__ import annotations

import pytest

from openai_conversations.server.model import ScriptedModel, call, fail, reason, say
from openai_conversations.server.model.script import NoReplyError
from tests.server.model.support import WEATHER, a_turn


def texts(model, *turns):
    """What the model says in each of these turns."""
    return [model.choose(turn).reply.parts[0].item["content"][0]["text"] for turn in turns]


def test_a_list_of_turns_is_given_in_order():
    """What was scripted first is given first."""
    model = ScriptedModel(["a", say("b")])
    model.say("c")

    assert ["a", "b", "c"] == texts(model, a_turn(), a_turn(), a_turn())
    model.assert_script_used()


def test_parts_make_up_one_turn():
    """Methods of a turn add to its reply, as ``+`` does."""
    model = ScriptedModel()
    scripted = model.reason("Hm.").call("f", {"a": 1}, call_id="call_1")

    assert (reason("Hm.") + call("f", {"a": 1}, call_id="call_1")).parts == scripted.reply.parts
    assert "reasoning + function_call" == str(scripted)


def test_rules_come_before_the_list():
    """The first rule that fits is given, as often as it fits."""
    model = ScriptedModel(["list"])
    model.when(text="Hi").say("text")
    model.when(pattern="w.ather").say("pattern")
    model.when(predicate=lambda turn: bool(turn.tools)).say("predicate")
    model.when(number=7).say("number")
    turns = [a_turn("Hi"), a_turn("the weather"), a_turn("x", tools=[WEATHER]), a_turn(number=7), a_turn("Hi")]

    assert ["text", "pattern", "predicate", "number", "text", "list"] == texts(model, *turns, a_turn("?"))


def test_the_nearest_rule_is_named_when_none_fits():
    """A turn that finds nothing is refused in words that help."""
    model = ScriptedModel()
    model.when(text="What is the weather in Bern?").say("a")
    model.when(text="Good night", number=9).say("b")

    with pytest.raises(
        NoReplyError, match=r"turn 1 .*nearest is when\(text='What is the weather in Bern\?'\): the text"
    ):
        model.choose(a_turn("What's the weather in Bern?"))


def test_a_script_that_is_used_up_refuses():
    """There is no silent fallback behind a script."""
    model = ScriptedModel(["a"])
    model.choose(a_turn())

    with pytest.raises(NoReplyError, match="all its 1 turns were given"):
        model.choose(a_turn())


def test_a_turn_without_a_reply_is_an_error():
    """A rule that says nothing is a mistake in the test."""
    model = ScriptedModel()
    model.when()

    with pytest.raises(NoReplyError, match="has no reply"):
        model.choose(a_turn())


def test_what_was_not_used_is_named():
    """Turns and rules that nothing asked for fail the test."""
    model = ScriptedModel(["a", fail()])
    model.when(text="never").say("b")
    model.choose(a_turn())

    with pytest.raises(AssertionError) as raised:
        model.assert_script_used()
    assert ["the script was not used up:", "  failed", "  when(text='never'): message"] == str(raised.value).split("\n")


def test_a_function_answers():
    """It gets the turn, and returns a reply, a text, an item or a list of these."""
    model = ScriptedModel(lambda turn: [reason("Hm."), f"You are right: {turn.text}", {"type": "web_search_call"}])
    parts = model.choose(a_turn("so it is")).reply.parts

    assert ["reasoning", "message", "web_search_call"] == [part.item["type"] for part in parts]
    assert ["so it is"] == [turn.text for turn in model.seen]


@pytest.mark.parametrize("value", [7, None, []])
def test_what_is_no_reply(value):
    """A script refuses at once what cannot be a reply."""
    with pytest.raises(TypeError, match="a reply is"):
        ScriptedModel([value])


def test_the_default_uses_a_tool_once():
    """With tools it calls the first, with arguments that fit; then it says what came of it."""
    model = ScriptedModel()
    output = {"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"}
    (called,) = model.choose(a_turn("Hi", tools=[WEATHER])).reply.parts

    assert call("get_weather", {"city": "text", "days": 1, "unit": "C"}).parts == (called,)
    assert ["The tool returned: 21 degrees", "You said: Hi", "You said nothing."] == texts(
        model, a_turn("Hi", output, tools=[WEATHER]), a_turn("Hi", tools=[WEATHER], tool_choice="none"), a_turn()
    )


def test_the_default_heeds_the_choice_of_a_tool():
    """A tool that is named is the one that is called; a custom tool gets the text."""
    tools = [WEATHER, {"type": "custom", "name": "shout"}]
    turn = a_turn("Hi", tools=tools, tool_choice={"type": "custom", "name": "shout"})
    (called,) = ScriptedModel().choose(turn).reply.parts

    assert {"type": "custom_tool_call", "call_id": "", "name": "shout", "input": "Hi"} == called.item


@pytest.mark.parametrize("speed", [{"tokens_per_second": 0}, {"first_token": -1}])
def test_impossible_speeds(speed):
    """No model is infinitely slow, or answers before it is asked."""
    with pytest.raises(ValueError, match="more than 0 tokens per second"):
        ScriptedModel().set_speed(**speed)


def test_a_pattern_that_is_none():
    """It is refused when the rule is made."""
    with pytest.raises(ValueError, match="no regular expression"):
        ScriptedModel().when(pattern="(")


def test_clear_forgets():
    """After that the model answers by itself again."""
    model = ScriptedModel(["a"])
    model.clear()

    assert ["You said: Hi"] == texts(model, a_turn("Hi"))
    assert [] == model.unused
