"""Lookups of turns: what is said of one is what its conversation shows."""

from __future__ import annotations

import json

import attrs
import pytest

from openai_conversations import (
    AmbiguousWriteError,
    APIResponseValidationError,
    ConversationsClient,
    ResponseFailedError,
    StreamInterruptedError,
    TurnLostError,
)
from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.profiles import PROFILES
from openai_conversations.writing.turns.lookup import judge
from tests.virtual_time import runtime
from tests.writing.helpers import user
from tests.writing.turns.scripted import COMPLETED, CREATED, STREAM, TEXT, answer, event, message, response, scripted

INPUT, OUTPUT = message("yes", "user", "msg_1"), message("Hello", name="msg_2")
FOREIGN = message("Who else is here?", "user", "msg_3")


@pytest.mark.parametrize(
    ("behind", "items", "known"),
    [
        ([INPUT, OUTPUT, FOREIGN], [INPUT, OUTPUT], "Its input and its output"),
        ([INPUT, OUTPUT, FOREIGN, OUTPUT], [INPUT, OUTPUT], "Its input and its output"),
        ([INPUT, FOREIGN], [INPUT], "without any output"),
        ([INPUT], [INPUT], "without any output"),
    ],
    ids=["output, others behind", "another turn behind", "others behind", "alone"],
)
def test_what_others_add_is_not_of_the_turn(behind, items, known):
    """What a model does not write is no output: a turn has its input, and what follows up to the next caller's item."""
    found = judge([user("yes")], behind)

    assert items == list(found.items or ())
    assert known in found.known


@pytest.mark.parametrize("history", [["Hello", "yes"], ["yes"], []], ids=["a turn backwards", "an equal item", "alone"])
async def test_a_server_that_ignores_the_order(history):
    """What a listing shows in another order than was asked for says nothing of a turn."""
    profile = attrs.evolve(PROFILES["openai"], default_order="asc", ignores_order=True)
    async with (
        ConversationsServer(profile=profile) as server,
        ConversationsClient(api_key="sk-test", base_url=server.base_url, runtime=runtime(), timeout=5) as client,
    ):
        conversation = (await client.conversations.create()).id
        given = [{"role": "assistant" if text == "Hello" else "user", "content": text} for text in history]
        await client.conversations.items.create(conversation, items=[*given, user("last")])
        server.add_fault(faults.commit_then_drop(operation="createResponse"))
        with pytest.raises(AmbiguousWriteError, match="ignores the order") as raised:
            await client.responses.create(conversation=conversation, model="m", input="yes", timeout=5)
    assert not isinstance(raised.value, TurnLostError)


# Responses of other turns


BEGUN = event("response.created", 0, response=response(background=True))
OTHER = {**response("completed", [message("Hello, you")]), "id": "resp_2"}
WHOLE = answer(response("completed", [message("Hello")]))


@pytest.mark.parametrize(
    "resumed",
    [
        [event("response.in_progress", 2, response={**OTHER, "status": "in_progress", "output": []})],
        [event("response.completed", 2, response=OTHER)],
        [event("response.cancelled", 2, response=OTHER)],
    ],
    ids=["at its beginning", "at its end", "cancelled"],
)
async def test_a_resumed_stream_of_another_response(resumed):
    """A resumed stream that tells of another response is not believed: the response is retrieved instead."""

    def answers(asked):
        if asked.line.startswith("POST"):
            return [STREAM, BEGUN, TEXT]
        return [STREAM, *resumed] if "stream=true" in asked.line else [WHOLE]

    async with scripted(answers) as client, client.responses.stream(model="m", safe=True) as stream:
        assert "Hello" == await stream.get_final_text()
    assert "resp_1" == stream.response_id


async def test_another_response_than_was_asked_for():
    """Nor is another response believed that comes in place of the one that is retrieved."""
    async with (
        scripted(lambda asked: [STREAM, CREATED, TEXT] if asked.line.startswith("POST") else [answer(OTHER)]) as client,
        client.responses.stream(model="m", timeout=2) as stream,
    ):
        with pytest.raises(StreamInterruptedError, match="another response came"):
            await stream.get_final_text()


async def test_a_response_that_does_not_say_which_it_is():
    """A server that leaves the id out of a response that is retrieved is believed."""
    nameless = {**response("completed", [message("Hello")]), "id": ""}
    async with (
        scripted(
            lambda asked: [STREAM, CREATED, TEXT] if asked.line.startswith("POST") else [answer(nameless)]
        ) as client,
        client.responses.stream(model="m", timeout=2) as stream,
    ):
        assert "Hello" == await stream.get_final_text()


async def test_another_response_than_the_one_that_was_cut_off():
    """A response whose id is known, and whose rest was lost, is not another one."""
    cut = json.dumps(response("completed", [message("Hello")])).encode()[:-20]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"

    async with scripted(lambda asked: [head, cut] if asked.line.startswith("POST") else [answer(OTHER)]) as client:
        with pytest.raises(APIResponseValidationError, match="the response is not that of a turn"):
            await client.responses.create(model="m", input="Hi", timeout=2)


# Turns that were cancelled


@pytest.mark.parametrize(
    "last",
    [
        event("response.cancelled", 2, response=response("cancelled")),
        event("response.cancelled", 2),
        event("response.cancelled", 2, response={"status": "in_progress"}),
    ],
    ids=["as it is", "without a response", "that does not say so"],
)
async def test_the_event_of_a_turn_that_was_cancelled(last):
    """``response.cancelled``, which some servers send, is the end: nothing is waited for, and it is no success."""
    async with scripted(lambda _: [STREAM, CREATED, TEXT, last, 600.0]) as client:
        stream = await client.responses.create(model="m", stream=True)
        assert ["response.created", "response.output_text.delta", "response.cancelled"] == [
            one.type async for one in stream
        ]
        with pytest.raises(ResponseFailedError, match="cancelled") as raised:
            await stream.get_final_response()
    assert raised.value.response is not None
    assert ("resp_1", "Hel") == (raised.value.response.id, raised.value.response.output_text)


async def test_a_cancelled_turn_that_was_read_for_its_caller():
    """A turn that is not streamed to its caller gives its response, cancelled as it is."""
    last = event("response.cancelled", 2, response=response("cancelled"))
    async with scripted(lambda _: [STREAM, BEGUN, TEXT, last, COMPLETED]) as client:
        made = await client.responses.create(model="m", safe=True)
    assert "cancelled" == made.status
