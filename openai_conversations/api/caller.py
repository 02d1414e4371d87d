"""What every call stands on: where requests go, and how a response becomes what is returned."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from openai_conversations.converters.errors import DecodeError
from openai_conversations.errors import APIResponseValidationError
from openai_conversations.schemas.unknown import UnknownItem
from openai_conversations.transport.message import UNREAD, Handler, Request, Response
from openai_conversations.transport.runtime import Runtime

if TYPE_CHECKING:
    from openai_conversations.api.arguments import CallOptions
    from openai_conversations.converters.codec import Codec
    from openai_conversations.settings import Settings

T = TypeVar("T")

Finish = Callable[["Caller", Response, Any], Any]
"""What becomes of a response: decoded, kept raw, or left open."""

NO_OPTIONS: Final[CallOptions] = {}


def decode(response: Response, kind: Any) -> Any:
    """
    The object that a response stands for.

    Raises:
        APIResponseValidationError: It is not what the API promises; the message gives the JSON paths.
    """
    reason = "expected an object with a type @ $"
    try:
        value = response.value
        codec = _codec()
        read = (
            codec.decode(response.content, kind)
            if value is UNREAD
            else codec.decode_value(value, response.content, kind)
        )
    except DecodeError as error:
        reason = str(error)
    else:
        if not isinstance(read, UnknownItem) or read.type:
            return read
    raise _mismatch(response, kind, reason)


def _finish_decoded(_: Caller, response: Response, kind: Any) -> Any:
    return decode(response, kind)


@attrs.frozen(kw_only=True, eq=False)
class Caller:
    """
    Makes the calls of one view of a client.

    Attributes:
        settings: What the view goes by.
        send: The chain of middlewares, ending at the socket.
        runtime: Clock, sleep and randomness.
        finish: What becomes of a response.
        stream: Whether bodies are left unread.
        options: What every call of an operation takes; a call of its own gets its own.
    """

    settings: Settings
    send: Handler
    runtime: Runtime = attrs.field(factory=Runtime)
    finish: Finish = _finish_decoded
    stream: bool = False
    options: CallOptions = NO_OPTIONS

    async def call(self, request: Request, kind: type[T]) -> T:
        """
        Send a request and finish its response.

        Raises:
            APIError: It failed; see the tree in :mod:`openai_conversations.errors`.
        """
        return cast("T", self.finish(self, await self.send(request), kind))

    def with_options(self, options: CallOptions) -> Caller:
        """The same with these options for every call."""
        return attrs.evolve(self, options=options)

    def finishing(self, finish: Finish, *, stream: bool = False) -> Caller:
        """The same, but something else becomes of a response."""
        return attrs.evolve(self, finish=finish, stream=stream)

    def decoding(self) -> Caller:
        """The same, but responses are decoded."""
        return attrs.evolve(self, finish=_finish_decoded, stream=False)


def value_of(response: Response) -> Any:
    """
    The JSON value of a response's body, decoded once; integers beyond 64 bits are floats.

    Raises:
        APIResponseValidationError: It is not JSON.
    """
    if response.value is UNREAD:
        from openai_conversations.converters.json import loads

        try:
            response.value = loads(response.content)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # a cache
        except ValueError as error:
            raise _mismatch(response, object, f"not JSON ({error})") from None
    return response.value


def _mismatch(response: Response, kind: Any, reason: str) -> APIResponseValidationError:
    name = str(getattr(kind, "__name__", kind))
    message = f"{response.status_code}: the response does not fit {name}: {reason}"
    return APIResponseValidationError(response, response.content.decode("utf-8", "replace"), message=message)


@lru_cache(maxsize=1)
def _codec() -> Codec:
    """Decodes and encodes; cattrs is imported when the first call asks for it, which saves 10 % of the import."""
    from openai_conversations.converters.codec import codec

    return codec()


def encoder() -> Codec:
    """What encodes requests."""
    return _codec()
