"""The sessions that measure use what is there: they run too seldom to be broken unnoticed."""

from __future__ import annotations

import argparse
import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.server import CASES

FILES = sorted((Path(__file__).parents[1] / "benchmarks").rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """The names of ours that a file imports, each with its module, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("openai_conversations"):
            yield from ((str(node.module), alias.name) for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_imported_is_there(path):
    """Every name that a session imports of the package is there."""
    assert [] == [(module, name) for module, name in imported(path) if not _is_there(module, name)]


def _is_there(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name) or bool(importlib.import_module(f"{module}.{name}"))
    except ImportError:
        return False


@pytest.mark.parametrize("case", CASES)
async def test_what_the_server_costs(case, tmp_path):
    """Each case measures something, here for a moment only."""
    options = argparse.Namespace(seconds=0.02, connections=2, items=300, directory=tmp_path)
    figures = await CASES[case](options)

    assert [] == [name for name, value in figures.items() if value <= 0 and "loop" not in name]
    assert 2 <= len(figures)
