"""The middleware: one span for each call, with its attempts and lookups as events, and the metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from openai_conversations.api import operations
from openai_conversations.api.caller import codec
from openai_conversations.errors import AmbiguousWriteError, APIError, APIStatusError, Attempt
from openai_conversations.integrations.opentelemetry.attributes import (
    CHAT,
    TURN,
    Attributes,
    as_object,
    of_attempt,
    of_request,
    of_response,
    of_turn,
)
from openai_conversations.integrations.opentelemetry.instruments import Instruments
from openai_conversations.integrations.opentelemetry.streams import WatchedStream
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from openai_conversations.version import __version__

logger: Final = logging.getLogger("openai_conversations")

_NAME: Final = "openai_conversations"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.41.0"
_NANO: Final = 1_000_000_000

_LOOKED_UP: Final = {operations.CREATE_ITEMS.id, operations.CREATE_RESPONSE.id}


class Telemetry:
    """
    A middleware that traces and measures calls: ``ConversationsClient(middlewares=[Telemetry()])``.

    One span of the kind CLIENT for each call, from its first attempt to its last, or to the end of a stream. What is
    said in conversations, headers and URLs are in none of them. What goes wrong here is logged, and no call fails for
    it.

    Args:
        tracer_provider: Where spans go; ``None`` for the global one.
        meter_provider: Where metrics go; ``None`` for the global one.
        clock: Seconds that only grow.
        now: Nanoseconds since 1970, for the times of events.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._tracer = trace.get_tracer(_NAME, __version__, tracer_provider, schema_url=_SCHEMA)
        meter = metrics.get_meter(_NAME, __version__, meter_provider, schema_url=_SCHEMA)
        self._instruments = Instruments(meter)
        self._clock = clock
        self._now = now

    async def __call__(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        """Middleware: a span around a call."""
        call = self._begin(request)
        try:
            with trace.use_span(call.span, record_exception=False, set_status_on_exception=False):
                response = await handler(request)
        except BaseException as error:
            self._safely(call.failed, error)
            raise
        if response.stream is None:
            self._safely(call.succeeded, response)
            return response
        watched = WatchedStream(response.stream, clock=self._clock, on_end=partial(self._stream_ended, call))
        self._safely(call.began_to_stream, response)
        return response.replace(stream=watched)

    def _begin(self, request: HTTPRequest) -> _Call:
        attributes = of_request(request)
        name = request.operation
        if name == TURN:
            attributes |= of_turn(_body(request))
            name = f"{CHAT} {attributes.get('gen_ai.request.model', '')!s}".strip()
        started = self._now()
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes, start_time=started)
        return _Call(request, span, attributes, self._instruments, started=started, clock=self._clock)

    def _stream_ended(self, call: _Call, stream: WatchedStream, error: BaseException | None) -> None:
        self._safely(call.stream_ended, stream, error)

    def _safely(self, tell: Callable[..., None], *what: Any) -> None:
        """What was done is done: nothing here may make an error of it."""
        try:
            tell(*what)
        except Exception:
            logger.exception("telemetry failed")


class _Call:
    """One call, until its span ends."""

    def __init__(
        self,
        request: HTTPRequest,
        span: Span,
        attributes: Attributes,
        instruments: Instruments,
        *,
        started: int,
        clock: Callable[[], float],
    ) -> None:
        self.span = span
        self._request = request
        self._attributes = attributes
        self._instruments = instruments
        self._started = started
        self._clock = clock
        self._began = clock()

    def succeeded(self, response: HTTPResponse) -> None:
        """The response is whole."""
        try:
            self._tell_attempts(response.history, after_last="stored")
            self._add({"http.response.status_code": response.status_code})
            if self._request.operation == TURN:
                self._add(of_response(_object(response)))
            elif self._request.operation == operations.CREATE_CONVERSATION.id:
                self._learn_conversation(_object(response))
        finally:
            self._end()

    def began_to_stream(self, response: HTTPResponse) -> None:
        """The head of the response is there."""
        self._tell_attempts(response.history, after_last="stored")
        self._add({"http.response.status_code": response.status_code})

    def stream_ended(self, stream: WatchedStream, error: BaseException | None) -> None:
        """The body was read, or closed, or broke."""
        first = None if stream.first_token is None else stream.first_token - self._began
        try:
            if self._request.operation == TURN:
                self._add(of_response(stream.response()))
                self._add({"openai_conversations.stream.complete": stream.has_terminal_event})
            if first is not None:
                self._add({"gen_ai.response.time_to_first_chunk": first})
            if error is not None:
                self._set_error(error)
        finally:
            self._end(first)

    def failed(self, error: BaseException) -> None:
        """The call raised."""
        try:
            if isinstance(error, APIError):
                result = "absent"
                if isinstance(error, AmbiguousWriteError):
                    result = "" if error.stored is None else "unknown"
                self._tell_attempts(error.attempts, after_last=result)
            if isinstance(error, APIStatusError):
                self._add({"http.response.status_code": error.status_code})
            self._set_error(error)
        finally:
            self._end()

    def _set_error(self, error: BaseException) -> None:
        """Its class, and not its message: a server may repeat in it what it was sent."""
        self._add({"error.type": type(error).__name__})
        self.span.set_status(Status(StatusCode.ERROR))

    def _learn_conversation(self, response: Mapping[str, Any]) -> None:
        if isinstance(made := response.get("id"), str):
            self._add({"gen_ai.conversation.id": made})

    def _tell_attempts(self, attempts: Sequence[Attempt], *, after_last: str) -> None:
        """
        An event for each attempt, and for the lookups that followed it.

        Args:
            attempts: Oldest first.
            after_last: What lookups after the last one found; empty when there were none.
        """
        for attempt, following in zip(attempts, [*attempts[1:], None], strict=True):
            event = of_attempt(attempt)
            self._instruments.attempted(event, self._attributes)
            ended = attempt.started + attempt.elapsed
            self.span.add_event("attempt", event, self._started + round(ended * _NANO))
            result = after_last if following is None else "absent"
            if result and self._is_looked_up(attempt):
                until = self._clock() - self._began if following is None else following.started
                found: Attributes = {"openai_conversations.result": result}
                self.span.add_event("lookup", found, self._started + round(max(until, ended) * _NANO))

    def _is_looked_up(self, attempt: Attempt) -> bool:
        """Whether an attempt was followed by lookups: its outcome was unknown, and it was not simply repeated."""
        write = self._request.write
        is_guarded = write is not None and write.guard != "off" and self._request.operation in _LOOKED_UP
        return is_guarded and attempt.outcome_unknown and attempt.wait is None

    def _add(self, attributes: Attributes) -> None:
        self._attributes |= attributes
        self.span.set_attributes(attributes)

    def _end(self, first: float | None = None) -> None:
        try:
            self._instruments.ended(self._attributes, self._clock() - self._began, first)
        finally:
            self.span.end()


def _body(request: HTTPRequest) -> Mapping[str, Any]:
    """The members of a turn; none when the body is not one of ours."""
    try:
        return as_object(codec().loads(request.body or b"{}"))
    except ValueError:
        return {}


def _object(response: HTTPResponse) -> Mapping[str, Any]:
    return as_object(codec().value_of(response))
