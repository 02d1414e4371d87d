"""
A state machine that writes through faults: what returned is stored as intended, what raised told the truth.

Every item has a key of its own, but for a few that are equal on purpose. After each step what is stored is held
against what every call claimed: returned means there, once and in order; an error says that it is not there, or that
nobody can tell. Others write meanwhile, the server rewrites what it is given, lists lag behind, middlewares raise
before and after a write, calls are cancelled, streams break and are closed early. The rules are in :mod:`.machine`.

What cannot be known (see "What cannot be known" in the documentation) is not claimed: that ``guard="auto"`` makes no
second copy of what is stored long after its connection died, or of what a list that lags does not show; that a service
has stored a turn of which it says that it is complete.
"""

from __future__ import annotations

import gc

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.writing.machine.conversations import Conversations
from tests.writing.machine.turns import Turns


class Writes(Conversations, Turns):
    """Appends, turns, creates, deletes, updates and lists through faults, by one task and by several."""


# Some callers of the machine drop their streams, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:<ResponseStream:ResourceWarning")


def _settings(examples: int) -> settings:
    return settings(
        settings.default,
        max_examples=examples,
        deadline=None,
        stateful_step_count=30,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def test_claims():
    """Every claim holds through 6 random histories."""
    run_state_machine_as_test(Writes, settings=_settings(6))
    gc.collect()  # here, where it is known why


@pytest.mark.histories
def test_claims_at_length():
    """Every claim holds through 300 random histories."""
    run_state_machine_as_test(Writes, settings=_settings(300))
    gc.collect()
