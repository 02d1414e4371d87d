"""The table of traps says what is measured."""

from __future__ import annotations

import gc
import warnings

import pytest

from benchmarks import traps


async def test_the_table_is_what_is_measured():
    """Each row of the page comes out of the scenarios again, times aside; those under load are for ``nox -s traps``."""
    page = traps.PAGE.read_text(encoding="utf-8")
    if traps.versions() not in page:
        pytest.skip(f"the page was written with another version than {traps.versions()}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # what the official client leaves of a loop that is closed
        rows = await traps.measure(storms=False)
        gc.collect()

    known = traps.without_times(page).splitlines()
    assert [] == [row for row in map(traps.line, rows) if traps.without_times(row) not in known]
    assert len(rows) + len(traps.STORMS) == sum(row.startswith("| ") for row in known) - 2
