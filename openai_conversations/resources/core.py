"""What the resource methods stand on: how a call becomes a request, and how an answer becomes what is returned."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

import attrs

from openai_conversations.api.arguments import (
    CallOptions,
    Omit,
    checked_extra_query,
    is_given,
    omit,
    path_id,
)
from openai_conversations.api.operations import Endpoint
from openai_conversations.converters.errors import DecodeError
from openai_conversations.errors import APIResponseValidationError, Attempt, InvalidArgumentError
from openai_conversations.resources.raw import APIResponse, StreamedAPIResponse
from openai_conversations.schemas.unknown import UnknownItem
from openai_conversations.settings import Settings, Timeout, as_timeout, checked_headers, query_text
from openai_conversations.transport.message import NO_HEADERS, Handler, Replay, Request, Response, Settle
from openai_conversations.writing.last_item import LastItems
from openai_conversations.writing.write_order import WriteOrder

if TYPE_CHECKING:
    from openai_conversations.converters.codec import Codec

T = TypeVar("T")

Finish = Callable[["Core", Response, Any], Any]

NO_QUERY: dict[str, object] = {}


@attrs.frozen(kw_only=True, eq=False)
class Core:
    """
    Shared by the resources of one view of a client.

    Attributes:
        settings: What the view goes by.
        send: The chain of middlewares, ending at the socket.
        anchors: The last item known of each conversation, shared by all views.
        order: Whose turn it is to append to a conversation, shared by all views.
        finish: What becomes of an answer: decoded, kept raw, or left open.
        stream: Whether bodies are left unread.
        clock: Seconds; deadlines are by this clock.
    """

    settings: Settings
    send: Handler
    last_items: LastItems
    order: WriteOrder
    finish: Finish
    stream: bool = False
    clock: Callable[[], float] = time.monotonic

    @property
    def codec(self) -> Codec:
        """Decodes and encodes; cattrs is imported when the first call asks for it, which saves 10 % of the import."""
        return _codec()

    def place(self, conversation_id: str) -> str:
        """What tells a conversation from those of all servers that the views of one client talk to."""
        return f"{self.settings.base_url}/{conversation_id}"

    def raw(self) -> Core:
        """The same, but answers are kept as they came."""
        return attrs.evolve(self, finish=finish_raw)

    def streaming(self) -> Core:
        """The same, but bodies are left unread."""
        return attrs.evolve(self, finish=finish_streaming, stream=True)

    def decoding(self) -> Core:
        """The same, but answers are decoded."""
        return attrs.evolve(self, finish=finish_decoded, stream=False)

    async def call(self, request: Request, kind: type[T]) -> T:
        """
        Send a request and finish its answer.

        Raises:
            APIError: It failed; see the tree in :mod:`openai_conversations.errors`.
        """
        return cast("T", self.finish(self, await self.send(request), kind))

    async def write(self, request: Request, kind: type[T]) -> T:
        """
        The same, for a write to a conversation: when those before it are settled.

        Raises:
            APIError: It failed; see the tree in :mod:`openai_conversations.errors`.
        """
        async with self.order.turn(request, self.place(request.conversation_id or "")):
            return await self.call(request, kind)

    def answer_for(self, request: Request, value: T, attempts: tuple[Attempt, ...]) -> T:
        """What a call returns whose answer was lost but is known."""
        content = self.codec.encode(self.codec.to_json(value))
        response = Response(status_code=200, content=content, source=request, attempts=attempts)
        return cast("T", self.finish(self, response, type(value)))

    def decode(self, response: Response, kind: Any) -> Any:
        """
        The object that an answer stands for.

        Raises:
            APIResponseValidationError: It is not what the API promises; the message gives the JSON paths.
        """
        reason = "expected an object with a type @ $"
        try:
            read = self.codec.decode(response.content, kind)
        except DecodeError as error:
            reason = str(error)
        else:
            if not isinstance(read, UnknownItem) or read.type:
                return read
        raise _misfit(response, kind, reason)

    def items_of(self, response: Response) -> tuple[list[Any], bool, str]:
        """
        The items of a page as JSON values, with numbers as they came, whether there are more, and the cursor.

        Raises:
            APIResponseValidationError: It is not a page.
        """
        try:
            return self.codec.items_of(response.content)
        except DecodeError as error:
            message = f"{response.status_code}: the answer is not a page of items: {error}"
            raise APIResponseValidationError(response, message=message) from None

    def request(
        self,
        endpoint: Endpoint,
        ids: Mapping[str, str],
        options: CallOptions,
        *,
        query: Mapping[str, object] = NO_QUERY,
        body: Mapping[str, object] | None = None,
        replay: Replay | None = None,
        is_whole: Callable[[bytes], bool] | None = None,
        settle: Settle | None = None,
    ) -> Request:
        """
        A call as a value.

        Raises:
            InvalidArgumentError: An id or the body cannot be sent.
        """
        settings = self.settings
        timeout, headers = settings.timeout, None
        if options:
            timeout, headers = options_timeout(options, timeout), options.get("extra_headers")
        return Request(
            operation=endpoint.operation,
            method=endpoint.method,
            template=endpoint.template,
            url=self._url(endpoint, ids, query, options.get("extra_query")),
            headers=checked_headers(headers) if headers else NO_HEADERS,
            body=self._body(body, options.get("extra_body")),
            replay=endpoint.replay if replay is None else replay,
            timeout=timeout,
            deadline=None if timeout.total is None else self.clock() + timeout.total,
            max_retries=settings.max_retries,
            conversation_id=ids.get("conversation_id"),
            stream=self.stream,
            is_whole=is_whole,
            settle=settle,
        )

    def _url(
        self,
        endpoint: Endpoint,
        ids: Mapping[str, str],
        query: Mapping[str, object],
        extra: Mapping[str, object] | None,
    ) -> str:
        path = endpoint.template
        for name, value in ids.items():
            path = path.replace(f"{{{name}}}", path_id(name, value))
        url = self.settings.base_url + path
        if not (query or extra or self.settings.default_query):
            return url
        merged = {**self.settings.default_query, **query, **checked_extra_query(extra)}
        pairs = [pair for name, value in merged.items() for pair in self._pairs(name, value)]
        return f"{url}?{'&'.join(pairs)}" if pairs else url

    def _pairs(self, name: str, value: object) -> list[str]:
        """``name=value``; arrays in the profile's style; what is ``None`` or was not given is dropped."""
        if value is None or not is_given(value):
            return []
        if isinstance(value, (list, tuple, set, frozenset)):
            key = f"{name}[]" if self.settings.profile.include_style == "brackets" else name
            return [_pair(key, member) for member in cast("list[object]", value)]
        return [_pair(name, value)]

    def _body(self, body: Mapping[str, object] | None, extra: object | None) -> bytes | None:
        if extra is None:
            return None if body is None else self.codec.encode(body)
        if not isinstance(extra, Mapping):
            raise InvalidArgumentError(f"extra_body must be a mapping, not {type(extra).__name__}")
        return self.codec.encode({**(body or {}), **extra})


