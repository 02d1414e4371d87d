"""A run that cannot go on says so, with what was called; it is never done while a call of its own is open."""

from __future__ import annotations

import asyncio
import json

import attrs
import pytest

from openai_conversations import InvalidArgumentError
from openai_conversations.operations.errors import RunIncompleteError
from openai_conversations.operations.turns.asked import asked_of
from openai_conversations.schemas.items.function_call import FunctionCall
from openai_conversations.schemas.responses.response import Response
from openai_conversations.schemas.unknown import UnknownItem
from tests.writing.conftest import *  # noqa: F403  # fixtures are shared by being imported


def call(call_id, arguments='{"key":1}', **fields):
    return {"type": "function_call", "call_id": call_id, "name": "pay", "arguments": arguments, **fields}


def response(output):
    return Response(
        id="resp_1", created_at=1, model="m", status="completed", output=output, tools=[], tool_choice="auto"
    )


class Payments:
    """A function that must not be called twice for one call."""

    def __init__(self):
        self.made = []

    async def __call__(self, key: int) -> str:
        """Pay."""
        self.made.append(key)
        return "paid"


async def run(client, conversation, **tools):
    return await client.conversations.run(conversation, model="m", input="?", tools=tools)


async def test_ids_of_calls_that_come_again(server, client):
    """A server that begins to count anew in each turn is answered in each turn."""
    conversation = await client.conversations.create()
    server.model.item(call("call_0"))
    server.model.item(call("call_0", '{"key":2}'))
    server.model.item(call("call_0"))
    server.model.say("Done")
    pay = Payments()

    done = await run(client, conversation.id, pay=pay)

    assert ([1, 2, 1], "Done") == (pay.made, done.output_text)
    assert (await client.conversations.check(conversation.id)).is_sound


A, B = {"id": "fc_1", "arguments": '{"key":1}'}, {"id": "fc_2", "arguments": '{"key":2}'}

# What was answered, and what comes → whether it is another call.
SAME_ID = {
    "the same again": (A, A, False),
    "the same without an id": (A, {**A, "id": ""}, False),
    "none has an id": ({**A, "id": ""}, {**A, "id": ""}, False),
    "another item": (A, {**A, "id": "fc_2"}, True),
    "other arguments": (A, {**B, "id": ""}, True),
    "ids of items come again, too": (A, {**B, "id": "fc_1"}, True),
}


@pytest.mark.parametrize(("before", "now", "is_another"), SAME_ID.values(), ids=SAME_ID)
def test_whether_it_is_another_call(before, now, is_another):
    """A call whose id was answered is another one if its item or its arguments are; else nobody can tell."""
    earlier, call = (FunctionCall(call_id="call_0", name="pay", **fields) for fields in (before, now))

    asked = asked_of(response([call]), {"pay"}.__contains__, [earlier])

    assert ((call,) if is_another else ()) == asked.calls
    assert is_another is not ("cannot be told whether this is another" in asked.unclear)


def test_the_very_same_call_twice():
    """A response that repeats a call word for word asks for it once."""
    call = FunctionCall(call_id="call_0", name="pay", **A)

    assert (call,) == asked_of(response([call, attrs.evolve(call)]), {"pay"}.__contains__, []).calls


@pytest.mark.parametrize(
    "wrong",
    [
        FunctionCall(call_id="", name="pay", arguments="{}"),
        UnknownItem(data={"type": "function_call", "name": "pay", "arguments": "{}"}),
    ],
    ids=["empty", "missing"],
)
def test_a_call_without_id(wrong):
    """A call without an id cannot be answered: it is no end of a run, and nothing is called."""
    call = FunctionCall(call_id="a", name="pay", arguments="{}")

    asked = asked_of(response([call, wrong]), {"pay"}.__contains__, [])

    assert ((), "a call of 'pay' has no call_id") == (asked.calls, asked.unclear)


async def test_two_calls_of_one_id(server, client):
    """An id that stands for two calls cannot be answered: nothing is called, and the run is not done."""
    conversation = await client.conversations.create()
    server.model.item(call("a")).item(call("a", '{"key":2}'))
    pay = Payments()

    with pytest.raises(RunIncompleteError, match="two calls have the call_id 'a'") as raised:
        await run(client, conversation.id, pay=pay)

    assert ([], (), False) == (pay.made, raised.value.calls, raised.value.is_closed)
    assert 2 == len(raised.value.response.output)


async def test_the_model_waits_for_something_else(server, client):
    """Where the model calls a tool of another kind, too, ours is answered, and that one is the caller's."""
    conversation = await client.conversations.create()
    server.model.item(call("a")).item({"type": "custom_tool_call", "call_id": "b", "name": "sql", "input": "select 1"})
    pay = Payments()

    with pytest.raises(RunIncompleteError, match="waits for the output of a custom_tool_call, too") as raised:
        await run(client, conversation.id, pay=pay)

    assert ([1], False) == (pay.made, raised.value.is_closed)
    report = await client.conversations.check(conversation.id)
    assert ["b"] == [finding.call_id for finding in report.findings]


