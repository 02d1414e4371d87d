"""The table of traps says what is measured."""

from __future__ import annotations

import re
import subprocess
import sys

import attrs
import pytest

from benchmarks.traps import page
from benchmarks.traps.cases import GROUPS
from benchmarks.traps.trap import Row

PAGE = page.PAGE.read_text(encoding="utf-8")
ROWS = page.parse(PAGE)


def test_the_traps_are_told_apart():
    """No two traps of a group are called the same: the rows would hide each other."""
    names = [(group.title, trap.what) for group in GROUPS for trap in group.traps]

    assert sorted(set(names)) == sorted(names)


def test_the_table_is_what_is_measured():
    """
    Each row of the page comes out of the scenarios again, times aside; those under load are for ``nox -s traps``.

    What the official client does is compared where its version is the page's; what ours does, always. In a process of
    its own: what other tests import, tblib for one, changes what the official client does.
    """
    # Warnings are errors here too, but for what the official client leaves of a loop that is closed.
    strictly = ("-W", "error", "-W", "ignore::ResourceWarning")
    command = [sys.executable, *strictly, "-m", "benchmarks.traps", "--check", "--calm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=page.PAGE.parents[2])

    assert 0 == done.returncode, done.stderr


def changed(column: str) -> list[Row]:
    """The rows of the page, the first of them with something else in a column."""
    return [attrs.evolve(ROWS[0], **{column: "does something else"}), *ROWS[1:]]


THIS_VERSION, OTHER_VERSION = (
    re.sub(r"`openai` \d[\w.]*\w", name, PAGE) for name in (page.versions(), "`openai` 99.0")
)


@pytest.mark.parametrize(
    ("text", "column", "is_right"),
    [
        (THIS_VERSION, "theirs", False),
        (THIS_VERSION, "ours", False),
        (OTHER_VERSION, "theirs", True),
        (OTHER_VERSION, "ours", False),
    ],
)
def test_what_is_compared(text, column, is_right):
    """A cell of ours that changes is found in any case, one of the rival's where its version is the page's."""
    assert [] == page.misfits(text, ROWS) == page.misfits(text, ROWS[:5])
    assert is_right == ([] == page.misfits(text, changed(column)))
    assert is_right == ([] == page.misfits(text, changed(column)[:5]))


def test_times_are_not_compared():
    """Seconds differ from run to run."""
    row = next(row for row in ROWS if "after 1.0 s" in row.ours)

    assert [] == page.misfits(PAGE, [attrs.evolve(row, ours=row.ours.replace("1.0 s", "1.1 s"))])


def test_a_page_with_other_text_or_rows():
    """The text around the tables, and which rows there are, are compared too."""
    assert [page.render(ROWS)] == page.misfits(THIS_VERSION.replace("The table", "A table"), ROWS)
    assert ["| a | b | c |"] == page.misfits(PAGE, [Row("Writes", "a", "b", "c")])
    fewer = PAGE.replace(page.line(ROWS[0]) + "\n", "")
    assert ["the page has other rows than there are scenarios"] == page.misfits(fewer, [])
