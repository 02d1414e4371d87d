"""Export → import → export, and fork, on a real socket: equal but for what the report names, and nothing else named."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from openai_conversations import ConversationsClient, CopyReport
from openai_conversations.schemas.items import ITEM_CLASSES
from openai_conversations.server import ConversationsServer
from tests.operations.conftest import PROFILES
from tests.server.samples import ITEMS

Item = dict[str, Any]

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
LASTING = frozenset({"id", "type", "role"})


@st.composite
def an_item(draw: st.DrawFn) -> Item:
    """An item of any type with other texts, without some optional fields, with fields that nobody knows."""
    item = deepcopy(draw(st.sampled_from(ITEMS)))
    if isinstance(item.get("content"), str):
        item["content"] = draw(TEXTS)
    if isinstance(item.get("arguments"), str):
        item["arguments"] = draw(TEXTS)
    if draw(st.booleans()):
        item["a field from the future"] = draw(st.recursive(ODD, lambda inner: st.lists(inner, max_size=3)))
    if draw(st.booleans()):
        item["created_by"] = "somebody"
    return item


def conversations() -> st.SearchStrategy[list[Item]]:
    """Items whose lasting ids are all different: a conversation holds an id once."""
    return st.lists(an_item(), max_size=45).map(_unique)


def _unique(items: list[Item]) -> list[Item]:
    for number, item in enumerate(items):
        if "id" in item:
            item["id"] = f"{item['id']}_{number}"
    return items


def at(item: Item, path: str) -> Any:
    """What stands at a path, as text that tells 1 from 1.0 from true; ``None`` for nothing."""
    value: Any = item
    for step in re.findall(r"[^.\[\]]+", path.replace("a field from the future", "future")):
        step = "a field from the future" if step == "future" else step  # noqa: PLW2901
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return json.dumps(value)


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Every path of a value that ends in something plain, or in something empty."""
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from leaves(member, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, member in enumerate(value):
            yield from leaves(member, f"{path}[{index}]")
    else:
        yield path


def check_report(first: list[Item], second: list[Item], report: CopyReport) -> None:
    """The two are equal but for the ids and what is named, and every place that is named differs."""
    left_out = {found.index for found in report.left_out}
    kept = [(index, item) for index, item in enumerate(first) if index not in left_out]
    assert [report.ids[item["id"]] for _, item in kept] == [item["id"] for item in second]
    for (index, item), copy in zip(kept, second, strict=True):
        named = {found.path for found in report.differences if found.index == index}
        paths = {*leaves(item), *leaves(copy)} - {"id"}
        different = {path for path in paths if at(item, path) != at(copy, path)}
        assert all(any(_inside(path, name) for name in named) for path in different)
        assert all(at(item, name) != at(copy, name) for name in named)


def _inside(path: str, name: str) -> bool:
    return path == name or path.startswith((f"{name}.", f"{name}["))


async def export(client: ConversationsClient, name: str) -> tuple[list[bytes], list[Item]]:
    lines = [line async for line in client.conversations.export(name)]
    return lines, [json.loads(line) for line in lines[1:]]


async def round_trip(server: ConversationsServer, items: list[Item]) -> None:
    profile = "generic" if server.profile.name == "ogx" else "openai"
    async with ConversationsClient(api_key="key", base_url=server.base_url, profile=profile) as client:
        made = await client.conversations.create(metadata={"user": "42"})
        server.add_items(made.id, items)
        before = server.items(made.id)
        lines, first = await export(client, made.id)

        imported = await client.conversations.import_(lines)
        again = await client.conversations.import_(lines, into=imported.conversation_id)
        forked = await client.conversations.fork(made.id)

        assert len(items) == len(first)
        for report in (imported, forked):
            _, second = await export(client, report.conversation_id)
            check_report(first, second, report)
        assert (0, imported.stored) == (again.stored, again.present)
        assert before == server.items(made.id)


@pytest.fixture(scope="module", params=PROFILES)
def shared(request: pytest.FixtureRequest) -> Iterator[ConversationsServer]:
    """One server for all examples of a property."""
    with ConversationsServer(profile=request.param, seed=1, journal_limit=100) as running:
        yield running


def test_samples_are_complete():
    """The samples hold every type of item that a conversation can hold."""
    types = {item.get("type") for item in ITEMS}

    assert set() == set(ITEM_CLASSES) - types - {"item_reference", "compaction_trigger"}


def test_every_type(shared):
    """A conversation with an item of every type comes through."""
    asyncio.run(round_trip(shared, _unique(deepcopy(ITEMS))))


@settings(max_examples=25)
@given(items=conversations())
def test_random_conversations(shared, items):
    """Random conversations come through."""
    asyncio.run(round_trip(shared, items))


@pytest.mark.properties
@settings(max_examples=2000)
@given(items=conversations())
def test_many_random_conversations(shared, items):
    """Very many random conversations come through."""
    asyncio.run(round_trip(shared, items))
