"""
What can go wrong, by name.

A :class:`Fault` says what happens to a request and to which requests. ``commit`` in a name means that the write is
stored before things go wrong; the faults that spoil a response (``truncated_json`` and so on) come after the commit
too.

::

    server.add_fault(faults.commit_then_drop(operation="createConversationItems", count=2))
    server.add_fault(faults.status(503, retry_after=2, probability=0.1, seed=7, count=None))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, Unpack

from openai_conversations.server.faults.effects import bodies, lists, outcomes, rewrites, streams
from openai_conversations.server.faults.effects.common import ErrorBody, OrderedError
from openai_conversations.server.faults.fault import Effect, Fault, Rewrite, Select, check_bounds, check_headers
from openai_conversations.server.inspection.journal import WRITES

_LISTS = frozenset({"listConversationItems"})
_APPENDS = frozenset({"createConversationItems"})
_STORES = frozenset({"createConversation", "createConversationItems"})
_WITH_ITEMS = frozenset({"createConversationItems", "listConversationItems", "getConversationItem"})


_TURNS = frozenset({"createResponse"})
_STREAMS = frozenset({"createResponse", "getResponse"})


# A write whose response is lost


def commit_then_drop(*, reset: bool = False, **select: Unpack[Select]) -> Fault:
    """Do the work, then close the connection without a response; with ``reset`` by a TCP reset."""
    return Fault(name="commit_then_drop", effect=partial(outcomes.commit_then_drop, reset=reset), **select)


def commit_then_status(
    status: int = 500,
    *,
    headers: Mapping[str, str] | None = None,
    message: str | None = None,
    code: str | None = None,
    body: ErrorBody = "openai",
    **select: Unpack[Select],
) -> Fault:
    """
    Do the work, then answer with an error all the same.

    Args:
        status: Any HTTP status: 429, 499, 504.
        headers: More headers.
        message: The error's sentence.
        code: The error's code.
        body: In which form: OpenAI's object, one of the other styles of :class:`.ServerProfile`, or the ``html`` page
            of a gateway.
        select: Which requests; see :class:`Select`.
    """
    error = _ordered(status, headers or {}, message, code, body)
    return Fault(name="commit_then_status", effect=partial(outcomes.commit_then_status, error=error), **select)


def _ordered(
    status: int, headers: Mapping[str, str], message: str | None, code: str | None, body: ErrorBody
) -> OrderedError:
    check_bounds(status=status)
    check_headers(headers)
    return OrderedError(status=status, headers=headers, message=message, code=code, body=body)


def late_commit(
    seconds: float = 1.0, *, status: int | None = None, reset: bool = False, **select: Unpack[Select]
) -> Fault:
    """
    Close the connection, and do the work when so many seconds have passed.

    Args:
        seconds: On the server's clock. A server that is stopped meanwhile does nothing.
        status: Answer with this status and a gateway's page instead of closing the connection.
        reset: Close it by a TCP reset.
        select: Which requests; see :class:`Select`.
    """
    check_bounds(seconds=seconds, status=504 if status is None else status)
    effect = partial(outcomes.late_commit, seconds=seconds, status=status, reset=reset)
    return Fault(name="late_commit", effect=effect, possible=WRITES, **select)


def reordered_response(**select: Unpack[Select]) -> Fault:
    """Store the items of an append in their order, and answer with the newest first."""
    return Fault(name="reordered_response", effect=outcomes.reordered_response, possible=_APPENDS, **select)


# A request that is not heard


def drop_before_commit(*, reset: bool = False, **select: Unpack[Select]) -> Fault:
    """Close the connection without doing anything."""
    return Fault(name="drop_before_commit", effect=partial(outcomes.drop_before_commit, reset=reset), **select)


def refuse(seconds: float = 0.2, **select: Unpack[Select]) -> Fault:
    """Close every connection and listen to nobody for a while: new connections are refused by the system."""
    check_bounds(seconds=seconds)
    return Fault(name="refuse", effect=partial(outcomes.refuse, seconds=seconds), **select)


def status(
    status: int = 503,
    *,
    retry_after: float | str | None = None,
    retry_after_ms: float | None = None,
    should_retry: bool | None = None,
    headers: Mapping[str, str] | None = None,
    message: str | None = None,
    code: str | None = None,
    body: ErrorBody = "openai",
    **select: Unpack[Select],
) -> Fault:
    """
    Answer with a status without doing anything.

    Args:
        status: Any HTTP status.
        retry_after: The header ``retry-after``: seconds, or an HTTP date.
        retry_after_ms: The header ``retry-after-ms``.
        should_retry: The header ``x-should-retry``.
        headers: More headers.
        message: The error's sentence.
        code: The error's code.
        body: The same as in :func:`commit_then_status`. ``status(404, body="detail", message="Not Found")`` is a
            gateway that knows no such address.
        select: Which requests; see :class:`Select`.
    """
    asked = {
        "retry-after": retry_after,
        "retry-after-ms": retry_after_ms,
        "x-should-retry": None if should_retry is None else str(should_retry).lower(),
    }
    sent = {name: str(value) for name, value in asked.items() if value is not None} | dict(headers or {})
    error = _ordered(status, sent, message, code, body)
    return Fault(name="status", effect=partial(outcomes.status, error=error), **select)


def error_in_200(message: str = "The server had an error.", *, commit: bool = False, **select: Unpack[Select]) -> Fault:
    """Answer 200 with an error object without doing anything; with ``commit`` after doing the work."""
    error = OrderedError(status=200, message=message)
    return Fault(name="error_in_200", effect=partial(outcomes.error_in_200, error=error, commit=commit), **select)


def gzip_bomb(size: int = 20_000_000, *, status: int = 400, **select: Unpack[Select]) -> Fault:
    """Answer with a small compressed error whose message has ``size`` characters, without doing anything."""
    check_bounds(size=size, status=status)
    return Fault(name="gzip_bomb", effect=partial(bodies.gzip_bomb, size=size, status=status), **select)


def locked(n: int = 1, **select: Unpack[Select]) -> Fault:
    """Answer ``n`` times that another process operates on the conversation (400 ``conversation_locked``)."""
    select.setdefault("count", n)
    return Fault(name="locked", effect=outcomes.locked, **select)


# A response that takes its time


def slow(seconds: float = 1.0, *, before_commit: bool = False, **select: Unpack[Select]) -> Fault:
    """Wait before answering; with ``before_commit`` before doing the work."""
    check_bounds(seconds=seconds)
    return Fault(name="slow", effect=partial(outcomes.slow, seconds=seconds, before_commit=before_commit), **select)


def trickle(seconds: float = 0.05, *, chunk: int = 1, **select: Unpack[Select]) -> Fault:
    """Send the body ``chunk`` bytes at a time, ``seconds`` apart."""
    check_bounds(seconds=seconds, chunk=chunk)
    return Fault(name="trickle", effect=partial(outcomes.trickle, seconds=seconds, chunk=chunk), **select)


# A response that is spoiled


def truncated_json(*, cut: bool = False, **select: Unpack[Select]) -> Fault:
    """Answer with half of the JSON; with ``cut`` the other half was announced, and the connection closes."""
    return Fault(name="truncated_json", effect=partial(bodies.truncated_json, cut=cut), **select)


def malformed_json(**select: Unpack[Select]) -> Fault:
    """Answer with a body that says it is JSON and is not."""
    return Fault(name="malformed_json", effect=bodies.malformed_json, **select)


def html(status: int = 200, **select: Unpack[Select]) -> Fault:
    """Answer with a page of HTML, as proxies do."""
    check_bounds(status=status)
    return Fault(name="html", effect=partial(bodies.html, status=status), **select)


def empty_body(status: int = 200, **select: Unpack[Select]) -> Fault:
    """Answer with no body at all."""
    check_bounds(status=status)
    return Fault(name="empty_body", effect=partial(bodies.empty_body, status=status), **select)


def event_stream(**select: Unpack[Select]) -> Fault:
    """Answer with a stream of one event that holds the JSON."""
    return Fault(name="event_stream", effect=bodies.event_stream, **select)


def unlabelled_gzip(**select: Unpack[Select]) -> Fault:
    """Answer with compressed JSON that does not say that it is."""
    return Fault(name="unlabelled_gzip", effect=bodies.unlabelled_gzip, **select)


def large_headers(size: int = 9_000, **select: Unpack[Select]) -> Fault:
    """Answer as ever, with a ``set-cookie`` of so many bytes; for ever by default."""
    check_bounds(size=size)
    select.setdefault("count", None)
    return Fault(name="large_headers", effect=partial(bodies.large_headers, size=size), **select)


def wrong_shape(shape: Literal["array", "string", "null", "object"] = "array", **select: Unpack[Select]) -> Fault:
    """Answer with JSON that is not what the operation responds with."""
    return Fault(name="wrong_shape", effect=partial(bodies.wrong_shape, shape=shape), **select)


# A list that misleads


def empty_page(**select: Unpack[Select]) -> Fault:
    """Answer a list with an empty page that says ``has_more``; the list goes on after its ``last_id``."""
    return Fault(name="empty_page", effect=lists.empty_page, possible=_LISTS, **select)


def stuck_cursor(**select: Unpack[Select]) -> Fault:
    """Answer lists with ``has_more`` and a ``last_id`` that is the cursor of the request; for ever by default."""
    select.setdefault("count", None)
    return Fault(name="stuck_cursor", effect=lists.stuck_cursor, possible=_LISTS, **select)


def missing_last_id(**select: Unpack[Select]) -> Fault:
    """Answer lists without ``first_id`` and ``last_id``; for ever by default."""
    select.setdefault("count", None)
    return Fault(name="missing_last_id", effect=lists.missing_last_id, possible=_LISTS, **select)


def stale_reads(seconds: float = 1.0, **select: Unpack[Select]) -> Fault:
    """
    Answer lists without the items of the last ``seconds``, on the server's clock; for ever by default.

    What was deleted is missing at once, and single items can be read at once.
    """
    check_bounds(seconds=seconds)
    select.setdefault("count", None)
    return Fault(name="stale_reads", effect=partial(lists.stale_reads, seconds=seconds), possible=_LISTS, **select)


# A response from the future


def unknown_item(**select: Unpack[Select]) -> Fault:
    """Answer as if the first item were of a type that no client knows; it keeps its id."""
    return Fault(name="unknown_item", effect=bodies.unknown_item, possible=_WITH_ITEMS, **select)


def unknown_fields(**select: Unpack[Select]) -> Fault:
    """Answer with fields that no client knows in every object."""
    return Fault(name="unknown_fields", effect=bodies.unknown_fields, **select)


# A stream that goes wrong; the turn runs to its end, and is stored


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
    effect = partial(streams.error_event, code=code, message=message, param=param, after=after)
    return _streamed("error_event", effect, select)


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


def lock_held(seconds: float = 5.0, **select: Unpack[Select]) -> Fault:
    """Keep the conversation of a turn locked for so many seconds after its end, on the server's clock."""
    check_bounds(seconds=seconds)
    effect = partial(streams.with_options, truth=True, lock_seconds=seconds)
    return Fault(name="lock_held", effect=effect, possible=_TURNS, **select)


