"""
``openai-conversations demo``: a whole conversation through the client, over a real socket, step by step.

The steps (:func:`play`) know nothing of the terminal, and what draws them (:mod:`..render.demo`) nothing of the client.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from openai_conversations.cli.connection import require_key
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Flag
from openai_conversations.cli.render.demo import Piece, Step, StepRequest, StepResult, view

if TYPE_CHECKING:
    from openai_conversations.client import ConversationsClient
    from openai_conversations.resources.items import ItemParam
    from openai_conversations.schemas.responses.response import Response
    from openai_conversations.server import ConversationsServer
    from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse

OPENING: Final[tuple[ItemParam, ...]] = ({"role": "developer", "content": "Answer in one sentence."},)

QUESTION: Final[ItemParam] = {"role": "user", "content": "What is the weather like in Ulaanbaatar right now?"}

ARGUMENTS: Final = '{"city":"Ulaanbaatar","unit":"celsius"}'

OUTPUT: Final = '{"temperature":-14,"sky":"clear","wind":"north-west, 3 m/s"}'

ANSWER: Final = "Clear sky and −14 °C, with a light wind from the north-west."

EARLIER_TURN: Final[tuple[ItemParam, ...]] = (
    QUESTION,
    {"type": "function_call", "call_id": "call_weather", "name": "get_weather", "arguments": ARGUMENTS},
    {"type": "function_call_output", "call_id": "call_weather", "output": OUTPUT},
    {"role": "assistant", "content": ANSWER},
)
"""What the turn leaves in the conversation; stored as it is where no model is asked."""

GET_WEATHER: Final[Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city right now.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius"]}},
        "required": ["city", "unit"],
        "additionalProperties": False,
    },
    "strict": True,
}

EMBEDDED_MODEL: Final = "gpt-5.5"

_MOST_ROUNDS: Final = 4
"""A model that goes on asking for the function is not asked a fifth time."""

AFTERWARDS: Final[tuple[ItemParam, ...]] = (
    {"role": "user", "content": "Do I need a hat?"},
    {
        "role": "assistant",
        "content": "Yes, a warm one:\n```python\nhat = max(hats, key=lambda hat: hat.warmth)\n```\nAnd gloves.",
    },
    {"role": "user", "content": "Thanks! ☃"},
)

METADATA: Final = {"user": "42", "topic": "weather"}


class Recorder:
    """A middleware that notes every request; the demo shows them under the call that caused them."""

    def __init__(self) -> None:
        self._requests: list[StepRequest] = []

    async def __call__(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        began = time.perf_counter()
        response = await handler(request)
        self._requests.append(
            StepRequest(
                method=request.method,
                path=request.template,
                status=response.status_code,
                seconds=time.perf_counter() - began,
            )
        )
        return response

    def take(self) -> list[StepRequest]:
        """The requests since the last time."""
        taken, self._requests = self._requests, []
        return taken


async def play(
    client: ConversationsClient, recorder: Recorder, model: str | None
) -> AsyncGenerator[Step | Piece | StepResult, None]:
    """Drive a conversation from its creation to its end; when it breaks off, nothing is left behind."""
    conversation = await client.conversations.create(metadata=METADATA, items=OPENING)
    try:
        yield Step(
            title="Create a conversation",
            code="conversation = await client.conversations.create(metadata=…, items=…)",
            requests=recorder.take(),
            notes=[conversation.id],
        )
        async with aclosing(_middle(client, recorder, conversation.id, model)) as steps:
            async for step in steps:
                yield step
    finally:
        await _erase(client, conversation.id)
    yield Step(
        title="Delete the conversation",
        code="await client.conversations.delete(conversation.id)",
        requests=recorder.take(),
        notes=["its items first: the service would keep them"],
    )


async def _middle(
    client: ConversationsClient, recorder: Recorder, id: str, model: str | None
) -> AsyncGenerator[Step | Piece | StepResult, None]:
    if model is None:
        yield await _append(client, recorder, id, EARLIER_TURN, "Append what was said before, a tool call included")
    else:
        async with aclosing(_turn(client, recorder, id, model)) as pieces:
            async for piece in pieces:
                yield piece
    yield await _append(client, recorder, id, AFTERWARDS, "Append messages")
    yield await _page(client, recorder, id)
    yield await _update(client, recorder, id)
    yield await _delete_item(client, recorder, id)


async def _turn(
    client: ConversationsClient, recorder: Recorder, id: str, model: str
) -> AsyncGenerator[Step | Piece | StepResult, None]:
    """A question that the model answers with the help of a function; its text is shown as it comes."""
    yield Step(
        title="Take a turn, streamed, with a function",
        code="async with client.responses.stream(input=…, tools=[…]) as stream:",
    )
    new: list[Any] = [QUESTION]
    tokens = 0
    for _ in range(_MOST_ROUNDS):
        async with client.responses.stream(conversation=id, model=model, input=new, tools=[GET_WEATHER]) as stream:
            async for text in stream.text_stream:
                yield Piece(kind="text", text=text)
            response = await stream.get_final_response()
        tokens += response.usage.output_tokens if response.usage is not None else 0
        new = [_output_of(call.call_id) for call in _calls(response)]
        for call in _calls(response):
            yield Piece(kind="call", text=f"{call.name} {call.arguments}")
            yield Piece(kind="output", text=OUTPUT)
        if not new:
            break
    yield StepResult(requests=recorder.take(), notes=[f"{tokens} tokens; input and output are in the conversation"])


def _calls(response: Response) -> list[Any]:
    return [item for item in response.output if item.type == "function_call"]


def _output_of(call_id: str) -> dict[str, str]:
    return {"type": "function_call_output", "call_id": call_id, "output": OUTPUT}


async def _append(
    client: ConversationsClient, recorder: Recorder, id: str, items: Sequence[ItemParam], title: str
) -> Step:
    stored = await client.conversations.items.create(id, items=items)
    return Step(
        title=title,
        code="await client.conversations.items.create(conversation.id, items=[…])",
        requests=recorder.take(),
        notes=[f"stored, once: {_types(stored.data)}"],
    )


async def _page(client: ConversationsClient, recorder: Recorder, id: str) -> Step:
    pages = 0
    items: list[Any] = []
    async for page in client.conversations.items.list(id, order="asc", limit=3).iter_pages():
        pages += 1
        items += page.data
    return Step(
        title="Page through them",
        code="async for item in client.conversations.items.list(conversation.id, …):",
        requests=recorder.take(),
        notes=[f"{len(items)} items on {pages} pages"],
        transcript=_as_json(items),
    )


async def _update(client: ConversationsClient, recorder: Recorder, id: str) -> Step:
    updated = await client.conversations.update(id, metadata={**METADATA, "answered": "yes"})
    return Step(
        title="Update its metadata",
        code="await client.conversations.update(conversation.id, metadata={…})",
        requests=recorder.take(),
        notes=[", ".join(f"{key}={value}" for key, value in (updated.metadata or {}).items())],
    )


async def _delete_item(client: ConversationsClient, recorder: Recorder, id: str) -> Step:
    newest = await client.conversations.items.list(id, limit=1)
    await client.conversations.items.delete(newest.data[0].id, conversation_id=id)
    left = await client.conversations.items.list(id, order="asc", limit=100)
    return Step(
        title="Delete an item",
        code="await client.conversations.items.delete(item.id, conversation_id=…)",
        requests=recorder.take(),
        notes=[f"gone: {newest.data[0].id}", f"left: {len(left.data)} items"],
    )


async def _erase(client: ConversationsClient, id: str) -> None:
    async for item in client.conversations.items.list(id, limit=100):
        await client.conversations.items.delete(item.id, conversation_id=id)
    await client.conversations.delete(id)


def _types(items: Sequence[Any]) -> str:
    """How many of each type: ``4 × message, 1 × function_call``."""
    tags = [item.type for item in items]
    return ", ".join(f"{tags.count(tag)} × {tag}" for tag in dict.fromkeys(tags))


def _as_json(items: Sequence[Any]) -> list[Any]:
    from openai_conversations.converters.codec import codec

    return [codec().to_json(item) for item in items]


@asynccontextmanager
async def _client(live: bool, recorder: Recorder) -> AsyncGenerator[ConversationsClient, None]:
    """A client of the service, or of an embedded server that lives as long."""
    from openai_conversations.client import ConversationsClient

    if live:
        require_key()
        async with ConversationsClient(middlewares=[recorder]) as client:
            yield client
        return
    from openai_conversations.server import ConversationsServer

    async with (
        ConversationsServer() as server,
        ConversationsClient(api_key="sk-demo", base_url=server.base_url, middlewares=[recorder]) as client,
    ):
        _rehearse(server)
        yield client


def _rehearse(server: ConversationsServer) -> None:
    """Tell the embedded model what it says, at a speed that can be seen."""
    server.model.call("get_weather", ARGUMENTS)
    server.model.say(ANSWER)
    server.model.set_speed(tokens_per_second=40)


async def demo(*, live: Flag = False, model: str | None = None) -> int:
    """
    Drive a whole conversation through the client; no key needed.

    Without options it starts the embedded server on a free port of this machine.

    Args:
        live: Use the service instead, with OPENAI_API_KEY: eight short items, erased again.
        model: With --live, the model that takes a turn; without it, no model is asked.
    """
    recorder = Recorder()
    async with _client(live, recorder) as client:
        shown = view(client.base_url, embedded=not live)
        shown.begin()
        async with aclosing(play(client, recorder, model if live else model or EMBEDDED_MODEL)) as steps:
            async for step in steps:
                shown.show(step)
        shown.end()
    return Exit.OK
