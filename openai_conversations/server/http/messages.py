"""What passes between the socket and the service: a request as a value, and the response to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.profiles import ErrorStyle

JSON = "application/json"


@attrs.frozen(kw_only=True)
class ServerRequest:
    """
    One request, read whole.

    Attributes:
        method: The HTTP method.
        path: As it was sent, without the query.
        operation: The operationId, or ``""`` when the address or the method fits none.
        conversation_id: From the address, decoded; ``""`` when it holds none.
        item_id: From the address, decoded; ``""`` when it holds none.
        response_id: From the address, decoded; ``""`` when it holds none.
        owner: Whose conversations the caller sees.
        query: Every value of every parameter.
        headers: With names in lower case; the keys are in here.
        body: The bytes, decompressed.
        hidden: The items that a listing does not show, nor takes as a cursor.
    """

    method: str
    path: str
    operation: str = ""
    conversation_id: str = ""
    item_id: str = ""
    response_id: str = ""
    owner: str = ""
    query: Mapping[str, Sequence[str]] = attrs.field(factory=dict[str, Sequence[str]])
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    hidden: frozenset[str] = frozenset()


@attrs.define(kw_only=True)
class StreamEvent:
    """
    One event of a stream.

    Attributes:
        type: Its type.
        number: Its sequence number.
        body: The whole event as JSON.
        padding: What stands in its ``obfuscation``; no such field when empty.
    """

    type: str
    number: int
    body: bytes
    padding: bytes = b""

    def frame(self) -> bytes:
        """The event as it is sent."""
        if self.padding:
            return b'event: %b\ndata: %b,"obfuscation":"%b"}\n\n' % (
                self.type.encode(),
                self.body[:-1],
                self.padding,
            )
        return b"event: %b\ndata: %b\n\n" % (self.type.encode(), self.body)


Events = AsyncGenerator[Sequence[StreamEvent | bytes], None]
"""What a stream says, as it is said; bytes are sent as they are."""


@attrs.frozen(kw_only=True)
class StreamFormat:
    """
    How a stream is written (https://html.spec.whatwg.org/multipage/server-sent-events.html).

    Attributes:
        crlf: Whether lines end in CR and LF.
        bom: Whether it begins with a byte order mark.
        chunk: Bytes in one write; 0 for as many as there are.
        done_marker: Whether it ends with ``data: [DONE]``.
        open_end: Whether the connection stays open behind the last event, until the client hangs up.
    """

    crlf: bool = False
    bom: bool = False
    chunk: int = 0
    done_marker: bool = False
    open_end: bool = False


@attrs.frozen(kw_only=True)
class ServerResponse:
    """
    What goes back.

    Attributes:
        status: The HTTP status.
        body: The whole body.
        content_type: Of the body.
        headers: Besides those that every response has.
        conversation_id: The conversation that was made or written to, for the journal.
        item_ids: The items that were stored, for the journal.
        truth: Whether this says what happened; a fault that hides or twists that sets it to false.
        outage: Seconds for which the server is unreachable after this; ``None`` when it goes on.
        drop: Close the connection instead of answering.
        silent: Do not answer at all, and leave the connection open until the client hangs up.
        idle_close: Seconds after which the connection is closed when it stays idle behind this, unannounced.
        reset: Close it with a TCP reset.
        close: Close the connection after the response.
        cut: Announce the whole body, send half of it, close.
        interval: Seconds between two chunks of the body; 0 sends it at once.
        chunk: Bytes in a chunk when ``interval`` is not 0.
        events: A stream in place of a body.
        format: How that is written.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    conversation_id: str = ""
    item_ids: tuple[str, ...] = ()
    truth: bool = True
    outage: float | None = None
    drop: bool = False
    silent: bool = False
    idle_close: float | None = None
    reset: bool = False
    close: bool = False
    cut: bool = False
    interval: float = 0
    chunk: int = 1
    events: Events | None = None
    format: StreamFormat = attrs.field(factory=StreamFormat)


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> ServerResponse:
    """A response that carries a value as JSON."""
    return ServerResponse(status=status, body=json.dumps(value), headers=headers or {})


def error_response(error: HTTPError, style: ErrorStyle = "openai") -> ServerResponse:
    """An error in one of the styles that servers of this API have."""
    body, content_type = _ERRORS[style](error)
    return ServerResponse(
        status=error.status, body=body, content_type=content_type, headers=error.headers, close=error.closes
    )


def _openai(error: HTTPError) -> tuple[bytes, str]:
    fields = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return json.dumps({"error": fields}), JSON


def _problem(error: HTTPError) -> tuple[bytes, str]:
    title = error.code or error.type
    fields = {
        "type": f"https://example.com/problems/{title}",
        "title": title,
        "status": error.status,
        "detail": error.message,
    }
    return json.dumps(fields), "application/problem+json"


def _flat(error: HTTPError) -> tuple[bytes, str]:
    fields = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return json.dumps(fields), JSON


def _bare(error: HTTPError) -> tuple[bytes, str]:
    return json.dumps({"error": error.message}), JSON


def _message(error: HTTPError) -> tuple[bytes, str]:
    return json.dumps({"error": {"message": error.message}}), JSON


def _detail(error: HTTPError) -> tuple[bytes, str]:
    return json.dumps({"detail": error.message}), JSON


def _text(error: HTTPError) -> tuple[bytes, str]:
    return error.message.encode(errors="replace"), "text/plain"


def _empty(error: HTTPError) -> tuple[bytes, str]:  # noqa: ARG001  # a style like the others
    return b"", "text/plain"


_ERRORS: Mapping[ErrorStyle, Callable[[HTTPError], tuple[bytes, str]]] = {
    "openai": _openai,
    "message": _message,
    "flat": _flat,
    "bare": _bare,
    "detail": _detail,
    "problem": _problem,
    "text": _text,
    "empty": _empty,
}
