"""The page on the architecture draws the package that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import openai_conversations
from benchmarks import trace
from tests.test_layers import MODULES, PACKAGE, inside, ours

ROOT = Path(openai_conversations.__path__[0])
PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")


def test_every_package_is_in_the_table():
    """The table names every package and every module beside them, each once, and nothing else."""
    packages = [path.parent.relative_to(ROOT).as_posix() for path in ROOT.rglob("*/__init__.py")]
    modules = [path.stem for path in ROOT.glob("*.py") if path.stem != "__init__"]

    assert sorted([*(name.replace("/", ".") for name in packages), *modules]) == sorted(
        re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE)
    )


def test_imports_go_up_the_table():
    """What a package imports stands above it in the table, but for its own parts and what it is a part of."""
    rows = re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE)
    found = {(_row(module, rows), _row(name, rows)) for module in MODULES for name in ours(module)}

    assert [] == sorted(
        f"{row} imports {other}"
        for row, other in found
        if row and other and rows.index(other) > rows.index(row) and not (inside(row, other) or inside(other, row))
    )


def _row(module: str, rows: list[str]) -> str:
    """The longest name in the table that a module of ours is in, or ``""``."""
    name = module.removeprefix(f"{PACKAGE}.")
    return max((row for row in rows if inside(name, row)), key=len, default="")


@pytest.mark.parametrize(("title", "name"), [("a call", "retrieve"), ("a stream", "a streamed turn")])
async def test_the_way(title, name):
    """Each drawing shows files of a call in the order in which they are met."""
    drawing = PAGE.partition(f"## The way of {title}\n\n```")[2].partition("```")[0]
    drawn = re.findall(r"^[ │]*((?:[a-z]+/)+\w+\.py)", drawing, re.MULTILINE)
    followed = await trace.measure(next(case for case in trace.CASES if case.name == name))

    assert len(drawn) > 5
    assert drawn == [file for file in followed.files if file in drawn]


def test_files_that_are_named():
    """Every file that the page names is there."""
    named = re.findall(r"\b((?:[a-z_]+/)+\w+\.py)", PAGE)

    assert [] == [name for name in named if not (ROOT / name).is_file() and not (ROOT.parent / name).is_file()]
