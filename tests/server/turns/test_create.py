"""What a turn does: the response, the stream, the conversation, the lock."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from openai_conversations.server import ConversationsServer
from openai_conversations.server.model import raw_events, say
from tests.fakes import until
from tests.server.api import Api, texts, user
from tests.server.model.support import WEATHER

CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "21"}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}


def prompt(server, n=-1):
    """The texts, or the types, of what the model saw."""
    return [
        item["content"][0]["text"] if item["type"] == "message" else item["type"]
        for item in server.model.seen[n].prompt
    ]


async def test_a_turn_without_a_conversation(api, server):
    """The response holds what the model said, repeats the request, and says what it cost."""
    server.model.say("Hello you")
    response = await api.turn("Hi", temperature=0.5, metadata={"a": "b"}, instructions="Be kind")
    body = response.json

    assert ("response", "completed", 0.5, {"a": "b"}, "Be kind", None) == tuple(
        body[name] for name in ("object", "status", "temperature", "metadata", "instructions", "conversation")
    )
    assert ["Hello you"] == [part["text"] for item in body["output"] for part in item["content"]]
    assert (5 + 4 + 2, 3, 14) == tuple(body["usage"][f"{name}_tokens"] for name in ("input", "output", "total"))


async def test_the_events_of_a_turn(api, server):
    """They come in order, with numbers from 0; the last one holds the whole response."""
    server.model.say("Hello")
    events = await api.stream()

    assert [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ] == [event["type"] for event in events]
    assert [*range(10)] == [event["sequence_number"] for event in events]
    assert [events[-2]["item"]] == events[-1]["response"]["output"]
    assert {events[0]["response"]["id"]} == {event["response"]["id"] for event in (*events[:2], events[-1])}


async def test_padding_can_be_switched_off(api):
    """Deltas carry ``obfuscation`` unless the request says otherwise."""
    padded = await api.stream()
    bare = await api.stream(stream_options={"include_obfuscation": False})

    assert [True, False] == [any("obfuscation" in event for event in events) for events in (padded, bare)]


async def test_a_turn_in_a_conversation(api, server):
    """The items of the conversation go before the input; input and output are added after the end."""
    conversation = await api.create(user("a"))
    server.model.script(["b", "d"])
    await api.turn("b?", conversation=conversation)
    await api.stream([user("c")], conversation={"id": conversation})

    assert ["a", "b?", "b", "c"] == prompt(server)
    assert ["a", "b?", "b", "c", "d"] == texts(await api.list(conversation, "?order=asc"))


async def test_instructions_are_not_carried_on(api, server):
    """They are the model's for one turn, and no item."""
    conversation = await api.create()
    await api.turn("a", conversation=conversation, instructions="Be kind")
    await api.turn("b", conversation=conversation)

    assert ["Be kind", ""] == [turn.instructions for turn in server.model.seen]


async def test_a_call_and_its_output(api, server):
    """A tool is used in two turns; the call waits in the conversation for its output."""
    conversation = await api.create()
    body = (await api.turn("Weather?", conversation=conversation, tools=[WEATHER])).json
    (call,) = body["output"]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "21"}
    await api.turn([output], conversation=conversation, tools=[WEATHER])

    assert ["message", "function_call", "function_call_output", "message"] == [
        item["type"] for item in server.items(conversation)
    ]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([CALL], "No tool output found for function call call_1."),
        (
            [{"type": "custom_tool_call", "call_id": "call_1", "name": "f", "input": ""}],
            "No tool output found for custom tool call call_1.",
        ),
        ([OUTPUT], "No tool call found for function call output with call_id call_1."),
        ([OUTPUT, CALL], "No tool call found for function call output with call_id call_1."),
        ([CALL, {**OUTPUT, "call_id": "call_2"}], "No tool output found for function call call_1."),
        ([REASONING], "Item 'rs_1' of type 'reasoning' was provided without its required following item."),
        ([REASONING, OUTPUT], "Item 'rs_1' of type 'reasoning' was provided without its required following item."),
        ([REASONING, user("a")], "Item 'rs_1' of type 'reasoning' was provided without its required following item."),
    ],
)
async def test_what_is_not_whole_is_refused(api, server, items, message):
    """A call without its output, an output without its call, reasoning without its follower: 400, and nothing stays."""
    conversation = await api.create(*items)
    response = await api.turn("Hi", conversation=conversation)

    assert (400, "input", None) == response.error
    assert message == response.json["error"]["message"]
    assert len(items) == len(server.items(conversation))
    assert 200 == (await api.turn("Hi")).status


