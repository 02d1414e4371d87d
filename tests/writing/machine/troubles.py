"""What goes wrong while the machine writes."""

from __future__ import annotations

import functools
from typing import Any, Final

from hypothesis import strategies as st

from openai_conversations import RetryPolicy, Timeout
from openai_conversations.server import faults

LATE: Final = 0.08
"""
Seconds by which a slow server is late: more than an attempt may take.

Less than the pause between two looks: a service that hangs up and carries a request out long after is the one that
nobody can be safe from.
"""

LATER: Final = 3.0
"""Seconds after which a write is stored whose connection died, or that a gateway gave up: no call waits so long."""

ASKED: Final = 60
"""Seconds that a server asks to wait for: longer than any call may take."""

LAG: Final = 0.5
"""Seconds by which lists lag."""

PATIENCE: Final = 0.7
"""Seconds for a call; for a turn, for the first event of a stream, and for finding out how it ended."""

SLOW: Final = 1.0
"""Seconds that a turn is late: more than it may take."""

STORED_LATER: Final = 0.3
"""Seconds after its end when a turn is stored, by a service that takes its time."""

LONGEST: Final = 4 * PATIENCE
"""No turn takes longer: it waits for others, for the first event, for the next one, and for how it ended."""

CLIENT: Final[dict[str, Any]] = {
    "timeout": Timeout(total=PATIENCE, attempt=0.06, turn=PATIENCE, first_event=PATIENCE, next_event=0.2),
    "retry": RetryPolicy(initial=0.05, maximum=0.05),
    "max_retries": 3,
}


def _fault(make: Any, *args: Any, **keywords: Any) -> Any:
    return functools.partial(make, *args, **keywords)


LOST_ANSWER = [
    faults.commit_then_drop,
    _fault(faults.commit_then_drop, reset=True),
    *(_fault(faults.commit_then_status, status) for status in (408, 409, 500, 502, 504)),
    _fault(faults.slow, LATE),
    _fault(faults.trickle, LATE, chunk=40),
    faults.truncated_json,
    _fault(faults.truncated_json, cut=True),
    faults.malformed_json,
    faults.html,
    _fault(faults.html, 502),
    faults.wrong_shape,
    _fault(faults.wrong_shape, "object"),
]
NOT_HEARD = [
    faults.drop_before_commit,
    _fault(faults.refuse, 0.02),
    faults.locked,
    *(_fault(faults.status, status) for status in (403, 408, 409, 418, 429, 500, 503)),
    _fault(faults.status, 503, retry_after_ms=20),
    _fault(faults.status, 429, retry_after=ASKED),
    _fault(faults.status, 500, should_retry=False),
]
LATE_ARRIVAL = [_fault(faults.slow, LATE, before_commit=True)]
LATER_ARRIVAL = [
    _fault(faults.late_commit, LATER),
    *(_fault(faults.late_commit, LATER, status=status) for status in (408, 499, 504, 524)),
]
FROM_THE_FUTURE = [faults.unknown_fields]
IN_LISTS = [
    faults.empty_page,
    faults.stuck_cursor,
    faults.missing_last_id,
    faults.unknown_item,
    _fault(faults.stale_reads, LAG),
]
REWRITES = [
    faults.sort_keys,
    faults.escape_non_ascii,
    faults.rewrite_numbers,
    faults.trim_whitespace,
    faults.nfc,
    faults.lower_case,
    _fault(faults.truncate_text, 8),
    faults.drop_parts,
]
LATE_TURNS = [
    _fault(faults.stored_later, STORED_LATER, operation="createResponse", count=None),
    _fault(faults.lock_held, 0.2, operation="createResponse", count=None),
]
"""What a service may do with every turn."""
IN_APPENDS = [faults.partial_commit, faults.reordered_response, *LATER_ARRIVAL]
IN_TURNS = [
    _fault(faults.slow, SLOW),
    _fault(faults.slow, SLOW, before_commit=True),
    faults.half_open,
    _fault(faults.half_open, commit=True),
    faults.error_in_200,
    _fault(faults.error_in_200, commit=True),
    faults.empty_body,
    faults.event_stream,
    faults.partial_commit,
    faults.completed_not_stored,
    _fault(faults.stored_later, STORED_LATER),
    _fault(faults.lock_held, 0.4),
    *LATER_ARRIVAL,
]
BROKEN_STREAMS = [
    *(_fault(faults.cut_stream, after=after) for after in (0, 1, 3, 6)),
    _fault(faults.cut_stream, in_text=True),
    _fault(faults.cut_stream, at="response.completed"),
    faults.no_terminal_event,
    faults.error_event,
    _fault(faults.error_event, after=2),
    *(_fault(faults.error_shape, shape) for shape in ("nested", "bare", "text")),
    faults.failed_then_error,
    faults.stall_stream,
    _fault(faults.stall_stream, 0.1),
    _fault(faults.headers_late, SLOW),
]
ODD_STREAMS = [
    faults.duplicate_event,
    faults.skip_event,
    faults.constant_sequence,
    faults.json_instead_of_stream,
    faults.completed_without_output,
    faults.rewrite_ids,
    faults.null_item,
    faults.control_blocks,
    faults.keepalive_comments,
    faults.hold_open,
    faults.crlf,
    faults.bom,
    _fault(faults.chunk_size, 7),
]
GARBLING = frozenset({"duplicate_event", "skip_event"})
"""What these do to the pieces of a text cannot be told from what the service meant; its end is whole all the same."""

NOT_STORED = frozenset({"completed_not_stored", "partial_commit"})
"""After these a response says that a turn is complete, and the conversation does not hold it."""

anywhere = st.one_of(*(st.sampled_from(kind) for kind in (LOST_ANSWER, NOT_HEARD, LATE_ARRIVAL, FROM_THE_FUTURE)))
lost = st.sampled_from(LOST_ANSWER)
streams = st.sampled_from(BROKEN_STREAMS) | st.sampled_from(ODD_STREAMS)


def trouble(operation: str) -> st.SearchStrategy[list[Any]]:
    """What goes wrong while one call is made: with its own requests, and with the lists that it looks at."""
    of_its_own = st.sampled_from(IN_APPENDS) if operation == "createConversationItems" else st.nothing()
    return st.builds(
        list.__add__,
        st.lists(_with(anywhere | of_its_own, operation, most_passed=2), max_size=2),
        st.lists(_with(anywhere | st.sampled_from(IN_LISTS), "listConversationItems"), max_size=1),
    )


def trouble_of_turns() -> st.SearchStrategy[list[Any]]:
    """The same for turns: with their own requests, and with all that is asked to find out how they ended."""
    looks = st.one_of(
        _with(anywhere | streams, "getResponse"),
        _with(anywhere, "getConversationItem"),
        _with(anywhere | st.sampled_from(IN_LISTS), "listConversationItems"),
    )
    own = _with(lost | anywhere | streams | st.sampled_from(IN_TURNS), "createResponse", most_passed=1)
    return st.builds(list.__add__, st.lists(own, max_size=2), st.lists(looks, max_size=2))


def _with(makes: st.SearchStrategy[Any], operation: str, *, most_passed: int = 0) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda make, skip, times: make(operation=operation, skip=skip, count=times),
        makes,
        st.integers(0, most_passed),
        st.integers(1, 3),
    )