def _misfit(response: Response, kind: Any, reason: str) -> APIResponseValidationError:
    message = f"{response.status_code}: the answer does not fit {_name(kind)}: {reason}"
    return APIResponseValidationError(response, response.content.decode("utf-8", "replace"), message=message)


def _pair(name: str, value: object) -> str:
    try:
        return f"{quote(name, safe='')}={quote(query_text(value), safe='')}"
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"the query value {name} holds half a character and cannot be sent") from None


@lru_cache(maxsize=1)
def _codec() -> Codec:
    from openai_conversations.converters.codec import codec

    return codec()


def options_timeout(options: CallOptions, base: Timeout) -> Timeout:
    """
    The bounds of a call.

    Raises:
        TypeError: A keyword is none of :class:`CallOptions`.
    """
    for name in options:
        if name not in CallOptions.__annotations__:
            raise TypeError(f"unexpected keyword argument {name!r}")
    timeout = options.get("timeout", omit)
    return as_timeout(timeout, base) if not isinstance(timeout, Omit) else base


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def finish_decoded(core: Core, response: Response, kind: Any) -> Any:
    """Return the decoded object."""
    return core.decode(response, kind)


def finish_raw(core: Core, response: Response, kind: Any) -> Any:
    """Return the answer as it came."""
    return APIResponse(response, lambda answer: core.decode(answer, kind))


def finish_streaming(core: Core, response: Response, kind: Any) -> Any:
    """Return the answer with its body unread."""
    return StreamedAPIResponse(response, lambda answer: core.decode(answer, kind), response.stream, core.clock)
