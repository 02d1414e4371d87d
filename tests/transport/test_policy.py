"""How long to wait: the formula, what a server says of it, and which policies are refused."""

from __future__ import annotations

import math
from email.utils import formatdate

import pytest
from hypothesis import given, strategies as st
from multidict import CIMultiDict

from openai_conversations.errors import ConfigurationError
from openai_conversations.transport.policy import RetryPolicy, backoff_delay, lock_delay, retry_after

NOW = 1_800_000_000.0


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


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"retry-after-ms": "1500"}, 1.5, id="milliseconds"),
        pytest.param({"retry-after-ms": "0.5"}, 0.0005, id="part of a millisecond"),
        pytest.param({"Retry-After-Ms": "20", "Retry-After": "7"}, 0.02, id="milliseconds win, in any case"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "7"}, 7.0, id="no number of milliseconds"),
        pytest.param({"retry-after-ms": "nan", "retry-after": "7"}, None, id="milliseconds that are no number"),
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": " 0.25 "}, 0.25, id="part of a second"),
        pytest.param({"retry-after": "0"}, None, id="zero"),
        pytest.param({"retry-after": "-3"}, None, id="negative"),
        pytest.param({"retry-after": "nan"}, None, id="NaN"),
        pytest.param({"retry-after": "inf"}, None, id="infinite"),
        pytest.param({"retry-after": "1e999"}, None, id="too large for a float"),
        pytest.param({"retry-after": "100000"}, 100_000.0, id="long"),
        pytest.param({"retry-after": formatdate(NOW + 90, usegmt=True)}, 90.0, id="date"),
        pytest.param({"retry-after": formatdate(NOW - 90, usegmt=True)}, None, id="date in the past"),
        pytest.param({"retry-after": "Mon, 1 Jan 10000 00:00:00 GMT"}, None, id="year out of range"),
        pytest.param({"retry-after": f"1 Jan 2030 {'9' * 400}:00:00 GMT"}, None, id="hour out of range"),
        pytest.param({"retry-after": "Friday"}, None, id="neither"),
        pytest.param({"retry-after": ""}, None, id="empty"),
    ],
)
def test_retry_after(headers, expected):
    """A server asks in milliseconds, seconds or as a date; what is not a finite time ahead counts as nothing."""
    assert expected == retry_after(CIMultiDict(headers), now=lambda: NOW)


@given(
    st.text()
    | st.from_regex(r"(Mon, )?[0-9]{1,5} (Jan|Feb|Dec) -?[0-9]{1,30} [0-9]{1,400}:[0-9:]{1,9} (GMT|[+-][0-9]{1,40})")
)
def test_retry_after_of_anything(text):
    """No text that a server may send is an error: it is a positive finite time, or nothing."""
    seconds = retry_after({"retry-after": text}, now=lambda: NOW)

    assert seconds is None or (math.isfinite(seconds) and seconds > 0)


@pytest.mark.parametrize("name", ["initial", "maximum", "longest_retry_after", "longest_lock_wait"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_policies_are_finite(name, value):
    """A policy's times are finite and not negative; the refusal names the culprit."""
    with pytest.raises(ConfigurationError, match=f"retry: {name} must be a finite number"):
        RetryPolicy(**{name: value})


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_jitter_is_a_part(value):
    """The jitter of a policy is between 0 and 1."""
    with pytest.raises(ConfigurationError, match="retry: jitter must be between 0 and 1"):
        RetryPolicy(jitter=value)
