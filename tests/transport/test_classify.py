"""
What an attempt's outcome means: the whole table, written down a second time from the documents and not from the code.

Rows are statuses; what a server asks for in headers, the rule of the request and how the call stands are the columns.
"""

from __future__ import annotations

from email.utils import formatdate

import pytest

from openai_conversations.errors import APIResponseValidationError
from openai_conversations.transport.classify import (
    Action,
    State,
    decide,
    is_locked,
    is_success,
    is_transient,
    is_unknown,
    may_arrive_late,
    may_be_under_way,
)
from openai_conversations.transport.message import Verdict
from openai_conversations.transport.policy import RetryPolicy, lock_delay
from openai_conversations.transport.status import status_error
from tests.fakes import answer, append_request, broken, delete_request, get_request, locked, settles, timed_out

POLICY = RetryPolicy()

FINAL = (100, 300, 301, 302, 304, 307, 308, 400, 401, 402, 403, 404, 405, 410, 413, 418, 422, 423, 425, 426, 431, 499)
REFUSED_FOR_NOW = (429,)
UNKNOWN = (408, 409, 500, 501, 502, 503, 504, 507, 520, 524, 529, 598, 599)

SAFE = get_request()
BLIND = append_request()
LOOKING = append_request(settle=settles(Verdict(absent=True)))


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


@pytest.mark.parametrize("request_", [SAFE, BLIND, LOOKING])
@pytest.mark.parametrize("should_retry", ["true", "false"])
def test_success_is_accepted(request_, should_retry):
    """A 2xx answer is taken whatever its headers say."""
    for status in range(200, 300):
        response = answer(status, x_should_retry=should_retry, retry_after="5")

        assert Action.ACCEPT is action(request_, response, retries=9)


@pytest.mark.parametrize("status", [*FINAL, *REFUSED_FOR_NOW, *UNKNOWN])
@pytest.mark.parametrize("should_retry", [None, "true", "false", "True", "perhaps"])
def test_what_is_safe_is_retried_when_it_may_help(status, should_retry):
    """Safe requests: 408, 409, 429 and 5xx are retried while retries are left; ``x-should-retry`` overrides."""
    response = answer(status, **asking(should_retry))
    helps = {"true": True, "false": False}.get(should_retry, status in (*REFUSED_FOR_NOW, *UNKNOWN))
    expected = [Action.RETRY if helps and retries < 2 else Action.FAIL for retries in range(4)]

    assert expected == [action(SAFE, response, retries=retries) for retries in range(4)]


@pytest.mark.parametrize("status", [*FINAL, *REFUSED_FOR_NOW, *UNKNOWN])
@pytest.mark.parametrize("should_retry", [None, "true", "false"])
def test_what_may_have_been_stored_is_never_sent_again_blindly(status, should_retry):
    """Appends that cannot be looked for: retried only when the server certainly did not carry them out."""
    response = answer(status, **asking(should_retry))
    helps = {"true": status not in UNKNOWN, "false": False, None: status in REFUSED_FOR_NOW}[should_retry]
    expected = [Action.RETRY if helps and retries < 2 else Action.FAIL for retries in range(4)]

    assert expected == [action(BLIND, response, retries=retries) for retries in range(4)]


@pytest.mark.parametrize("status", [*FINAL, *REFUSED_FOR_NOW, *UNKNOWN])
@pytest.mark.parametrize("should_retry", [None, "true", "false"])
def test_what_may_have_been_stored_is_looked_for(status, should_retry):
    """Appends that can be looked for: looked for whenever the outcome is unknown, also when no retry is left."""
    response = answer(status, **asking(should_retry))
    found = [decided(LOOKING, response, retries=retries) for retries in range(4)]

    if status in UNKNOWN:
        assert [Action.SETTLE] * 4 == [each.action for each in found]
        assert [should_retry != "false"] * 2 + [False] * 2 == [each.may_resend for each in found]
    else:
        assert [action(BLIND, response, retries=retries) for retries in range(4)] == [each.action for each in found]


@pytest.mark.parametrize("failure", [broken, timed_out])
@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("retries", [0, 1, 2])
def test_no_answer(failure, sent, retries):
    """Without an answer: retried when safe or certainly not sent, looked for when possible, else failed."""
    left = Action.RETRY if retries < 2 else Action.FAIL

    assert left is action(SAFE, failure(sent=sent), retries=retries)
    assert (Action.FAIL if sent else left) is action(BLIND, failure(sent=sent), retries=retries)
    assert (Action.SETTLE if sent else left) is action(LOOKING, failure(sent=sent), retries=retries)


@pytest.mark.parametrize("request_", [SAFE, BLIND, LOOKING])
def test_no_retries_wanted(request_):
    """``max_retries=0`` means that nothing is sent twice: not after 429, not after a lock, not unsent."""
    once = request_.replace(max_retries=0)

    for outcome in (answer(429), answer(429, x_should_retry="true"), broken(sent=False), locked()):
        assert Action.FAIL is action(once, outcome)
    assert not decided(LOOKING.replace(max_retries=0), answer(500)).may_resend


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
    found = decided(SAFE, answer(status, **headers))

    assert ((Action.FAIL, 0.0) if wait is None else (Action.RETRY, wait)) == (found.action, found.wait)


