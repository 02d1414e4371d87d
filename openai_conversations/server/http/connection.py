"""aiohttp's side of a connection: how long a head may take, and what is answered to what is not HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.http import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD

from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.messages import error_response


class Connection(web.RequestHandler):
    """
    aiohttp's protocol, with two changes.

    A connection on which a request head has begun and does not arrive whole in time is closed, and so is a new one
    that brings nothing; aiohttp knows only the time between two requests. And what is not HTTP is answered in the form
    that all errors have, as is what goes wrong in here.
    """

    __slots__ = ("_gone", "_is_lost", "_patience", "_timer")

    def __init__(self, manager: web.Server, *, patience: float, **options: Any) -> None:
        super().__init__(manager, **options)
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None
        self._gone: asyncio.Future[None] | None = None
        self._is_lost = False

    @property
    def gone(self) -> asyncio.Future[None]:
        """Done when the connection is closed."""
        if self._gone is None:
            self._gone = self._loop.create_future()
            if self._is_lost:
                self._gone.set_result(None)
        return self._gone

    def is_idle_since(self, request: web.BaseRequest) -> bool:
        """Whether no request has come since this one."""
        return self._current_request in (None, request) and not self._messages

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_waiting()
        self._is_lost = True
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        heads = self._request_count
        before = self._last_payload()
        is_begun = before is None or before.is_eof()
        super().data_received(data)
        if self._request_count > heads:
            self._stop_waiting()
            # What stands behind a body is not known to anybody but the parser: it meets the keep-alive timeout.
            is_begun = self._last_payload() is EMPTY_PAYLOAD and not data.endswith(b"\r\n\r\n")
        # aiohttp calls this without data when it goes on reading.
        if is_begun and data and self._timer is None:
            self._wait_for_head()  # these are the first bytes of another head

    def _last_payload(self) -> StreamReader | None:
        """The body of the last request whose head is whole, unless it is answered."""
        if self._messages:
            return self._messages[-1][1]
        return None if self._current_request is None else self._current_request.content

    def _wait_for_head(self) -> None:
        self._timer = self._loop.call_later(self._patience, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self._is_idle():
            self.force_close()
        else:
            self._wait_for_head()

    def _is_idle(self) -> bool:
        """Whether no request is being answered, or waits for it."""
        return self._current_request is None and not self._messages

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, HttpProcessingError):
            error = HTTPError(status, f"This is not a valid HTTP request: {message}")
        elif request.writer.output_size:  # too late for another response
            return super().handle_error(request, status, exc, message)
        else:
            self.log_exception("Error handling a request", exc_info=exc)
            error = HTTPError(status, "The server had an error while processing your request.", type="server_error")
        response = error_response(error)
        raw = web.Response(status=status, body=response.body, content_type=response.content_type)
        raw.force_close()
        return raw


class ConnectionFactory(web.Server):
    """aiohttp's low-level server with our connections."""

    def __init__(self, handler: Any, *, patience: float, **options: Any) -> None:
        super().__init__(handler)
        self._options = {"patience": patience, **options}

    def __call__(self) -> Connection:
        return Connection(self, loop=asyncio.get_running_loop(), **self._options)
