"""The official client, async and sync, takes turns with the server."""

from __future__ import annotations

import openai
import pytest

from openai_conversations.server import ConversationsServer
from tests.server.model import description
from tests.server.model.support import WEATHER


@pytest.fixture
async def client(server):
    async with openai.AsyncOpenAI(api_key="sk-test", base_url=server.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
def sync_server():
    with ConversationsServer(seed=1) as server:
        yield server


@pytest.fixture
def sync_client(sync_server):
    with openai.OpenAI(api_key="sk-test", base_url=sync_server.base_url, max_retries=0) as client:
        yield client


def checked(event):
    """An event, held against the description as the client understood it."""
    description.check_event(event.to_dict())
    return event


async def test_turns_in_a_conversation(client, server):
    """Create, stream and use a tool; the conversation holds it all."""
    conversation = await client.conversations.create()
    first = await client.responses.create(model="gpt-5", input="Hi", conversation=conversation.id)
    stream = await client.responses.create(
        model="gpt-5", input="Weather?", conversation=conversation.id, tools=[WEATHER], stream=True
    )
    (call,) = [checked(event) async for event in stream][-1].response.output
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "21"}
    last = await client.responses.create(model="gpt-5", input=[output], conversation=conversation.id)

    assert ("You said: Hi", "The tool returned: 21") == (first.output_text, last.output_text)
    assert ["message", "message", "message", "function_call", "function_call_output", "message"] == [
        item.type async for item in client.conversations.items.list(conversation.id, order="asc")
    ]
    with pytest.raises(openai.BadRequestError, match="No tool call found for function call output"):
        await client.responses.create(model="gpt-5", input=[output])


async def test_the_helper_for_streams(client, server):
    """``responses.stream`` puts the events together."""
    server.model.reason("Hm.").say("Hello you").call("get_weather", {"city": "Bern"})
    async with client.responses.stream(model="gpt-5", input="Hi", tools=[WEATHER]) as stream:
        types = [event.type async for event in stream]
        response = await stream.get_final_response()

    assert ("response.created", "response.completed") == (types[0], types[-1])
    assert "Hello you" == response.output_text
    assert ["reasoning", "message", "function_call"] == [item.type for item in response.output]


async def test_the_background(client, server):
    """Begin, read on from an event, look up, cancel, list the input, delete."""
    server.model.say("a b c")
    stream = await client.responses.create(model="gpt-5", input="Hi", background=True, stream=True)
    events = [checked(event) async for event in stream]
    id = events[0].response.id
    resumed = [event async for event in await client.responses.retrieve(id, stream=True, starting_after=3)]
    (item,) = [item async for item in client.responses.input_items.list(id)]
    response = await client.responses.cancel(id)
    await client.responses.delete(id)

    assert [event.sequence_number for event in events[4:]] == [event.sequence_number for event in resumed]
    assert ("Hi", "a b c", "completed") == (item.content[0].text, response.output_text, response.status)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(id)


async def test_counting_and_compacting(client, server):
    """The count is what the turn costs; what was compacted goes on."""
    counted = await client.responses.input_tokens.count(model="gpt-5", input="Hi")
    response = await client.responses.create(model="gpt-5", input="Hi")
    compacted = await client.responses.compact(model="gpt-5", previous_response_id=response.id)
    window = [item.to_dict(warnings=False) for item in compacted.output]

    assert counted.input_tokens == response.usage.input_tokens
    assert "completed" == (await client.responses.create(model="gpt-5", input=window)).status


def test_the_sync_client(sync_client, sync_server):
    """The same without a coroutine, against a server in a thread; a test holds the turn from outside."""
    conversation = sync_client.conversations.create()
    turn = sync_server.model.say("one two three").hold()
    stream = sync_client.responses.create(model="gpt-5", input="Hi", conversation=conversation.id, stream=True)
    with pytest.raises(openai.BadRequestError) as raised:
        sync_client.responses.create(model="gpt-5", input="Hi", conversation=conversation.id)
    turn.release()
    response = [checked(event) for event in stream][-1].response
    sync_server.model.say("more")
    sync_server.model.say("and more")
    background = sync_client.responses.create(model="gpt-5", input="Hi", background=True)

    begun = [*sync_client.responses.create(model="gpt-5", input="Hi", background=True, stream=True)]
    resumed = [*sync_client.responses.retrieve(begun[0].response.id, stream=True, starting_after=4)]
    window = sync_client.responses.compact(model="gpt-5", input="Hi").output

    assert [event.sequence_number for event in begun[5:]] == [event.sequence_number for event in resumed]
    assert ["message", "compaction"] == [item.type for item in window]
    assert "conversation_locked" == raised.value.code
    assert "one two three" == response.output_text
    assert response == sync_client.responses.retrieve(response.id)
    assert background.id == sync_client.responses.cancel(background.id).id
    assert 2 == len(sync_client.conversations.items.list(conversation.id).data)
    assert 1 == len(sync_client.responses.input_items.list(response.id).data)
    assert 5 == sync_client.responses.input_tokens.count(model="gpt-5", input="Hi").input_tokens
    sync_client.responses.delete(response.id)
    sync_server.model.assert_script_used()