async def test_what_somebody_else_answers_among_ours(server, client):
    """The model is not told that there is no such function, but to call it alone."""
    conversation = await client.conversations.create()
    tool = {"type": "function", "name": "ask_human", "parameters": {"type": "object", "properties": {}}}
    server.model.item(call("a")).call("ask_human", {})
    server.model.say("Done")

    done = await client.conversations.run(
        conversation.id, model="m", input="?", tools={"pay": Payments()}, definitions=[tool]
    )

    assert "call it alone" in done.calls[1].output


TOOL = {"type": "function", "name": "later", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"tools": {"pay": Payments()}},
        {"definitions": [{**TOOL, "name": "other"}]},
        {"tools": {"pay": Payments()}, "definitions": [{"type": "web_search"}]},
    ],
    ids=["no tools", "another function", "another definition", "another tool"],
)
async def test_a_function_that_nobody_knows(server, client, given):
    """A call of a function that the model was never told of is answered with that, so that it can go on."""
    conversation = await client.conversations.create()
    server.model.call("later", {})
    server.model.say("Then not.")

    done = await client.conversations.run(conversation.id, model="m", input="?", **given)

    assert "Then not." == done.output_text
    assert [("later", "There is no function 'later'.", True)] == [(c.name, c.output, c.failed) for c in done.calls]
    assert (await client.conversations.check(conversation.id)).is_sound


@pytest.mark.parametrize(
    "given",
    [
        {"definitions": [TOOL]},
        {"definitions": [{"type": "namespace", "name": "n", "description": "d", "tools": [TOOL]}]},
        {"definitions": [{"type": "tool_search"}]},
        {"prompt": {"id": "pmpt_1"}},
        {"extra_body": {"agent_reference": {"name": "a"}}},
        {"extra_body": {"tools": [TOOL]}},
        {"input": [{"type": "additional_tools", "role": "developer", "tools": [TOOL]}]},
    ],
    ids=["function", "namespace", "search", "prompt", "agent", "extra body", "item of the input"],
)
async def test_a_function_that_somebody_else_answers(server, client, given):
    """A call of a function that the caller described, or that a prompt or an agent may bring, ends the run, open."""
    conversation = await client.conversations.create()
    server.model.call("later", {})

    done = await client.conversations.run(
        conversation.id, model="m", **{"input": "?", "tools": {"pay": Payments()}, **given}
    )

    assert (["function_call"], ()) == ([item.type for item in done.response.output], done.calls)


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_what_is_no_exception(server, client, concurrency):
    """What a function raises beyond exceptions ends the run; what was called is on the error, and stored."""
    conversation = await client.conversations.create()
    server.model.call("stop", {}).item(call("a")).item(call("b", '{"key":2}'))
    pay = Payments()

    async def stop() -> None:
        raise GeneratorExit

    with pytest.raises(RunIncompleteError, match="a function raised GeneratorExit") as raised:
        await client.conversations.run(
            conversation.id, model="m", input="?", tools={"stop": stop, "pay": pay}, concurrency=concurrency
        )

    outputs = [each.output for each in raised.value.calls]
    assert isinstance(raised.value.__cause__, GeneratorExit)
    assert "The function was stopped, and nothing is known of its outcome." == outputs[0]
    assert (len(pay.made), 2 - len(pay.made)) == (outputs.count("paid"), sum("not called" in each for each in outputs))
    assert raised.value.is_closed
    assert (await client.conversations.check(conversation.id)).is_sound


@pytest.mark.parametrize("error", [LookupError("no screen"), asyncio.CancelledError()], ids=["error", "cancelled"])
async def test_on_event_raises_after_a_call(server, client, error):
    """What was called is not lost with the error of a callback."""
    conversation = await client.conversations.create()
    server.model.item(call("a"))
    server.model.say("Done")
    pay = Payments()

    def show(event) -> None:
        if pay.made:
            raise error

    with pytest.raises(RunIncompleteError) as raised:
        await client.conversations.run(conversation.id, model="m", input="?", tools={"pay": pay}, on_event=show)

    assert error is raised.value.__cause__
    assert (["paid"], False) == ([each.output for each in raised.value.calls], raised.value.is_closed)


async def test_on_event_raises_before_a_call(server, client):
    """Before anything was called, the error of a callback is the caller's own."""
    conversation = await client.conversations.create()
    server.model.say("Done")

    def show(event) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await client.conversations.run(conversation.id, model="m", input="?", on_event=show)


async def test_members_of_the_turns_alone(server, client):
    """What ``extra_body`` adds to the turns is not added to the append that keeps their outputs."""
    conversation = await client.conversations.create()
    server.model.item(call("a"))

    with pytest.raises(RunIncompleteError) as raised:
        await client.conversations.run(
            conversation.id,
            model="m",
            input="?",
            tools={"pay": Payments()},
            max_rounds=1,
            extra_body={"temperature": 0},
        )

    assert raised.value.is_closed
    assert [0, None] == [
        json.loads(request.body).get("temperature") for request in server.requests if request.method == "POST"
    ][1:]


async def test_what_is_no_callback(server, client):
    """A callback that cannot be called is refused before the turn is taken."""
    with pytest.raises(InvalidArgumentError, match="on_event must be a function"):
        await client.conversations.run("conv_1", model="m", input="?", on_event=5)

    assert [] == list(server.requests)
