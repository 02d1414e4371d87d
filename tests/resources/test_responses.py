"""``client.responses``: each method, each wrapper, and what is refused before anything is sent."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import attrs
import pytest

from openai_conversations import (
    APITimeoutError,
    InvalidArgumentError,
    NotFoundError,
    OutputParseError,
    ParsedResponse,
    Response,
    ResponseFailedError,
    ResponseIncompleteError,
    ResponseStream,
    StreamInterruptedError,
    Timeout,
    omit,
)
from openai_conversations.server import faults
from tests.writing.conftest import *  # noqa: F403  # fixtures are shared by being imported

MODEL = {"model": "m", "input": "Hi"}


@attrs.frozen
class Weather:
    """The weather of a city."""

    city: str
    degrees: int


async def types(stream):
    return [event.type.removeprefix("response.") async for event in stream]


@pytest.mark.parametrize("form", ["id", "mapping", "object", "of a response"])
async def test_a_turn_in_a_conversation(server, client, form):
    """A conversation is an id, a mapping with one, or an object of ours; input and output are in it afterwards."""
    conversation = await client.conversations.create()
    first = await client.responses.create(conversation=conversation, **MODEL)
    forms = {
        "id": conversation.id,
        "mapping": {"id": conversation.id},
        "object": conversation,
        "of a response": first.conversation,
    }

    second = await client.responses.create(
        conversation=forms[form], model="m", input=[{"role": "user", "content": "Yo"}]
    )

    assert ("completed", "You said: Yo") == (second.status, second.output_text)
    assert 4 == len(server.items(conversation.id))
    server.assert_turns(conversation.id, 2)


async def test_a_turn_outside_of_conversations(client):
    """Without a conversation a turn stands on the one before, or on nothing."""
    first = await client.responses.create(**MODEL)
    second = await client.responses.create(previous_response_id=first.id, **MODEL)

    assert (None, first.id) == (second.conversation, second.previous_response_id)


async def test_the_life_of_a_response(client):
    """It can be retrieved, its input listed, cancelled when it has ended, and deleted; then it is gone."""
    made = await client.responses.create(**MODEL)

    assert made == await client.responses.retrieve(made.id)
    assert ["Hi"] == [item.text async for item in client.responses.input_items.list(made.id)]
    assert made.id == (await client.responses.cancel(made.id)).id
    assert (made.id, True) == attrs.astuple(await client.responses.delete(made.id))[1::2]
    with pytest.raises(NotFoundError):
        await client.responses.retrieve(made.id)


async def test_counts_and_compaction(client):
    """Tokens of an input are counted; a long exchange is made short. Nothing is stored by either."""
    counted = await client.responses.input_tokens.count(model="m", input="one two three")
    compacted = await client.responses.compact(model="m", input=[{"role": "user", "content": "a long story"}])

    assert counted.input_tokens > 0
    assert compacted.output


async def test_cancelling_in_the_background(server, client):
    """A turn in the background is cancelled by its id, or by its stream, which is then closed."""
    held = [server.model.say("Hi").hold() for _ in range(2)]
    one = await client.responses.create(background=True, **MODEL)
    stream = await client.responses.create(background=True, stream=True, **MODEL)
    async for event in stream:
        if event.type == "response.created":
            break

    assert "cancelled" == (await client.responses.cancel(one.id)).status
    assert "cancelled" == (await stream.cancel()).status
    assert stream.is_closed
    for turn in held:
        turn.release()


async def test_cancelling_what_has_ended(server, make_client):
    """A response that has ended is what its cancellation gives, whole, in every way to ask; no place is lost."""
    client = make_client(max_connections=1, timeout=2.0)
    one = await client.responses.create(**MODEL)
    raw, streaming = client.responses.with_raw_response, client.responses.with_streaming_response
    for status in (400, 404, 409):
        server.add_fault(faults.status(status, operation="cancelResponse", count=3))
        async with streaming.cancel(one.id) as response:
            assert one == await response.parse()
        assert one == (await raw.cancel(one.id)).parse() == await client.responses.cancel(one.id)
    conversation = await client.conversations.create(items=[{"role": "user", "content": "a"}])
    (item,) = [item async for item in client.conversations.items.list(conversation.id)]
    async with client.conversations.items.with_streaming_response.delete(
        item.id, conversation_id=conversation.id
    ) as response:
        assert conversation.id == (await response.parse()).id


async def test_a_stream_of_a_turn(client):
    """Events come in order, up to the terminal one; then the stream is closed and its connection given back."""
    stream = await client.responses.create(stream=True, **MODEL)
    assert isinstance(stream, ResponseStream)
    seen = await types(stream)

    assert ("created", "completed") == (seen[0], seen[-1])
    assert (200, "text/event-stream") == (
        stream.response.status_code,
        stream.response.headers["content-type"].partition(";")[0],
    )
    assert "You said: Hi" == stream.current_response_snapshot.output_text
    assert stream.is_closed
    assert seen[-1:] == ["completed"]
    assert [] == await types(stream)


async def test_the_helper(client):
    """``stream()`` gives texts, snapshots and the final response."""
    async with client.responses.stream(**MODEL) as stream:
        snapshots = [event.snapshot async for event in stream if event.type == "response.output_text.delta"]
        final = await stream.get_final_response()

    assert isinstance(final, ParsedResponse)
    assert ("You said: Hi", "You said: Hi", None) == (snapshots[-1], final.output_text, final.output_parsed)
    assert all(later.startswith(earlier) for earlier, later in pairwise(snapshots))


async def test_texts_alone(client):
    """``text_stream`` and ``get_final_text`` give what the model said, and nothing else."""
    async with client.responses.stream(**MODEL) as stream:
        pieces = [piece async for piece in stream.text_stream]
    async with client.responses.stream(**MODEL) as stream:
        text = await stream.get_final_text()

    assert ("You said: Hi", "You said: Hi") == ("".join(pieces), text)


async def test_the_response_so_far(server, client):
    """The snapshot grows with the events: nothing, a response without output, the text so far."""
    turn = server.model.say("You said: Hi").hold()
    async with client.responses.stream(**MODEL) as stream:
        assert stream.current_response_snapshot is None
        async for event in stream:
            if event.type == "response.content_part.added":
                assert "" == stream.current_response_snapshot.output_text
                turn.release(2)
            if event.type == "response.output_text.delta" and event.delta == " said":
                break
        assert "You said" == stream.current_response_snapshot.output_text
        turn.release()


async def test_a_stream_that_is_resumed_by_hand(client):
    """``retrieve(stream=True)`` and ``stream(response_id=…)`` give the events after a number."""
    made = await client.responses.create(background=True, stream=True, **MODEL)
    first = await types(made)

    again = await types(await client.responses.retrieve(made.response_id, stream=True, starting_after=2))
    async with client.responses.stream(response_id=made.response_id, starting_after=3) as stream:
        rest = await types(stream)

    assert (first[3:], first[4:]) == (again, rest)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"response_id": "resp_1", **MODEL}, "leave out model, input, or leave out response_id"),
        ({"response_id": "resp_1", "metadata": None}, "leave out metadata, or leave out response_id"),
        ({"response_id": "resp_1", "safe": True}, "leave out safe, or leave out response_id"),
        ({"starting_after": 5, **MODEL}, "starting_after goes with response_id"),
    ],
)
async def test_streams_of_two_turns(client, arguments, said):
    """A stream is that of a new turn or of one that is there: what is for the other one is refused, not dropped."""
    with pytest.raises(InvalidArgumentError, match=said):
        client.responses.stream(**arguments)


async def test_going_on_after_the_last_number(client):
    """``last_sequence_number`` is what ``starting_after`` wants: no event is missing, and none comes twice."""
    whole = await types(made := await client.responses.create(background=True, stream=True, **MODEL))
    async with client.responses.stream(response_id=made.response_id) as stream:
        assert stream.last_sequence_number is None
        first = [(await anext(stream)).type.removeprefix("response.") for _ in range(4)]
        number = stream.last_sequence_number

    async with client.responses.stream(response_id=made.response_id, starting_after=number) as stream:
        assert whole == first + await types(stream)
        assert len(whole) - 1 == stream.last_sequence_number


async def test_a_stream_of_a_response_with_what_is_not_given(client):
    """What is said not to be given is not: it may stand beside ``response_id``."""
    made = await client.responses.create(background=True, stream=True, **MODEL)
    await types(made)

    async with client.responses.stream(response_id=made.response_id, model=omit, timeout=5) as stream:
        assert made.response_id == (await stream.get_final_response()).id


async def test_objects(server, client):
    """A class as ``text_format`` is what the model is asked for, and what its text is read as."""
    server.model.when().say('{"city": "Bern", "degrees": 21}')

    parsed = await client.responses.parse(text_format=Weather, **MODEL)
    async with client.responses.stream(text_format=Weather, **MODEL) as stream:
        final = await stream.get_final_response()

    raw = await client.responses.with_raw_response.parse(text_format=Weather, safe=True, **MODEL)
    async with client.responses.with_streaming_response.parse(text_format=Weather, **MODEL) as response:
        read = await response.parse()

    assert Weather("Bern", 21) == parsed.output_parsed == final.output_parsed
    assert Weather("Bern", 21) == raw.parse().output_parsed == read.output_parsed
    assert isinstance(raw.parse(), ParsedResponse)
    with pytest.raises(InvalidArgumentError, match=r"stream it with responses\.stream\(text_format=…\)"):
        await client.responses.parse(text_format=Weather, stream=True, **MODEL)
    assert "json_schema" == parsed.text.format.type


@pytest.mark.parametrize(
    "error",
    [KeyError("post"), ZeroDivisionError("by zero"), type("Mute", (Exception,), {"__str__": None})()],
)
async def test_classes_that_raise(server, client, error):
    """Whatever a class raises, the response was paid for: it is on the error, with the error as its cause."""

    def refuse(_: object) -> None:
        raise error

    @attrs.define
    class Picky:
        city: str

        def __attrs_post_init__(self) -> None:
            refuse(self)

    server.model.when().say('{"city": "Bern"}')
    with pytest.raises(OutputParseError, match=f"does not fit Picky: {type(error).__name__}") as raised:
        await client.responses.parse(text_format=Picky, **MODEL)

    assert ('{"city": "Bern"}', error) == (raised.value.response.output_text, raised.value.__cause__)


async def test_texts_that_fit_no_object(server, client):
    """A text that does not fit is an error with the path and the response; a refusal is no object."""
    server.model.say('{"city": "Bern", "degrees": "warm"}')
    server.model.refuse()

    with pytest.raises(OutputParseError, match=r"degrees") as raised:
        await client.responses.parse(text_format=Weather, **MODEL)
    refused = await client.responses.parse(text_format=Weather, **MODEL)

    assert "Bern" in raised.value.response.output_text
    assert refused.output_parsed is None


@pytest.mark.parametrize("safe", [False, True])
async def test_turns_that_end_otherwise(server, client, safe):
    """``create`` gives the response with its status; the final response of a stream is complete, or an error."""
    for _ in range(2):
        server.model.say("Hel").incomplete()
        server.model.say("Hel").fail("server_error")

    incomplete = await client.responses.create(safe=safe, **MODEL)
    failed = await client.responses.create(safe=safe, **MODEL)
    async with client.responses.stream(safe=safe, **MODEL) as stream:
        with pytest.raises(ResponseIncompleteError, match="max_output_tokens") as cut:
            await stream.get_final_response()
    async with client.responses.stream(safe=safe, **MODEL) as stream:
        with pytest.raises(ResponseFailedError) as broken:
            await stream.get_final_text()

    assert ("incomplete", "failed") == (incomplete.status, failed.status)
    assert "Hel" == cut.value.response.output_text
    assert "server_error" == broken.value.code


async def test_safe_turns(server, client):
    """A safe turn runs in the background, is stored, and comes as any other."""
    response = await client.responses.create(safe=True, **MODEL)
    stream = await client.responses.create(safe=True, stream=True, **MODEL)
    await types(stream)

    assert (True, "You said: Hi") == (response.background, response.output_text)
    assert stream.current_response_snapshot.background is True


async def test_raw_responses(client):
    """``with_raw_response`` gives HTTP responses; that of a stream parses to the stream."""
    raw = client.responses.with_raw_response
    whole = await raw.create(**MODEL)
    streamed = await raw.create(stream=True, **MODEL)
    made = whole.parse()

    assert isinstance(made, Response)
    assert "completed" in await types(streamed.parse())
    assert "text/event-stream" in streamed.headers["content-type"]
    for one in (
        await raw.retrieve(made.id),
        await raw.input_items.list(made.id),
        await raw.input_tokens.count(**MODEL),
        await raw.compact(**MODEL),
        await raw.cancel(made.id),
        await raw.delete(made.id),
    ):
        assert (200, True) == (one.status_code, one.parse() is not None)
    assert 200 == (await client.with_raw_response.responses.create(**MODEL)).status_code


async def test_the_raw_response_of_a_safe_turn(client):
    """The body of a safe turn is JSON, though it came as events; its headers say so, and keep the rest."""
    raw = await client.responses.with_raw_response.create(safe=True, **MODEL)
    about_the_body = {name: raw.headers.get(name) for name in ("content-type", "content-length", "transfer-encoding")}

    assert raw.parse().id == json.loads(raw.content)["id"]
    assert {
        "content-type": "application/json",
        "content-length": str(len(raw.content)),
        "transfer-encoding": None,
    } == about_the_body
    assert raw.request_id


async def test_streaming_responses(client):
    """``with_streaming_response`` leaves bodies unread; that of a stream parses to the stream, or is read as bytes."""
    streaming = client.responses.with_streaming_response
    conversation = await client.conversations.create()
    async with streaming.create(conversation=conversation, **MODEL) as whole:
        made = await whole.parse()
    async with streaming.create(conversation=conversation, stream=True, **MODEL) as streamed:
        seen = await types(await streamed.parse())
    async with streaming.create(conversation=conversation, stream=True, **MODEL) as streamed:
        lines = [line async for line in streamed.iter_lines()]
    async with streaming.retrieve(made.id) as again:
        assert made == await again.parse()
    await client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "after"}])

    assert "completed" == seen[-1]
    assert "event: response.completed" in lines


async def test_a_stream_keeps_the_conversation(server, client):
    """Until its terminal event a stream is a write: what comes after it waits; closing it lets the next go."""
    conversation = await client.conversations.create()
    turn = server.model.say("You said: Hi").hold()
    stream = await client.responses.create(conversation=conversation, stream=True, **MODEL)
    append = asyncio.ensure_future(
        client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "after"}])
    )
    await asyncio.sleep(1.0)
    assert not append.done()
    turn.release()
    await types(stream)
    await append

    assert ["Hi", "You said: Hi", "after"] == [item["content"][0]["text"] for item in server.items(conversation.id)]


async def test_a_stream_that_nobody_reads_on(server, client):
    """A stream that is closed early, or dropped, lets the next write go, and keeps no connection."""
    conversation = await client.conversations.create()
    closed = await client.responses.create(conversation=conversation, stream=True, **MODEL)
    await anext(closed)
    await closed.close()
    assert [] == await types(closed)
    dropped = [await client.responses.create(conversation=conversation, stream=True, **MODEL)]
    await anext(dropped[0])
    with pytest.warns(ResourceWarning, match="never closed"):
        dropped.clear()
    await client.responses.create(conversation=conversation, **MODEL)

    assert 2 <= len(server.items(conversation.id))


async def test_a_wait_for_an_event_that_is_cancelled(server, client):
    """Whoever stops waiting for an event may go on: nothing is lost."""
    turn = server.model.say("You said: Hi").hold()
    stream = await client.responses.create(stream=True, **MODEL)
    seen = []
    while "response.completed" not in seen:
        try:
            async with asyncio.timeout(1.0):
                seen.append((await anext(stream)).type)
        except TimeoutError:
            turn.release(3)

    assert ("response.created", "response.completed") == (seen[0], seen[-1])


async def test_the_bounds_of_a_stream(server, make_client):
    """A number bounds the first event and each that follows; the whole stream only where that is asked for."""
    client = make_client(timeout=2.0, max_retries=0)
    server.add_fault(faults.headers_late(5.0, operation="createResponse"))
    with pytest.raises(APITimeoutError):
        await client.responses.create(stream=True, store=False, **MODEL)
    server.model.set_speed(tokens_per_second=1.0)
    slow = await types(await client.responses.create(stream=True, **MODEL))
    bounded = await client.responses.create(stream=True, timeout=Timeout(stream=2.5), **MODEL)

    assert "completed" == slow[-1]
    with pytest.raises(StreamInterruptedError, match=r"did not end within 2\.5 s"):
        await types(bounded)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"conversation": ""}, "conversation must be an id"),
        ({"conversation": 5}, "conversation must be an id"),
        ({"conversation": {}}, "conversation must be an id"),
        ({"conversation": "a/b"}, "must not contain '/'"),
        ({"conversation": "c", "previous_response_id": "r"}, "not both"),
        ({"input": 5}, "input must be a text or a list of items"),
        ({"input": {"role": "user"}}, "input must be a text or a list of items"),
        ({"input": [5]}, r"input\[0\] must be a mapping or an item object"),
        ({"safe": True, "store": False}, "do not give store=False with it"),
        ({"safe": True, "background": False}, "do not give background=False with it"),
        ({"extra_body": {"conversation": "c"}}, "give it as conversation"),
        ({"extra_body": {"stream": True}}, "give it as stream"),
    ],
    ids=repr,
)
async def test_what_is_refused(server, client, wrong, said):
    """What cannot work is refused in one sentence, before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=said):
        await client.responses.create(**{**MODEL, **wrong})

    assert [] == list(server.requests)