# A store that keeps something else than what it was given


def partial_commit(n: int = 1, **select: Unpack[Select]) -> Fault:
    """Store only the first ``n`` items of a request; the response holds no more, and says 200."""
    check_bounds(n=n)
    return Fault(name="partial_commit", rewrite=partial(rewrites.first_items, n=n), possible=_STORES, **select)


def drop_parts(keep: int = 1, **select: Unpack[Select]) -> Fault:
    """Store only the first ``keep`` parts of each message; for ever by default, as all of this kind."""
    check_bounds(keep=keep)
    return _rewriting("drop_parts", partial(rewrites.first_parts, keep=keep), select)


def sort_keys(**select: Unpack[Select]) -> Fault:
    """Store objects with their keys sorted, also in strings that hold JSON, such as ``arguments``."""
    return _rewriting("sort_keys", rewrites.sort_keys, select)


def escape_non_ascii(**select: Unpack[Select]) -> Fault:
    r"""Store strings that hold JSON with ``\u00fc`` for ``ü``."""
    return _rewriting("escape_non_ascii", rewrites.escape_non_ascii, select)


def rewrite_numbers(**select: Unpack[Select]) -> Fault:
    """Store 1.5 for 1.50, and floats for integers beyond 2⁵³, also in strings that hold JSON."""
    return _rewriting("rewrite_numbers", rewrites.rewrite_numbers, select)