@pytest.mark.parametrize(("headers", "wait"), ASKED)
@pytest.mark.parametrize("remaining", [0.0, 0.4, 0.5, 1.5, 6.9, 7.0, 500.0])
def test_wait_within_the_deadline(headers, wait, remaining):
    """A wait that is longer than what is left of the call fails now."""
    possible = wait is not None and wait <= remaining

    assert (Action.RETRY if possible else Action.FAIL) is action(SAFE, answer(503, **headers), remaining=remaining)


@pytest.mark.parametrize(("headers", "wait"), ASKED)
@pytest.mark.parametrize("remaining", [None, 0.4, 7.0])
def test_look_at_once_when_there_is_no_time_to_resend(headers, wait, remaining):
    """When the wait that a server asks for is too long, the write is looked for at once and not sent again."""
    possible = wait is not None and (remaining is None or wait <= remaining)
    found = decided(LOOKING, answer(503, **headers), remaining=remaining)

    assert Action.SETTLE is found.action
    assert (wait if possible else 0.0) == found.wait
    assert possible is found.may_resend


def test_waits_grow():
    """Retries back off: each waits twice as long as the one before."""
    waits = [decided(SAFE.replace(max_retries=9), answer(500), retries=n).wait for n in range(6)]

    assert [0.5, 1.0, 2.0, 4.0, 8.0, 8.0] == waits


@pytest.mark.parametrize("request_", [SAFE, BLIND, LOOKING, delete_request()])
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
        (None, 59.8, Action.FAIL),
        (0.25, 0.0, Action.RETRY),
        (0.24, 0.0, Action.FAIL),
        (900.0, 800.0, Action.RETRY),
    ],
)
def test_patience_with_a_lock(remaining, waited, expected):
    """A lock is waited for until the deadline; without one, for a minute in all."""
    assert expected is action(BLIND, locked(), remaining=remaining, waited_for_lock=waited)


@pytest.mark.parametrize(
    ("headers", "remaining", "expected"),
    [
        ({"retry_after": "3"}, None, (Action.RETRY, 3.0)),
        ({"retry_after_ms": "40"}, None, (Action.RETRY, 0.04)),
        ({"retry_after": "3"}, 2.0, (Action.FAIL, 0.0)),
        ({"retry_after": "121"}, 500.0, (Action.FAIL, 0.0)),
        ({"retry_after": "nan"}, None, (Action.RETRY, 0.25)),
    ],
)
def test_a_locked_server_says_how_long(headers, remaining, expected):
    """The time that a server asks for is kept to with locks, too, within the same bounds."""
    found = decided(BLIND, locked(**headers), remaining=remaining)

    assert expected == (found.action, found.wait)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(locked(), True, id="lock"),
        pytest.param(answer(400, b'{"code":"conversation_locked"}'), True, id="bare"),
        pytest.param(answer(409, locked().content), False, id="another status"),
        pytest.param(answer(400, b""), False, id="empty"),
        pytest.param(answer(400, b"conversation_locked"), False, id="text"),
        pytest.param(
            answer(400, b'{"error":{"message":"bad item: conversation_locked","code":"invalid_value"}}'),
            False,
            id="a word of the user that the server repeats",
        ),
    ],
)
def test_what_a_lock_is(response, expected):
    """A lock is a 400 whose code says so; a message that happens to hold the word is none."""
    assert expected is is_locked(response)


def test_unknown_outcomes():
    """The server may have carried a write out when it answers 2xx, 408, 409 or 5xx, and not otherwise."""
    expected = {*range(200, 300), 408, 409, *range(500, 600)}

    assert expected == {status for status in range(100, 600) if is_unknown(answer(status))}


@pytest.mark.parametrize("status", [200, 400, 429, 500])
@pytest.mark.parametrize("word", ["true", "false"])
def test_the_server_knows_best(status, word):
    """``x-should-retry`` decides whether another attempt may help."""
    assert (word == "true") is is_transient(answer(status, x_should_retry=word))


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({}, 200, True),
        ({}, 199, False),
        ({}, 300, False),
        ({"is_whole": lambda body: body == b"{}"}, 200, True),
        ({"is_whole": lambda body: body != b"{}"}, 200, False),
        ({"is_whole": lambda body: body != b"{}", "stream": True}, 200, True),
    ],
)
def test_success(changes, status, expected):
    """A success is a 2xx; of a write its body must be whole, unless it is to be streamed and is not read yet."""
    assert expected is is_success(append_request(**changes), answer(status))


def test_half_an_answer_is_an_unknown_outcome():
    """A write that is answered with 200 and half a body is looked for; without a look it fails."""
    half = {"is_whole": lambda _: False}

    assert Action.SETTLE is action(LOOKING.replace(**half), answer(200))
    assert Action.FAIL is action(BLIND.replace(**half), answer(200))


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (timed_out(), True),
        (broken(), False),
        (APIResponseValidationError(answer(200)), True),
        *((status_error(answer(status)), status in (408, 504, 524)) for status in UNKNOWN),
    ],
)
def test_what_may_arrive_late(failure, expected):
    """After a timeout, here or at a gateway, a write that is not there yet may still come."""
    assert expected is may_arrive_late(failure)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(broken(), True), *((status_error(answer(status)), status in (409, 502, 520)) for status in UNKNOWN)],
)
def test_what_may_be_under_way(failure, expected):
    """A service that hung up, or one behind a gateway that lost it, may still be at work; one that answers is not."""
    assert expected is may_be_under_way(failure)
