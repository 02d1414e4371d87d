"""The stream of a turn, as ``responses.create(stream=True)`` and ``responses.stream()`` give it."""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar, cast

from openai_conversations.api import turn_requests
from openai_conversations.api.arguments import Members, is_given, omit
from openai_conversations.api.caller import Caller, codec
from openai_conversations.checks import shown
from openai_conversations.errors import APITimeoutError, ConversationsError, InvalidArgumentError, described
from openai_conversations.jsontypes import is_object
from openai_conversations.resources.raw import StreamedAPIResponse
from openai_conversations.schemas.content import OutputText
from openai_conversations.schemas.items.message import Message
from openai_conversations.schemas.responses.events.text import ResponseTextDeltaEvent
from openai_conversations.schemas.responses.response import Response
from openai_conversations.writing.turns.errors import OutputParseError
from openai_conversations.writing.turns.result import check_complete, final_response
from openai_conversations.writing.turns.statuses import ENDED

if TYPE_CHECKING:
    from openai_conversations.errors import RequestInfo
    from openai_conversations.schemas.responses.events import ResponseStreamEvent
    from openai_conversations.writing.turns.stream import TurnStream

T = TypeVar("T")

_HOW_TO_STREAM: Final = "responses.stream() is a context manager: `async with client.responses.stream(…) as stream:`"


class ParsedResponse(Response, Generic[T]):
    """A response whose text is also an object, of the class that was asked for as ``text_format``."""

    __slots__ = ("output_parsed",)

    output_parsed: T | None
    """The object; ``None`` when the model refused, or wrote no text, and of a turn that is not complete."""