def replace_surrogates(**select: Unpack[Select]) -> Fault:
    """Store U+FFFD for lone surrogates."""
    return _rewriting("replace_surrogates", rewrites.replace_surrogates, select)


def trim_whitespace(**select: Unpack[Select]) -> Fault:
    """Store strings without the white space at their ends."""
    return _rewriting("trim_whitespace", rewrites.trim_whitespace, select)


def nfc(**select: Unpack[Select]) -> Fault:
    """Store strings in Unicode's normal form C."""
    return _rewriting("nfc", rewrites.nfc, select)


def lower_case(**select: Unpack[Select]) -> Fault:
    """Store texts in lower case; ids and words of the API stay."""
    return _rewriting("lower_case", rewrites.lower_case, select)


def truncate_text(n: int = 100, **select: Unpack[Select]) -> Fault:
    """Store the first ``n`` characters of each text."""
    check_bounds(n=n)
    return _rewriting("truncate_text", partial(rewrites.truncate_text, n=n), select)


def _rewriting(name: str, rewrite: Rewrite, select: Select) -> Fault:
    select.setdefault("count", None)
    return Fault(name=name, rewrite=rewrite, possible=_STORES, **select)


NAMED: Mapping[str, Callable[..., Fault]] = {
    make.__name__: make
    for make in (
        commit_then_drop,
        commit_then_status,
        late_commit,
        reordered_response,
        drop_before_commit,
        refuse,
        status,
        error_in_200,
        gzip_bomb,
        locked,
        slow,
        trickle,
        truncated_json,
        malformed_json,
        html,
        empty_body,
        event_stream,
        unlabelled_gzip,
        large_headers,
        wrong_shape,
        empty_page,
        stuck_cursor,
        missing_last_id,
        stale_reads,
        unknown_item,
        unknown_fields,
        cut_stream,
        no_terminal_event,
        error_event,
        failed_then_error,
        stall_stream,
        duplicate_event,
        skip_event,
        constant_sequence,
        json_instead_of_stream,
        completed_without_output,
        rewrite_ids,
        null_item,
        control_blocks,
        keepalive_comments,
        hold_open,
        crlf,
        bom,
        chunk_size,
        headers_late,
        completed_not_stored,
        lock_held,
        partial_commit,
        drop_parts,
        sort_keys,
        escape_non_ascii,
        rewrite_numbers,
        replace_surrogates,
        trim_whitespace,
        nfc,
        lower_case,
        truncate_text,
    )
}
"""Every fault by its name."""
