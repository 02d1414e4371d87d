"""
What an attempt's outcome means: the whole table, written down a second time from the documents and not from the code.

Rows are statuses; what a server asks for in headers, the rule of the request and how the call stands are the columns.
"""

from __future__ import annotations

from email.utils import formatdate
from urllib.parse import urlsplit

import attrs
import pytest
from hypothesis import given, strategies as st

from openai_conversations.errors import APIConnectionError, APIError, APIResponseValidationError, Attempt
from openai_conversations.transport.classify import (
    Action,
    State,
    backoff_delay,
    decide,
    is_locked,
    is_success,
    is_time_for_a_write,
    is_transient,
    is_unknown,
    is_unknown_failure,
    lock_delay,
    may_arrive_late,
    may_be_under_way,
    state_of,
)
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.status import status_error
from tests.fakes import append_request, broken, delete_request, get_request, locked, respond, timed_out

POLICY = RetryPolicy()

API_ERROR = b'{"error":{"message":"No","type":"invalid_request_error","param":null,"code":null}}'
BODIES = [b"", b"{}", b'{"detail":"No"}', b"<html>No</html>", API_ERROR]

# By these a server or its gateway says that it did not begin.
REFUSED = (307, 308, 400, 401, 402, 403, 404, 405, 413, 415, 422, 426, 428, 429, 431, 451)
# By these it says nothing, unless the body is the API's own error.
ODD = (410, 412, 416, 418, 423, 424, 425, 444, 460, 498)
UNKNOWN = (100, 300, 301, 302, 303, 304, 408, 409, 499, 500, 501, 502, 503, 504, 507, 520, 524, 529, 598, 599)
HELPED = (408, 409, 429, *(status for status in UNKNOWN if status >= 500))

ATTEMPT = Attempt(
    number=1, started=0.0, elapsed=1.0, status_code=500, error=None, request_id=None, outcome_unknown=True
)
SAFE = get_request()
APPEND = append_request()
UNRESOLVED = append_request(attempts=(ATTEMPT,))
REFUSED_BEFORE = append_request(attempts=(attrs.evolve(ATTEMPT, status_code=429, outcome_unknown=False),))


def state(**changes):
    values = {"retries": 0, "lock_waits": 0, "waited_for_lock": 0.0, "remaining": None, "random": 0.0}
    return State(**{**values, **changes})


def asking(should_retry):
    """The header by which a server overrides the rules."""
    return {} if should_retry is None else {"x_should_retry": should_retry}


def decided(request, outcome, **changes):
    return decide(request, outcome, state(**changes), POLICY)


def action(request, outcome, **changes):
    return decided(request, outcome, **changes).action


@pytest.mark.parametrize("request_", [SAFE, APPEND, UNRESOLVED])
@pytest.mark.parametrize("should_retry", ["true", "false"])
def test_success_is_accepted(request_, should_retry):
    """A 2xx response is taken whatever its headers say."""
    for status in range(200, 300):
        response = respond(status, x_should_retry=should_retry, retry_after="5")

        assert Action.ACCEPT is action(request_, response, retries=9)


@pytest.mark.parametrize("status", [*REFUSED, *ODD, *UNKNOWN])
@pytest.mark.parametrize("should_retry", [None, "true", "false", "True", "perhaps"])
def test_what_is_safe_is_retried_when_it_may_help(status, should_retry):
    """Safe requests: 408, 409, 429 and 5xx are retried while retries are left; ``x-should-retry`` overrides."""
    response = respond(status, **asking(should_retry))
    helps = {"true": True, "false": False}.get(should_retry, status in HELPED)
    expected = [Action.RETRY if helps and retries < 2 else Action.STOP for retries in range(4)]

    assert expected == [action(SAFE, response, retries=retries) for retries in range(4)]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("status", [*REFUSED, *ODD, *UNKNOWN])
@pytest.mark.parametrize("should_retry", [None, "true", "false"])
def test_what_may_have_been_stored_is_never_sent_again_blindly(status, should_retry, body):
    """Appends: retried only when the server certainly did not carry them out, and asks for it or is busy."""
    response = respond(status, body, **asking(should_retry))
    is_certain = status in REFUSED or (status in ODD and body == API_ERROR)
    helps = is_certain and {"true": True, "false": False, None: status == 429}[should_retry]
    expected = [Action.RETRY if helps and retries < 2 else Action.STOP for retries in range(4)]

    for request in (APPEND, REFUSED_BEFORE):
        assert expected == [action(request, response, retries=retries) for retries in range(4)]


