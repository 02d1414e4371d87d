"""What a table of traps is made of: a trap is a sentence and a scenario, a row is what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import attrs

from benchmarks.traps.clients import Contender

Scenario = Callable[[Contender], Awaitable[str]]
"""One client through one trap; gives in a few words what its caller is told, and what is stored."""


@attrs.frozen(eq=False)
class Trap:
    """
    Something that goes wrong.

    Attributes:
        what: The first column.
        scenario: What fills the others.
        is_alone: Whether it changes what all threads share, the environment: nothing else may be measured meanwhile.
        is_heavy: Whether it keeps the machine busy: the same, and not in virtual time.
    """

    what: str
    scenario: Scenario
    is_alone: bool = False
    is_heavy: bool = False


@attrs.frozen(eq=False)
class Group:
    """A table of the page: its heading and its traps."""

    title: str
    traps: Sequence[Trap]


@attrs.frozen
class Row:
    """What was measured."""

    group: str
    what: str
    theirs: str
    ours: str


class Traps(list[Trap]):
    """The traps of a module."""

    def __call__(self, what: str, *, is_alone: bool = False, is_heavy: bool = False) -> Callable[[Scenario], Scenario]:
        """Add a scenario: the decorator of those that are written as functions."""

        def add(scenario: Scenario) -> Scenario:
            self.append(Trap(what, scenario, is_alone, is_heavy))
            return scenario

        return add
