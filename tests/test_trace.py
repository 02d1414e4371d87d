"""A call passes few of our files, and goes one way: down through the layers, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

import openai_conversations
from benchmarks import trace


@pytest.mark.parametrize("case", trace.CASES, ids=lambda case: case.name)
async def test_the_way_of_a_call(case: trace.Case) -> None:
    """No more files than the case allows, and no function of a lower layer calls one of a higher."""
    followed = await trace.measure(case)

    assert [] == trace.faults_of(case, followed)


def test_bounds() -> None:
    """What a call may pass at the most does not grow."""
    assert [12, 18, 20, 37, 34] == [case.at_most for case in trace.CASES]


def test_every_package_has_a_layer() -> None:
    """Every package and module of ours stands in the order of the layers."""
    package = Path(openai_conversations.__path__[0])
    modules = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }

    assert modules == set(trace.RANKS)