@pytest.mark.parametrize("outcome", [respond(429), respond(400, x_should_retry="true"), locked(), broken(sent=False)])
def test_after_an_unknown_outcome_nothing_is_sent_again(outcome):
    """An attempt that came before may have arrived while this one was refused; it may hold the very lock."""
    assert (Action.RETRY, Action.STOP) == (action(APPEND, outcome), action(UNRESOLVED, outcome))


@pytest.mark.parametrize("failure", [broken, timed_out])
@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("retries", [0, 1, 2])
def test_no_response(failure, sent, retries):
    """Without a response: retried when it is safe or was certainly not sent, else reported."""
    left = Action.RETRY if retries < 2 else Action.STOP

    assert left is action(SAFE, failure(sent=sent), retries=retries)
    assert (Action.STOP if sent else left) is action(APPEND, failure(sent=sent), retries=retries)


@pytest.mark.parametrize("request_", [SAFE, APPEND, UNRESOLVED])
def test_no_retries_wanted(request_):
    """``max_retries=0`` means that nothing is sent twice: not after 429, not after a lock, not unsent."""
    once = request_.replace(max_retries=0)

    for outcome in (respond(429), respond(429, x_should_retry="true"), broken(sent=False), locked()):
        assert Action.STOP is action(once, outcome)


DATE = formatdate(4_000_000_000, usegmt=True)
ASKED = [
    pytest.param({}, 0.5, id="nothing"),
    pytest.param({"retry_after_ms": "1500"}, 1.5, id="milliseconds"),
    pytest.param({"retry_after_ms": "1500", "retry_after": "9"}, 1.5, id="both"),
    pytest.param({"retry_after": "7"}, 7.0, id="seconds"),
    pytest.param({"retry_after": "120"}, 120.0, id="as long as is allowed"),
    pytest.param({"retry_after": "0"}, 0.5, id="zero"),
    pytest.param({"retry_after": "-1"}, 0.5, id="negative"),
    pytest.param({"retry_after": "nan"}, 0.5, id="NaN"),
    pytest.param({"retry_after": "inf"}, 0.5, id="infinite"),
    pytest.param({"retry_after": "later"}, 0.5, id="nonsense"),
    pytest.param({"retry_after": "120.1"}, None, id="too long"),
    pytest.param({"retry_after_ms": "120001"}, None, id="too many milliseconds"),
    pytest.param({"retry_after": DATE}, None, id="date far ahead"),
]


@pytest.mark.parametrize(("headers", "wait"), ASKED)
@pytest.mark.parametrize("status", [429, 503])
def test_wait_before_a_retry(headers, wait, status):
    """A server that asks for up to 120 s is given them; one that asks for more is not asked again."""
    found = decided(SAFE, respond(status, **headers))

    assert ((Action.STOP, 0.0) if wait is None else (Action.RETRY, wait)) == (found.action, found.wait)


@pytest.mark.parametrize(("headers", "wait"), ASKED)
@pytest.mark.parametrize("remaining", [0.0, 0.4, 0.5, 1.5, 6.9, 7.0, 500.0])
def test_wait_within_the_deadline(headers, wait, remaining):
    """A wait that is longer than what is left of the call fails now."""
    possible = wait is not None and wait <= remaining

    assert (Action.RETRY if possible else Action.STOP) is action(SAFE, respond(503, **headers), remaining=remaining)


@pytest.mark.parametrize(("remaining", "wait", "expected"), [(9.0, 8.91, False), (9.0, 8.8, True), (0.1, 0.04, True)])
def test_time_for_a_write(remaining, wait, expected):
    """After a wait, a tenth of a second is left for a write, or half of what is left where that is less."""
    assert expected is is_time_for_a_write(remaining, wait)


def test_a_write_is_not_sent_when_there_is_hardly_time_for_it():
    """A refusal that is certain is not followed by an attempt that the deadline would cut off; a read may be."""
    outcomes = [respond(429), locked()]

    assert [Action.STOP, Action.STOP] == [action(APPEND, outcome, remaining=0.3) for outcome in outcomes]
    assert [Action.RETRY, Action.RETRY] == [action(SAFE, outcome, remaining=0.55) for outcome in outcomes]
    assert Action.STOP is action(APPEND, respond(429), remaining=0.55)


