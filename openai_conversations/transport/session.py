"""
The session manager: the only code that touches aiohttp. One call of :meth:`SessionManager.send` is one network attempt.

It owns its aiohttp session, opened at the first request, or borrows a caller's and never closes that. The file is long
because no other may know aiohttp: its errors, its bodies, its pool and its connections are all met here.
"""

from __future__ import annotations

import asyncio
import logging
import re
import select
import ssl as ssl_module
import time
import warnings
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, ClassVar, Final, TypeGuard

import aiohttp
import attrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from openai_conversations.checks import instance_of
from openai_conversations.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    ConfigurationError,
    WrongEventLoopError,
)
from openai_conversations.settings import DEFAULT_BODY_LIMITS, DEFAULT_MAX_CONNECTIONS, BodyLimits
from openai_conversations.transport.bodies import BodyTooLargeError, in_steps, read_beginning, read_whole
from openai_conversations.transport.deadline import AttemptTimer, late
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from openai_conversations.transport.pool import Pool

logger: Final = logging.getLogger("openai_conversations")

SSL = bool | aiohttp.Fingerprint | ssl_module.SSLContext

_NO_CONTENT: Final = 204

_LARGER_THAN_A_BUFFER: Final = 1 << 20

# Other clients bear heads of 64 KiB (h11, which the official client stands on, 100 KiB); aiohttp's own limit is 8 KiB a
# header, which the cookies of a gateway can exceed.
_HEADER_LIMITS: Final[Any] = {"max_line_size": 64 << 10, "max_field_size": 64 << 10, "max_headers": 1000}

# Errors after which the server has certainly not seen the request: no connection was made.
_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ServerFingerprintMismatch,
)

# OpenSSL's names of the alerts (https://www.rfc-editor.org/rfc/rfc8446#section-6.2) by which a server refuses a
# certificate, or that there is none.
_REFUSED_CERTIFICATE = re.compile(
    "ALERT_(.*CERTIFICATE.*|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY)$"
).search


_SESSION: Final = instance_of(aiohttp.ClientSession, "an aiohttp.ClientSession").or_none()
_TLS: Final = instance_of((bool, aiohttp.Fingerprint, ssl_module.SSLContext), "a bool, an SSLContext or a Fingerprint")


def check_session(session: object, ssl: object) -> None:
    """
    See that what a client was given for its connections is of aiohttp's types.

    Raises:
        ConfigurationError: It is not; the message names the keyword.
    """
    _SESSION.check("session", session, ConfigurationError)
    _TLS.check("ssl", ssl, ConfigurationError)


