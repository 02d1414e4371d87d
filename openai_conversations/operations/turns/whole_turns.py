"""
Where the turns of a conversation begin, so that it is never cut inside one.

A turn begins with what a user says, and what a developer says right before it or in between; it goes on to the next.
Where a call has its output in a later turn, or an item names one of an earlier turn, these turns are one.
Reasoning cannot be cut off from the item that must follow it: that is the model's, and no turn begins with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from openai_conversations.jsontypes import JsonObject, text_of, type_of
from openai_conversations.operations.repair.tool_calls import OUTPUT_OF, Links, link, own_names, references

_DEVELOPERS: Final = frozenset({"system", "developer"})
_SETTINGS: Final = frozenset({"additional_tools", "configuration_update"})


@attrs.frozen(kw_only=True)
class WholeTurns:
    """
    A conversation in whole turns.

    Attributes:
        lead: How many items at the start are a developer's: messages, tools, settings.
        starts: The index at which each turn begins, oldest first; the first is *lead*, whatever stands there. Empty
            when there is nothing but the lead.
        end: How many items there are.
        waits: Whether a call of the newest turn still waits for its output.
    """

    lead: int
    starts: tuple[int, ...]
    end: int
    waits: bool

    def start_of_last(self, count: int) -> int:
        """Where the newest *count* turns begin; a turn whose call waits for its output is always among them."""
        count = max(count, int(self.waits))
        return self.lead if count >= len(self.starts) else (*self.starts, self.end)[len(self.starts) - count]


def whole_turns(items: Sequence[JsonObject]) -> WholeTurns:
    """The turns of the items of a conversation."""
    links = link(items)
    lead = next((index for index, item in enumerate(items) if not _is_of_developer(item)), len(items))
    inside = _inside(items, links)
    asked = (start for start in _asked(items, lead) if start not in inside)
    starts = tuple(dict.fromkeys([lead, *asked])) if lead < len(items) else ()
    return WholeTurns(lead=lead, starts=starts, end=len(items), waits=_waits(items, links, starts))


def _is_of_developer(item: JsonObject) -> bool:
    tag = type_of(item)
    return text_of(item, "role") in _DEVELOPERS if tag == "message" else tag in _SETTINGS


def _is_of_user(item: JsonObject) -> bool:
    return type_of(item) == "message" and text_of(item, "role") == "user"


def _asked(items: Sequence[JsonObject], lead: int) -> Iterator[int]:
    """Where what is said to the model begins: runs of items of users and developers, with a user among them."""
    start: int | None = None
    is_found = False
    for index in range(lead, len(items)):
        is_user = _is_of_user(items[index])
        if not (is_user or _is_of_developer(items[index])):
            start, is_found = None, False
            continue
        start = index if start is None else start
        if is_user and not is_found:
            is_found = True
            yield start


def _inside(items: Sequence[JsonObject], links: Links) -> set[int]:
    """Every index at which a cut would separate a call from its output, or an item from one that it names."""
    until: dict[int, int] = {}
    for first, last in (*links.output_of.items(), *_named(items)):
        until[first] = max(last, until.get(first, last))
    inside: set[int] = set()
    reach = 0
    for index in range(len(items)):
        if index <= reach and index:
            inside.add(index)
        reach = max(reach, until.get(index, 0))
    return inside


def _named(items: Sequence[JsonObject]) -> Iterator[tuple[int, int]]:
    """Pairs of an item and one that names it, in their order; it may be named before it comes."""
    places: dict[str, int] = {}
    for index, item in enumerate(items):
        if type_of(item) != "item_reference":
            places.update((name, index) for name in own_names(item) if name and name not in places)
    for index, item in enumerate(items):
        for name in references(item):
            if name in places:
                yield min(places[name], index), max(places[name], index)


def _waits(items: Sequence[JsonObject], links: Links, starts: Sequence[int]) -> bool:
    """Whether an output may still come for a call of the newest turn."""
    newest = range(starts[-1], len(items)) if starts else ()
    return any(type_of(items[index]) in OUTPUT_OF and index not in links.output_of for index in newest)
