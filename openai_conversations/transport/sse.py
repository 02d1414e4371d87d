"""
Server-sent events: bytes in, events out, however the bytes are cut.

The rules are those of the HTML standard (https://html.spec.whatwg.org/multipage/server-sent-events.html), with four
differences that streams of the Responses API ask for: an event without data is skipped, ``[DONE]`` ends the stream,
:meth:`EventParser.finish` gives an event whose blank line is missing, and ``id`` and ``retry`` are not kept, because a
stream is resumed by the numbers in its events.

Nothing is read here and nothing waits; a parser belongs to one body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

_BOM: Final = b"\xef\xbb\xbf"
_CR: Final = 13
_BLANK: Final = b"\n\n"
_DONE: Final = b"[DONE]"
_MOST_NAMES: Final = 256
_LONGEST_NAME: Final = 100


class ServerSentEvent(NamedTuple):
    """One event of a stream."""

    event: str
    """What ``event:`` said, ``""`` when it said nothing; bytes that are not UTF-8 are U+FFFD."""
    data: bytes
    """The lines of ``data:``, joined by LF; never empty, as received and not decoded."""


class EventParser:
    """
    Takes the chunks of one body and gives its events; the same events, wherever the body was cut.

    Every byte is looked at and copied a bounded number of times, however large an event is.
    """

    __slots__ = (
        "_after_cr",
        "_alike",
        "_alike_name",
        "_counted",
        "_data",
        "_event",
        "_line",
        "_size",
        "_start",
        "done",
    )

    def __init__(self) -> None:
        self.done: bool = False
        """Whether ``[DONE]`` was seen; nothing that comes after it is an event."""
        self._start: bytes | None = b""  # the first bytes, until they are a byte order mark or are not
        self._after_cr = False  # the last chunk ended with CR: a LF that comes next belongs to it
        self._line = bytearray()  # of a line that has not ended
        self._data: list[bytes] = []  # of a block that has not ended
        self._counted = self._size = 0  # lines of it whose bytes were counted, and the bytes
        self._event = ""
        self._alike: bytes = b"data: "  # how the last event began
        self._alike_name: str = ""

    @property
    def pending(self) -> int:
        """Bytes of an event that has not ended; each is counted once, and an empty line as one."""
        new = self._data[self._counted :]
        self._counted += len(new)
        self._size += sum(map(len, new)) + len(new)
        return len(self._line) + self._size

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that end in this chunk."""
        # An integer is looked for seven times faster than one byte as bytes.
        if self._start is not None or self._after_cr or _CR in chunk:
            chunk = self._only_lf(chunk)
        events: list[ServerSentEvent] = []
        if self._line or self._data or self._event:
            first, blank, chunk = chunk.partition(_BLANK)
            self._take_lines(first + blank, events)
        alike = self._alike
        if chunk.startswith(alike) and (end := chunk.rfind(_BLANK)) > 0:
            self._take_alike(chunk[len(alike) : end], events)
            chunk = chunk[end + 2 :]
        if chunk:
            self._take_lines(chunk, events)
        return events

    def _take_alike(self, chunk: bytes, events: list[ServerSentEvent]) -> None:
        """
        Take events that begin as the last one did, without the beginning of the first and the end of the last.

        A stream is little else than deltas, which differ in their data alone; one cut gives the data of all of them.
        This takes a third off what an event costs line by line.
        """
        between, name = _BLANK + self._alike, self._alike_name
        for data in chunk.split(between):
            if b"\n" in data or data == _DONE or not data or self.done:
                self._take_lines(between[2:] + data + _BLANK, events)
            else:
                events.append(_make(ServerSentEvent, (name, data)))

    def _take_lines(self, chunk: bytes, events: list[ServerSentEvent]) -> None:
        """Take anything, line by line."""
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if lines and self._line:
            lines[0] = bytes(self._line) + lines[0]
            self._line.clear()
        if rest:
            self._line += rest
        for line in lines:
            if not line:
                if self._data:
                    self._end_data(events)
                self._event = ""
            elif line[:6] == b"data: ":
                self._data.append(line[6:])
            elif line in _NAMES:
                self._event = _NAMES[line]
            else:
                self._take_field(line)

    def finish(self) -> list[ServerSentEvent]:
        """
        The event that lacks its blank line, if there is one; to be called when the body has ended cleanly.

        The standard drops it. Servers that close right after their last event are heard instead; whether what they
        sent is whole is for the caller to judge, by its JSON.
        """
        return self.feed(_BLANK)

    def _only_lf(self, chunk: bytes) -> bytes:
        """The chunk with LF for every end of a line, without a byte order mark at the start of the body."""
        if self._start is not None:
            chunk = self._start + chunk
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._start = chunk
                return b""
            chunk = chunk.removeprefix(_BOM)
            self._start = None
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if _CR in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _take_field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
            if len(_NAMES) < _MOST_NAMES and len(line) < _LONGEST_NAME:
                _NAMES[line] = self._event

    def _end_data(self, events: list[ServerSentEvent]) -> None:
        data = b"\n".join(self._data)
        self._data.clear()
        self._counted = self._size = 0
        if data == _DONE:
            self.done = True
        elif data and not self.done:
            events.append(_make(ServerSentEvent, (self._event, data)))
            if self._event != self._alike_name:
                self._alike_name = self._event
                self._alike = f"event: {self._event}\ndata: ".encode() if self._event else b"data: "


# Half of what the constructor of a named tuple costs.
_make: Final[Callable[[type[ServerSentEvent], tuple[str, bytes]], ServerSentEvent]] = cast("Any", tuple).__new__

_NAMES: Final[dict[bytes, str]] = {}
"""Lines that named an event → the name; few and short ones, because a server chooses them."""
