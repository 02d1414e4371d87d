"""
The chat backend of ``before.py`` on this client: the imports are other ones, and nothing else.

    uvicorn --app-dir examples migration.after:app

Its twin ``before.py`` stands on the official client; a test runs both.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from openai_conversations import (
    APIStatusError,
    AsyncOpenAI,
    Conversation,
    ConversationItem,
    InvalidWebhookSignatureError,
    omit,
)

MODEL = "gpt-5"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with AsyncOpenAI(timeout=20, max_retries=2) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


class Export(BaseModel):
    """A chat as a file: a model of the service's own with the client's classes as fields."""

    conversation: Conversation
    items: list[ConversationItem]


@app.post("/chats", status_code=201)
async def start(request: Request, user: Annotated[str | None, Body(embed=True)] = None) -> Any:
    client: AsyncOpenAI = request.app.state.client
    return await client.conversations.create(metadata={"user": user} if user else omit)


@app.get("/chats/{chat}")
async def get(request: Request, chat: str) -> Conversation:
    client: AsyncOpenAI = request.app.state.client
    return await client.conversations.retrieve(chat)


@app.patch("/chats/{chat}")
async def rename(request: Request, chat: str, title: Annotated[str, Body(embed=True)]) -> Conversation:
    client: AsyncOpenAI = request.app.state.client
    return await client.conversations.update(chat, metadata={"title": title})


@app.delete("/chats/{chat}")
async def delete(request: Request, chat: str) -> dict[str, bool]:
    client: AsyncOpenAI = request.app.state.client
    return {"deleted": (await client.conversations.delete(chat)).deleted}


@app.post("/chats/{chat}/items")
async def add(request: Request, chat: str, text: Annotated[str, Body(embed=True)]) -> list[str | None]:
    client: AsyncOpenAI = request.app.state.client
    stored = await client.conversations.items.create(
        chat, items=[{"type": "message", "role": "user", "content": text}], include=["message.input_image.image_url"]
    )
    return [item.id for item in stored.data]


@app.get("/chats/{chat}/items")
async def items(request: Request, chat: str) -> list[ConversationItem]:
    client: AsyncOpenAI = request.app.state.client
    return [item async for item in client.conversations.items.list(chat, order="asc", limit=2)]


@app.get("/chats/{chat}/items/{item}")
async def item(request: Request, chat: str, item: str) -> ConversationItem:
    client: AsyncOpenAI = request.app.state.client
    return await client.conversations.items.retrieve(item, conversation_id=chat)


@app.delete("/chats/{chat}/items/{item}")
async def remove(request: Request, chat: str, item: str) -> dict[str, str]:
    client: AsyncOpenAI = request.app.state.client
    return {"chat": (await client.conversations.items.delete(item, conversation_id=chat)).id}


@app.get("/chats/{chat}/export")
async def export(request: Request, chat: str) -> Export:
    client: AsyncOpenAI = request.app.state.client
    page = await client.conversations.items.list(chat, order="asc", limit=100)
    return Export(conversation=await client.conversations.retrieve(chat), items=page.data)


@app.post("/chats/{chat}/turns")
async def turn(request: Request, chat: str, text: Annotated[str, Body(embed=True)]) -> dict[str, str]:
    client: AsyncOpenAI = request.app.state.client
    response = await client.responses.create(conversation=chat, model=MODEL, input=text)
    return {"id": response.id, "answer": response.output_text}


@app.get("/chats/{chat}/said")
async def said(request: Request, chat: str) -> list[str]:
    client: AsyncOpenAI = request.app.state.client
    found: list[str] = []
    async for item in client.conversations.items.list(chat, order="asc"):
        if item.type == "message" and not isinstance(item.content, str):
            found += [part.text for part in item.content if part.type == "output_text"]
        elif item.type == "function_call":
            found.append(f"{item.name}({item.arguments})")
    return found


@app.post("/chats/{chat}/stream")
async def stream(request: Request, chat: str, text: Annotated[str, Body(embed=True)]) -> StreamingResponse:
    client: AsyncOpenAI = request.app.state.client
    events = await client.responses.create(conversation=chat, model=MODEL, input=text, stream=True)

    async def deltas() -> AsyncIterator[str]:
        async for event in events:
            if event.type == "response.output_text.delta":
                yield event.delta

    return StreamingResponse(deltas(), media_type="text/plain")


@app.post("/hook")
async def hook(request: Request) -> dict[str, str]:
    client: AsyncOpenAI = request.app.state.client
    event = client.webhooks.unwrap(await request.body(), request.headers)
    return {"type": event.type, "about": event.data.id if event.type == "response.completed" else ""}


@app.exception_handler(APIStatusError)
async def refused(_: Request, error: APIStatusError) -> JSONResponse:
    said: dict[str, Any] = error.response.json()
    return JSONResponse({"message": said["error"]["message"], "code": error.code}, status_code=error.status_code)


@app.exception_handler(InvalidWebhookSignatureError)
async def forged(_: Request, error: InvalidWebhookSignatureError) -> JSONResponse:
    return JSONResponse({"message": type(error).__name__}, status_code=400)
