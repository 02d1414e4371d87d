"""A response whose body is spoiled, or holds what no client knows."""

from __future__ import annotations

from functools import partial
from typing import Literal, Unpack

from openai_conversations.server.faults.effects import bodies
from openai_conversations.server.faults.fault import Fault, Select, check_bounds

__all__ = [
    "empty_body",
    "event_stream",
    "html",
    "large_headers",
    "malformed_json",
    "truncated_json",
    "unknown_fields",
    "unknown_item",
    "unlabelled_gzip",
    "wrong_shape",
]

_WITH_ITEMS = frozenset(
    {
        "createConversationItems",
        "listConversationItems",
        "getConversationItem",
        "createResponse",
        "getResponse",
        "listInputItems",
    }
)


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


# A response from the future


def unknown_item(**select: Unpack[Select]) -> Fault:
    """Answer as if the first item were of a type that no client knows; it keeps its id."""
    return Fault(name="unknown_item", effect=bodies.unknown_item, possible=_WITH_ITEMS, **select)


def unknown_fields(**select: Unpack[Select]) -> Fault:
    """Answer with fields that no client knows in every object."""
    return Fault(name="unknown_fields", effect=bodies.unknown_fields, **select)
