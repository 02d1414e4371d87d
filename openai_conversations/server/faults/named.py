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

from openai_conversations.server.faults.effects import bodies, lists, outcomes, rewrites
from openai_conversations.server.faults.effects.common import ErrorBody, OrderedError
from openai_conversations.server.faults.fault import Fault, Rewrite, Select, check_bounds, check_headers
from openai_conversations.server.inspection.journal import WRITES

_LISTS = frozenset({"listConversationItems"})
_APPENDS = frozenset({"createConversationItems"})
_STORES = frozenset({"createConversation", "createConversationItems"})
_WITH_ITEMS = frozenset({"createConversationItems", "listConversationItems", "getConversationItem"})


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