class _TextStream:
    """
    The pieces of a text: ``async for text in stream.text_stream``.

    Args:
        pieces: Gives them.
    """

    def __init__(self, pieces: AsyncGenerator[str]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[str]:
        return self._pieces  # without a step of its own for each piece

    async def __anext__(self) -> str:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """Read no further; the stream of the turn stays open."""
        await self._pieces.aclose()

    def __iter__(self) -> NoReturn:
        raise TypeError("text_stream is async: use `async for text in stream.text_stream`, not `for`")


class ResponseStream(Generic[T]):
    """
    The events of one turn: ``async for``, until the terminal event.

    Use it with ``async with``, or close it: whoever stops reading in the middle keeps the conversation from others
    until then. One task reads at a time; a wait for the next event may be cancelled, and gone on with.

    Args:
        turn: Reads the events.
        caller: Sends what the stream is asked to.
        text_format: What the text is read as at the end; ``None`` for nothing.
    """

    def __init__(self, turn: TurnStream, caller: Caller, text_format: type[T] | None = None) -> None:
        self._turn = turn
        self._caller = caller.streaming(stream=False)
        self._text_format = text_format
        self._events: deque[Any] = deque()
        self._cancelled: Response | None = None
        """What ``cancelResponse`` answered."""

    # reading

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ResponseStreamEvent:
        """
        The next event.

        Raises:
            StreamInterruptedError: The stream broke, and how the turn went on could not be found out.
            TurnLostError: The conversation shows the turn, and its response cannot be had; or it does not hold it.
        """
        events = self._events
        if not events:
            events.extend(await self._turn.read())
            if not events:
                raise StopAsyncIteration
        event: ResponseStreamEvent = events.popleft()
        return event

    @property
    def text_stream(self) -> AsyncIterator[str]:
        """
        The pieces of the text, and nothing else of the stream. What a turn failed with is raised at its end.

        There are none when the model refuses, which comes as :class:`ResponseRefusalDeltaEvent`, or only calls
        functions: read the events to show that.
        """
        return _TextStream(self._texts())

    async def _texts(self) -> AsyncGenerator[str]:
        async for event in self:
            if isinstance(event, ResponseTextDeltaEvent):
                yield event.delta
        self._final_response()

    async def until_done(self) -> Self:
        """Read to the end; the events are not kept."""
        async for _ in self:
            pass
        return self

    async def get_final_response(self) -> ParsedResponse[T]:
        """
        Read to the end, and give the response.

        Raises:
            ResponseFailedError: The turn failed, or was cancelled.
            ResponseIncompleteError: It ended before it was whole.
            StreamInterruptedError: The stream broke, and how the turn went on could not be found out.
            ConversationsError: The stream was closed before the end.
        """
        await self.until_done()
        return self._parsed(self._final_response())

    async def get_final_text(self) -> str:
        """Read to the end, and give all of the text; raises as :meth:`get_final_response`."""
        await self.until_done()
        return self._final_response().output_text

    # what is known

    @property
    def current_response_snapshot(self) -> Response | None:
        """The response with its output so far; ``None`` before it was created."""
        return self._turn.snapshot.current

    @property
    def response_id(self) -> str | None:
        """The id of the response; ``None`` before it was created."""
        return self._turn.snapshot.response_id

    @property
    def last_sequence_number(self) -> int | None:
        """The number of the last event that was given, for ``starting_after``; ``None`` when none had one."""
        # Several may have come together: what waits here was not given yet.
        waiting = next((event.sequence_number for event in self._events if event.sequence_number >= 0), None)
        number = self._turn.snapshot.last_number if waiting is None else waiting - 1
        return number if number >= 0 else None

    @property
    def is_rebuilt(self) -> bool:
        """Whether the output of the final response was empty, and is what the events had told."""
        return self._turn.snapshot.is_rebuilt

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will be read."""
        return self._turn.closed

    @property
    def response(self) -> StreamedAPIResponse[Self]:
        """The HTTP response that the stream began with: status, headers, request id. Closing it closes the stream."""
        began, clock = self._turn.http_response, self._caller.runtime.clock
        assert began is not None  # noqa: S101  # for type checkers: a stream is made when it is open
        return StreamedAPIResponse(began, lambda _: self, began.stream, clock, closing=self.close)

    @property
    def request_id(self) -> str | None:
        """The service's id of that response, if it gave one."""
        response = self._turn.http_response
        return None if response is None else response.request_id

    # stopping

    async def close(self) -> None:
        """
        Stop reading: disconnect.

        A turn in the background goes on. Any other may go on, or be given up: that is up to the service.

        Raises:
            WrongEventLoopError: The stream belongs to another event loop; nothing was closed.
        """
        self._turn.check_loop()
        self._events.clear()
        await self._turn.close()

    aclose = close

    async def cancel(self) -> Response | None:
        """
        Stop the turn, and reading it.

        A turn in the background is cancelled (``cancelResponse``); before its id has come, the stream is read on until
        it does, for as long as a call may take. Of any other turn all that a client can do is to disconnect.

        Returns:
            The response, when the turn was in the background or has ended before; ``None`` otherwise.

        Raises:
            APITimeoutError: The id of a turn in the background did not come in time: it was not cancelled.
            WrongEventLoopError: The stream belongs to another event loop; nothing was done.
            ConversationsError: As any call, and as the stream before the id came: it was not cancelled.
        """
        turn = self._turn
        turn.check_loop()
        try:
            response_id = await self._id_in_time() if turn.is_background and not turn.ended else None
        finally:
            await self.close()
        if turn.ended or not turn.is_background:
            return turn.snapshot.response if turn.ended else None
        if response_id is None:
            raise ConversationsError(
                "the turn was not cancelled: its stream was closed before the id of the response came"
            )
        request = turn_requests.cancel_response(self._caller, response_id)
        self._cancelled = codec().decode_response(await self._caller.send(request), Response)
        return self._cancelled

    async def _id_in_time(self) -> str | None:
        bound = self._caller.settings.timeout.total
        scope = asyncio.timeout(bound)
        try:
            async with scope:
                return await self._turn.read_to_id()
        except TimeoutError as error:
            if not scope.expired():
                raise
            message = f"cancelResponse: the id of the response did not come within {bound:g} s: it was not cancelled"
            raise APITimeoutError(self._turn.request.info, message=message, sent=False) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        turn: TurnStream | None = getattr(self, "_turn", None)
        if turn is None or turn.closed:
            return
        has_ended = turn.ended
        turn.give_up()
        if not has_ended:
            _warn(
                f"{self!r} was never closed: use `async with`, read it to its end, or `await stream.close()`",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def __iter__(self) -> NoReturn:
        raise TypeError("a stream of a ConversationsClient is async: use `async for`, not `for`")

    def __enter__(self) -> NoReturn:
        raise TypeError("a stream of a ConversationsClient is async: use `async with`, not `with`")

    def __exit__(self, *_: object) -> None:
        """Only here so that `with` comes to :meth:`__enter__`."""

    def __repr__(self) -> str:
        state = "ended" if self._turn.ended else "closed" if self._turn.closed else "open"
        return f"<ResponseStream {self.response_id or '(not created)'} {state}>"

    # the end

    def _final_response(self) -> Response:
        cancelled = self._cancelled
        if self._turn.snapshot.terminal is None and cancelled is not None and cancelled.status in ENDED:
            return check_complete(cancelled, self._turn.request.info)
        return final_response(self._turn.snapshot.terminal, self._turn.request.info)

    def _parsed(self, response: Response) -> ParsedResponse[T]:
        return parsed_response(response, self._text_format, self._turn.request.info)


def parsed_response(
    response: Response, text_format: type[T] | None, request: RequestInfo | None = None
) -> ParsedResponse[T]:
    """
    The response, with its text as an object where one is asked for.

    Raises:
        OutputParseError: The text does not fit; the message has the JSON path.
    """
    kind = cast("type[ParsedResponse[T]]", ParsedResponse)
    made = kind.__new__(kind)
    for field in Response.__attrs_attrs__:
        setattr(made, field.name, getattr(response, field.name))
    text = _final_text(response)
    made.output_parsed = None
    if text_format is not None and text:
        made.output_parsed = _read(response, text_format, text, request)
    return made


def _final_text(response: Response) -> str:
    """The first text that is no comment on the way: each stands for an object of its own."""
    for item in response.output:
        if isinstance(item, Message) and item.phase in (None, "final_answer"):
            for part in item.parts:
                if isinstance(part, OutputText):
                    return part.text
    return ""


def _read(response: Response, text_format: type[T], text: str, request: RequestInfo | None) -> T:
    from openai_conversations.converters.errors import DecodeError
    from openai_conversations.converters.structured import read_structured

    cause: Exception | None = None
    try:
        return read_structured(text_format, text)
    except DecodeError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  # of the caller's class: the response was paid for, and must not be lost
        reason, cause = f"the text does not fit {text_format.__name__}: {described(error)}", error
    # Not raised above: it must not hold the converter's error.
    raise OutputParseError(reason, request, response=response) from cause


class ResponseStreamManager(Generic[T]):
    """
    What ``responses.stream()`` returns: ``async with`` opens the stream, and closes it at the end.

    Args:
        begin: Opens the stream.
    """

    def __init__(self, begin: Callable[[], Awaitable[ResponseStream[T]]]) -> None:
        self._begin = begin
        self._stream: ResponseStream[T] | None = None
        self._is_begun = False

    async def __aenter__(self) -> ResponseStream[T]:
        if self._is_begun:
            raise ConversationsError("this stream was begun before: call responses.stream() again for another turn")
        self._is_begun = True
        self._stream = stream = await self._begin()
        return stream

    async def __aexit__(self, *_: object) -> None:
        if self._stream is not None:
            await self._stream.close()

    def __aiter__(self) -> NoReturn:
        raise TypeError(_HOW_TO_STREAM)

    def __iter__(self) -> NoReturn:
        raise TypeError(_HOW_TO_STREAM)

    def __enter__(self) -> NoReturn:
        raise TypeError(_HOW_TO_STREAM)

    def __exit__(self, *_: object) -> None:
        """Only here so that `with` comes to :meth:`__enter__`."""

    if not TYPE_CHECKING:  # there it is no awaitable

        def __await__(self) -> NoReturn:
            raise TypeError(f"{_HOW_TO_STREAM}, or `await client.responses.create(…, stream=True)`")


def with_format(body: Members, text_format: type | None) -> Members:
    """
    The body with the class that its text stands for as the format.

    Raises:
        InvalidArgumentError: It is no class with members, or the body has a format of its own.
    """
    if text_format is None:
        return body
    from openai_conversations.converters.structured import text_format_of

    text = body.get("text", omit)
    given: Any = codec().to_json(text) if is_given(text) and text is not None else {}
    if not is_object(given):
        raise InvalidArgumentError(f"text must be a mapping, not {shown(text)}")
    if "format" in given:
        raise InvalidArgumentError("give text_format or text={'format': …}, not both")
    return body | {"text": {**given, "format": text_format_of(text_format)}}
