"""A stream that goes wrong while its turn runs to its end and is stored; a turn that is not what it says."""

from __future__ import annotations

from functools import partial
from typing import Unpack, get_args

from openai_conversations.server.faults.effects import streams
from openai_conversations.server.faults.fault import Effect, Fault, Select, check_bounds

__all__ = [
    "bom",
    "chunk_size",
    "completed_not_stored",
    "completed_without_output",
    "constant_sequence",
    "control_blocks",
    "crlf",
    "cut_stream",
    "duplicate_event",
    "error_event",
    "error_shape",
    "failed_then_error",
    "headers_late",
    "hold_open",
    "json_instead_of_stream",
    "keepalive_comments",
    "lock_held",
    "no_terminal_event",
    "null_item",
    "rewrite_ids",
    "skip_event",
    "stall_stream",
    "stored_later",
]

_TURNS = frozenset({"createResponse"})
_STREAMS = frozenset({"createResponse", "getResponse"})


def cut_stream(
    after: int | None = None, *, at: str | None = None, in_text: bool = False, **select: Unpack[Select]
) -> Fault:
    """
    Close the connection in the middle of a stream.

    Args:
        after: When so many events were sent; three when nothing else is said.
        at: In place of the first event of this type: ``response.completed``.
        in_text: In the middle of the first delta.
        select: Which requests; see :class:`Select`.

    Raises:
        ValueError: More than one place is named.
    """
    if (after is not None) + (at is not None) + in_text > 1:
        raise ValueError("a stream is cut at one place: after=, at= or in_text=")
    if at is None and not in_text:
        after = 3 if after is None else after
        check_bounds(after=after)
    return _streamed("cut_stream", partial(streams.cut_stream, after=after, at=at, in_text=in_text), select)


def no_terminal_event(**select: Unpack[Select]) -> Fault:
    """End a stream as if it were whole, without ``response.completed`` or what else would stand there."""
    return _streamed("no_terminal_event", streams.no_terminal_event, select)


def error_event(
    code: str | None = "server_error",
    *,
    message: str = "The server had an error.",
    param: str | None = None,
    after: int | None = None,
    **select: Unpack[Select],
) -> Fault:
    """
    Send the event ``error``, and nothing after it.

    Args:
        code: Its code.
        message: Its sentence.
        param: Its parameter.
        after: When so many events were sent; ``None`` sends it in place of the last one.
        select: Which requests; see :class:`Select`.
    """
    check_bounds(after=after or 0)
    effect = partial(streams.error_event, shape="flat", code=code, message=message, param=param, after=after)
    return _streamed("error_event", effect, select)


def error_shape(
    shape: streams.Shape = "nested",
    *,
    code: str | None = "server_error",
    message: str = "The server had an error.",
    after: int | None = None,
    **select: Unpack[Select],
) -> Fault:
    """
    Tell of an error in a stream as some servers do, and send nothing after it.

    What the bodies of other errors look like is said by ``body`` of :func:`status` and :func:`commit_then_status`.

    Args:
        shape: ``flat`` is the event ``error`` as the description has it, ``nested`` the same with its fields in an
            object ``error``, ``bare`` that object alone, without an event or a type, ``text`` the sentence, which is
            no JSON.
        code: Its code.
        message: Its sentence.
        after: When so many events were sent; ``None`` sends it in place of the last one.
        select: Which requests; see :class:`Select`.

    Raises:
        ValueError: There is no such shape.
    """
    if shape not in get_args(streams.Shape):
        raise ValueError(f"shape is one of {', '.join(get_args(streams.Shape))}, not {shape!r}")
    check_bounds(after=after or 0)
    effect = partial(streams.error_event, shape=shape, code=code, message=message, param=None, after=after)
    return _streamed("error_shape", effect, select)


def failed_then_error(
    code: str = "server_error", *, message: str = "The server had an error.", **select: Unpack[Select]
) -> Fault:
    """Send ``response.failed`` in place of the last event, and ``error`` after it."""
    return _streamed("failed_then_error", partial(streams.failed_then_error, code=code, message=message), select)


def stall_stream(seconds: float | None = None, *, after: int = 3, **select: Unpack[Select]) -> Fault:
    """
    Send nothing for a while.

    Args:
        seconds: How long, on the server's clock; ``None`` until the client hangs up.
        after: When so many events were sent.
        select: Which requests; see :class:`Select`.
    """
    check_bounds(after=after, seconds=seconds or 0)
    return _streamed("stall_stream", partial(streams.stall_stream, after=after, seconds=seconds), select)


