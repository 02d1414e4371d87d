"""What type checkers make of turns: read by mypy and pyright, never run."""

from __future__ import annotations

from typing import assert_type

from openai_conversations import APIResponse, ConversationsClient, ParsedResponse, ResponseStream, omit
from openai_conversations.schemas.responses import Response
from openai_conversations.schemas.responses.events import ResponseStreamEvent


class Weather:
    """An object that a text stands for."""


async def streamed_or_not(client: ConversationsClient, given: bool) -> None:
    """``stream`` decides what comes back."""
    assert_type(await client.responses.create(model="m", input="Hi"), Response)
    assert_type(await client.responses.create(model="m", input="Hi", stream=False), Response)
    assert_type(await client.responses.create(model="m", input="Hi", stream=None, safe=True), Response)
    assert_type(await client.responses.create(model="m", input="Hi", stream=True), ResponseStream[None])
    assert_type(await client.responses.create(model="m", stream=given), Response | ResponseStream[None])
    assert_type(await client.responses.retrieve("resp_1"), Response)
    assert_type(await client.responses.retrieve("resp_1", stream=given), Response | ResponseStream[None])
    maybe = given or omit
    assert_type(await client.responses.create(model="m", stream=maybe), Response | ResponseStream[None])
    assert_type(await client.responses.retrieve("resp_1", stream=maybe), Response | ResponseStream[None])
    assert_type(await client.responses.retrieve("resp_1", stream=True, starting_after=1), ResponseStream[None])


async def raw_turns(client: ConversationsClient, given: bool) -> None:
    """So it does of raw and of streamed responses."""
    raw, open_ = client.responses.with_raw_response, client.responses.with_streaming_response
    assert_type(await raw.create(model="m", input="Hi", safe=True), APIResponse[Response])
    assert_type(await raw.create(model="m", stream=True), APIResponse[ResponseStream[None]])
    assert_type(await raw.create(model="m", stream=given), APIResponse[Response | ResponseStream[None]])
    assert_type(await raw.retrieve("resp_1"), APIResponse[Response])
    assert_type(await raw.retrieve("resp_1", stream=True), APIResponse[ResponseStream[None]])
    assert_type(await raw.parse(model="m", text_format=Weather), APIResponse[ParsedResponse[Weather]])
    async with open_.create(model="m", input="Hi") as answer:
        assert_type(await answer.parse(), Response)
    async with open_.create(model="m", stream=True) as streamed:
        assert_type(await streamed.parse(), ResponseStream[None])
    async with open_.retrieve("resp_1", stream=given) as either:
        assert_type(await either.parse(), Response | ResponseStream[None])


async def objects(client: ConversationsClient) -> None:
    """``text_format`` decides what the text is read as."""
    parsed = await client.responses.parse(model="m", input="Hi", text_format=Weather)
    assert_type(parsed, ParsedResponse[Weather])
    assert_type(parsed.output_parsed, Weather | None)
    async with client.responses.stream(model="m", input="Hi", text_format=Weather) as stream:
        assert_type((await stream.get_final_response()).output_parsed, Weather | None)
        assert_type(await stream.get_final_text(), str)


async def events(stream: ResponseStream[None]) -> None:
    """An event is told by its type."""
    async for event in stream:
        assert_type(event, ResponseStreamEvent)
        if event.type == "response.output_text.delta":
            assert_type(event.delta, str)
        elif event.type == "response.completed":
            assert_type(event.response, Response)
        elif event.type == "error":
            assert_type(event.message, str)


async def texts(stream: ResponseStream[None]) -> None:
    """Texts are strings."""
    async for text in stream.text_stream:
        assert_type(text, str)
