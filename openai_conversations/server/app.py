"""From an aiohttp request to a reply and back to the socket."""

from __future__ import annotations

import time

from aiohttp import web

from openai_conversations.server import routes
from openai_conversations.server.engine import Engine
from openai_conversations.server.exchange import Call, Reply, error_reply
from openai_conversations.server.operations import OPERATIONS, Context
from openai_conversations.server.refusal import Refusal


class App:
    """The service: one instance serves every connection."""

    def __init__(self, *, engine: Engine, context: Context, prefix: str) -> None:
        self._engine = engine
        self._context = context
        self._prefix = prefix

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        started = time.perf_counter()
        reply = await self._reply(request)
        return web.Response(
            status=reply.status,
            body=reply.body,
            content_type=reply.content_type,
            headers={
                "x-request-id": self._context.ids.new("req"),
                "openai-processing-ms": str(round((time.perf_counter() - started) * 1000)),
                **reply.headers,
            },
        )

    async def _reply(self, request: web.BaseRequest) -> Reply:
        try:
            call = await self._read(request)
            job = OPERATIONS[call.operation](call, self._context)
            return await self._engine.run(job)
        except Refusal as error:
            return error_reply(error)

    async def _read(self, request: web.BaseRequest) -> Call:
        path, query = routes.split(request.raw_path)
        methods, conversation_id, item_id = routes.match(path, self._prefix)
        if methods is None:
            raise Refusal(404, f"Invalid URL ({request.method} {path})")
        if request.method not in methods:
            raise Refusal(405, f"Not allowed to {request.method} on {path}.")
        if not request.headers.get("authorization", "").startswith("Bearer "):
            raise Refusal(401, "You didn't provide an API key.")
        return Call(
            method=request.method,
            path=path,
            operation=methods[request.method],
            conversation_id=conversation_id,
            item_id=item_id,
            query=query,
            body=await request.read(),
        )
