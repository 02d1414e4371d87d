"""
A small chat backend in FastAPI: one client per application, opened and closed by its lifespan.

    uvicorn --app-dir examples fastapi_chat:app

    POST /chats                    starts a chat
    POST /chats/{chat}/messages    {"text": "…"}: stores the message and the response, returns the response
    GET  /chats/{chat}             the transcript as JSON Lines, streamed

A user may bring a key of their own in the header ``x-user-key``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse, StreamingResponse

from openai_conversations import (
    AmbiguousWriteError,
    APIError,
    APITimeoutError,
    ConversationItem,
    ConversationsClient,
    Message,
    NotFoundError,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Open the one client when the application starts, close it when the application stops."""
    async with ConversationsClient() as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


def client_of(request: Request, x_user_key: Annotated[str | None, Header()] = None) -> ConversationsClient:
    """The application's client, with the user's own key if there is one; both share the connections."""
    client: ConversationsClient = request.app.state.client
    return client.with_options(api_key=x_user_key) if x_user_key else client


Client = Annotated[ConversationsClient, Depends(client_of)]


@app.post("/chats", status_code=201)
async def start(client: Client) -> dict[str, str]:
    conversation = await client.conversations.create()
    return {"chat": conversation.id}


@app.post("/chats/{chat}/messages")
async def say(client: Client, chat: str, text: Annotated[str, Body(embed=True)]) -> dict[str, str]:
    answer = await think(text)
    await client.conversations.items.create(
        chat, items=[Message(role="user", content=text), Message(role="assistant", content=answer)]
    )
    return {"answer": answer}


async def think(text: str) -> str:
    """The place of your model."""
    return f"You said: {text}"


@app.get("/chats/{chat}")
async def transcript(client: Client, chat: str) -> StreamingResponse:
    """The first page is fetched before the response begins, so that an unknown chat is still a 404."""
    page = await client.conversations.items.list(chat, order="asc")
    return StreamingResponse(lines(aiter(page)), media_type="application/jsonl")


async def lines(items: AsyncIterator[ConversationItem]) -> AsyncIterator[str]:
    """When the browser goes away, this is cancelled, and no further page is fetched."""
    async for item in items:
        if isinstance(item, Message):
            yield json.dumps({"role": item.role, "text": item.text}) + "\n"


@app.exception_handler(APIError)
async def explain(_: Request, error: APIError) -> JSONResponse:
    """The service's errors in words for a browser; what went wrong in detail is for the log."""
    for kind, status, words in (
        (NotFoundError, 404, "no such chat"),
        (AmbiguousWriteError, 503, "this may or may not have been stored; please reload"),
        (APITimeoutError, 504, "the service is slow; please try again"),
    ):
        if isinstance(error, kind):
            return JSONResponse({"error": words}, status_code=status)
    return JSONResponse({"error": "the service failed"}, status_code=502)
