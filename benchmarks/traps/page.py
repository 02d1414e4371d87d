"""The page: its text, its tables, and how it is compared."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.traps.cases import GROUPS
from benchmarks.traps.clients import OFFICIAL, OURS
from benchmarks.traps.trap import Row

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "traps.md"

TEXT = Path(__file__).with_name("page.md")
"""The page without its tables: ``{Writes}`` stands for the table of a group, ``{versions}`` for the rival's version."""


def versions() -> str:
    """The versions of the contenders."""
    return f"`openai` {importlib.metadata.version('openai')}"


def line(row: Row) -> str:
    """A row as it stands on the page."""
    return _line(row.what, row.theirs, row.ours)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def render(rows: Sequence[Row]) -> str:
    """The page."""
    page = TEXT.read_text(encoding="utf-8").replace("{versions}", versions())
    for group in GROUPS:
        page = page.replace(f"{{{group.title}}}", table([row for row in rows if row.group == group.title]))
    return page


def table(rows: Sequence[Row]) -> str:
    head = [_line("what happens", OFFICIAL.name, OURS.name), _line("---", "---", "---")]
    return "\n".join([*head, *map(line, rows)])


def parse(page: str) -> list[Row]:
    """The rows of a page."""
    rows: list[Row] = []
    title = ""
    for text in page.splitlines():
        if text.startswith("## "):
            title = text.removeprefix("## ")
        elif text.startswith("| ") and not text.startswith(("| what happens |", "| --- |")):
            rows.append(Row(title, *text.strip("| ").split(" | ")))
    return rows


def comparable(page: str, *, with_rival: bool) -> list[str]:
    """
    The lines of a page without what may differ: measured seconds, and what another version of the rival may do.
    """
    lines = re.sub(r"\d+\.\d s", "… s", page).splitlines()
    return lines if with_rival else [without_rival(line) for line in lines]


def without_rival(line: str) -> str:
    """A line without the rival's cell or version."""
    cells = line.split(" | ")
    return (
        re.sub(r"`openai` \d[\w.]*\w", "`openai` …", line) if len(cells) != 3 else " | ".join([cells[0], "…", cells[2]])
    )


def misfits(page: str, rows: Sequence[Row]) -> list[str]:
    """
    What differs from the page: all of it when every row was measured, else rows and their number.

    Where another version of the rival is installed than the page was measured with, only our column is compared.
    """
    with_rival = versions() in page
    known = comparable(page, with_rival=with_rival)
    number = sum(len(group.traps) for group in GROUPS)
    if len(rows) == number:
        return [] if known == comparable(render(rows), with_rival=with_rival) else [render(rows)]
    wrong = [line(row) for row in rows if comparable(line(row), with_rival=with_rival)[0] not in known]
    if len(parse(page)) != number:
        wrong.append("the page has other rows than there are scenarios")
    return wrong