@pytest.mark.parametrize(
    ("retry", "random", "expected"),
    [
        (0, 0.0, 0.5),
        (0, 1.0, 0.375),
        (1, 0.0, 1.0),
        (2, 0.5, 1.75),
        (3, 0.0, 4.0),
        (4, 0.0, 8.0),
        (5, 0.0, 8.0),
        (5, 1.0, 6.0),
        (10_000, 0.0, 8.0),
    ],
)
def test_delay_is_the_official_formula(retry, random, expected):
    """The n-th retry waits ``min(0.5·2ⁿ, 8)·(1 − 0.25·random)`` seconds."""
    assert expected == backoff_delay(RetryPolicy(), retry, random)


@given(st.integers(0, 2000), st.floats(0, 1), st.floats(0, 10), st.floats(0, 10), st.floats(0, 1))
def test_delay_is_bounded(retry, random, initial, maximum, jitter):
    """Whatever the policy, a delay is finite, not negative and at most the maximum."""
    policy = RetryPolicy(initial=initial, maximum=maximum, jitter=jitter)

    assert 0 <= backoff_delay(policy, retry, random) <= maximum


def test_lock_delays_grow_and_spread():
    """Waits for a lock grow from a quarter of a second to two, and half of each is random."""
    grown = [lock_delay(RetryPolicy(), waits, 0.0) for waits in (0, 1, 2, 100)]

    assert [0.25, 0.375, 0.5625, 2.0] == grown
    assert 0.125 == lock_delay(RetryPolicy(), 0, 1.0)


def test_waits_grow():
    """Retries back off: each waits twice as long as the one before."""
    waits = [decided(SAFE.replace(max_retries=9), respond(500), retries=n).wait for n in range(6)]

    assert [0.5, 1.0, 2.0, 4.0, 8.0, 8.0] == waits


@pytest.mark.parametrize("request_", [SAFE, APPEND, REFUSED_BEFORE, delete_request()])
@pytest.mark.parametrize("retries", [0, 2, 50])
def test_a_lock_is_waited_for(request_, retries):
    """A locked conversation is waited for by every request, however many retries were made, and is no retry itself."""
    found = decided(request_, locked(), retries=retries, lock_waits=3)

    assert (Action.RETRY, True) == (found.action, found.is_lock)
    assert lock_delay(POLICY, 3, 0.0) == found.wait


@pytest.mark.parametrize(
    ("remaining", "waited", "expected"),
    [
        (None, 0.0, Action.RETRY),
        (None, 59.7, Action.RETRY),
        (None, 59.8, Action.STOP),
        (0.36, 0.0, Action.RETRY),
        (0.34, 0.0, Action.STOP),
        (900.0, 800.0, Action.RETRY),
    ],
)
def test_patience_with_a_lock(remaining, waited, expected):
    """A lock is waited for as long as there is time for the write; without a deadline, for a minute in all."""
    assert expected is action(APPEND, locked(), remaining=remaining, waited_for_lock=waited)


@pytest.mark.parametrize(
    ("headers", "remaining", "expected"),
    [
        ({"retry_after": "3"}, None, (Action.RETRY, 3.0)),
        ({"retry_after_ms": "40"}, None, (Action.RETRY, 0.04)),
        ({"retry_after": "3"}, 2.0, (Action.STOP, 0.0)),
        ({"retry_after": "121"}, 500.0, (Action.STOP, 0.0)),
        ({"retry_after": "nan"}, None, (Action.RETRY, 0.25)),
    ],
)
def test_a_locked_server_says_how_long(headers, remaining, expected):
    """The time that a server asks for is kept to with locks, too, within the same bounds."""
    found = decided(APPEND, locked(**headers), remaining=remaining)

    assert expected == (found.action, found.wait)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(locked(), True, id="lock"),
        pytest.param(respond(400, b'{"code":"conversation_locked"}'), True, id="bare"),
        pytest.param(respond(409, locked().content), False, id="another status"),
        pytest.param(respond(400, b""), False, id="empty"),
        pytest.param(respond(400, b"conversation_locked"), False, id="text"),
        pytest.param(
            respond(400, b'{"error":{"message":"bad item: conversation_locked","code":"invalid_value"}}'),
            False,
            id="a word of the user that the server repeats",
        ),
    ],
)
def test_what_a_lock_is(response, expected):
    """A lock is a 400 whose code says so; a message that happens to hold the word is none."""
    assert expected is is_locked(response)


