"""The body of a streamed response, watched: when its first token came, what its last event says, and when it ended."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from openai_conversations.api.caller import codec
from openai_conversations.integrations.opentelemetry.attributes import as_object
from openai_conversations.transport.message import BodyStream
from openai_conversations.transport.sse import EventParser

_TOKEN: Final = re.compile(rb"event: ?response\.[\w.]+\.delta").search
_END: Final = re.compile(rb"event: ?response\.(?:completed|failed|incomplete)\b").search
_LONGEST_MARK: Final = 64
"""Bytes of what came before that may belong to a mark."""


class WatchedStream:
    """
    A body that passes on what is read, and tells of its end once.

    The events are not read a second time: the beginning of the last one is searched for, and only that one is kept.

    Args:
        stream: The body.
        clock: Seconds that only grow.
        on_end: Told of the end, with the error that ended it, if one did.
    """

    def __init__(
        self,
        stream: BodyStream,
        *,
        clock: Callable[[], float],
        on_end: Callable[[WatchedStream, BaseException | None], None],
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._on_end: Callable[[WatchedStream, BaseException | None], None] | None = on_end
        self._before = b""
        self._last: bytearray | None = None
        self.first_token: float | None = None
        """When the first piece of output came, by the clock; ``None`` before."""

    @property
    def limit(self) -> int:
        return self._stream.limit

    @property
    def is_at_end(self) -> bool:
        return self._stream.is_at_end

    def response(self) -> Mapping[str, Any]:
        """The response as the last event has it; empty without one."""
        if self._last is None:
            return {}
        parser = EventParser()
        events = [*parser.feed(bytes(self._last)), *parser.finish()]
        decoded = codec().loads(events[0].data) if events else None
        return as_object(as_object(decoded).get("response"))

    @property
    def has_terminal_event(self) -> bool:
        """Whether the last event of a turn came."""
        return self._last is not None

    def _saw(self, chunk: bytes) -> bytes:
        if self._last is not None:
            self._last += chunk[: max(self.limit - len(self._last), 0)]
            return chunk
        recent = self._before + chunk
        if self.first_token is None and _TOKEN(recent):
            self.first_token = self._clock()
        if end := _END(recent):
            self._last = bytearray(recent[end.start() :])
        self._before = recent[-_LONGEST_MARK:]
        return chunk

    async def chunks(self, size: int | None = None) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream.chunks(size):
                yield self._saw(chunk)
        except Exception as error:
            self._end(error)
            raise

    def take(self) -> bytes:
        taken = self._stream.take()
        return self._saw(taken) if taken else taken

    async def read(self) -> bytes:
        try:
            return self._saw(await self._stream.read())
        except Exception as error:
            self._end(error)
            raise

    def fail(self) -> None:
        self._stream.fail()

    def abort(self) -> None:
        try:
            self._stream.abort()
        finally:
            self._end(None)

    async def close(self) -> None:
        try:
            await self._stream.close()
        finally:
            self._end(None)

    def __del__(self) -> None:
        self._end(None)

    def _end(self, error: BaseException | None) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(self, error)
