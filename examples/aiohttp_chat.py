"""
A small chat backend in aiohttp.web: one client per application, turns streamed to the browser.

    python examples/aiohttp_chat.py        then open http://127.0.0.1:8080

    GET  /                        the page
    POST /chats                   starts a chat
    POST /chats/{chat}/turns      {"text": "…"}: takes a turn; what the model says comes as server-sent events
    GET  /chats/{chat}            the transcript as JSON Lines, streamed

Without OPENAI_API_KEY it talks to the embedded server, whose model repeats what you say.
A user may bring a key of their own in the header ``x-user-key``.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import ClientConnectionResetError, web
from aiohttp.typedefs import Handler

from openai_conversations import (
    AmbiguousWriteError,
    APIError,
    APITimeoutError,
    ConversationsClient,
    FunctionCall,
    Message,
    NotFoundError,
    Refusal,
    Response,
    ResponseIncompleteError,
    ResponseRefusalDeltaEvent,
    ResponseTextDeltaEvent,
)
from openai_conversations.server import ConversationsServer

CLIENT = web.AppKey("CLIENT", ConversationsClient)
MODEL = os.environ.get("OPENAI_MODEL", "gpt-5.5")
PAGE = Path(__file__).with_name("chat.html")

log = logging.getLogger("chat")


def make_app() -> web.Application:
    app = web.Application(middlewares=[explain_errors])
    app.cleanup_ctx.append(conversations)
    app.add_routes(
        [
            web.get("/", page),
            web.post("/chats", start),
            web.post("/chats/{chat}/turns", say),
            web.get("/chats/{chat}", transcript),
        ]
    )
    return app


async def conversations(app: web.Application) -> AsyncIterator[None]:
    """Open the one client when the application starts, close it when the application stops."""
    async with AsyncExitStack() as stack:
        if os.environ.get("OPENAI_API_KEY"):
            app[CLIENT] = await stack.enter_async_context(ConversationsClient())
        else:
            server = await stack.enter_async_context(ConversationsServer())
            server.model.set_speed(tokens_per_second=20)
            client = ConversationsClient(api_key="offline", base_url=server.base_url)
            app[CLIENT] = await stack.enter_async_context(client)
        yield


def client_of(request: web.Request) -> ConversationsClient:
    """The application's client, with the user's own key if there is one; both share the connections."""
    client = request.app[CLIENT]
    key = request.headers.get("x-user-key")
    return client.with_options(api_key=key) if key else client


async def page(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE)


async def start(request: web.Request) -> web.Response:
    conversation = await client_of(request).conversations.create()
    return web.json_response({"chat": conversation.id}, status=201)


async def say(request: web.Request) -> web.StreamResponse:
    """Take a turn. Safe turns run in the background: when the connection to the service breaks, nothing is lost."""
    text = await text_of(request)
    turn = client_of(request).responses.stream(
        conversation=request.match_info["chat"], model=MODEL, input=text, safe=True
    )
    async with turn as stream:  # whatever is wrong so far is a status; later it can only be an event
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
        await response.prepare(request)
        try:
            async for one in stream:
                if isinstance(one, ResponseTextDeltaEvent):
                    await response.write(event("text", one.delta))
                elif isinstance(one, ResponseRefusalDeltaEvent):
                    await response.write(event("refusal", one.delta))
            await response.write(event(*ending(await stream.get_final_response())))
        except ClientConnectionResetError:
            await stream.cancel()  # the browser went away, or somebody pressed Stop
        except APIError as error:
            log.warning("a turn failed: %s", error)
            await response.write(event("failed", words_for(error)[1]))
    return response


async def text_of(request: web.Request) -> str:
    try:
        text = (await request.json())["text"]
    except (ValueError, TypeError, KeyError):
        raise web.HTTPBadRequest(text='expected {"text": "…"}') from None
    return str(text)


def ending(response: Response) -> tuple[str, str]:
    """How a turn ended that is complete: a failed or an incomplete one was raised."""
    if any(isinstance(item, FunctionCall) for item in response.output):
        return "failed", "the model asked for a function, and this chat has none"
    return "done", response.id


def event(name: str, data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def text_of_message(message: Message) -> str:
    """What it says; of a refusal, how the model refused."""
    return message.text or "".join(part.refusal for part in message.parts if isinstance(part, Refusal))


async def transcript(request: web.Request) -> web.StreamResponse:
    """When the browser goes away, writing fails, the loop ends, and no further page is fetched."""
    listing = client_of(request).conversations.items.list(request.match_info["chat"], order="asc")
    response = web.StreamResponse(headers={"content-type": "application/jsonl"})
    async for item in listing:
        if not response.prepared:  # only now is it certain that the chat exists
            await response.prepare(request)
        if isinstance(item, Message):
            line = json.dumps({"role": item.role, "text": text_of_message(item)})
            await response.write(f"{line}\n".encode())
    return response


@web.middleware
async def explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The service's errors in words for a browser; what went wrong in detail is for the log."""
    try:
        return await handler(request)
    except APIError as error:
        status, words = words_for(error)
        log.warning("%s %s: %s", request.method, request.path, error)
        return web.json_response({"error": words}, status=status)


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


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