async def test_the_same_in_the_input(api):
    """What comes with the request is judged together with what is there."""
    response = await api.turn([REASONING, CALL, OUTPUT])

    assert 200 == response.status


async def test_previous_responses(api, server):
    """A chain holds the input and the output of every turn before."""
    server.model.script(["1", "2", "3"])
    first = (await api.turn("a")).json["id"]
    second = (await api.turn("b", previous_response_id=first)).json["id"]
    await api.turn("c", previous_response_id=second)

    assert ["a", "1", "b", "2", "c"] == prompt(server)


async def test_a_previous_response_of_a_conversation(api, server):
    """What the conversation held before that turn counts, what came later does not."""
    conversation = await api.create(user("a"))
    server.model.script(["1", "2"])
    first = (await api.turn("b", conversation=conversation)).json["id"]
    await api.append(conversation, user("later"))
    await api.turn("c", previous_response_id=first)

    assert ["a", "b", "1", "c"] == prompt(server)


async def test_a_reference_in_the_input(api, server):
    """It stands for an item that is stored somewhere."""
    conversation = await api.create(user("a"))
    (item,) = server.items(conversation)
    await api.turn([{"type": "item_reference", "id": item["id"]}])

    assert ["a"] == prompt(server)


async def test_a_response_that_is_not_stored(api, server):
    """Nobody can look it up or go on from it; a conversation gets its items all the same."""
    conversation = await api.create()
    id = (await api.turn("a", store=False, conversation=conversation)).json["id"]

    assert 404 == (await api.ask("GET", f"/responses/{id}")).status
    assert 400 == (await api.turn("b", previous_response_id=id)).status
    assert 2 == len(server.items(conversation))


@pytest.mark.parametrize(
    ("profile", "kept"),
    [("openai,unstored_turn=dropped", 0), ("openai", 2)],
)
async def test_traits_of_unstored_turns(api, server, profile, kept):
    """Whether a conversation gets the items of a turn that is not stored, nobody outside the service knows."""
    conversation = await api.create()
    await api.turn("a", store=False, conversation=conversation)

    assert kept == len(server.items(conversation))


@pytest.fixture
def settings(request):
    """The profile of a parametrized test."""
    params = getattr(request.node, "callspec", None)
    return {"seed": 1, "profile": params.params.get("profile", "openai") if params else "openai"}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"model": None}, (400, "model", "missing_required_parameter")),
        ({"input": None}, (400, "input", "missing_required_parameter")),
        ({"input": 7}, (400, "input", "invalid_type")),
        ({"input": [7]}, (400, "input[0]", "invalid_type")),
        ({"input": [{"role": "nobody", "content": "a"}]}, (400, "input[0].role", "invalid_value")),
        ({"conversation": "conv_none"}, (404, None, None)),
        ({"conversation": 7}, (400, "conversation", "invalid_type")),
        ({"conversation": {}}, (400, "conversation.id", "missing_required_parameter")),
        ({"previous_response_id": "resp_none"}, (400, "previous_response_id", "previous_response_not_found")),
        (
            {"previous_response_id": "resp_1", "conversation": "conv_1"},
            (400, "previous_response_id", "mutually_exclusive_parameters"),
        ),
        ({"background": True, "store": False}, (400, "store", "invalid_value")),
        ({"max_output_tokens": 1}, (400, "max_output_tokens", "integer_below_min_value")),
        ({"temperature": 3}, (400, "temperature", "decimal_out_of_range")),
        ({"include": ["everything"]}, (400, "include[0]", "invalid_value")),
        ({"tools": [{"type": "magic"}]}, (400, "tools[0].type", "invalid_value")),
        ({"tool_choice": "maybe"}, (400, "tool_choice", "invalid_value")),
        ({"metadata": {"a": 1}}, (400, "metadata.a", "invalid_type")),
        ({"prompt": {"id": "p", "version": 1}}, (400, "prompt.version", "invalid_type")),
        (
            {"prompt": {"id": "p", "variables": {"a": {"type": "input_text", "text": 1}}}},
            (400, "prompt.variables.a.text", "invalid_type"),
        ),
    ],
)
async def test_what_is_refused(api, fields, error):
    """A request that cannot be one is refused, and leaves no lock."""
    assert error == (await api.turn(**{"input": "Hi", **fields})).error


