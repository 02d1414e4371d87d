"""The page on the architecture draws the package that is there."""

from __future__ import annotations

import re
from pathlib import Path

import openai_conversations
from benchmarks import trace

ROOT = Path(openai_conversations.__path__[0])
PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")


def test_every_package_is_in_the_table():
    """The table names every package and every module beside them, each once, and nothing else."""
    packages = [path.parent.relative_to(ROOT).as_posix() for path in ROOT.rglob("*/__init__.py")]
    modules = [path.stem for path in ROOT.glob("*.py") if path.stem != "__init__"]

    assert sorted([*(name.replace("/", ".") for name in packages), *modules]) == sorted(
        re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE)
    )


async def test_the_way_of_a_call():
    """The drawing shows files of a call in the order in which they are met."""
    drawn = re.findall(r"^[ │]*([a-z]+/\w+\.py)", PAGE, re.MULTILINE)
    followed = await trace.measure(trace.CASES[0])

    assert drawn == [file for file in followed.files if file in drawn]


def test_files_that_are_named():
    """Every file that the page names is there."""
    named = re.findall(r"\b((?:[a-z_]+/)+\w+\.py)", PAGE)

    assert [] == [name for name in named if not (ROOT / name).is_file() and not (ROOT.parent / name).is_file()]