async def test_mistakes_of_calling(client):
    """An unknown keyword is Python's own error; loops of the wrong kind say the right one."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'modle'"):
        await client.responses.create(modle="m")
    async with client.responses.stream(**MODEL) as stream:
        with pytest.raises(TypeError, match="async for"):
            iter(stream)
    with pytest.raises(TypeError, match="async with"):
        async for _ in client.responses.stream(**MODEL):
            pass
    with pytest.raises(TypeError, match="async with"):
        for _ in client.responses.stream(**MODEL):
            pass
    with pytest.raises(TypeError, match="async with"), client.responses.stream(**MODEL):
        pass
    with pytest.raises(TypeError, match=r"async with .* or `await client\.responses\.create\(…, stream=True\)`"):
        await client.responses.stream(**MODEL)
    async with client.responses.stream(**MODEL) as stream:
        with pytest.raises(TypeError, match="async for text in"):
            for _ in stream.text_stream:
                pass
        with pytest.raises(TypeError, match="async with"), stream:
            pass
    with pytest.raises(InvalidArgumentError, match="not both"):
        await client.responses.parse(text_format=Weather, text={"format": {"type": "text"}}, **MODEL)


async def test_a_conversation_that_was_not_awaited(client):
    """A coroutine in place of a conversation says that an ``await`` is missing, and leaves no second warning."""
    with pytest.raises(InvalidArgumentError, match="`conversation` was given a call that was not awaited: put `await`"):
        await client.responses.create(conversation=client.conversations.create(), **MODEL)


async def test_text_by_hand(server, client):
    """The pieces of the text can be asked for one by one, and given up; the stream goes on."""
    server.model.say("One two")
    async with client.responses.stream(**MODEL) as stream:
        pieces = stream.text_stream
        first = await anext(pieces)
        await pieces.aclose()
        response = await stream.get_final_response()

    assert "One" == first
    assert "One two" == response.output_text
