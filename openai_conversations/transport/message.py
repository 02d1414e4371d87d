"""
The values that travel through the chain: a request, a response, and the shape of what handles them.

``Handler`` and ``Middleware`` have the shape of aiohttp's client middlewares, over our own values: they stand above
the session, so that one deadline covers all attempts and a failure while the body is read is seen too.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import attrs
from multidict import CIMultiDict

from openai_conversations.errors import APIError, Attempt, RequestInfo, shown_url, without_secrets
from openai_conversations.settings import DEFAULT_TIMEOUT, Timeout, merged
from openai_conversations.transport.deadline import AttemptTimer

if TYPE_CHECKING:
    from typing import Self

    from attrs import frozen as _per_call
else:
    # Frozen for type checkers only: two of these are made for each call, and to make them frozen would take 4 % of the
    # instructions of a small one (18,000 of 417,000).
    from attrs import define as _per_call

Handler = Callable[["Request"], Awaitable["Response"]]
Middleware = Callable[["Request", Handler], Awaitable["Response"]]

V = TypeVar("V", bound=Any)

NO_HEADERS: Final[dict[str, str]] = {}


class Replay(enum.Enum):
    """When a request may be sent again."""

    SAFE = "safe"
    """After any transient failure: doing it twice does what doing it once does."""
    APPEND = "append"
    """Only when the server certainly did not carry it out; else look first."""


class Progress:
    """
    How far the current attempt of a call has come: what the session tells the retry loop, which owns the clock.

    One per call, shared by the copies of its request.
    """

    __slots__ = ("sent", "timer")

    def __init__(self) -> None:
        self.sent: bool = False
        """Whether the server may know of the request."""
        self.timer: AttemptTimer | None = None

    def wait_for_connection(self) -> None:
        """No connection is free: until there is one, only the deadline of the call counts."""
        if self.timer is not None:
            self.timer.suspend()

    def begin(self) -> None:
        """There may be a connection: from now on the server may know of the request, and the attempt's bound counts."""
        self.sent = True
        if self.timer is not None and self.timer.is_for_call:
            self.timer.resume()


Settle = Callable[[APIError], Awaitable["Verdict"]]
"""How to find out what became of a write whose outcome is unknown; given the failure of the last attempt."""


@attrs.frozen(kw_only=True)
class Verdict:
    """
    What a look at the server told about a write.

    Attributes:
        response: The answer that the write would have had, when it was carried out; else ``None``.
        absent: Whether the write was certainly not seen. Neither: the look could not tell.
        known: One sentence for the error.
        stored: Ids of items that look like those of the write, when it cannot be told.
    """

    response: Response | None = None
    absent: bool = False
    known: str = ""
    stored: tuple[str, ...] | None = None


@_per_call(kw_only=True, eq=False)
class Request:
    """
    One call of one operation, before credentials are added.

    Attributes:
        operation: The ``operationId`` of the API's description.
        method: The HTTP method.
        template: The path with its parameters in braces, as logs show it.
        url: The whole URL, percent-encoded.
        headers: Headers of this call; they win over the client's.
        body: The encoded body, or ``None``.
        replay: When it may be sent again.
        timeout: Bounds of the whole call and of each attempt.
        deadline: When the whole call must be over, by the client's clock; ``None`` for never.
        max_retries: How often it may be tried again.
        conversation_id: Decoded id, when the operation has one.
        stream: Leave the body of a 2xx answer unread.
        is_whole: Tells whether a 2xx answer is complete; checked for writes, where a broken answer means that the
            outcome is unknown.
        settle: How to find out what became of it.
        progress: How far the current attempt has come.
    """

    operation: str
    method: str
    template: str
    url: str
    headers: Mapping[str, str] = NO_HEADERS
    body: bytes | None = attrs.field(default=None, repr=False)
    replay: Replay = Replay.SAFE
    timeout: Timeout = DEFAULT_TIMEOUT
    deadline: float | None = None
    max_retries: int = 2
    conversation_id: str | None = None
    stream: bool = False
    is_whole: Callable[[bytes], bool] | None = attrs.field(default=None, repr=False)
    settle: Settle | None = attrs.field(default=None, repr=False)
    progress: Progress = attrs.field(factory=Progress, repr=False)

    def __repr__(self) -> str:
        return f"<Request {self.operation} {self.method} {shown_url(self.url)}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without what cannot or must not travel: functions, credentials, the body."""
        kept = {name: getattr(self, name) for name in _REQUEST_FIELDS if name not in _STAYS_HERE}
        return _restored, (Request, {**kept, "url": shown_url(self.url), "headers": without_secrets(self.headers)})

    def replace(self, **changes: Any) -> Self:
        """A copy with other values."""
        return _copy(self, _REQUEST_FIELDS, changes)

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """A copy with further headers; where a name is in both, in any case, the given value wins."""
        return self.replace(headers=merged(self.headers, headers))

    @property
    def info(self) -> RequestInfo:
        """What errors and raw responses show of it."""
        return RequestInfo(
            method=self.method,
            url=shown_url(self.url),
            headers=without_secrets(self.headers),
            operation=self.operation,
        )


