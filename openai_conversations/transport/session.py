"""
The session manager: the only code that touches aiohttp. One call of :meth:`SessionManager.send` is one network attempt.

It owns its aiohttp session, opened at the first request, or borrows a caller's and never closes that.
"""

from __future__ import annotations

import asyncio
import ssl as ssl_module
import time
import warnings
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import lru_cache
from http.cookies import SimpleCookie
from typing import Any, ClassVar, Final, Self

import aiohttp
import attrs
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from openai_conversations.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    WrongEventLoopError,
)
from openai_conversations.transport.message import Progress, Request, Response
from openai_conversations.transport.pool import Slots

POOL_SIZE: Final = 100

SSL = bool | aiohttp.Fingerprint | ssl_module.SSLContext

_LARGER_THAN_A_BUFFER: Final = 1 << 20

# Errors after which the server has certainly not seen the request: no connection was made.
_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ServerFingerprintMismatch,
)


@lru_cache(maxsize=1)
def shared_tls() -> ssl_module.SSLContext:
    """One TLS context per process: making one takes about 20 ms."""
    return ssl_module.create_default_context()


@attrs.frozen(kw_only=True, eq=False)
class _Open:
    """An open session and the loop that it belongs to."""

    loop: asyncio.AbstractEventLoop
    session: aiohttp.ClientSession
    slots: Slots | None
    """One per connection of the pool; ``None`` where the pool has no limit."""


