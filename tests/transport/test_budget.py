"""The retry budget: a bucket of tokens, so that retries cannot become a storm."""

from __future__ import annotations

from openai_conversations.transport.budget import RetryBudget


def test_each_retry_takes_a_token():
    """As many retries are allowed as there are tokens, then none."""
    budget = RetryBudget(capacity=3)

    assert [True, True, True, False, False] == [budget.take() for _ in range(5)]


def test_a_success_gives_a_part_of_a_token_back():
    """Ten calls that succeed pay for one retry."""
    budget = RetryBudget(capacity=1)
    budget.take()

    given_back = []
    for _ in range(11):
        budget.give_back()
        given_back.append(budget.tokens >= 1)

    assert 0 < given_back.count(True) <= 2
    assert not any(given_back[:9])
    assert budget.take()


def test_never_more_than_at_the_start():
    """A long time of success does not pile up tokens."""
    budget = RetryBudget(capacity=2)
    for _ in range(100):
        budget.give_back()

    assert 2 == budget.tokens
