"""Times of messages in every common form, and messages in their order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Final, TypeVar

from openai_conversations.jsontypes import as_object, is_object

T = TypeVar("T")

TIMES: Final = ("created_at", "createdAt", "create_time", "timestamp", "created", "time", "date")
"""Where the formats write when a message was made."""

# Unix times of this century have ten digits in seconds; three digits more are the next smaller unit.
_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))


def read_time(value: object) -> float | None:
    """
    Unix seconds; ``None`` when the value is no time.

    Read are Unix times in seconds, milli-, micro- and nanoseconds, the same as text, ISO 8601 (without a zone it is
    UTC), RFC 5322, and the ``{"$date": …}`` of MongoDB.
    """
    if is_object(value):
        return read_time(value.get("$date", value.get("$numberLong")))
    if isinstance(value, str):
        return _of_text(value.strip())
    return _seconds(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _of_text(text: str) -> float | None:
    try:
        return _seconds(float(text))
    except ValueError:
        pass
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError, TypeError):
            continue
    return None


def _seconds(number: float) -> float | None:
    try:
        seconds = float(number)
    except OverflowError:
        return None
    if not math.isfinite(seconds):
        return None
    return next((seconds / unit for least, unit in _UNITS if abs(seconds) >= least), seconds)


def time_of(message: object) -> float | None:
    """When a message was made, as far as it says."""
    found = (read_time(as_object(message).get(key)) for key in TIMES)
    return next((time for time in found if time is not None), None)


def in_order(messages: Sequence[T], of: Callable[[T], object]) -> list[T]:
    """
    Messages by their times, oldest first.

    Messages of one time keep their order; where the file has the newest first, they are turned round as the others
    are. A message without a time stays behind the one that it stood behind. When none has a time, nothing is moved.
    """
    times = [time_of(of(message)) for message in messages]
    known = [time for time in times if time is not None]
    if not known:
        return list(messages)
    steps = [(later > earlier) - (later < earlier) for earlier, later in pairwise(known)]
    numbered = list(zip(messages, times, strict=True))
    if sum(steps) < 0:
        numbered.reverse()
    filled: list[tuple[float, T]] = []
    last = -math.inf
    for message, time in numbered:
        last = last if time is None else time
        filled.append((last, message))
    return [message for _, message in sorted(filled, key=lambda pair: pair[0])]
