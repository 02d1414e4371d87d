"""
Everything that this package raises on purpose.

    ConversationsError
    ├── ConfigurationError (also ValueError)      a setting cannot be used: no key, a base URL with a query …
    ├── InvalidArgumentError (also ValueError)    an argument was refused before a byte was sent
    ├── ClientClosedError (also RuntimeError)     the client, or the session it borrowed, is closed
    ├── WrongEventLoopError (also RuntimeError)   the client belongs to another event loop
    ├── InvalidWebhookSignatureError (also ValueError)   a webhook that is not from the service
    ├── PaginationStalledError                    a listing whose cursor does not move
    ├── OperationError                            erase, fork, import …: see operations/errors.py for its kinds
    └── APIError
        ├── APIConnectionError                    no whole response arrived
        │   └── APITimeoutError                   … in time
        ├── APIResponseValidationError            a 2xx response that is not what the API promises
        ├── AmbiguousWriteError                   a write whose outcome could not be found out
        └── APIStatusError                        a response with any other status
            ├── BadRequestError (400)
            │   └── ConversationLockedError       somebody else is writing to the conversation
            ├── AuthenticationError (401)
            ├── PermissionDeniedError (403)
            ├── NotFoundError (404)
            ├── ConflictError (409)
            ├── UnprocessableEntityError (422)
            ├── RateLimitError (429)
            └── InternalServerError (5xx)

Names and fields are those of the official client where it has them.
Every error can be pickled and copied, is one line of text, and holds no credential.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import unquote

import attrs

from openai_conversations.error_bodies import error_details

_LONGEST_MESSAGE = 300

_CREDENTIAL = re.compile(r"(?i)\b(bearer\s+|sk-|api[-_]key[\"'=:\s]+)[\w.~+/=-]{6,}")

# Names of headers and of parameters whose values are credentials: of this API, of Azure's signed addresses (`sig`) and
# functions (`code`), of AWS's and Google's signed addresses (`X-Amz-Signature`, `X-Goog-Signature`).
_SECRET_NAME = re.compile(
    r"(?i)auth|key|token|secret|cookie|credential|passw|signature|jwt|(?<![a-z])(?:sig|sas|pwd|code)(?![a-z])"
)

_SHORTEST_SECRET = 6

_SURELY_SECRET = 16
"""Characters from which on the value of a parameter that is not the API's is taken for a credential."""

# What is shown of a query: the API's own parameters, and Azure's version.
_SHOWN_PARAMETERS = frozenset(
    {"after", "before", "limit", "order", "include", "include[]", "stream", "starting_after", "include_obfuscation"}
    | {"api-version"}
)


def without_credentials(text: str) -> str:
    """Hide what looks like a credential."""
    return _CREDENTIAL.sub(r"\1***", text)


# What a terminal obeys, and characters that turn the order of others round.
_UNPRINTABLE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # https://ecma-international.org/publications-and-standards/standards/ecma-48/ §5.4
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def one_line(text: str) -> str:
    """Fold white space, drop what a terminal obeys, hide what looks like a credential, cut after 300 characters."""
    folded = without_credentials(_UNPRINTABLE.sub("", " ".join(text.split())))
    return folded if len(folded) <= _LONGEST_MESSAGE else f"{folded[:_LONGEST_MESSAGE]}…"


def described(error: BaseException) -> str:
    """Somebody else's error in a sentence: its class and its words, if it can say any."""
    try:
        return f"{type(error).__name__}: {error}".removesuffix(": ")
    except Exception:  # noqa: BLE001  # what an error's own `__str__` raises says nothing
        return type(error).__name__


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with ``***`` for each value that looks like a key or whose name speaks of keys, cookies or so."""
    return {name: "***" if _SECRET_NAME.search(name) else without_credentials(value) for name, value in headers.items()}


def secret_values(headers: Mapping[str, str], url: str) -> tuple[str, ...]:
    """
    The credentials among the headers and in the query of a request, the longest first.

    What is shorter than six characters is none: to hide it would hide words.
    """
    found = [value for name, value in headers.items() if _SECRET_NAME.search(name) or _CREDENTIAL.search(value)]
    found += [value.partition(" ")[2] for value in found]  # of "Bearer …", "Basic …"
    found += [text for value in found for text in _user_and_password(value)]
    found += [value for name, value in _parameters(url) if _is_secret_parameter(name, value)]
    found += [unquote(value) for value in found]
    return tuple(sorted({value for value in found if len(value) >= _SHORTEST_SECRET}, key=len, reverse=True))


def _user_and_password(value: str) -> list[str]:
    """What stands in the credentials of ``Basic`` (https://www.rfc-editor.org/rfc/rfc7617#section-2)."""
    try:
        pair = b64decode(value, validate=True).decode()
    except ValueError:
        return []
    _, colon, password = pair.partition(":")
    return [pair, password] if colon else []


def _parameters(url: str) -> list[tuple[str, str]]:
    """Names, decoded, and values, as they stand in the URL."""
    query = url.partition("#")[0].partition("?")[2]
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return [(unquote(name), value) for name, _, value in pairs]


def _is_secret_parameter(name: str, value: str) -> bool:
    if name in _SHOWN_PARAMETERS:
        return False
    return _SECRET_NAME.search(name) is not None or len(value) >= _SURELY_SECRET


def shown_url(url: str) -> str:
    """The URL with ``***`` for each query value of which nobody knows that it is none: all but the API's parameters."""
    path, mark, query = url.partition("?")
    return f"{path}?{'&'.join(map(_shown_pair, query.split('&')))}" if mark else url


def _shown_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}=***" if equals and unquote(name) not in _SHOWN_PARAMETERS else pair


