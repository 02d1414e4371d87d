"""Responses as they came: ``with_raw_response`` and ``with_streaming_response``, with the official attribute names."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial, wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast

from openai_conversations.api.caller import codec
from openai_conversations.errors import APITimeoutError, Attempt, RequestInfo
from openai_conversations.transport.message import BodyStream, HTTPResponse

T = TypeVar("T")
P = ParamSpec("P")


class _RawResponse(Generic[T]):
    """What both kinds of raw response have."""

    def __init__(self, response: HTTPResponse, parse: Callable[[HTTPResponse], T]) -> None:
        self._response = response
        self._parse: Callable[[HTTPResponse], T] = parse

    def when_parsed(self, finish: Callable[[T], None]) -> None:
        """Give what is parsed to a function before it is returned."""
        parse = self._parse

        def parse_and_finish(response: HTTPResponse) -> T:
            parsed = parse(response)
            finish(parsed)
            return parsed

        self._parse = parse_and_finish

    def then(self, read: Callable[[T], Any]) -> Self:
        """This response, which parses from now on to what a function makes of it."""
        parse = self._parse

        def parse_and_read(response: HTTPResponse) -> Any:
            return read(parse(response))

        self._parse = parse_and_read
        return self

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in any case; ``getall`` of the multidict gives repeated ones."""
        return self._response.headers

    @property
    def url(self) -> str:
        """The URL that was asked."""
        return self._response.source.url

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self._response.source.method

    @property
    def http_request(self) -> RequestInfo:
        """The request, without its body and its credentials."""
        return self._response.request

    @property
    def request_id(self) -> str | None:
        """The service's id of this response, if it gave one."""
        return self._response.request_id

    @property
    def retries_taken(self) -> int:
        """How many attempts followed the first."""
        return max(len(self._response.attempts) - 1, 0)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every try of the call, oldest first."""
        return self._response.history

    @property
    def elapsed(self) -> timedelta:
        """From sending to the last byte that was read, of the last attempt."""
        return timedelta(seconds=self._response.elapsed)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}] {self.method} {self.http_request.url}>"


class APIResponse(_RawResponse[T]):
    """A whole response; :meth:`parse` gives what the plain method would have returned."""

    @property
    def content(self) -> bytes:
        """The body, decompressed."""
        return self._response.content

    @property
    def text(self) -> str:
        """The body as text."""
        return self._response.content.decode("utf-8", "replace")

    @property
    def is_closed(self) -> bool:
        """Always true: the body has been read and the connection given back."""
        return True

    def parse(self) -> T:
        """
        What the plain method would have returned.

        Raises:
            APIResponseValidationError: The body does not fit.
        """
        return self._parse(self._response)


class StreamedAPIResponse(_RawResponse[T]):
    """
    A response whose body is read on demand, inside the deadline of its call.

    That of a stream of events is read inside its bounds: ``first_event`` until something comes, ``next_event`` and
    ``next_byte`` for each wait after that, ``stream`` for all of it.

    The body can be read once, by one of the ``iter_`` methods, or as a whole by :meth:`read`, :meth:`text`,
    :meth:`json` and :meth:`parse`, which remember it. Of a stream of events, :meth:`parse` gives the stream.
    """

    def __init__(
        self,
        response: HTTPResponse,
        parse: Callable[[HTTPResponse], T],
        stream: BodyStream | None,
        clock: Callable[[], float],
        closing: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(response, parse)
        self._closing = closing
        self._stream = stream
        self._clock = clock
        self._content = response.content if stream is None else None
        self._is_begun = False
        self._has_come = False
        """Whether anything of a stream of events has come."""
        self._closed = stream is None

    @property
    def is_closed(self) -> bool:
        """Whether the connection was given back."""
        return self._closed

    async def read(self) -> bytes:
        """The whole body."""
        if self._content is None:
            self._content = b"".join([chunk async for chunk in self.iter_bytes()])
        return self._content

    async def text(self) -> str:
        """The whole body as text."""
        return (await self.read()).decode("utf-8", "replace")

    async def json(self) -> Any:
        """The whole body as a JSON value."""
        from openai_conversations.converters.json import loads

        return loads(await self.read())

    async def parse(self) -> T:
        """
        What the plain method would have returned.

        Raises:
            APIResponseValidationError: The body does not fit.
        """
        if self._closing is not None:
            return self._parse(self._response)
        return self._parse(self._response.replace(content=await self.read()))

    async def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """
        The body in chunks as they arrive, or of a size in bytes.

        Raises:
            APITimeoutError: The deadline of the call has passed.
            APIConnectionError: The connection broke.
            RuntimeError: The body has been read in parts before.
        """
        if self._stream is None or self._content is not None:
            body = self._content or b""
            for start in range(0, len(body), chunk_size or len(body) or 1):
                yield body[start : start + (chunk_size or len(body))]
            return
        if self._is_begun:
            raise RuntimeError("the body of this response has been read; `read()` would have kept it")
        self._is_begun = True
        chunks = self._stream.chunks(chunk_size)
        while (chunk := await self._within_deadline(anext(chunks, None))) is not None:
            yield chunk

    async def iter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """The body as text, in chunks."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        async for chunk in self.iter_bytes(chunk_size):
            yield decoder.decode(chunk)
        if rest := decoder.decode(b"", final=True):
            yield rest

    async def iter_lines(self) -> AsyncIterator[str]:
        """The body line by line, without line ends."""
        rest = ""
        async for text in self.iter_text():
            *lines, rest = (rest + text).split("\n")
            for line in lines:
                yield line.removesuffix("\r")
        if rest:
            yield rest.removesuffix("\r")

    async def close(self) -> None:
        """Give the connection back."""
        if self._closing is not None:
            await self._closing()
        if self._stream is not None:
            await self._stream.close()
        self._closed = True

    aclose = close

    async def _within_deadline(self, step: Awaitable[bytes | None]) -> bytes | None:
        source = self._response.source
        try:
            async with asyncio.timeout(self._patience()):
                chunk = await step
        except TimeoutError as error:
            message = "The body did not arrive within the deadline."
            if self._has_come:
                message = f"{source.operation}: the stream fell silent, or did not end in time."
            raise APITimeoutError(source.info, message=message, status_code=self.status_code) from error
        self._has_come = self._closing is not None
        return chunk

    def _patience(self) -> float | None:
        """Seconds to wait for what comes next; ``None`` for no bound."""
        source, timeout = self._response.source, self._response.source.timeout
        if not self._has_come:
            return None if source.deadline is None else source.deadline - self._clock()
        bounds = [bound for bound in (timeout.next_event, timeout.next_byte) if bound is not None]
        if timeout.stream is not None and source.started is not None:
            bounds.append(source.started + timeout.stream - self._clock())
        return min(bounds, default=None)