class BodyStream(Protocol):
    """The unread body of an answer."""

    def chunks(self, size: int | None = None) -> AsyncIterator[bytes]: ...
    async def close(self) -> None: ...


@_per_call(kw_only=True, eq=False)
class Response:
    """
    An HTTP answer whose body has been read, unless *stream* is there.

    Attributes:
        status_code: The HTTP status.
        headers: A multidict; names in any case.
        content: The body in bytes, decompressed; empty while it is unread.
        request: What was asked.
        attempts: Every try of the call, oldest first; filled in by the retry middleware when there was more than one.
        elapsed: Seconds from sending to the last byte of this attempt.
        stream: The unread body, for streaming responses.
    """

    status_code: int
    headers: Mapping[str, str] = attrs.field(factory=CIMultiDict[str], repr=False)
    content: bytes = attrs.field(repr=False)
    source: Request = attrs.field(repr=False)
    attempts: tuple[Attempt, ...] = attrs.field(default=(), repr=False)
    elapsed: float = 0.0
    stream: BodyStream | None = attrs.field(default=None, repr=False)

    @property
    def request(self) -> RequestInfo:
        """The request, without body and credentials."""
        return self.source.info

    @property
    def request_id(self) -> str | None:
        """The service's id of this answer, if it gave one."""
        return self.headers.get("x-request-id")

    @property
    def history(self) -> tuple[Attempt, ...]:
        """Every try of the call, also when the first was the only one."""
        return self.attempts or (
            Attempt(
                number=1,
                started=0.0,
                elapsed=self.elapsed,
                status_code=self.status_code,
                error=None,
                request_id=self.request_id,
                outcome_unknown=False,
            ),
        )

    def replace(self, **changes: Any) -> Self:
        """A copy with other values."""
        return _copy(self, _RESPONSE_FIELDS, changes)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without the open stream; the request as it pickles itself."""
        kept = {name: getattr(self, name) for name in _RESPONSE_FIELDS if name != "stream"}
        return _restored, (Response, {**kept, "headers": CIMultiDict(self.headers)})


_STAYS_HERE: Final = frozenset({"body", "is_whole", "settle", "progress"})
_REQUEST_FIELDS: Final = tuple(field.name for field in attrs.fields(Request))
_RESPONSE_FIELDS: Final = tuple(field.name for field in attrs.fields(Response))


def _copy(value: V, names: tuple[str, ...], changes: dict[str, Any]) -> V:
    """``attrs.evolve`` for classes whose arguments are their fields; it takes half the time, once per attempt."""
    kept = {name: getattr(value, name) for name in names}
    made: V = type(value)(**{**kept, **changes})
    return made


def _restored(cls: Callable[..., V], kept: dict[str, Any]) -> V:
    return cls(**kept)
