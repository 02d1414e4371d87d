"""From an aiohttp request to a reply and back to the socket."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable

import attrs
from aiohttp import web

from openai_conversations.server.faults.injector import FaultInjector
from openai_conversations.server.http import errors, io, routes
from openai_conversations.server.http.auth import Keys
from openai_conversations.server.http.errors import Refusal
from openai_conversations.server.http.messages import Call, Reply, error_reply
from openai_conversations.server.http.rate_limit import RateLimit
from openai_conversations.server.inspection.control import Control
from openai_conversations.server.inspection.journal import Journal, JournalEntry
from openai_conversations.server.rules.operations import OPERATIONS, Context
from openai_conversations.server.storage.engine import Engine

_SECRET_HEADERS = ("authorization", "api-key", "x-ms-user-isolation-key", "cookie")


class ServerClosing(Exception):  # noqa: N818  # not an error of anybody's
    """The server is being closed: whoever waits in it gives up."""


@attrs.frozen(kw_only=True)
class RequestLimits:
    """
    What a connection may cost.

    Attributes:
        body: The most bytes of a body.
        patience: Seconds for the head of a request, and again for its body.
    """

    body: int
    patience: float


class App:
    """The service: one instance serves every connection."""

    def __init__(
        self,
        *,
        engine: Engine,
        context: Context,
        keys: Keys,
        injector: FaultInjector,
        journal: Journal,
        rate: RateLimit,
        limits: RequestLimits,
        control: Control | None,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.engine = engine
        self.context = context
        self.go_down: Callable[[float], None] = lambda _: None
        self._router = routes.Router(context.profile)
        self._keys = keys
        self._armory = injector
        self._journal = journal
        self._rate = rate
        self._limits = limits
        self._control = control
        self._sleep = sleep
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def close(self) -> None:
        """Wake whoever waits: a fault's delay does not outlive the server."""
        if not self._closing.done():
            self._closing.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """
        Wait, but no longer than the server lives.

        Raises:
            ServerClosing: It is being closed.
        """
        nap = asyncio.ensure_future(self._sleep(seconds))
        await asyncio.wait((nap, self._closing), return_when=asyncio.FIRST_COMPLETED)
        if not nap.done():
            nap.cancel()
            raise ServerClosing
        await nap

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request: aiohttp calls this."""
        path, query = routes.split(request.raw_path)
        if self._control is not None and self._control.owns(path):
            return await self._handle_control(request, path)
        started = time.perf_counter()
        headers = {name.lower(): value for name, value in request.headers.items()}
        entry = self._journal.open(method=request.method, path=path, query=query, headers=_without_secrets(headers))
        try:
            return await self._answer(request, headers, entry)
        finally:
            self._journal.close(entry, time.perf_counter() - started)

    async def _handle_control(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        assert self._control is not None  # noqa: S101  # narrows the type
        try:
            body = await io.read_body(request, self._limits.body, self._limits.patience)
            reply = self._control.answer(Call(method=request.method, path=path, body=body))
        except Refusal as error:
            reply = error_reply(error)
        return await io.deliver(request, reply, {}, self.sleep)

    async def _answer(
        self, request: web.BaseRequest, headers: dict[str, str], entry: JournalEntry
    ) -> web.StreamResponse:
        started = time.perf_counter()
        try:
            reply = await self._reply(request, headers, entry)
            told = self._headers(entry, time.perf_counter() - started)
            response = await io.deliver(request, reply, told, self.sleep)
        except (ServerClosing, ConnectionError):
            io.hang_up(request.transport, reset=False)
            return web.Response(status=500)
        if not reply.drop:
            entry.status = reply.status
            entry.acknowledged = reply.truth and not _gone(request)
        return response

    async def _reply(self, request: web.BaseRequest, headers: dict[str, str], entry: JournalEntry) -> Reply:
        try:
            call = await self._read(request, headers, entry)
            exchange = Exchange(self, call, entry)
            fault = self._armory.take(call)
            if fault is None:
                return await exchange.perform()
            entry.fault = fault.name
            return await fault.effect(exchange)
        except Refusal as error:
            return error_reply(error, self.context.profile.errors)

    async def _read(self, request: web.BaseRequest, headers: dict[str, str], entry: JournalEntry) -> Call:
        route = self._router.route(entry.method, entry.path)
        entry.note_route(route.operation, route.conversation_id, route.item_id)
        owner = self._keys.owner(headers)
        self._rate.take()
        entry.body = await io.read_body(request, self._limits.body, self._limits.patience)
        if entry.body:
            _check_content_type(headers.get("content-type", ""))
        return Call(
            method=entry.method,
            path=entry.path,
            operation=route.operation,
            conversation_id=route.conversation_id,
            item_id=route.item_id,
            owner=owner,
            query=entry.query,
            headers=headers,
            body=entry.body,
        )

    def _headers(self, entry: JournalEntry, seconds: float) -> dict[str, str]:
        entry.request_id = self.context.ids.new("req")
        ids = dict.fromkeys(self.context.profile.request_id_headers, entry.request_id)
        return {**ids, "openai-processing-ms": str(round(seconds * 1000)), **self._rate.headers()}


class Exchange:
    """One request on its way through the service; what a fault's effect works with."""

    def __init__(self, app: App, call: Call, entry: JournalEntry) -> None:
        self.call = call
        self._app = app
        self._entry = entry

    async def sleep(self, seconds: float) -> None:
        """Wait, by the service's clock."""
        await self._app.sleep(seconds)

    def go_down(self, seconds: float) -> None:
        """Hang up on everybody and refuse connections for so many seconds."""
        self._app.go_down(seconds)

    async def perform(self) -> Reply:
        """What a sound server does; a refusal is a reply too."""
        try:
            job = OPERATIONS[self.call.operation](self.call, self._app.context)
            reply = await self._app.engine.run(job)
        except Refusal as error:
            return error_reply(_restated(error, self._app.context), self._app.context.profile.errors)
        except sqlite3.Error as error:
            return error_reply(_broken_store(error), self._app.context.profile.errors)
        self._entry.note_commit(reply)
        return reply

    def cursor_for(self, after: str) -> str:
        cursor = self._app.context.ids.new("msg")
        cursors = self._app.context.cursors
        cursors[cursor] = cursors.get(after, after)  # `after` may be made up itself: one empty page after another
        return cursor


def _restated(error: Refusal, context: Context) -> Refusal:
    """The refusal with the status that this profile gives to content that it does not take."""
    if error.status == 400:
        error.status = context.profile.invalid_status
    return error


def _broken_store(error: sqlite3.Error) -> Refusal:
    """The disk is full, the file is gone, another program holds it: nobody's input is to blame."""
    return Refusal(503, f"The database does not work: {error}.", type="server_error")


def _check_content_type(content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        message = (
            f"Unsupported content type: '{errors.shorten(kind)}'. This API method only accepts 'application/json' "
            f"requests, but you specified the header 'Content-Type: {errors.shorten(content_type)}'."
        )
        raise Refusal(400, message, code="unsupported_content_type")


def _without_secrets(headers: dict[str, str]) -> dict[str, str]:
    return {name: "***" if name in _SECRET_HEADERS else value for name, value in headers.items()}


def _gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()