Finish = Callable[[HTTPResponse, Any], Any]
"""What becomes of a response: decoded, kept raw, or left open."""


def finish_raw(response: HTTPResponse, kind: Any) -> Any:
    """Return the response as it came."""
    return APIResponse(response, partial(codec().decode_response, kind=kind))


def finish_streaming(clock: Callable[[], float]) -> Finish:
    """Return the response with its body unread; it is read inside the deadline of its call, by the clock."""

    def finish(response: HTTPResponse, kind: Any) -> Any:
        return StreamedAPIResponse(response, partial(codec().decode_response, kind=kind), response.stream, clock)

    return finish


class Wrapped:
    """
    The methods of a resource, finished otherwise.

    They are declared as functions under :func:`raw` or :func:`streamed` and not assigned, so that type checkers agree
    on what they are.
    """

    def __init__(self, resource: Any) -> None:
        self.resource: Any = resource


def overloaded(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method with overloads: the declaration repeats them, because type checkers take over only the first of them."""
    return method


def raw(
    method: Callable[Concatenate[Any, P], Awaitable[T]],
) -> Callable[[Callable[..., Any]], Callable[Concatenate[Any, P], Coroutine[Any, Any, APIResponse[T]]]]:
    """Make a declaration in a :class:`Wrapped` that method of its resource, which finishes with raw responses."""

    def define(_: Callable[..., Any]) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, APIResponse[T]]]:
        @wraps(method)
        async def call(self: Wrapped, /, *args: P.args, **kwargs: P.kwargs) -> APIResponse[T]:
            called = method(self.resource, *args, **kwargs)
            del args, kwargs  # a traceback that shows them shows what tools are authorized with
            return cast("APIResponse[T]", await called)

        return call

    return define


def streamed(
    method: Callable[Concatenate[Any, P], Awaitable[T]],
) -> Callable[[Callable[..., Any]], Callable[Concatenate[Any, P], AbstractAsyncContextManager[StreamedAPIResponse[T]]]]:
    """Make a declaration in a :class:`Wrapped` that method of its resource, as a context manager of open responses."""

    def define(
        _: Callable[..., Any],
    ) -> Callable[Concatenate[Any, P], AbstractAsyncContextManager[StreamedAPIResponse[T]]]:
        @asynccontextmanager
        @wraps(method)
        async def call(self: Wrapped, /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[StreamedAPIResponse[T]]:
            called = method(self.resource, *args, **kwargs)
            del args, kwargs  # a traceback that shows them shows what tools are authorized with
            response = cast("StreamedAPIResponse[T]", await called)
            try:
                yield response
            finally:
                await response.close()

        return call

    return define