@pytest.mark.parametrize("body", BODIES)
def test_unknown_outcomes(body):
    """Which responses leave open whether a write was carried out: by the status, else by the API's own words."""
    expected = {*range(200, 300), *UNKNOWN, *(ODD if body != API_ERROR else ())}

    assert expected == {
        status for status in (*range(200, 300), *REFUSED, *ODD, *UNKNOWN) if is_unknown(respond(status, body))
    }


def test_a_failure_is_as_unknown_as_what_it_stands_for():
    """An error says what its response says; one without a response, whether it was sent; of others nothing is known."""
    assert [True, False, True, False, True, True] == [
        is_unknown_failure(failure)
        for failure in (
            *(broken(sent=True), broken(sent=False)),
            *(status_error(respond(500)), status_error(respond(429))),
            *(APIResponseValidationError(respond(200)), APIError("odd")),
        )
    ]


@pytest.mark.parametrize("status", [200, 400, 429, 500])
@pytest.mark.parametrize("word", ["true", "false"])
def test_the_server_knows_best(status, word):
    """``x-should-retry`` decides whether another attempt may help."""
    assert (word == "true") is is_transient(respond(status, x_should_retry=word))


@pytest.mark.parametrize(("status", "expected"), [(200, True), (204, True), (199, False), (300, False)])
def test_success(status, expected):
    """A success is a 2xx."""
    assert expected is is_success(respond(status))


def test_where_a_call_stands():
    """Waits for a lock are no retries, and are counted apart."""
    history = [ATTEMPT, *[attrs.evolve(ATTEMPT, locked=True, wait=wait) for wait in (0.5, 2.0, None)]]

    assert State(retries=1, lock_waits=3, waited_for_lock=2.5, remaining=7.0, random=0.5) == state_of(
        history, remaining=7.0, random=0.5
    )
    assert state() == state_of((), remaining=None, random=0.0)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (timed_out(), True),
        (broken(), False),
        (APIResponseValidationError(respond(200)), True),
        (APIConnectionError(status_code=200), True),
        (APIConnectionError(is_answered=True), True),
        *((status_error(respond(status)), status in (408, 499, 504, 524, 598, 599)) for status in UNKNOWN),
    ],
)
def test_what_may_arrive_late(failure, expected):
    """After a timeout here or at a gateway, or once a response had begun, what is not there yet may still come."""
    assert expected is may_arrive_late(failure)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (broken(), True),
        *((status_error(respond(status, API_ERROR)), status in (409, 502, 520)) for status in UNKNOWN),
        *(
            (status_error(respond(status, b"upstream connect error")), status >= 500)
            for status in UNKNOWN
            if status != 409
        ),
    ],
)
def test_what_may_be_under_way(failure, expected):
    """A service that hung up, or one behind a gateway that lost it, may be at work; one that says its error is not."""
    assert expected is may_be_under_way(failure)


@pytest.mark.parametrize("status", [300, 301, 302, 303])
def test_redirects_of_the_address(status):
    """To the same path elsewhere, a write was not carried out; another path, or the same address, may follow one."""
    path = urlsplit(APPEND.url).path
    moved = [f"https://other.example{path}", f"{path}/"]
    after = [
        "https://other.example/v1/conversations/conv_2",
        "/v1",
        path,
        APPEND.url,
        f"{APPEND.url}?done=1",
        "?done=1",
    ]

    unknown = [
        is_unknown(attrs.evolve(respond(status, location=location), source=APPEND)) for location in (*moved, *after)
    ]

    assert [status not in (301, 302)] * 2 + [True] * len(after) == unknown


@pytest.mark.parametrize(
    "location",
    ["http://[", " //[ ", "http://a]b/", "http://ex\uff0fample.com/", "", "//", "http://other.example:x/", "\xff"],
)
def test_redirects_to_nowhere(location):
    """What is no address leads to no other place of the same path: the outcome is unknown."""
    assert is_unknown(attrs.evolve(respond(302, location=location), source=APPEND))
