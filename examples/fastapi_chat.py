"""
A small chat backend in FastAPI: one client per application, turns streamed to the browser.

    uvicorn --app-dir examples fastapi_chat:app        then open http://127.0.0.1:8000

    GET  /                        the page
    POST /chats                   starts a chat
    POST /chats/{chat}/turns      {"text": "…"}: takes a turn; what the model says comes as server-sent events
    GET  /chats/{chat}            the transcript as JSON Lines, streamed

Without OPENAI_API_KEY it talks to the embedded server, whose model repeats what you say.
A user may bring a key of their own in the header ``x-user-key``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Header, Request
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse

from openai_conversations import (
    AmbiguousWriteError,
    APIError,
    APITimeoutError,
    ConversationItem,
    ConversationsClient,
    FunctionCall,
    Message,
    NotFoundError,
    Refusal,
    Response,
    ResponseIncompleteError,
    ResponseRefusalDeltaEvent,
    ResponseStream,
    ResponseTextDeltaEvent,
)
from openai_conversations.server import ConversationsServer

MODEL = os.environ.get("OPENAI_MODEL", "gpt-5.5")
PAGE = Path(__file__).with_name("chat.html")

log = logging.getLogger("chat")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Open the one client when the application starts, close it when the application stops."""
    async with AsyncExitStack() as stack:
        if os.environ.get("OPENAI_API_KEY"):
            app.state.client = await stack.enter_async_context(ConversationsClient())
        else:
            server = await stack.enter_async_context(ConversationsServer())
            server.model.set_speed(tokens_per_second=20)
            client = ConversationsClient(api_key="offline", base_url=server.base_url)
            app.state.client = await stack.enter_async_context(client)
        yield


app = FastAPI(lifespan=lifespan)


def client_of(request: Request, x_user_key: Annotated[str | None, Header()] = None) -> ConversationsClient:
    """The application's client, with the user's own key if there is one; both share the connections."""
    client: ConversationsClient = request.app.state.client
    return client.with_options(api_key=x_user_key) if x_user_key else client


Client = Annotated[ConversationsClient, Depends(client_of)]


@app.get("/")
async def page() -> FileResponse:
    return FileResponse(PAGE)


@app.post("/chats", status_code=201)
async def start(client: Client) -> dict[str, str]:
    conversation = await client.conversations.create()
    return {"chat": conversation.id}


@app.post("/chats/{chat}/turns")
async def say(client: Client, chat: str, text: Annotated[str, Body(embed=True)]) -> StreamingResponse:
    """Take a turn. Whatever is wrong before the first event is a status; later it can only be an event."""
    stream = await client.responses.create(conversation=chat, model=MODEL, input=text, stream=True, safe=True)
    return StreamingResponse(events(stream), media_type="text/event-stream", headers={"cache-control": "no-store"})


async def events(stream: ResponseStream[None]) -> AsyncIterator[str]:
    """When the browser goes away, or somebody presses Stop, this is cancelled or closed, and the turn is stopped."""
    try:
        async for one in stream:
            if isinstance(one, ResponseTextDeltaEvent):
                yield event("text", one.delta)
            elif isinstance(one, ResponseRefusalDeltaEvent):
                yield event("refusal", one.delta)
        yield event(*ending(await stream.get_final_response()))
    except APIError as error:
        log.warning("a turn failed: %s", error)
        yield event("failed", words_for(error)[1])
    finally:
        await asyncio.shield(stream.cancel())  # of a turn that has ended, this only closes the stream


def ending(response: Response) -> tuple[str, str]:
    """How a turn ended that is complete: a failed or an incomplete one was raised."""
    if any(isinstance(item, FunctionCall) for item in response.output):
        return "failed", "the model asked for a function, and this chat has none"
    return "done", response.id


def event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


@app.get("/chats/{chat}")
async def transcript(client: Client, chat: str) -> StreamingResponse:
    """The first page is fetched before the response begins, so that an unknown chat is still a 404."""
    first = await client.conversations.items.list(chat, order="asc")
    return StreamingResponse(lines(aiter(first)), media_type="application/jsonl")


def text_of_message(message: Message) -> str:
    """What it says; of a refusal, how the model refused."""
    return message.text or "".join(part.refusal for part in message.parts if isinstance(part, Refusal))


async def lines(items: AsyncIterator[ConversationItem]) -> AsyncIterator[str]:
    """When the browser goes away, this is cancelled, and no further page is fetched."""
    async for item in items:
        if isinstance(item, Message):
            yield json.dumps({"role": item.role, "text": text_of_message(item)}) + "\n"


@app.exception_handler(APIError)
async def explain(request: Request, error: APIError) -> JSONResponse:
    """The service's errors in words for a browser; what went wrong in detail is for the log."""
    status, words = words_for(error)
    log.warning("%s %s: %s", request.method, request.url.path, error)
    return JSONResponse({"error": words}, status_code=status)


def words_for(error: APIError) -> tuple[int, str]:
    """A status and a sentence."""
    match error:
        case NotFoundError():
            return 404, "no such chat"
        case ResponseIncompleteError():
            return 502, "the answer was cut off"
        case AmbiguousWriteError():
            return 503, "this may or may not have been stored; please reload"
        case APITimeoutError():
            return 504, "the service is slow; please try again"
        case _:
            return 502, "the service failed"