@attrs.frozen(kw_only=True)
class RequestInfo:
    """What was asked, as errors and raw responses show it: no body, and ``***`` for every credential."""

    method: str
    url: str
    headers: Mapping[str, str]
    operation: str
    """The ``operationId`` of the API's description, such as ``createConversationItems``."""


@attrs.frozen(kw_only=True)
class Attempt:
    """One try of a call, as errors, raw responses and the ``on_attempt`` hook show it."""

    number: int
    """1 for the first."""
    started: float
    """Seconds since the call began."""
    elapsed: float
    """Seconds that the attempt took."""
    status_code: int | None
    """``None`` when no response arrived."""
    error: str | None
    """Why there was no response, or ``None``."""
    request_id: str | None
    outcome_unknown: bool
    """Whether the server may have carried out the request although it did not say so."""
    wait: float | None = None
    """Seconds until the next attempt; ``None`` when there is none, or when a lookup comes first."""
    locked: bool = False
    """Whether somebody else's work on the conversation is the reason; such waits are not counted as retries."""


class ResponseLike(Protocol):
    """What an error keeps of an HTTP answer."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...
    @property
    def text(self) -> str: ...
    def json(self) -> Any: ...
    @property
    def request(self) -> RequestInfo: ...
    @property
    def attempts(self) -> tuple[Attempt, ...]: ...


def _restore(cls: type[ConversationsError], args: tuple[Any, ...]) -> ConversationsError:
    return cls.__new__(cls, *args)


class ConversationsError(Exception):
    """
    Root of all errors of this package.

    Attributes:
        not_carried_out: Of a write: whether the server certainly did not carry it out. Set only by what sends the
            write; an error that is raised around it says nothing about what the server did.
    """

    not_carried_out: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args), self.__dict__


class ConfigurationError(ConversationsError, ValueError):
    """
    A setting that cannot be used; raised when a client is made, or by a key provider's bad key.

    Attributes:
        problem: The message without the advice that only helps somebody who writes Python.
    """

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(f"{message}{advice}")
        self.problem = message


class InvalidArgumentError(ConversationsError, ValueError):
    """An argument that the API would refuse, or that would do something else than asked; nothing was sent."""


class ClientClosedError(ConversationsError, RuntimeError):
    """The client was used after it, or the aiohttp session that it borrowed, was closed."""


class WrongEventLoopError(ConversationsError, RuntimeError):
    """The client opened its connections in another event loop than the one that is running."""


class InvalidWebhookSignatureError(ConversationsError, ValueError):
    """The body of a webhook was not signed with the secret, or was signed too long ago."""


class PaginationStalledError(ConversationsError):
    """
    A listing says that there is more, but its cursor does not move.

    Attributes:
        cursor: The cursor that came twice, or ``None`` when the server gave none.
    """

    def __init__(self, message: str, *, cursor: str | None) -> None:
        super().__init__(message)
        self.cursor = cursor


class OperationError(ConversationsError):
    """An operation could not do what was asked."""


class APIError(ConversationsError):
    """
    A call that failed.

    Attributes:
        message: One line: what happened.
        request: The request, without its body and its credentials; ``None`` when there was none yet.
        body: The decoded JSON body of the response, its text when it is not JSON, ``None`` without a response.
        code: The service's word for the mistake (``conversation_locked``), if it gave one.
        param: The offending parameter, if the service named one.
        type: The service's class of mistake (``invalid_request_error``), if it gave one.
        attempts: Every try of the call, oldest first.
        retry_after: Seconds that the server asked to wait before another try, if it did.
    """

    def __init__(
        self,
        message: str,
        request: RequestInfo | None = None,
        *,
        body: object | None = None,
        attempts: tuple[Attempt, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(one_line(message))
        self.message: str = self.args[0]
        self.request = request
        self.body = body
        self.attempts = attempts
        self.retry_after = retry_after
        details: Mapping[str, Any] = {} if body is None else error_details(body)
        self.code: str | None = _text(details.get("code"))
        self.param: str | None = _text(details.get("param"))
        self.type: str | None = _text(details.get("type"))

    @property
    def retries_taken(self) -> int:
        """How many attempts followed the first."""
        return max(len(self.attempts) - 1, 0)

    @property
    def request_id(self) -> str | None:
        """The service's id of the last attempt that was answered, if it gave one."""
        return next((a.request_id for a in reversed(self.attempts) if a.request_id), None)

    @property
    def after_unknown_outcome(self) -> bool:
        """Whether an attempt before the last may have been carried out unnoticed."""
        return any(attempt.outcome_unknown for attempt in self.attempts[:-1])


