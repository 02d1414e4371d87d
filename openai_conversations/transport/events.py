"""Events from the open body of a response, within their bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from openai_conversations.errors import APIConnectionError, APITimeoutError
from openai_conversations.transport.message import BodyStream, HTTPRequest
from openai_conversations.transport.sse import EventParser, ServerSentEvent

_NONE: Final[list[ServerSentEvent]] = []


class WholeBody:
    """
    The body of a response that was read before, in the place of one that is open.

    Args:
        content: The body.
    """

    def __init__(self, content: bytes) -> None:
        self._left = content
        self.limit: int = len(content)

    @property
    def is_at_end(self) -> bool:
        return not self._left

    async def chunks(self, size: int | None = None) -> AsyncIterator[bytes]:
        left = self.take()
        for at in range(0, len(left), size or len(left) or 1):
            yield left[at : at + (size or len(left))]

    def take(self) -> bytes:
        taken, self._left = self._left, b""
        return taken

    async def read(self) -> bytes:
        return self.take()

    def fail(self) -> None:
        self._left = b""

    def abort(self) -> None:
        self._left = b""

    async def close(self) -> None:
        self.abort()


class EventReader:
    """
    Reads the events of one body.

    Only the time in which somebody waits for bytes counts. One timer serves for all events: it is set anew when it
    goes off, and not for each of them, which would cost as much as a third of an event.

    Args:
        stream: The body.
        request: What it answers; ``timeout.next_byte`` bounds each wait for bytes.
    """

    __slots__ = (
        "_byte",
        "_chunks",
        "_expired",
        "_first",
        "_is_object",
        "_loop",
        "_parser",
        "_request",
        "_stream",
        "_timer",
        "_until",
        "ended",
    )

    def __init__(self, stream: BodyStream, request: HTTPRequest) -> None:
        self._stream = stream
        self._request = request
        self._parser = EventParser()
        self._chunks: list[bytes] = []
        self._first = b""  # of the body, until it is known what it is
        self._is_object: bool | None = None
        self._loop = asyncio.get_running_loop()
        self._byte = request.timeout.next_byte
        self._timer: asyncio.TimerHandle | None = None
        self._until: float | None = None
        """When whoever waits has waited too long; ``None`` while nobody waits, or there is no bound."""
        self._expired = False
        self.ended: bool = False
        """Whether the body has ended cleanly, or ``[DONE]`` has said that no event comes any more."""

    @property
    def holds_events(self) -> bool:
        """Whether it is known that the body is no JSON object."""
        return self._is_object is False

    async def is_object(self, seconds: float | None) -> bool:
        """
        Whether the body is a JSON object and no stream, whatever its headers say: by its first character.

        Args:
            seconds: How long to wait for that; ``None`` for no bound.

        Raises:
            APITimeoutError: It did not come in time.
            APIConnectionError: The connection broke.
        """
        if self._is_object is None:
            until = None if seconds is None else self._loop.time() + seconds
            while not self._first.strip() and (chunk := self._stream.take() or await self._wait(until)):
                self._first += chunk
                self._check_size(len(self._first))
            self._is_object = self._first.lstrip().startswith(b"{")
        return self._is_object

    def _taken(self) -> bytes:
        """What has come and was not read; ``b""`` when that is nothing."""
        first, self._first = self._first, b""
        return first or self._stream.take()

    async def read(self, seconds: float | None) -> list[ServerSentEvent]:
        """
        The events that come next, at least one; none when the body has ended.

        Args:
            seconds: How long to wait for them; ``None`` for no bound.

        Raises:
            APITimeoutError: There was none in time, or no byte within ``timeout.next_byte``. Nothing more can be read.
            APIConnectionError: The connection broke, or an event is larger than it may be.
        """
        parser, until = self._parser, None
        while not self.ended:
            chunk = self._taken()
            if not chunk:
                if until is None and seconds is not None:
                    until = self._loop.time() + seconds
                chunk = await self._wait(until)
            if not chunk:
                self.ended = True
                return parser.finish()
            events = parser.feed(chunk)
            self.ended = parser.done
            if events:
                return events
            self._check_size(parser.pending)
        return _NONE

    async def read_whole(self, seconds: float | None) -> bytes:
        """
        The whole body, when it holds no events; whoever was cancelled may ask for it again.

        Args:
            seconds: How long to wait for it; ``None`` for no bound.

        Raises:
            APITimeoutError: It did not come in time.
            APIConnectionError: The connection broke, or the body is larger than it may be.
        """
        until = None if seconds is None else self._loop.time() + seconds
        while chunk := self._taken() or await self._wait(until):
            self._chunks.append(chunk)
            self._check_size(sum(map(len, self._chunks)))
        self.ended = True
        return b"".join(self._chunks)

    async def read_rest(self, seconds: float) -> None:
        """Read to the end of the body, as far as it comes in time, so that its connection can be used again."""
        until = self._loop.time() + seconds
        try:
            while not self._stream.is_at_end and (self._stream.take() or await self._wait(until)):
                pass
        except APIConnectionError:
            pass

    def close(self) -> None:
        """Give the connection back, or close it; without waiting, and more than once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stream.abort()

    async def _wait(self, until: float | None) -> bytes:
        if self._byte is not None:
            soon = self._loop.time() + self._byte
            until = soon if until is None else min(until, soon)
        self._until = until
        if until is not None and (self._timer is None or self._timer.when() > until):
            self._set_timer(until)
        try:
            return await self._stream.read()
        except APIConnectionError as error:
            if not self._expired:
                raise
            raise self._late() from error
        finally:
            self._until = None

    def _set_timer(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(until, self._tick)

    def _tick(self) -> None:
        self._timer, until = None, self._until
        if until is None:
            return
        if until > self._loop.time():
            self._set_timer(until)
        else:
            self._expired = True
            self._stream.fail()

    def _late(self) -> APITimeoutError:
        request = self._request
        message = f"{request.operation}: the stream fell silent: no event in time."
        return APITimeoutError(request.info, message=message, status_code=200)

    def _check_size(self, size: int) -> None:
        if size > self._stream.limit:
            raise APIConnectionError(
                message=f"what came is larger than {self._stream.limit} bytes; see body_limits",
                request=self._request.info,
                status_code=200,
                retryable=False,
            )
