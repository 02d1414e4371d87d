"""Connections that are refused, die silently, or close when nobody looks."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from openai_conversations.server.faults.effects import outcomes
from openai_conversations.server.faults.fault import Fault, Select, check_bounds

__all__ = [
    "close_idle",
    "half_open",
    "refuse",
]


def refuse(seconds: float = 0.2, **select: Unpack[Select]) -> Fault:
    """Close every connection and listen to nobody for a while: new connections are refused by the system."""
    check_bounds(seconds=seconds)
    return Fault(name="refuse", effect=partial(outcomes.refuse, seconds=seconds), **select)


def half_open(*, commit: bool = False, **select: Unpack[Select]) -> Fault:
    """
    Never answer, and never close the connection: what a client sees when the other end is gone without a word.

    It lasts until the client hangs up; with ``commit`` the work is done all the same.
    """
    return Fault(name="half_open", effect=partial(outcomes.half_open, commit=commit), **select)


def close_idle(seconds: float = 0.0, *, reset: bool = False, **select: Unpack[Select]) -> Fault:
    """
    Answer as ever, and close the kept-alive connection behind the response without having said so.

    Args:
        seconds: How long it is left idle, on the server's clock. Another request on it keeps it open.
        reset: Close it by a TCP reset.
        select: Which requests; see :class:`Select`.
    """
    check_bounds(seconds=seconds)
    return Fault(name="close_idle", effect=partial(outcomes.close_idle, seconds=seconds, reset=reset), **select)