class APIConnectionError(APIError):
    """
    No whole response arrived: no connection, or it broke.

    Attributes:
        sent: Whether the server may have received the request.
        status_code: The HTTP status, when a response had begun before the connection broke; else ``None``.
        retryable: Whether another attempt may help. It would not when a response is larger than a client reads.
        is_answered: Whether something of a response came, be it no HTTP: the server had then done what it was asked.
    """

    def __init__(
        self,
        *,
        message: str = "Connection error.",
        request: RequestInfo | None = None,
        sent: bool = True,
        status_code: int | None = None,
        retryable: bool = True,
        is_answered: bool = False,
    ) -> None:
        super().__init__(message, request)
        self.sent = sent
        self.status_code = status_code
        self.retryable = retryable
        self.is_answered: bool = is_answered or status_code is not None


class APITimeoutError(APIConnectionError):
    """No whole response arrived in time."""

    def __init__(
        self,
        request: RequestInfo | None = None,
        *,
        message: str = "Request timed out.",
        sent: bool = True,
        status_code: int | None = None,
    ) -> None:
        super().__init__(message=message, request=request, sent=sent, status_code=status_code)


class APIResponseValidationError(APIError):
    """
    A 2xx response that is not what the API promises; the message names the JSON path of each mismatch.

    Attributes:
        response: The response.
        status_code: Its HTTP status.
    """

    def __init__(self, response: ResponseLike, body: object | None = None, *, message: str | None = None) -> None:
        text = message or "The response does not fit the API's description."
        super().__init__(text, response.request, body=body, attempts=response.attempts)
        self.response = response
        self.status_code: int = response.status_code


class AmbiguousWriteError(APIError):
    """
    A write that the server may or may not have carried out; the cause is chained as ``__cause__``.

    Sending it again may store it twice, and giving it up may lose it: look at the conversation first.

    Attributes:
        known: One sentence: what was found out.
        stored: The ids of the items of this write that were seen in the conversation, in order; empty when none
            were seen, ``None`` when the conversation was not checked.
        last_item_id: Of an append, the id of the last item that was known before it: look at what came after.
            ``""`` when the conversation was known to be empty, ``None`` when nothing was known.
    """

    def __init__(
        self,
        message: str,
        request: RequestInfo | None = None,
        *,
        known: str = "Nothing is known about its outcome.",
        stored: tuple[str, ...] | None = None,
        last_item_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
    ) -> None:
        super().__init__(message, request, attempts=attempts)
        self.known = known
        self.stored = stored
        self.last_item_id = last_item_id


class APIStatusError(APIError):
    """
    The service answered with an error status.

    Attributes:
        response: The response: ``status_code``, ``headers``, ``content``.
        status_code: Its HTTP status.
    """

    def __init__(
        self, message: str, *, response: ResponseLike, body: object | None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, response.request, body=body, attempts=response.attempts, retry_after=retry_after)
        self.response = response
        self.status_code: int = response.status_code

    @property
    def request_id(self) -> str | None:
        """The service's id of this response (``x-request-id``), if it gave one."""
        return request_id_in(self.response.headers)


class BadRequestError(APIStatusError):
    """400."""


class ConversationLockedError(BadRequestError):
    """400 with the code ``conversation_locked``: another process is working on the conversation."""


class AuthenticationError(APIStatusError):
    """401."""


class PermissionDeniedError(APIStatusError):
    """403."""


class NotFoundError(APIStatusError):
    """404."""


class ConflictError(APIStatusError):
    """409."""


class UnprocessableEntityError(APIStatusError):
    """422."""


class RateLimitError(APIStatusError):
    """429."""


class InternalServerError(APIStatusError):
    """500 and above."""


STATUS_ERRORS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def error_class(status_code: int, body: object) -> type[APIStatusError]:
    """The class for a response: by status, and :class:`ConversationLockedError` by its code."""
    if status_code == 400 and error_details(body).get("code") == "conversation_locked":
        return ConversationLockedError
    fallback = InternalServerError if status_code >= 500 else APIStatusError
    return STATUS_ERRORS.get(status_code, fallback)


def request_id_in(headers: Mapping[str, str]) -> str | None:
    """The service's id of a response; what refuses a request in front of Azure's service gives one of its own."""
    given = headers.get("x-request-id")
    return headers.get("apim-request-id") if given is None else given


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
