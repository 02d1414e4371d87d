"""How middlewares become one handler."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from openai_conversations.transport.message import Handler, Middleware, Request, Response


def build_chain(middlewares: Sequence[Middleware], terminal: Handler) -> Handler:
    """The first middleware is the outermost; the last calls *terminal*."""
    handler = terminal
    for middleware in reversed(middlewares):
        handler = _link(middleware, handler)
    return handler


def _link(middleware: Middleware, handler: Handler) -> Handler:
    def call(request: Request) -> Awaitable[Response]:
        return middleware(request, handler)

    return call
