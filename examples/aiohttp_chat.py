"""
A small chat backend in aiohttp.web: one client per application, opened and closed with it.

    python examples/aiohttp_chat.py

    POST /chats                    starts a chat
    POST /chats/{chat}/messages    {"text": "…"}: stores the message and the response, returns the response
    GET  /chats/{chat}             the transcript as JSON Lines, streamed

A user may bring a key of their own in the header ``x-user-key``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.typedefs import Handler

from openai_conversations import (
    AmbiguousWriteError,
    APIError,
    APITimeoutError,
    ConversationsClient,
    Message,
    NotFoundError,
)

CLIENT = web.AppKey("CLIENT", ConversationsClient)


def make_app() -> web.Application:
    app = web.Application(middlewares=[explain_errors])
    app.cleanup_ctx.append(conversations)
    app.add_routes(
        [
            web.post("/chats", start),
            web.post("/chats/{chat}/messages", say),
            web.get("/chats/{chat}", transcript),
        ]
    )
    return app


async def conversations(app: web.Application) -> AsyncIterator[None]:
    """Open the one client when the application starts, close it when the application stops."""
    async with ConversationsClient() as client:
        app[CLIENT] = client
        yield


def client_of(request: web.Request) -> ConversationsClient:
    """The application's client, with the user's own key if there is one; both share the connections."""
    client = request.app[CLIENT]
    key = request.headers.get("x-user-key")
    return client.with_options(api_key=key) if key else client


async def start(request: web.Request) -> web.Response:
    conversation = await client_of(request).conversations.create()
    return web.json_response({"chat": conversation.id}, status=201)


async def say(request: web.Request) -> web.Response:
    text: str = (await request.json())["text"]
    answer = await think(text)
    await client_of(request).conversations.items.create(
        request.match_info["chat"],
        items=[Message(role="user", content=text), Message(role="assistant", content=answer)],
    )
    return web.json_response({"answer": answer})


async def think(text: str) -> str:
    """The place of your model."""
    return f"You said: {text}"


async def transcript(request: web.Request) -> web.StreamResponse:
    """When the browser goes away, writing fails, the loop ends, and no further page is fetched."""
    listing = client_of(request).conversations.items.list(request.match_info["chat"], order="asc")
    response = web.StreamResponse(headers={"content-type": "application/jsonl"})
    async for item in listing:
        if not response.prepared:  # only now is it certain that the chat exists
            await response.prepare(request)
        if isinstance(item, Message):
            line = json.dumps({"role": item.role, "text": item.text})
            await response.write(f"{line}\n".encode())
    return response


@web.middleware
async def explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The service's errors in words for a browser; what went wrong in detail is for the log."""
    try:
        return await handler(request)
    except NotFoundError:
        return web.json_response({"error": "no such chat"}, status=404)
    except AmbiguousWriteError:
        return web.json_response({"error": "this may or may not have been stored; please reload"}, status=503)
    except APITimeoutError:
        return web.json_response({"error": "the service is slow; please try again"}, status=504)
    except APIError:
        return web.json_response({"error": "the service failed"}, status=502)


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
