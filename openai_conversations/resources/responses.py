"""
``client.responses``: turns of a model.

The wrappers stand in the same file, because each is what a property of the class that it wraps gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Literal, TypeAlias, TypeVar, Unpack, cast, overload

from openai_conversations.api import turn_requests
from openai_conversations.api.arguments import CallOptions, Members, Omit, is_given, omit
from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.keywords import refuse_other_keywords
from openai_conversations.api.results import computed
from openai_conversations.checks import COUNT, FLAG
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.resources.raw import (
    APIResponse,
    Finish,
    StreamedAPIResponse,
    Wrapped,
    finish_raw,
    finish_streaming,
    overloaded,
    raw,
    streamed,
)
from openai_conversations.resources.response_inputs import (
    InputItems,
    InputTokens,
    RawInputItems,
    RawInputTokens,
    StreamingInputItems,
    StreamingInputTokens,
)
from openai_conversations.resources.response_params import (
    ResponseCompactParams,
    ResponseCreateParams,
    ResponseRetrieveParams,
    split,
)
from openai_conversations.resources.response_stream import (
    ParsedResponse,
    ResponseStream,
    ResponseStreamManager,
    parsed_response,
    with_format,
)
from openai_conversations.schemas.responses.response import CompactedResponse, Response, ResponseDeleted
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from openai_conversations.writing.turns.result import take_streamed_turn, take_turn
from openai_conversations.writing.turns.stream import TurnStream
from openai_conversations.writing.write_order import Writing

T = TypeVar("T")

_Open: TypeAlias = "AbstractAsyncContextManager[StreamedAPIResponse[T]]"


class Responses:
    """
    Turns: what a model is asked for, and what it answers.

    Every method takes the keywords of :class:`CallOptions` and raises the errors of the tree in
    :mod:`openai_conversations.errors`; :class:`InvalidArgumentError` before anything is sent.
    """

    def __init__(self, caller: Caller, writing: Writing, finish: Finish | None = None) -> None:
        self._caller = caller
        self._writing = writing
        self._finish = finish

    @property
    def input_items(self) -> InputItems:
        """What a response was asked with."""
        return InputItems(self._caller, self._finish)

    @property
    def input_tokens(self) -> InputTokens:
        """How many tokens an input has."""
        return InputTokens(self._caller, self._finish)

    @property
    def with_raw_response(self) -> RawResponses:
        """The methods of this class, which return the response as it came."""
        return RawResponses(self._caller, self._writing)

    @property
    def with_streaming_response(self) -> StreamingResponses:
        """The methods of this class as context managers, which leave the body unread."""
        return StreamingResponses(self._caller, self._writing)

    @overload
    async def create(
        self, *, stream: Literal[True], safe: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> ResponseStream[None]: ...
    @overload
    async def create(
        self,
        *,
        stream: Literal[False] | Omit | None = omit,
        safe: bool = False,
        **params: Unpack[ResponseCreateParams],
    ) -> Response: ...
    @overload
    async def create(
        self, *, stream: bool | Omit | None = omit, safe: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> Response | ResponseStream[None]: ...
    async def create(
        self, *, stream: bool | Omit | None = omit, safe: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> Response | ResponseStream[None]:
        """
        Let a model take a turn (``createResponse``).

        In a conversation a turn is a write: it waits until earlier writes of this client are over, and for as long as
        the service says that the conversation is locked, inside its deadline. It is sent again only when it was
        certainly not taken. When its response is lost, the conversation is looked up.

        A turn without a conversation that has ``store=False`` and no hosted tools leaves nothing behind: it is sent
        again as the official client does it.

        Args:
            stream: Give the events as they come, in a :class:`ResponseStream`.
            safe: Run the turn in the background (``background=True``, ``store=True``) and read its events, also where
                they are not asked for: its id comes first, so that it can be found out how it ended whatever happens to
                the connection. It costs what a background turn costs, and the service keeps the response.
            **params: See :class:`ResponseCreateParams`. ``timeout`` is for the whole turn; of a stream, for the first
                event and for each that follows. See :class:`Timeout` for each of them.

        Raises:
            TurnLostError: The conversation shows the turn, in ``items``, and its response cannot be had.
            AmbiguousWriteError: What became of it could not be found out.
            ConversationLockedError: Somebody else held the conversation until the deadline.
        """
        refuse_other_keywords(params, ResponseCreateParams)
        FLAG.check("safe", safe)
        body, options = split({**params, "stream": stream})
        del params  # a traceback that shows them shows what tools are authorized with
        if safe:
            body = turn_requests.in_background(body)
        if stream is True:
            request = turn_requests.create_response(self._caller.streaming(stream=True), body, options)
            return cast("ResponseStream[None]", await self._opened(request, None))
        if self._finish is None:
            return await take_turn(self._caller, self._writing, body, options)
        if not safe:
            request = turn_requests.create_response(self._caller, body, options)
            return self._finished(await self._caller.send(request), Response)
        response, began = await take_streamed_turn(self._caller, self._writing, body, options)
        return self._finished(began.with_json(codec().encode(codec().to_json(response))), Response)

    async def _opened(
        self, request: HTTPRequest, text_format: type[T] | None, starting_after: int | Omit = omit
    ) -> Any:
        """The open stream, or what a wrapper makes of it."""
        number = None if isinstance(starting_after, Omit) else starting_after
        turn = TurnStream(self._caller, self._writing, request, number)
        await turn.open()
        stream = ResponseStream(turn, self._caller, text_format)
        if self._finish is None:
            return stream
        response = cast("HTTPResponse", turn.http_response)
        if self._caller.stream:
            clock = self._caller.runtime.clock
            return StreamedAPIResponse(response, lambda _: stream, response.stream, clock, closing=stream.close)
        return APIResponse(response, lambda _: stream)

    @overload
    def stream(
        self,
        *,
        response_id: str | Omit = omit,
        starting_after: int | Omit = omit,
        text_format: Omit = omit,
        safe: bool = False,
        **params: Unpack[ResponseCreateParams],
    ) -> ResponseStreamManager[None]: ...
    @overload
    def stream(
        self,
        *,
        response_id: str | Omit = omit,
        starting_after: int | Omit = omit,
        text_format: type[T],
        safe: bool = False,
        **params: Unpack[ResponseCreateParams],
    ) -> ResponseStreamManager[T]: ...
    def stream(
        self,
        *,
        response_id: str | Omit = omit,
        starting_after: int | Omit = omit,
        text_format: type[Any] | Omit = omit,
        safe: bool = False,
        **params: Unpack[ResponseCreateParams],
    ) -> ResponseStreamManager[Any]:
        """
        Let a model take a turn and read it as it comes: ``async with client.responses.stream(…) as stream``.

        Args:
            response_id: Read the events of a response that runs in the background instead of taking a turn; it comes
                without ``safe`` and without what a turn is asked with.
            starting_after: With ``response_id``: only those after this number.
            text_format: A class that the text is to stand for: ``get_final_response().output_parsed`` is an object of
                it. An attrs class, a dataclass, a ``TypedDict`` or a pydantic model.
            safe: See :meth:`create`.
            **params: See :class:`ResponseCreateParams`.

        Raises:
            InvalidArgumentError: At once, of an argument that cannot be, or that goes with no other.
            ConversationsError: Of a request, and of what came of the turn, when the stream is entered and read; see
                :meth:`create` and :class:`ResponseStream`. A manager that is entered twice raises it too.
        """
        refuse_other_keywords(params, ResponseCreateParams)
        FLAG.check("safe", safe)
        if is_given(starting_after):
            COUNT.check("starting_after", starting_after)
        body, options = split(params)
        del params  # a traceback that shows them shows what tools are authorized with
        _check_which_turn(response_id, starting_after, {**body, **({"safe": safe} if safe else {})})
        kind = None if isinstance(text_format, Omit) else text_format
        return ResponseStreamManager(
            partial(self._begin, body, options, response_id, starting_after, text_format=kind, safe=safe)
        )

    async def _begin(
        self,
        body: Members,
        options: CallOptions,
        response_id: str | Omit,
        starting_after: int | Omit,
        *,
        text_format: type[T] | None,
        safe: bool,
    ) -> ResponseStream[T]:
        caller = self._caller.streaming(stream=True)
        if isinstance(response_id, Omit):
            body = with_format(body | {"stream": True}, text_format)
            request = turn_requests.create_response(
                caller, turn_requests.in_background(body) if safe else body, options
            )
        else:
            request = turn_requests.get_response(
                caller, response_id, stream=True, starting_after=starting_after, options=options
            )
            return cast("ResponseStream[T]", await self._opened(request, text_format, starting_after))
        return cast("ResponseStream[T]", await self._opened(request, text_format))

    async def parse(
        self,
        *,
        text_format: type[T],
        stream: Literal[False] | Omit | None = omit,
        safe: bool = False,
        **params: Unpack[ResponseCreateParams],
    ) -> ParsedResponse[T]:
        """
        Let a model take a turn whose text stands for an object.

        Args:
            text_format: See :meth:`stream`.
            stream: Not here: ``responses.stream(text_format=…)`` streams a turn whose text stands for an object.
            safe: See :meth:`create`.
            **params: See :class:`ResponseCreateParams`.

        Raises:
            OutputParseError: The text does not fit the class. Of a response that is not complete, no text is read.
        """
        if is_given(stream) and stream not in (None, False):
            raise InvalidArgumentError("parse() gives a whole response: stream it with responses.stream(text_format=…)")
        refuse_other_keywords(params, ResponseCreateParams)
        body = with_format(Members(params), text_format)
        del params  # a traceback that shows them shows what tools are authorized with
        made: Any = await self.create(safe=safe, **cast("ResponseCreateParams", body))
        parse = partial(_parsed_if_complete, text_format)
        return cast("ParsedResponse[T]", parse(made) if self._finish is None else made.then(parse))

    @overload
    async def retrieve(
        self, response_id: str, *, stream: Literal[True], **params: Unpack[ResponseRetrieveParams]
    ) -> ResponseStream[None]: ...
    @overload
    async def retrieve(
        self,
        response_id: str,
        *,
        stream: Literal[False] | Omit = omit,
        **params: Unpack[ResponseRetrieveParams],
    ) -> Response: ...
    @overload
    async def retrieve(
        self, response_id: str, *, stream: bool | Omit = omit, **params: Unpack[ResponseRetrieveParams]
    ) -> Response | ResponseStream[None]: ...
    async def retrieve(
        self, response_id: str, *, stream: bool | Omit = omit, **params: Unpack[ResponseRetrieveParams]
    ) -> Response | ResponseStream[None]:
        """
        Get a response (``getResponse``).

        Args:
            response_id: The response.
            stream: Give its events; of responses that were created in the background and as a stream only, and for
                about five minutes.
            **params: See :class:`ResponseRetrieveParams`.

        Raises:
            NotFoundError: There is no such response.
            APIStatusError: Its events cannot be had; of a stream, what comes after it has begun is raised where it is
                read, see :class:`ResponseStream`.
        """
        refuse_other_keywords(params, ResponseRetrieveParams)
        if is_given(stream):
            FLAG.check("stream", stream)
        query, options = split(params)
        is_stream = stream is True
        caller = self._caller.streaming(stream=is_stream or self._caller.stream)
        request = turn_requests.get_response(
            caller, response_id, stream=is_stream, options=options, **cast("Any", query)
        )
        if is_stream:
            starting_after = params.get("starting_after", omit)
            return cast("ResponseStream[None]", await self._opened(request, None, starting_after))
        return self._finished(await caller.send(request), Response)

    async def delete(self, response_id: str, **options: Unpack[CallOptions]) -> ResponseDeleted:
        """
        Delete a response (``deleteResponse``). What it stored in a conversation stays there.

        Args:
            response_id: The response.
            **options: See :class:`CallOptions`.
        """
        request = turn_requests.delete_response(self._caller, response_id, options)
        return self._finished(await self._caller.send(request), ResponseDeleted)

    async def cancel(self, response_id: str, **options: Unpack[CallOptions]) -> Response:
        """
        Cancel a response that runs in the background (``cancelResponse``). One that has ended is returned as it is.

        Args:
            response_id: The response.
            **options: See :class:`CallOptions`.
        """
        request = turn_requests.cancel_response(self._caller, response_id, options)
        return self._finished(await self._caller.send(request), Response)

    async def compact(self, **params: Unpack[ResponseCompactParams]) -> CompactedResponse:
        """
        Make a long exchange short (``Compactconversation``). Nothing is stored.

        Args:
            **params: See :class:`ResponseCompactParams`.
        """
        refuse_other_keywords(params, ResponseCompactParams)
        body, options = split(params)
        del params  # a traceback that shows them shows what tools are authorized with
        request = turn_requests.compact(self._caller, body, options)
        finish = self._finish or computed
        return cast("CompactedResponse", finish(await self._caller.send(request), CompactedResponse))

    def _finished(self, response: HTTPResponse, kind: type[T]) -> T:
        finish = self._finish or codec().decode_response
        return cast("T", finish(response, kind))


def _check_which_turn(response_id: str | Omit, starting_after: int | Omit, asked: Mapping[str, Any]) -> None:
    """A stream reads a new turn from its beginning, or one that is there; what it is asked with is about a new one."""
    if is_given(response_id):
        if given := [name for name, value in asked.items() if is_given(value)]:
            raise InvalidArgumentError(
                f"response_id reads a response that is there: leave out {', '.join(given)}, "
                "or leave out response_id to take a turn"
            )
    elif is_given(starting_after):
        raise InvalidArgumentError("starting_after goes with response_id: a new turn is read from its first event")


def _parsed_if_complete(text_format: type[T], response: Response) -> ParsedResponse[T]:
    return parsed_response(response, text_format if response.status == "completed" else None)


class RawResponses(Wrapped):
    """The methods of :class:`Responses`; each returns an :class:`APIResponse`."""

    def __init__(self, caller: Caller, writing: Writing) -> None:
        super().__init__(Responses(caller.streaming(stream=False), writing, finish_raw))

    @property
    def input_items(self) -> RawInputItems:
        """See :attr:`Responses.input_items`."""
        return RawInputItems(self.resource._caller)  # noqa: SLF001  # of this module

    @property
    def input_tokens(self) -> RawInputTokens:
        """See :attr:`Responses.input_tokens`."""
        return RawInputTokens(self.resource._caller)  # noqa: SLF001  # of this module

    @overload
    async def create(
        self, *, stream: Literal[True], safe: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> APIResponse[ResponseStream[None]]: ...
    @overload
    async def create(
        self, *, stream: Literal[False] | Omit | None = omit, safe: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> APIResponse[Response]: ...
    @overload
    async def create(
        self, *, stream: bool | Omit | None = omit, safe: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> APIResponse[Response | ResponseStream[None]]: ...
    @overloaded
    @raw(Responses.create)
    def create(self) -> None:
        """
        See :meth:`Responses.create`; of a stream, ``parse()`` gives it.

        With ``safe=True`` the turn came as events: the body is its response, written as JSON by this client, and the
        headers are those that the events came with, but for those that say what the body is.
        """

    @raw(Responses.parse)
    def parse(self) -> None:
        """See :meth:`Responses.parse`; an output that does not fit is told when it is parsed."""

    @overload
    async def retrieve(
        self, response_id: str, *, stream: Literal[True], **params: Unpack[ResponseRetrieveParams]
    ) -> APIResponse[ResponseStream[None]]: ...
    @overload
    async def retrieve(
        self, response_id: str, *, stream: Literal[False] | Omit = omit, **params: Unpack[ResponseRetrieveParams]
    ) -> APIResponse[Response]: ...
    @overload
    async def retrieve(
        self, response_id: str, *, stream: bool | Omit = omit, **params: Unpack[ResponseRetrieveParams]
    ) -> APIResponse[Response | ResponseStream[None]]: ...
    @overloaded
    @raw(Responses.retrieve)
    def retrieve(self) -> None:
        """See :meth:`Responses.retrieve`."""

    @raw(Responses.delete)
    def delete(self) -> None:
        """See :meth:`Responses.delete`."""

    @raw(Responses.cancel)
    def cancel(self) -> None:
        """See :meth:`Responses.cancel`."""

    @raw(Responses.compact)
    def compact(self) -> None:
        """See :meth:`Responses.compact`."""


class StreamingResponses(Wrapped):
    """The methods of :class:`Responses` as context managers; each gives a :class:`StreamedAPIResponse`."""

    def __init__(self, caller: Caller, writing: Writing) -> None:
        super().__init__(Responses(caller.streaming(stream=True), writing, finish_streaming(caller.runtime.clock)))

    @property
    def input_items(self) -> StreamingInputItems:
        """See :attr:`Responses.input_items`."""
        return StreamingInputItems(self.resource._caller)  # noqa: SLF001  # of this module

    @property
    def input_tokens(self) -> StreamingInputTokens:
        """See :attr:`Responses.input_tokens`."""
        return StreamingInputTokens(self.resource._caller)  # noqa: SLF001  # of this module

    @overload
    def create(
        self, *, stream: Literal[True], safe: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> _Open[ResponseStream[None]]: ...
    @overload
    def create(
        self, *, stream: Literal[False] | Omit | None = omit, safe: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> _Open[Response]: ...
    @overload
    def create(
        self, *, stream: bool | Omit | None = omit, safe: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> _Open[Response] | _Open[ResponseStream[None]]: ...
    @overloaded
    @streamed(Responses.create)
    def create(self) -> None:
        """See :meth:`Responses.create`; of a stream, ``parse()`` gives it."""

    @streamed(Responses.parse)
    def parse(self) -> None:
        """See :meth:`Responses.parse`; an output that does not fit is told when it is parsed."""

    @overload
    def retrieve(
        self, response_id: str, *, stream: Literal[True], **params: Unpack[ResponseRetrieveParams]
    ) -> _Open[ResponseStream[None]]: ...
    @overload
    def retrieve(
        self, response_id: str, *, stream: Literal[False] | Omit = omit, **params: Unpack[ResponseRetrieveParams]
    ) -> _Open[Response]: ...
    @overload
    def retrieve(
        self, response_id: str, *, stream: bool | Omit = omit, **params: Unpack[ResponseRetrieveParams]
    ) -> _Open[Response] | _Open[ResponseStream[None]]: ...
    @overloaded
    @streamed(Responses.retrieve)
    def retrieve(self) -> None:
        """See :meth:`Responses.retrieve`."""

    @streamed(Responses.delete)
    def delete(self) -> None:
        """See :meth:`Responses.delete`."""

    @streamed(Responses.cancel)
    def cancel(self) -> None:
        """See :meth:`Responses.cancel`."""

    @streamed(Responses.compact)
    def compact(self) -> None:
        """See :meth:`Responses.compact`."""
