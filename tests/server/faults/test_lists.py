"""Lists that mislead."""

from __future__ import annotations

import pytest

from openai_conversations.server import faults
from tests.server.api import texts, user


@pytest.mark.parametrize("after", [False, True])
async def test_empty_page(api, server, conversation, after):
    """An empty page says that more follows, and the list goes on after its cursor without losing an item."""
    await api.append(conversation, *map(user, "abcd"))
    start = f"&after={server.items(conversation)[0]['id']}" if after else ""
    server.add_fault(faults.empty_page())
    empty = (await api.list(conversation, f"?order=asc&limit=2{start}")).json
    rest = await api.list(conversation, f"?order=asc&after={empty['last_id']}")

    assert ([], True) == (empty["data"], empty["has_more"])
    assert list("bcd" if after else "abcd") == texts(rest)


async def test_stuck_cursor(api, server, conversation):
    """Every page points to itself."""
    await api.append(conversation, *map(user, "abcd"))
    server.add_fault(faults.stuck_cursor())
    first = (await api.list(conversation, "?limit=2")).json
    second = (await api.list(conversation, f"?limit=2&after={first['last_id']}")).json
    third = (await api.list(conversation, f"?limit=2&after={second['last_id']}")).json

    assert first["last_id"] == second["last_id"] == third["last_id"]
    assert [True, True, True] == [page["has_more"] for page in (first, second, third)]


async def test_missing_last_id(api, server, conversation):
    """Lists have no cursor at all."""
    await api.append(conversation, user("a"), user("b"))
    server.add_fault(faults.missing_last_id())
    page = (await api.list(conversation, "?limit=1")).json

    assert {"object", "data", "has_more"} == set(page)
    assert page["has_more"]


async def test_stale_reads(api, server, clock, conversation):
    """Lists show what was stored some time ago, page by page, whoever stored it; a cursor of theirs is unknown."""
    server.add_fault(faults.stale_reads(5))
    await api.append(conversation, *map(user, "abc"))
    clock.now += 4
    server.add_items(conversation, ["d"])
    early = await api.list(conversation)
    clock.now += 1
    late = await api.list(conversation, "?limit=2")
    rest = await api.list(conversation, f"?limit=2&after={late.json['last_id']}")
    beyond = await api.list(conversation, f"?after={server.items(conversation)[-1]['id']}")
    clock.now += 4
    whole = await api.list(conversation)

    assert ([], False) == (early.json["data"], early.json["has_more"])
    assert (["c", "b"], True) == (texts(late), late.json["has_more"])
    assert (["a"], False) == (texts(rest), rest.json["has_more"])
    assert 404 == beyond.status
    assert ["d", "c", "b", "a"] == texts(whole)


async def test_single_items_are_read_at_once(api, server, conversation):
    """A lag concerns lists only, and what was deleted is missing in them at once."""
    (item,) = (await api.append(conversation, user("a"))).json["data"]
    server.add_fault(faults.stale_reads(0))
    await api.ask("DELETE", f"/conversations/{conversation}/items/{item['id']}")

    assert [] == (await api.list(conversation)).json["data"]
    other = (await api.append(conversation, user("b"))).json["data"][0]
    server.clear_faults()
    server.add_fault(faults.stale_reads(5))
    assert other == (await api.ask("GET", f"/conversations/{conversation}/items/{other['id']}")).json


async def test_lists_of_input_mislead_too(api, server):
    """The input of a response is listed by pages as the items of a conversation are."""
    id = (await api.turn([user(text) for text in "abc"])).json["id"]
    path = f"/responses/{id}/input_items?order=asc&limit=2"
    server.add_fault(faults.empty_page())
    empty = (await api.ask("GET", path)).json
    page = await api.ask("GET", f"{path}&after={empty['last_id']}")
    server.add_fault(faults.missing_last_id())
    bare = (await api.ask("GET", path)).json

    assert ([], True) == (empty["data"], empty["has_more"])
    assert ["a", "b"] == texts(page)
    assert "last_id" not in bare
