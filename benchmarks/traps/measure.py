"""Measuring: every scenario with either client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.traps.cases import GROUPS
from benchmarks.traps.clients import OFFICIAL, OURS
from benchmarks.traps.trap import Group, Row, Trap
from tests.virtual_time import VirtualTimeLoop

Place = tuple[Group, Trap]


def measure(*, heavy: bool = True) -> list[Row]:
    """
    Every row, in the order of the page.

    In virtual time, so that what is measured does not depend on how busy the machine is; but for those that keep it
    busy themselves, which are measured one by one, and only when asked for.
    """
    places = [(group, trap) for group in GROUPS for trap in group.traps]
    alone = [place for place in places if place[1].is_alone]
    together = [place for place in places if not (place[1].is_alone or place[1].is_heavy)]
    rows: dict[Place, Row] = {}
    for some, way in ((alone, _one_by_one), (together, _together)):
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            rows |= zip(some, runner.run(way(some)), strict=True)
    if heavy:
        rest = [place for place in places if place[1].is_heavy]
        rows |= zip(rest, asyncio.run(_one_by_one(rest)), strict=True)
    return [rows[place] for place in places if place in rows]


async def _together(places: Sequence[Place]) -> list[Row]:
    return list(await asyncio.gather(*(_row(*place) for place in places)))


async def _one_by_one(places: Sequence[Place]) -> list[Row]:
    return [await _row(*place) for place in places]


async def _row(group: Group, trap: Trap) -> Row:
    return Row(group.title, trap.what, await trap.scenario(OFFICIAL), await trap.scenario(OURS))
