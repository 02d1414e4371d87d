"""
The values that travel through the chain: a request, a response, and the shape of what handles them.

``Handler`` and ``Middleware`` have the shape of aiohttp's client middlewares, over our own values: they stand above
the session, so that one deadline covers all attempts and a failure while the body is read is seen too.
Both values are data: nothing in them calls back.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeVar

import attrs
from multidict import CIMultiDict

from openai_conversations.errors import (
    Attempt,
    RequestInfo,
    request_id_in,
    secret_values,
    shown_url,
    without_secrets,
)
from openai_conversations.headers import merged
from openai_conversations.settings import DEFAULT_TIMEOUT, Timeout

if TYPE_CHECKING:
    from typing import Self

    from attrs import frozen as _per_call
else:
    # Frozen for type checkers only: two of these are made for each call, and to make them frozen would take 4 % of the
    # instructions of a small one (18,000 of 417,000).
    from attrs import define as _per_call

Handler = Callable[["HTTPRequest"], Awaitable["HTTPResponse"]]
Middleware = Callable[["HTTPRequest", Handler], Awaitable["HTTPResponse"]]

V = TypeVar("V", bound=Any)

Guard = Literal["auto", "strict", "off"]
"""How an append whose outcome is unknown is looked up; see ``items.create``."""

NO_HEADERS: Final[dict[str, str]] = {}

_OF_THE_BODY: Final = ("content-encoding", "content-length", "content-type", "transfer-encoding")

# No credential looks like these.
_IDS_OF_OPENAI: Final = re.compile(r"req_[0-9a-f]{8,64}").fullmatch


class Replay(enum.Enum):
    """When a request may be sent again."""

    SAFE = "safe"
    """After any transient failure: doing it twice does what doing it once does."""
    APPEND = "append"
    """Only when the server certainly did not carry it out; else it is looked up first."""


@attrs.frozen(kw_only=True, repr=False)
class Write:
    """
    What is known of a write that must not be done twice; its items are in the request's body, as they are sent.

    Attributes:
        items: The items as they were encoded: JSON, but for values that the encoder writes as JSON.
        guard: ``off`` when it is not to be looked up.
        last_item_id: The caller's word for the last item before it; ``""`` for an empty conversation, ``None`` for no
            word.
        lookup_first: Whether it may be stored already.
    """

    items: Sequence[Any] = attrs.field(default=(), repr=False)
    guard: Guard = "auto"
    last_item_id: str | None = None
    lookup_first: bool = False


@attrs.frozen(kw_only=True, repr=False)
class Listing:
    """
    Which part of a conversation a listing was asked for.

    Attributes:
        order: ``asc`` or ``desc`` when it was asked for; ``None`` leaves it to the server.
        after: The cursor, or ``None`` for the first page.
    """

    order: Literal["asc", "desc"] | None
    after: str | None


@_per_call(kw_only=True, eq=False)
class HTTPRequest:
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
        started: When the call began, by the client's clock; ``None`` when nobody noted it.
        max_retries: How often it may be tried again.
        base_url: Where the API is; with :attr:`conversation_id` it tells a conversation from those of other servers.
        conversation_id: Decoded id, when the operation has one.
        item_id: Decoded id, when the operation has one.
        response_id: Decoded id, when the operation has one.
        is_ordered: Whether writes to one conversation go one after the other with it.
        write: What is known of it as a write that must not be done twice; ``None`` when it is none.
        listing: Which part of a conversation it lists; ``None`` when it lists none.
        stream: Leave the body of a 2xx response unread.
        attempts: The attempts of this call that came before, oldest first.
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
    started: float | None = None
    max_retries: int = 2
    base_url: str = ""
    conversation_id: str | None = None
    item_id: str | None = None
    response_id: str | None = None
    is_ordered: bool = False
    write: Write | None = None
    listing: Listing | None = None
    stream: bool = False
    attempts: tuple[Attempt, ...] = ()

    def __repr__(self) -> str:
        return f"<HTTPRequest {self.operation} {self.method} {shown_url(self.url)}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without what must not travel: credentials, the body, the items in it."""
        kept = {name: getattr(self, name) for name in _REQUEST_FIELDS if name != "body"}
        write = None if self.write is None else attrs.evolve(self.write, items=())
        shown = {"url": shown_url(self.url), "headers": without_secrets(self.headers), "write": write}
        return _restored, (HTTPRequest, {**kept, **shown})

    def replace(self, **changes: Any) -> Self:
        """A copy with other values."""
        return _copy(self, _REQUEST_FIELDS, changes)

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """A copy with further headers; where a name is in both, in any case, the given value wins."""
        return self.replace(headers=merged(self.headers, headers))

    @property
    def conversation_key(self) -> str:
        """What tells its conversation from those of all servers that the views of one client talk to."""
        return f"{self.base_url}/{self.conversation_id or ''}"

    @property
    def has_unknown_outcome(self) -> bool:
        """Whether an earlier attempt of this call may have been carried out."""
        return any(attempt.outcome_unknown for attempt in self.attempts)

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
    """The unread body of a response."""

    @property
    def limit(self) -> int:
        """Bytes that may be kept of it at once."""
        ...

    @property
    def is_at_end(self) -> bool:
        """Whether the body has ended, and all of it was read."""
        ...

    def chunks(self, size: int | None = None) -> AsyncIterator[bytes]:
        """The body in chunks as they arrive, or of a size in bytes."""
        ...

    def take(self) -> bytes:
        """What is there already; empty when nothing is."""
        ...

    async def read(self) -> bytes:
        """What arrives next; empty at the end."""
        ...

    def fail(self) -> None:
        """Let whoever waits for bytes fail with a timeout."""
        ...

    def abort(self) -> None:
        """Give the connection back when the body was read to its end, else close it; without waiting."""
        ...

    async def close(self) -> None:
        """Give the connection back when the body was read to its end, else close it."""
        ...