class _Connection(ResponseHandler):
    """
    A connection that is not used again when something came while nobody waited for it.

    It would be read as the response to the next request: a response that a server or a proxy sends twice would make
    every later call believe what was meant for the one before. aiohttp 3.14 only looks when a connection is given back,
    and asks this when it takes one. What came while the event loop was busy, also the end of the connection, is still
    in the socket: so that is asked, too, for 0.5 % of a small call.
    """

    _poll: Callable[[int], Sequence[object]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._poll = _poll_of(transport)

    def is_connected(self) -> bool:
        transport = self.transport
        return (
            transport is not None
            and not self._buffer
            and not transport.is_closing()
            and self._exception is None
            and not (self._poll is not None and self._poll(0))
        )


def _poll_of(transport: asyncio.BaseTransport) -> Callable[[int], Sequence[object]] | None:
    """What tells whether there is anything to read; ``None`` on Windows, which has no such call."""
    socket = transport.get_extra_info("socket")
    if socket is None or not hasattr(select, "poll"):
        return None
    made = select.poll()
    made.register(socket.fileno(), select.POLLIN)
    return made.poll


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Open:
    """An open session and the loop that it belongs to."""

    loop: asyncio.AbstractEventLoop
    session: aiohttp.ClientSession
    pool: Pool | None
    """A place per connection; ``None`` where their number has no limit."""


class SessionManager:
    """
    Connections, shared by all views of a client and by all tasks of one event loop.

    Args:
        session: A session to borrow; ``None`` opens one at the first request.
        proxy: URL of an HTTP proxy, or ``None``.
        ssl: As aiohttp's ``ssl``; ``True`` verifies against the system's certificates, with one context per process.
        limit: Connections at the most; further requests wait for a free one, within their deadline. A borrowed session
            has its own.
        body_limits: How large bodies may be.
        clock: Seconds, for ``elapsed``.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession | None = None,
        proxy: str | None = None,
        ssl: SSL = True,
        limit: int = DEFAULT_MAX_CONNECTIONS,
        body_limits: BodyLimits = DEFAULT_BODY_LIMITS,
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
        self._body_limits = body_limits
        self._read_at_once = min(body_limits.compressed, body_limits.decompressed, body_limits.errors)
        self._clock = clock
        self._open: _Open | None = None
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    async def send(self, request: HTTPRequest, headers: Mapping[str, str] | None = None) -> HTTPResponse:
        """
        Send once and read the body, unless a 2xx response is to be streamed.

        It takes no longer than the deadline of the call, and than ``timeout.attempt`` once there is a connection.

        Args:
            request: What to send.
            headers: Its headers and those of the client, with credentials; ``None`` for those of the request alone.

        Raises:
            APITimeoutError: There was no connection within ``timeout.connect``, or no whole response in time.
            APIConnectionError: There was no connection, or it broke; ``sent`` tells whether the server may know.
            ClientClosedError: The client or the borrowed session is closed.
            WrongEventLoopError: The connections belong to another event loop.
        """
        # Of one piece: the ways in which an attempt ends share what is known, and none may keep frames of aiohttp.
        opened = self._opened()
        pool = opened.pool
        body = None if request.body is None else _Body(request.body)
        status: int | None = None
        response: HTTPResponse | None = None
        failure: BaseException | None = None
        cause: BaseException | None = None
        has_place = False
        timer = AttemptTimer(request, self._clock)
        answer: aiohttp.ClientResponse | None = None
        try:
            if pool is not None:
                if pool.free:
                    pool.free -= 1
                else:
                    timer.suspend()
                    await pool.wait()
                    timer.resume()
                has_place = True
            started = self._clock()
            answer = await opened.session.request(
                request.method,
                URL(request.url, encoded=True),
                data=body,
                headers=request.headers if headers is None else headers,
                timeout=_connect_timeout(request.timeout.connect),
                **self._options,
            )
            status = answer.status
            is_open = request.stream and 200 <= status < 300 and status != _NO_CONTENT
            content = b"" if is_open else self._content_at_once(answer)
            response = HTTPResponse(
                status_code=status,
                headers=answer.headers,
                content=await _content(answer, self._body_limits) if content is None else content,
                source=request,
                sent_headers=answer.request_info.headers,
                elapsed=self._clock() - started,
                stream=_Stream(answer, request, opened, self._body_limits.decompressed) if is_open else None,
            )
        except (aiohttp.ClientError, TimeoutError, OSError, BodyTooLargeError) as error:
            failure = _failure(request, error, is_sent=_is_sent(error, body, has_place=has_place), status=status)
            cause = _cause(error)
        except asyncio.CancelledError as error:
            failure = _bare(error)
            if timer.is_the_cause():
                is_sent = has_place and (body is None or body.is_sent)
                failure = late(request, timer.bound, is_for_call=timer.is_for_call, is_sent=is_sent, status=status)
        except Exception as error:  # noqa: BLE001  # what a native middleware raises goes on
            is_closed = isinstance(error, RuntimeError) and opened.session.closed
            if not is_closed or (body is not None and body.is_sent):
                raise _without_frames_of_aiohttp(error)  # noqa: B904  # it is the error itself
            failure, cause = ClientClosedError("the aiohttp session of this client is closed"), _bare(error)
        finally:
            timer.stop()
            if has_place and pool is not None and (response is None or response.stream is None):
                _give_back(pool)
        if response is None:
            assert failure is not None  # noqa: S101  # for type checkers
            # Raised here, and not where it was caught: what is raised there holds aiohttp's error as its context, whose
            # frames hold the headers with the key, which error reporters show.
            del headers, answer
            raise failure.with_traceback(None) from cause
        return response

    def _content_at_once(self, answer: aiohttp.ClientResponse) -> bytes | None:
        """
        A body that came with its head, as small ones do: to wait for it costs 3 % of the instructions of a small call.

        It is not done over a borrowed session, whose middlewares may have read the body.
        """
        content = answer.content
        if self._borrowed is not None or not content.is_eof() or content.total_bytes > self._read_at_once:
            return None
        return content.read_nowait()

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

    def check_open(self) -> None:
        """
        See that it was not closed.

        Raises:
            ClientClosedError: It was.
        """
        if self._closed:
            raise ClientClosedError("this client is closed; make a new one")

    def _begin(self) -> _Open:
        self.check_open()
        loop = asyncio.get_running_loop()
        session = self._new_session() if self._borrowed is None else self._borrowed
        if loop is not getattr(session, "_loop", loop):  # its public name is deprecated
            raise WrongEventLoopError("the aiohttp session that this client borrowed belongs to another event loop")
        limit = session.connector.limit if session.connector is not None else 0
        self._open = _Open(loop=loop, session=session, pool=Pool(limit) if limit else None)
        return self._open

    def _new_session(self) -> aiohttp.ClientSession:
        _keep_buffers()
        # ``True`` is the one context of the process that aiohttp made when it was imported; another one takes 20 ms.
        connector = aiohttp.TCPConnector(limit=self._limit, ssl=self._ssl)
        factory: Any = partial(_Connection, loop=asyncio.get_running_loop())
        connector._factory = factory  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        session = aiohttp.ClientSession(connector=connector, cookie_jar=_NoCookies(), **_HEADER_LIMITS)
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
    Let the C library keep the memory that responses are received in: a sixth of the time of a small call.

    asyncio receives into 256 KiB. glibc maps a block of that size anew for every response, three system calls and a
    page fault, until a larger one was freed once: from then on it takes such blocks from the heap
    (``M_MMAP_THRESHOLD`` in https://man7.org/linux/man-pages/man3/mallopt.3.html). Most services have freed one at
    some time; a small one may not have. Elsewhere this does nothing.
    """
    bytes(_LARGER_THAN_A_BUFFER)


def _options_for_borrowed(session: aiohttp.ClientSession, ssl: SSL) -> dict[str, Any]:
    """
    What goes with each request because a borrowed session was not made by us.

    Raises:
        ConfigurationError: The session cannot be used.
    """
    if session.auth is not None:
        raise ConfigurationError("the aiohttp session has auth=…, which would replace the client's API key")
    if not isinstance(session.cookie_jar, aiohttp.DummyCookieJar):
        logger.info("the borrowed aiohttp session keeps cookies; cookie_jar=aiohttp.DummyCookieJar() keeps none")
    if session.trust_env:
        logger.info("the borrowed aiohttp session looks for a proxy at every request; proxy=… of the client does not")
    middlewares = (_once, *getattr(session, "_middlewares", ()))
    options: dict[str, Any] = {"middlewares": middlewares, "auto_decompress": True, **_HEADER_LIMITS}
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

    A DELETE that was carried out would meet 404, and nothing would tell that it had been sent before. And note a body
    that another middleware put in the place of ours: when that one goes out, nobody tells.
    """
    body = request.body
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _BrokenConnectionError(str(error) or type(error).__name__) from error
    finally:
        if isinstance(body, _Body) and request.body is not body:
            body.is_sent = True


class _Body(aiohttp.Payload):
    """
    The body of a request, which notes when it goes out: until then, the server certainly does not know of the request.

    Plain bytes would be no cheaper, and aiohttp warns of those over a megabyte; an image is larger.
    """

    _value: bytes

    def __init__(self, body: bytes) -> None:
        super().__init__(body, content_type="application/json")
        self._size = len(body)
        self.is_sent: bool = False
        """Whether the server may have received it."""

    @property
    def autoclose(self) -> bool:
        return True

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._value.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        self.is_sent = True
        await writer.write(self._value)


@lru_cache(maxsize=8)
def _connect_timeout(seconds: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds)


async def _content(answer: aiohttp.ClientResponse, limits: BodyLimits) -> bytes:
    """The whole body, or the beginning of an error's; its connection is given back, or closed."""
    content = answer.content
    try:
        if content.at_eof():
            return await answer.read()  # nothing, or what a native middleware has read
        if 200 <= answer.status < 300:
            return await read_whole(content, limits, announced=answer.content_length)
        body, is_whole = await read_beginning(content, limits)
    except BaseException:
        answer.close()
        raise
    if not is_whole:
        answer.close()
    return body


def _give_back(pool: Pool) -> None:
    """Count a place of the pool up; only where somebody waits for one has the pool to be asked."""
    if pool.waiting:
        pool.give_back()
    else:
        pool.free += 1


def _is_sent(error: BaseException, body: _Body | None, *, has_place: bool) -> bool:
    """
    Whether the server may know of a request that failed so.

    A body that went out was sent, were the failure a refused connection: a native middleware may have tried twice.
    """
    if not has_place or _is_refused_certificate(error):
        return False
    return not isinstance(error, _NOT_SENT) if body is None else body.is_sent


def _is_refused_certificate(error: BaseException) -> bool:
    """
    Whether the server refused the TLS handshake for want of a client's certificate: no request was looked at.

    In TLS 1.3 the client hears of it only when it reads, after the request was written
    (https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2.4). Other alerts may come at any time later.
    """
    at: BaseException | None = error
    while at is not None:
        # aiohttp's own SSL errors have no reason; the one behind them has
        if isinstance(at, ssl_module.SSLError) and _REFUSED_CERTIFICATE(str(getattr(at, "reason", ""))):
            return True
        at = at.__cause__ or at.__context__
    return False


def _failure(request: HTTPRequest, error: BaseException, *, is_sent: bool, status: int | None) -> APIConnectionError:
    """Our error for aiohttp's: timeouts apart, and no word of the request's headers or body."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        message = f"No connection within {request.timeout.connect} s."
        return APITimeoutError(request.info, message=message, sent=False)
    if isinstance(error, TimeoutError):
        return APITimeoutError(request.info, sent=is_sent, status_code=status)
    return APIConnectionError(
        message=f"Connection error: {_reason(error)}",
        request=request.info,
        sent=is_sent,
        status_code=status,
        retryable=not isinstance(error, BodyTooLargeError) and not _is_head_too_large(error),
        is_answered=_is_no_http(error),
    )


def _reason(error: BaseException) -> str:
    """In aiohttp's words, but for those that quote headers: a response's cookies, the password of a proxy."""
    if _is_head_too_large(error):
        return "the head of the response is too large: a header exceeds 64 KiB"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status} {error.message}"
    if _is_no_http(error):
        return f"the response is not HTTP: {_QUOTED('', error.message.strip().partition(chr(10))[0]).rstrip(': ')}"
    return str(error) or type(error).__name__


def _is_no_http(error: BaseException) -> TypeGuard[aiohttp.ClientResponseError]:
    """Whether the server answered, and what it said could not be read."""
    return isinstance(error, aiohttp.ClientResponseError) and not isinstance(error, aiohttp.ClientHttpProxyError)


def _is_head_too_large(error: BaseException) -> bool:
    """By aiohttp's words: it has no class for it that comes out."""
    return _is_no_http(error) and any(word in error.message for word in ("Got more than", "Too many headers"))


# What aiohttp quotes of a response.
_QUOTED = re.compile(r"""b?(["']).*""").sub


def _cause(error: BaseException) -> BaseException | None:
    """What may be chained to our error: aiohttp's own errors may hold all headers, or the password of a proxy."""
    if isinstance(error, aiohttp.ClientResponseError):
        return None
    return _bare(error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error)


def _without_frames_of_aiohttp(error: Exception) -> Exception:
    """The error of a native middleware, but for the frames between it and us: they hold headers with the key."""
    found: list[TracebackType] = []
    at = error.__traceback__
    while at is not None:
        found.append(at)
        at = at.tb_next
    kept: TracebackType | None = None
    for each in reversed(found):
        if not str(each.tb_frame.f_globals.get("__name__")).startswith("aiohttp."):
            kept = TracebackType(kept, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return error.with_traceback(kept)


def _bare(error: BaseException) -> BaseException:
    """The error without its frames, whose local variables hold headers with the key."""
    at: BaseException | None = error
    while at is not None:
        at.__traceback__ = None
        at = at.__cause__ or at.__context__
    return error


def _all_that_came(content: Any) -> bytes:
    """
    All bytes that are there, at once.

    What `StreamReader._read_nowait` does, which goes through the body chunk by chunk as the server has cut it: a fifth
    of what an event costs that has a chunk of its own.
    """
    buffer = content._buffer  # noqa: SLF001
    if len(buffer) < 2 or content._buffer_offset:  # noqa: SLF001
        return content._read_nowait(-1) if buffer else b""  # noqa: SLF001
    taken = b"".join(buffer)
    buffer.clear()
    content._size = 0  # noqa: SLF001
    content._cursor += len(taken)  # noqa: SLF001
    splits = content._http_chunk_splits  # noqa: SLF001
    if splits:
        last = splits[-1]
        splits.clear()
        splits.append(last)
    content._protocol.resume_reading()  # noqa: SLF001
    return taken


class _Stream:
    """
    The unread body of a response, which holds a connection of the pool until it is closed.

    The connection is given back when the body was read to its end, else closed; also when whoever had it lost it, at
    the latest when it is dropped.
    """

    def __init__(self, answer: aiohttp.ClientResponse, request: HTTPRequest, opened: _Open, limit: int) -> None:
        self._answer = answer
        self._request = request
        self._loop = opened.loop
        self._pool = opened.pool
        self._is_open = True
        self.limit: int = limit

    @property
    def is_at_end(self) -> bool:
        return self._answer.content.at_eof()

    async def chunks(self, size: int | None = None) -> AsyncIterator[bytes]:
        self._check_loop()
        content = self._answer.content
        try:
            async for chunk in content.iter_chunked(size) if size else in_steps(content):
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._broken(error) from _bare(error)

    def take(self) -> bytes:
        # What arrived before the connection broke is read first; `read_nowait` would raise, and lose it.
        return _all_that_came(self._answer.content)

    async def read(self) -> bytes:
        self._check_loop()
        content: Any = self._answer.content
        try:
            if content.exception() is not None:
                raise content.exception()
            while not content._buffer and not content.is_eof():  # noqa: SLF001
                await content._wait("read")  # noqa: SLF001
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._broken(error) from _bare(error)
        return _all_that_came(content)

    def fail(self) -> None:
        self._answer.content.set_exception(TimeoutError())

    def abort(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()
        if self._pool is not None:
            self._pool.give_back()

    async def close(self) -> None:
        self._check_loop()
        self.abort()

    def _check_loop(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            raise WrongEventLoopError("the response belongs to another event loop: read and close it there")

    def __del__(self) -> None:
        # aiohttp gives back the connection of a response that is dropped, but not our place in the pool. It may be
        # noticed in any thread.
        if getattr(self, "_is_open", False) and not self._loop.is_closed():
            with suppress(RuntimeError):  # it was closed in this moment
                self._loop.call_soon_threadsafe(self.abort)

    def _broken(self, error: BaseException) -> APIConnectionError:
        return _failure(self._request, error, is_sent=True, status=self._answer.status)