class SessionManager:
    """
    Connections, shared by all views of a client and by all tasks of one event loop.

    Args:
        session: A session to borrow; ``None`` opens one at the first request.
        proxy: URL of an HTTP proxy, or ``None``.
        ssl: As aiohttp's ``ssl``; ``True`` verifies against the system's certificates, with one context per process.
        limit: Connections at the most; further requests wait for a free one, within their deadline.
        clock: Seconds, for ``elapsed``.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession | None = None,
        proxy: str | None = None,
        ssl: SSL = True,
        limit: int = POOL_SIZE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._borrowed = session
        self._options: dict[str, Any] = {"allow_redirects": False, "raise_for_status": False}
        if proxy is not None:
            self._options["proxy"] = proxy
        if session is not None:
            self._options |= _options_for_borrowed(session, ssl)
        self._ssl = ssl
        self._limit = limit
        self._clock = clock
        self._open: _Open | None = None
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    async def send(self, request: Request, headers: Mapping[str, str] | None = None) -> Response:
        """
        Send once and read the body, unless a 2xx answer is to be streamed. The caller bounds the time.

        Args:
            request: What to send.
            headers: Its headers and those of the client, with credentials; ``None`` for those of the request alone.

        Raises:
            APITimeoutError: There was no connection within ``timeout.connect``.
            APIConnectionError: There was no connection, or it broke; ``sent`` tells whether the server may know.
            ClientClosedError: The client or the borrowed session is closed.
            WrongEventLoopError: The connections belong to another event loop.
        """
        opened = self._opened()
        slots = opened.slots
        if slots is not None and not slots.take():
            request.progress.wait_for_connection()
            await slots.wait()
        response = None
        try:
            request.progress.begin()
            started = self._clock()
            answer = await opened.session.request(
                request.method,
                URL(request.url, encoded=True),
                data=None if request.body is None else _Body(request.body, request.progress),
                headers=request.headers if headers is None else headers,
                timeout=_connect_timeout(request.timeout.connect),
                **self._options,
            )
            is_open = request.stream and 200 <= answer.status < 300
            content = b"" if is_open else self._content_at_once(answer)
            response = Response(
                status_code=answer.status,
                headers=answer.headers,
                # read() gives the connection back, or closes it when it fails
                content=await answer.read() if content is None else content,
                source=request,
                elapsed=self._clock() - started,
                stream=_Stream(answer, request, slots) if is_open else None,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure, cause = _failure(request, error), _cause(error)
        except RuntimeError as error:
            if opened.session.closed:
                raise ClientClosedError("the aiohttp session of this client is closed") from error
            raise
        else:
            return response
        finally:
            if slots is not None and (response is None or response.stream is None):
                slots.give_back()
        raise failure from cause  # here, and not where it was caught: it must not hold aiohttp's error as its context

    def _content_at_once(self, answer: aiohttp.ClientResponse) -> bytes | None:
        """
        A body that came with its head, as small ones do: ``read()`` would cost 3 % of the instructions of a small call.

        It is not done over a borrowed session, whose middlewares may have read the body.
        """
        content = answer.content
        return content.read_nowait() if self._borrowed is None and content.is_eof() else None

    def _opened(self) -> _Open:
        opened = self._open
        if opened is None:
            return self._begin()
        if opened.loop is not asyncio.get_running_loop():
            raise WrongEventLoopError(
                "this client opened its connections in another event loop; make one client per event loop, "
                "inside it, and close it there"
            )
        return opened

    def _begin(self) -> _Open:
        if self._closed:
            raise ClientClosedError("this client is closed; make a new one")
        loop = asyncio.get_running_loop()
        session = self._new_session() if self._borrowed is None else self._borrowed
        if loop is not getattr(session, "_loop", loop):  # its public name is deprecated
            raise WrongEventLoopError("the aiohttp session that this client borrowed belongs to another event loop")
        limit = session.connector.limit if session.connector is not None else 0
        self._open = _Open(loop=loop, session=session, slots=Slots(limit) if limit else None)
        return self._open

    def _new_session(self) -> aiohttp.ClientSession:
        _keep_buffers()
        connector = aiohttp.TCPConnector(limit=self._limit, ssl=shared_tls() if self._ssl is True else self._ssl)
        session = aiohttp.ClientSession(connector=connector, cookie_jar=_NoCookies())
        # What `_once` does for a borrowed session, 3 % cheaper; aiohttp's own test client does the same.
        session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return session

    async def close(self) -> None:
        """Close what is owned; a borrowed session stays open. Closing twice is allowed."""
        self._closed = True
        opened, self._open = self._open, None
        if opened is not None and self._borrowed is None:
            await opened.session.close()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        opened = getattr(self, "_open", None)
        connector = opened.session.connector if opened is not None else None
        if opened is None or connector is None or connector.closed or self._borrowed is not None:
            return
        _warn(
            "a ConversationsClient was never closed; use `async with ConversationsClient()` or `await client.close()`",
            ResourceWarning,
            source=self,
            stacklevel=2,
        )
        opened.session.detach()
        connector.__exit__(None, None, None)  # closes at once; its close() would have to be awaited


@lru_cache(maxsize=1)
def _keep_buffers() -> None:
    """
    Let the C library keep the memory that answers are received in: a sixth of the time of a small call.

    asyncio receives into 256 KiB. glibc maps a block of that size anew for every answer, three system calls and a page
    fault, until a larger one was freed once: from then on it takes such blocks from the heap (``M_MMAP_THRESHOLD`` in
    https://man7.org/linux/man-pages/man3/mallopt.3.html). Most services have freed one at some time; a small one may
    not have. Elsewhere this does nothing.
    """
    bytes(_LARGER_THAN_A_BUFFER)


def _options_for_borrowed(session: aiohttp.ClientSession, ssl: SSL) -> dict[str, Any]:
    """What goes with each request because a borrowed session was not made by us."""
    options: dict[str, Any] = {"middlewares": (_once, *getattr(session, "_middlewares", ()))}
    return options if ssl is True else {**options, "ssl": ssl}


class _NoCookies(aiohttp.DummyCookieJar):
    """Keeps no cookies, and does not read them either: aiohttp's own dummy parses them all before it drops them."""

    _none: ClassVar[SimpleCookie] = SimpleCookie()

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        pass

    def filter_cookies(self, request_url: URL) -> SimpleCookie:  # noqa: ARG002
        return self._none


class _BrokenConnectionError(aiohttp.ClientError):
    """A connection that broke, in a form that aiohttp does not react to."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """
    Native middleware: keep aiohttp from sending GET and DELETE a second time by itself when a connection breaks.

    A DELETE that was carried out would meet 404, and nothing would tell that it had been sent before.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _BrokenConnectionError(str(error) or type(error).__name__) from error


class _Body(aiohttp.Payload):
    """
    The body of a request, which notes when it goes out: until then, the server certainly does not know of the request.

    Plain bytes would be no cheaper, and aiohttp warns of those over a megabyte; an image is larger.
    """

    _value: bytes

    def __init__(self, body: bytes, progress: Progress) -> None:
        super().__init__(body, content_type="application/json")
        self._size = len(body)
        self._progress = progress
        progress.sent = False

    def __deepcopy__(self, _: object) -> Self:
        return self  # aioresponses keeps a copy of what was sent; there is an event loop behind the progress

    @property
    def autoclose(self) -> bool:
        return True

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._value.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._progress.sent = True
        await writer.write(self._value)


@lru_cache(maxsize=8)
def _connect_timeout(seconds: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds)


def _failure(request: Request, error: BaseException) -> APIConnectionError:
    """Our error for aiohttp's: timeouts apart, and no word of the request's headers or body."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        message = f"No connection within {request.timeout.connect} s."
        return APITimeoutError(request.info, message=message, sent=False)
    if isinstance(error, TimeoutError):
        return APITimeoutError(request.info)
    sent = not isinstance(error, _NOT_SENT)
    return APIConnectionError(message=f"Connection error: {_reason(error)}", request=request.info, sent=sent)


def _reason(error: BaseException) -> str:
    """In aiohttp's words; those on an answer that is not HTTP, or on a proxy's refusal, quote the proxy's password."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{error.status} {error.message}"
    return str(error) or type(error).__name__


def _cause(error: BaseException) -> BaseException | None:
    """What may be chained to our error: aiohttp's own errors may hold all headers, or the password of a proxy."""
    if isinstance(error, aiohttp.ClientResponseError):
        return None
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


class _Stream:
    """
    The unread body of an answer, which holds a connection of the pool until it is closed.

    The connection is given back when the body was read to its end, else closed.
    """

    def __init__(self, answer: aiohttp.ClientResponse, request: Request, slots: Slots | None) -> None:
        self._answer = answer
        self._request = request
        self._slots = slots

    async def chunks(self, size: int | None = None) -> AsyncIterator[bytes]:
        content = self._answer.content
        try:
            async for chunk in content.iter_chunked(size) if size else content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _failure(self._request, error) from error

    async def close(self) -> None:
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.give_back()