async def test_a_failed_turn(api, server):
    """The response says why; a conversation stays as it was."""
    conversation = await api.create()
    server.model.say("Hal").fail("rate_limit_exceeded", "Too much.")
    events = await api.stream(conversation=conversation)

    assert "response.failed" == events[-1]["type"]
    assert {"code": "rate_limit_exceeded", "message": "Too much."} == events[-1]["response"]["error"]
    assert [] == server.items(conversation)


@pytest.mark.parametrize(("profile", "kept"), [("openai", 2), ("openai,incomplete_turn=dropped", 0)])
async def test_an_incomplete_turn(api, server, profile, kept):
    """The response says why; whether the conversation gets its items is a trait."""
    conversation = await api.create()
    server.model.say("Hal").incomplete()
    body = (await api.turn(conversation=conversation)).json

    assert ("incomplete", {"reason": "max_output_tokens"}) == (body["status"], body["incomplete_details"])
    assert ["incomplete"] == [item["status"] for item in body["output"]]
    assert kept == len(server.items(conversation))


async def test_a_script_with_nothing_left(api, server):
    """The turn is refused in words that help, and the conversation is free again."""
    conversation = await api.create()
    server.model.when(text="Good night").say("Sleep well")
    response = await api.turn("Good day", conversation=conversation)

    assert (400, None, "no_scripted_reply") == response.error
    assert "nearest is when(text='Good night')" in response.json["error"]["message"]
    assert 200 == (await api.turn("Good night", conversation=conversation)).status


async def test_a_function_that_fails(api, server):
    """Its error is told, and is nothing that a client tries again."""
    server.model.respond(lambda turn: turn.nothing)
    response = await api.turn()

    assert (400, None, "script_error") == response.error
    assert "AttributeError" in response.json["error"]["message"]


async def test_an_item_that_is_none(api, server):
    """A script that cannot be streamed fails the response, not the server."""
    server.model.item({"type": "message", "role": "assistant"})
    body = (await api.turn()).json

    assert ("failed", "KeyError: 'content'") == (body["status"], body["error"]["message"])


@pytest.mark.parametrize("depth", [499, 505, 900])
@pytest.mark.parametrize("fields", [{}, {"background": True}, {"stream": True}], ids=str)
async def test_an_item_that_nests_too_deep(api, server, fields, depth):
    """What cannot be stored fails the response, wherever it is looked at, and leaves the conversation as it was."""
    deep = []
    for _ in range(depth):
        deep = [deep]
    server.model.item({"type": "hologram", "deep": deep})
    conversation = await api.create()
    if "stream" in fields:
        told = (await api.stream("Hi", conversation=conversation, **fields))[-1]["response"]
    else:
        told = (await api.turn("Hi", conversation=conversation, **fields)).json
        await until(lambda: server.requests[-1].committed)
    stored = (await api.ask("GET", f"/responses/{told['id']}")).json
    again = server.model.say("Hello")

    assert ("failed", "server_error", []) == (stored["status"], stored["error"]["code"], stored["output"])
    assert "background" in fields or "failed" == told["status"]
    assert [] == server.items(conversation)
    assert "completed" == (await api.turn("Hi", conversation=conversation)).json["status"]
    assert again.used


