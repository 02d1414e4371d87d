"""The table of traps says what is measured."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import traps


def test_the_table_is_what_is_measured():
    """
    Each row of the page comes out of the scenarios again, times aside; those under load are for ``nox -s traps``.

    In a process of its own: what other tests import, tblib for one, changes what the official client does.
    """
    page = traps.PAGE.read_text(encoding="utf-8")
    if traps.versions() not in page:
        pytest.skip(f"the page was written with another version than {traps.versions()}")

    # Warnings are errors here too, but for what the official client leaves of a loop that is closed.
    strictly = ("-W", "error", "-W", "ignore::ResourceWarning")
    command = [sys.executable, *strictly, "-m", "benchmarks.traps", "--check", "--calm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=traps.PAGE.parents[2])

    assert 0 == done.returncode, done.stderr


def test_misfits():
    """A row that is not on the page is named, times aside, and a page with other rows than scenarios is none."""
    page = traps.PAGE.read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if "after 1.0 s" in line)
    same = tuple(row.replace("1.0 s", "1.1 s").strip("| ").split(" | "))

    every = [tuple(one.strip("| ").split(" | ")) for one in page.splitlines() if one.startswith("| ")][2:]

    assert [] == traps.misfits(page, [same])
    assert [] == traps.misfits(page, every)
    assert [traps.render(every)] == traps.misfits(page.replace("The table", "A table"), every)
    assert ["| a | b | c |"] == traps.misfits(page, [("a", "b", "c")])
    assert ["the page has other rows than there are scenarios"] == traps.misfits(page.replace(row, ""), [])
