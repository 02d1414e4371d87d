"""A stream is open for whoever is given it: one that gets lost on its way up is closed there."""

from __future__ import annotations

from openai_conversations.transport.message import BodyStream, Handler, HTTPRequest, HTTPResponse, Middleware


async def closing_lost_streams(request: HTTPRequest, *, middleware: Middleware, handler: Handler) -> HTTPResponse:
    """
    Call a middleware with a request whose response may be open, and close what it does not pass on.

    It may be cancelled or raise after the response came, drop it for another one, or read it itself. An open response
    holds a connection of the pool, and nobody above knows of it. One that comes back with a stream of the middleware's
    own is left to that.
    """
    opened: list[BodyStream] = []

    async def noting(request: HTTPRequest) -> HTTPResponse:
        response = await handler(request)
        if response.stream is not None:
            opened.append(response.stream)
        return response

    kept: BodyStream | None = None
    try:
        response = await middleware(request, noting)
        kept = response.stream
    finally:
        if kept is None or kept in opened:
            for stream in opened:
                if stream is not kept:
                    stream.abort()
    return response