@_per_call(kw_only=True, eq=False)
class HTTPResponse:
    """
    An HTTP response whose body has been read, unless *stream* is there.

    Attributes:
        status_code: The HTTP status.
        headers: A multidict; names in any case.
        content: The body in bytes, decompressed; empty while it is unread.
        source: The request that it answers.
        sent_headers: All headers that were sent, with credentials; empty when nobody noted them.
        attempts: Every attempt of the call, oldest first; empty when there was only one.
        elapsed: Seconds from sending to the last byte of this attempt.
        stream: The unread body, for streaming responses.
        value: The decoded JSON of the body, once somebody has decoded it: it is read once. ``None`` before.
    """

    status_code: int
    headers: Mapping[str, str] = attrs.field(factory=CIMultiDict[str], repr=False)
    content: bytes = attrs.field(repr=False)
    source: HTTPRequest = attrs.field(repr=False)
    sent_headers: Mapping[str, str] = attrs.field(default=NO_HEADERS, repr=False)
    attempts: tuple[Attempt, ...] = attrs.field(default=(), repr=False)
    elapsed: float = 0.0
    stream: BodyStream | None = attrs.field(default=None, repr=False)
    value: Any = attrs.field(default=None, repr=False)

    @property
    def request(self) -> RequestInfo:
        """The request with all headers that were sent, without its body and with ``***`` for each credential."""
        source = self.source
        return RequestInfo(
            method=source.method,
            url=shown_url(source.url),
            headers=without_secrets(self.sent_headers or source.headers),
            operation=source.operation,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credentials that were sent, for those who show what a server said: it may repeat them."""
        return secret_values(self.sent_headers or self.source.headers, self.source.url)

    def without_secrets(self) -> Self:
        """A copy that has ``***`` for each credential that was sent: servers repeat keys that they refuse."""
        from openai_conversations.transport.masking import hide, hide_in_headers  # for errors only

        content, headers = hide(self.content, self.secrets), hide_in_headers(self.headers, self.secrets)
        if content == self.content and headers is self.headers:
            return self
        return self.replace(content=content, headers=headers, value=None)

    @property
    def request_id(self) -> str | None:
        """The service's id of this response, if it gave one, but for a credential that a gateway repeats in it."""
        given = request_id_in(self.headers)
        if given is None or _IDS_OF_OPENAI(given):
            return given
        from openai_conversations.transport.masking import hide_in_text

        return hide_in_text(given, self.secrets)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """
        The body as a JSON value.

        Raises:
            ValueError: It is not JSON.
        """
        return json.loads(self.content)

    @property
    def history(self) -> tuple[Attempt, ...]:
        """Every attempt of the call, also when the first was the only one."""
        return self.attempts or (
            *self.source.attempts,
            Attempt(
                number=len(self.source.attempts) + 1,
                started=0.0,
                elapsed=self.elapsed,
                status_code=self.status_code,
                error=None,
                request_id=self.request_id,
                outcome_unknown=False,
            ),
        )

    def with_json(self, content: bytes) -> Self:
        """A copy with another body, in JSON: of the headers, those that say what the body is are its own."""
        headers = CIMultiDict(self.headers)
        for name in _OF_THE_BODY:
            headers.popall(name, None)
        headers.update({"content-type": "application/json", "content-length": str(len(content))})
        return self.replace(content=content, headers=headers, stream=None, value=None)

    def replace(self, **changes: Any) -> Self:
        """A copy with other values."""
        return _copy(self, _RESPONSE_FIELDS, changes)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without the open stream; the request as it pickles itself."""
        shown = self.without_secrets()
        kept = {name: getattr(shown, name) for name in _RESPONSE_FIELDS if name not in ("stream", "value")}
        sent = without_secrets(self.sent_headers)
        return _restored, (HTTPResponse, {**kept, "headers": CIMultiDict(shown.headers), "sent_headers": sent})


_REQUEST_FIELDS: Final = tuple(field.name for field in attrs.fields(HTTPRequest))
_RESPONSE_FIELDS: Final = tuple(field.name for field in attrs.fields(HTTPResponse))


def _copy(value: V, names: tuple[str, ...], changes: dict[str, Any]) -> V:
    """``attrs.evolve`` for classes whose arguments are their fields; it takes half the time, once per attempt."""
    kept = {name: getattr(value, name) for name in names}
    made: V = type(value)(**{**kept, **changes})
    return made


def _restored(cls: Callable[..., V], kept: dict[str, Any]) -> V:
    return cls(**kept)
