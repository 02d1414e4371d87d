"""A write whose response is lost, late or false, and a request that is not heard."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Unpack

from openai_conversations.server.faults.effects import bodies, outcomes
from openai_conversations.server.faults.effects.common import ErrorBody, OrderedError
from openai_conversations.server.faults.fault import Fault, Select, check_bounds, check_headers
from openai_conversations.server.journal import WRITES

__all__ = [
    "commit_then_drop",
    "commit_then_status",
    "drop_before_commit",
    "error_in_200",
    "gzip_bomb",
    "late_commit",
    "locked",
    "reordered_response",
    "slow",
    "status",
    "trickle",
]

_APPENDS = frozenset({"createConversationItems"})


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
