"""From an aiohttp request to a response and back to the socket."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial

import attrs
from aiohttp import web

from openai_conversations.server.control import Control
from openai_conversations.server.faults.effects.rewrites import rewrite_body
from openai_conversations.server.faults.fault import Rewrite
from openai_conversations.server.faults.injector import FaultInjector
from openai_conversations.server.http import errors, io, routes
from openai_conversations.server.http.auth import Authenticator
from openai_conversations.server.http.connection import Connection
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.lifetime import Lifetime, ServerClosing
from openai_conversations.server.http.masking import mask_body, mask_headers, mask_query
from openai_conversations.server.http.messages import (
    Events,
    ServerRequest,
    ServerResponse,
    StreamEvent,
    error_response,
)
from openai_conversations.server.http.rate_limit import RequestRate
from openai_conversations.server.journal import Journal, JournalEntry
from openai_conversations.server.model.service import TurnService
from openai_conversations.server.model.turn_call import TurnOptions
from openai_conversations.server.processing import PendingRequest
from openai_conversations.server.rules.operations import Context
from openai_conversations.storage.database import Database


@attrs.frozen(kw_only=True)
class RequestBounds:
    """
    What a request may cost.

    Attributes:
        body: The most bytes of a body.
        patience: Seconds for the head of a request, and again for its body.
    """

    body: int
    patience: float


@attrs.frozen(kw_only=True)
class RequestHandler:
    """
    Answers every request of every connection.

    Attributes:
        database: Runs jobs on the store.
        context: What the rules need.
        authenticator: Decides which requests are let in.
        injector: The faults that wait for requests.
        journal: Where every request is written down.
        rate: Counts requests.
        bounds: What a request may cost.
        control: Answers the control path; ``None`` when there is none.
        lifetime: The server's.
        turns: Answers the operations of turns.
        go_down: Makes the server unreachable for so many seconds.
    """

    database: Database
    context: Context
    authenticator: Authenticator
    injector: FaultInjector
    journal: Journal
    rate: RequestRate
    bounds: RequestBounds
    control: Control | None
    lifetime: Lifetime
    turns: TurnService
    go_down: Callable[[float], None]
    _router: routes.Router = attrs.field(
        init=False, default=attrs.Factory(lambda self: routes.Router(self.context.profile), takes_self=True)
    )

    async def handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        """Answer one request: aiohttp calls this."""
        path, query = routes.split(raw.raw_path)
        headers = {name.lower(): value for name, value in raw.headers.items()}
        if self.control is not None and self.control.owns(path):
            request = ServerRequest(method=raw.method, path=path, query=query, headers=headers)
            return await self._handle_control(self.control, raw, request)
        started = time.perf_counter()
        entry = self.journal.open(
            method=raw.method, path=path, query=mask_query(query, headers), headers=mask_headers(headers)
        )
        try:
            return await self._respond(raw, headers, query, entry)
        finally:
            self.journal.close(entry, time.perf_counter() - started)

    async def _handle_control(
        self, control: Control, raw: web.BaseRequest, request: ServerRequest
    ) -> web.StreamResponse:
        try:
            body = await io.read_body(raw, self.bounds.body, self.bounds.patience)
            sleep = partial(self.lifetime.sleep, end=_gone(raw))
            response = control.respond(attrs.evolve(request, body=body), sleep)
        except HTTPError as error:
            response = error_response(error)
        try:
            if response.events is not None:
                return await io.send_events(raw, response, {})
            return await io.send(raw, response, {}, self.lifetime.sleep)
        except (ServerClosing, ConnectionError):
            io.hang_up(raw.transport, reset=False)
            return web.Response(status=500)

    async def _respond(
        self, raw: web.BaseRequest, headers: dict[str, str], query: dict[str, list[str]], entry: JournalEntry
    ) -> web.StreamResponse:
        started = time.perf_counter()
        try:
            response = await self._process(raw, headers, query, entry)
            every = self._headers(entry, time.perf_counter() - started)
            sent = await self._send(raw, response, every, entry)
            if response.idle_close is not None:
                await self._finish(raw, sent, response)
        except (ServerClosing, ConnectionError):
            io.hang_up(raw.transport, reset=False)
            return web.Response(status=500)
        if response.outage is not None:
            self.go_down(response.outage)
        if not response.drop:
            entry.status = response.status
            entry.acknowledged = response.truth and not entry.partial and not _is_gone(raw)
        return sent

    async def _send(
        self, raw: web.BaseRequest, response: ServerResponse, headers: dict[str, str], entry: JournalEntry
    ) -> web.StreamResponse:
        if response.silent:
            await self.lifetime.wait(_gone(raw))
            raise ConnectionAbortedError("a fault answers nothing")
        if response.events is None or response.drop:
            return await io.send(raw, response, headers, self.lifetime.sleep)
        entry.status = response.status
        sent = await io.send_events(raw, attrs.evolve(response, events=_counted(response.events, entry)), headers)
        if response.format.open_end:
            await self.lifetime.wait(_gone(raw))
        return sent

    async def _finish(self, raw: web.BaseRequest, sent: web.StreamResponse, response: ServerResponse) -> None:
        """Let the whole response out, and close its connection later unless another request has come on it."""
        await sent.prepare(raw)
        await sent.write_eof()
        self.lifetime.start(self._close_idle(raw, response.idle_close or 0.0, reset=response.reset))

    async def _close_idle(self, raw: web.BaseRequest, seconds: float, *, reset: bool) -> None:
        await self.lifetime.sleep(seconds)
        if _connection(raw).is_idle_since(raw):
            io.hang_up(raw.transport, reset=reset)

    async def _process(
        self, raw: web.BaseRequest, headers: dict[str, str], query: dict[str, list[str]], entry: JournalEntry
    ) -> ServerResponse:
        try:
            request = await self._read(raw, headers, query, entry)
            fired = self.injector.take(request)
            entry.fault = ", ".join(fault.name for fault in fired)
            pending = self._pending(request, raw, entry, [fault.rewrite for fault in fired if fault.rewrite])
            effect = next((fault.effect for fault in fired if fault.effect), PendingRequest.begin)
            return await effect(pending)
        except HTTPError as error:
            return error_response(error, self.context.profile.errors)

    def _pending(
        self, request: ServerRequest, raw: web.BaseRequest, entry: JournalEntry, rewrites: Sequence[Rewrite]
    ) -> PendingRequest:
        keeps_all = True
        if rewrites:
            body, keeps_all = rewrite_body(request.body, rewrites)
            request = attrs.evolve(request, body=body)
        return PendingRequest(
            request=request,
            options=TurnOptions(rewrites=tuple(rewrites)),
            entry=entry,
            database=self.database,
            context=self.context,
            lifetime=self.lifetime,
            turns=self.turns,
            gone=_gone(raw) if request.operation in _LASTING else None,
            keeps_all=keeps_all,
        )

    async def _read(
        self, raw: web.BaseRequest, headers: dict[str, str], query: dict[str, list[str]], entry: JournalEntry
    ) -> ServerRequest:
        route = self._router.route(entry.method, entry.path)
        entry.note_route(
            route.operation,
            conversation_id=route.conversation_id,
            item_id=route.item_id,
            response_id=route.response_id,
        )
        owner = self.authenticator.owner(headers)
        self.rate.take()
        body = await io.read_body(raw, self.bounds.body, self.bounds.patience)
        entry.body = mask_body(body, headers)
        if body:
            errors.check_content_type(headers.get("content-type", ""))
        return ServerRequest(
            method=entry.method,
            path=entry.path,
            operation=route.operation,
            conversation_id=route.conversation_id,
            item_id=route.item_id,
            response_id=route.response_id,
            owner=owner,
            query=query,
            headers=headers,
            body=body,
        )

    def _headers(self, entry: JournalEntry, seconds: float) -> dict[str, str]:
        entry.request_id = self.context.ids.new("req")
        ids = dict.fromkeys(self.context.profile.request_id_headers, entry.request_id)
        return {**ids, "openai-processing-ms": str(round(seconds * 1000)), **self.rate.headers()}


async def _counted(events: Events, entry: JournalEntry) -> Events:
    """The events of a stream; those that were sent are counted in the entry."""
    async with contextlib.aclosing(events):
        async for batch in events:
            yield batch
            entry.events += sum(1 for frame in batch if isinstance(frame, StreamEvent))


_LASTING = frozenset({"createResponse", "getResponse"})
"""Operations whose response may last."""


def _gone(raw: web.BaseRequest) -> asyncio.Future[None]:
    """Done when the client has hung up."""
    return _connection(raw).gone


def _connection(raw: web.BaseRequest) -> Connection:
    connection = raw.protocol
    assert isinstance(connection, Connection)  # noqa: S101  # the factory makes no others
    return connection


def _is_gone(raw: web.BaseRequest) -> bool:
    return raw.transport is None or raw.transport.is_closing()
