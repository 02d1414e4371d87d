"""How fast a run goes: what came lately, and not on the average of hours."""

from __future__ import annotations

from openai_conversations.bulk.progress import Meter
from tests.fakes import FakeClock


def test_the_rate_is_that_of_the_last_seconds():
    """A rate looks ten seconds back: what was fast an hour ago does not count."""
    clock = FakeClock()
    meter = Meter(clock)
    rates = [meter.rate(0)]
    for count in (100, 200, 200, 200, 250):
        clock.now += 5.0
        rates.append(meter.rate(count))

    assert [0.0, 20.0, 20.0, 10.0, 0.0, 5.0] == rates
    assert 25.0 == meter.elapsed