def duplicate_event(at: str = "response.output_text.delta", **select: Unpack[Select]) -> Fault:
    """Send the first event of a type twice."""
    return _streamed("duplicate_event", partial(streams.duplicate_event, at=at), select)


def skip_event(at: str = "response.output_text.delta", **select: Unpack[Select]) -> Fault:
    """Leave out the first event of a type."""
    return _streamed("skip_event", partial(streams.skip_event, at=at), select)


def constant_sequence(n: int = 0, **select: Unpack[Select]) -> Fault:
    """Give every event the same ``sequence_number``."""
    check_bounds(n=n)
    return _streamed("constant_sequence", partial(streams.constant_sequence, n=n), select)


def json_instead_of_stream(**select: Unpack[Select]) -> Fault:
    """Answer with the whole response as JSON when it has ended, although a stream was asked for."""
    return _streamed("json_instead_of_stream", streams.json_instead_of_stream, select)


def completed_without_output(**select: Unpack[Select]) -> Fault:
    """Leave the output out of the response in the last event."""
    return _streamed("completed_without_output", streams.completed_without_output, select)


def rewrite_ids(**select: Unpack[Select]) -> Fault:
    """Give every item another id when it is done than it had when it began, as some proxies do."""
    return _streamed("rewrite_ids", streams.rewrite_ids, select)


def null_item(**select: Unpack[Select]) -> Fault:
    """Send null in place of the items in ``response.output_item.added`` and ``.done``."""
    return _streamed("null_item", streams.null_item, select)


def control_blocks(**select: Unpack[Select]) -> Fault:
    """Send blocks without data before every event: ``retry``, ``id``, and an event with a name alone."""
    return _streamed("control_blocks", streams.control_blocks, select)


def keepalive_comments(**select: Unpack[Select]) -> Fault:
    """Send a comment before every event."""
    return _streamed("keepalive_comments", streams.keepalive_comments, select)


def hold_open(**select: Unpack[Select]) -> Fault:
    """Leave the connection open behind the last event, until the client hangs up."""
    return _streamed("hold_open", partial(streams.written_as, open_end=True), select)


def crlf(**select: Unpack[Select]) -> Fault:
    """End the lines of a stream in CR and LF."""
    return _streamed("crlf", partial(streams.written_as, crlf=True), select)


def bom(**select: Unpack[Select]) -> Fault:
    """Begin a stream with a byte order mark."""
    return _streamed("bom", partial(streams.written_as, bom=True), select)


def chunk_size(chunk: int = 1, **select: Unpack[Select]) -> Fault:
    """Write a stream so many bytes at a time."""
    check_bounds(chunk=chunk)
    return _streamed("chunk_size", partial(streams.written_as, chunk=chunk), select)


def headers_late(seconds: float = 1.0, **select: Unpack[Select]) -> Fault:
    """Begin the turn, and send the first byte when so many seconds have passed, on the server's clock."""
    check_bounds(seconds=seconds)
    return _streamed("headers_late", partial(streams.headers_late, seconds=seconds), select)


def _streamed(name: str, effect: Effect, select: Select) -> Fault:
    return Fault(name=name, effect=effect, possible=_STREAMS, streamed=True, **select)


# A turn that is not what it says


def completed_not_stored(**select: Unpack[Select]) -> Fault:
    """Complete a turn and leave its conversation as it was; the response itself can be looked up."""
    effect = partial(streams.with_options, truth=False, keeps_items=False)
    return Fault(name="completed_not_stored", effect=effect, possible=_TURNS, **select)


def stored_later(seconds: float = 1.0, **select: Unpack[Select]) -> Fault:
    """
    Complete a turn, and add its items to the conversation so many seconds later, on the server's clock.

    The lock is gone at the end of the turn: what others write meanwhile stands before them.
    """
    check_bounds(seconds=seconds)
    effect = partial(streams.with_options, truth=True, late_seconds=seconds)
    return Fault(name="stored_later", effect=effect, possible=_TURNS, **select)


def lock_held(seconds: float = 5.0, **select: Unpack[Select]) -> Fault:
    """Keep the conversation of a turn locked for so many seconds after its end, on the server's clock."""
    check_bounds(seconds=seconds)
    effect = partial(streams.with_options, truth=True, lock_seconds=seconds)
    return Fault(name="lock_held", effect=effect, possible=_TURNS, **select)
