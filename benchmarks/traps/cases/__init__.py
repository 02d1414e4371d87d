"""The traps, in the order of the page."""

from __future__ import annotations

from typing import Final

from benchmarks.traps.cases import (
    appends,
    deletes,
    given,
    lost_responses,
    network,
    other_writers,
    reads,
    rewriting,
    secrets,
    time_bounds,
    turns,
    unknowable,
)
from benchmarks.traps.trap import Group

GROUPS: Final = (
    Group("Writes", [*lost_responses.trap, *rewriting.trap, *other_writers.trap, *appends.trap, *deletes.trap]),
    Group("Turns", turns.trap),
    Group("Reads", reads.trap),
    Group("Time and event loops", time_bounds.trap),
    Group("Network", network.trap),
    Group("Input and errors", given.trap),
    Group("Secrets", secrets.trap),
    Group("What cannot be known", unknowable.trap),
)
