"""The table of traps says what is measured."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from benchmarks import traps

PAGE = traps.PAGE.read_text(encoding="utf-8")
ROWS = [tuple(line.strip("| ").split(" | ")) for line in PAGE.splitlines() if line.startswith("| ")][2:]


def test_the_table_is_what_is_measured():
    """
    Each row of the page comes out of the scenarios again, times aside; those under load are for ``nox -s traps``.

    What the official client does is compared where its version is the page's; what ours does, always. In a process of
    its own: what other tests import, tblib for one, changes what the official client does.
    """
    # Warnings are errors here too, but for what the official client leaves of a loop that is closed.
    strictly = ("-W", "error", "-W", "ignore::ResourceWarning")
    command = [sys.executable, *strictly, "-m", "benchmarks.traps", "--check", "--calm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=traps.PAGE.parents[2])

    assert 0 == done.returncode, done.stderr


def changed(column: int) -> list[tuple[str, ...]]:
    """The rows of the page, one of them with something else in a column."""
    what, theirs, ours = ROWS[0]
    cells = (what, "does something else", ours) if column == 1 else (what, theirs, "does something else")
    return [cells, *ROWS[1:]]


THIS_VERSION, OTHER_VERSION = (
    re.sub(r"`openai` \d[\w.]*\w", name, PAGE) for name in (traps.versions(), "`openai` 99.0")
)


@pytest.mark.parametrize(
    ("page", "column", "is_right"),
    [(THIS_VERSION, 1, False), (THIS_VERSION, 2, False), (OTHER_VERSION, 1, True), (OTHER_VERSION, 2, False)],
)
def test_what_is_compared(page, column, is_right):
    """A cell of ours that changes is found in any case, one of the rival's where its version is the page's."""
    assert [] == traps.misfits(page, ROWS) == traps.misfits(page, ROWS[:5])
    assert is_right == ([] == traps.misfits(page, changed(column)))
    assert is_right == ([] == traps.misfits(page, changed(column)[:5]))


def test_times_are_not_compared():
    """Seconds differ from run to run."""
    row = next(row for row in ROWS if "after 1.0 s" in row[2])

    assert [] == traps.misfits(PAGE, [tuple(cell.replace("1.0 s", "1.1 s") for cell in row)])


def test_a_page_with_other_text_or_rows():
    """The text around the table, and which rows there are, are compared too."""
    assert [traps.render(ROWS)] == traps.misfits(THIS_VERSION.replace("The table", "A table"), ROWS)
    assert ["| a | b | c |"] == traps.misfits(PAGE, [("a", "b", "c")])
    fewer = PAGE.replace(traps.line(ROWS[0]) + "\n", "")
    assert ["the page has other rows than there are scenarios"] == traps.misfits(fewer, [])
