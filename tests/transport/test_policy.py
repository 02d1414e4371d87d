"""Which policies are refused."""

from __future__ import annotations

import math

import pytest

from openai_conversations.errors import ConfigurationError
from openai_conversations.transport.policy import RetryPolicy


@pytest.mark.parametrize("name", ["initial", "maximum", "longest_retry_after", "longest_lock_wait"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_policies_are_finite(name, value):
    """A policy's times are finite and not negative; the error names the argument."""
    with pytest.raises(ConfigurationError, match=f"retry: {name} must be a finite number"):
        RetryPolicy(**{name: value})


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_jitter_is_a_part(value):
    """The jitter of a policy is between 0 and 1."""
    with pytest.raises(ConfigurationError, match="retry: jitter must be between 0 and 1"):
        RetryPolicy(jitter=value)