async def test_events_of_the_future(api, server):
    """A script can hold events that no client knows."""
    server.model.turn().add(say("a")).add(raw_events({"type": "response.steered", "how": "left"}))
    events = await api.stream()

    assert {"type": "response.steered", "how": "left", "sequence_number": 8} == events[-2]


async def test_fields_behind_include(api, server):
    """What is shown on demand is left out of responses and events, and stored all the same."""
    conversation = await api.create()
    server.model.reason("Hm.", encrypted_content="secret").say("a")
    server.model.reason("Hm.", encrypted_content="secret").say("b")
    hidden = await api.stream(conversation=conversation)
    shown = (await api.turn(include=["reasoning.encrypted_content"])).json

    assert not any("secret" in str(event) for event in hidden)
    assert "secret" == shown["output"][0]["encrypted_content"]
    assert ["secret"] == [i["encrypted_content"] for i in server.items(conversation) if i["type"] == "reasoning"]


@pytest.mark.parametrize("profile", ["openai,done_marker=true"])
async def test_the_marker_of_the_end(api, server, profile):
    """Some servers end their streams with ``[DONE]``."""
    response = await api.ask("POST", "/responses", {"model": "gpt-5", "input": "Hi", "stream": True})

    assert response.body.endswith(b"\n\ndata: [DONE]\n\n")


async def test_a_chain_with_a_gap(api, server):
    """What came before a response that was deleted, nobody knows."""
    server.model.script(["1", "2", "3"])
    first = (await api.turn("a")).json["id"]
    second = (await api.turn("b", previous_response_id=first)).json["id"]
    await api.ask("DELETE", f"/responses/{first}")
    await api.turn("c", previous_response_id=second)

    assert ["b", "2", "c"] == prompt(server)


async def test_an_item_that_moves(api, server):
    """A message that is sent with its id leaves the conversation that it was in."""
    old, new = await api.create(user("a")), await api.create()
    await api.turn(server.items(old), conversation=new)

    assert [[], ["a", "You said: a"]] == [
        [item["content"][0]["text"] for item in server.items(id)] for id in (old, new)
    ]
    assert [old] == [orphan.conversation_id for orphan in server.orphans()]


async def test_a_response_that_cannot_be_stored(session, tmp_path):
    """A file that is broken fails the turn, and says so."""
    async with ConversationsServer(seed=1, database=tmp_path / "db") as server:
        api = Api(server, session)
        turn = server.model.say("a").hold()
        async with api.open("POST", "/responses", {"model": "m", "input": "a", "stream": True}) as events:
            await anext(events)
            with contextlib.closing(sqlite3.connect(tmp_path / "db")) as db:
                db.execute("DROP TABLE responses")
            turn.release()
            last = [event async for event in events][-1]

    assert ("response.failed", "server_error") == (last["type"], last["response"]["error"]["code"])
    assert [] == last["response"]["output"]


@pytest.mark.parametrize(
    ("limit", "output"),
    [(16, ["a" * 64]), (17, ["a" * 64, "bbbb"]), (None, ["a" * 64, "bbbbcccc"])],
)
async def test_a_limit_of_tokens(api, server, limit, output):
    """A response that needs more tokens than allowed is incomplete, and ends with what was allowed."""
    server.model.say("a" * 64).say("bbbbcccc")
    body = (await api.turn(max_output_tokens=limit)).json
    limited = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}

    assert output == [item["content"][0]["text"] for item in body["output"]]
    assert (limited if limit else {"status": "completed", "incomplete_details": None}) == {
        name: body[name] for name in limited
    }
    assert body["usage"]["output_tokens"] == (limit or 18)
