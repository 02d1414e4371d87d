"""What the service refuses, and how it says so."""

from __future__ import annotations

import pytest

from openai_conversations.server.rules import checks
from tests.server.api import user


def pairs(count):
    return {f"k{n}": "v" for n in range(count)}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (pairs(17), (400, "metadata", "object_above_max_properties")),
        ({"k" * 65: "v"}, (400, "metadata", "property_name_above_max_length")),
        ({"k": "v" * 513}, (400, "metadata.k", "string_above_max_length")),
        ({"k": 1}, (400, "metadata.k", "invalid_type")),
        ({"k": None}, (400, "metadata.k", "invalid_type")),
        ({"k": {"a": "b"}}, (400, "metadata.k", "invalid_type")),
        ([], (400, "metadata", "invalid_type")),
        ("a", (400, "metadata", "invalid_type")),
    ],
)
async def test_metadata_limits(api, metadata, expected):
    """Metadata beyond 16 pairs, 64 and 512 characters, or of anything but strings, is refused on create and update."""
    conversation = await api.create(kept="1")

    assert expected == (await api.ask("POST", "/conversations", {"metadata": metadata})).error
    assert expected == (await api.ask("POST", f"/conversations/{conversation}", {"metadata": metadata})).error
    assert {"kept": "1"} == (await api.ask("GET", f"/conversations/{conversation}")).json["metadata"]


async def test_metadata_at_the_limits(api):
    """Exactly 16 pairs of 64 and 512 characters are taken, counted as characters and not as bytes."""
    metadata = {f"{n:x}" + "ü" * 63: "ü" * 512 for n in range(16)}

    assert metadata == (await api.ask("POST", "/conversations", {"metadata": metadata})).json["metadata"]


async def test_update_needs_metadata(api):
    """An update without metadata is refused; null empties them."""
    conversation = await api.create(a="1")

    refused = await api.ask("POST", f"/conversations/{conversation}", {})
    assert (400, "metadata", "missing_required_parameter") == refused.error
    assert {} == (await api.ask("POST", f"/conversations/{conversation}", {"metadata": None})).json["metadata"]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([user("a")] * 21, (400, "items", "array_above_max_length")),
        ({}, (400, "items", "invalid_type")),
        ("a", (400, "items", "invalid_type")),
        (["a"], (400, "items[0]", "invalid_type")),
        ([{}], (400, "items[0].type", "missing_required_parameter")),
        ([{"type": 1}], (400, "items[0].type", "invalid_type")),
        ([user("a"), {"type": "hologram"}], (400, "items[1].type", "invalid_value")),
    ],
)
async def test_batches(api, items, expected):
    """A batch is an array of at most 20 items of known types."""
    conversation = await api.create()

    assert expected == (await api.ask("POST", f"/conversations/{conversation}/items", {"items": items})).error
    assert expected == (await api.ask("POST", "/conversations", {"items": items})).error


async def test_twenty_items_are_taken(api):
    """Twenty is not too many."""
    assert 20 == len((await api.append(await api.create(), *[user("a")] * 20)).json["data"])


async def test_append_needs_items(api):
    """An append without items is refused."""
    response = await api.ask("POST", f"/conversations/{await api.create()}/items", {})

    assert (400, "items", "missing_required_parameter") == response.error


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=0", ("limit", "integer_below_min_value")),
        ("limit=-1", ("limit", "integer_below_min_value")),
        ("limit=101", ("limit", "integer_above_max_value")),
        ("limit=9999999999999999999", ("limit", "invalid_type")),
        ("limit=ten", ("limit", "invalid_type")),
        ("limit=1.5", ("limit", "invalid_type")),
        ("limit=", ("limit", "invalid_type")),
        ("limit=%D9%A1", ("limit", "invalid_type")),
        ("order=up", ("order", "invalid_value")),
        ("order=", ("order", "invalid_value")),
        ("include=everything", ("include", "invalid_value")),
        ("include[]=everything", ("include", "invalid_value")),
    ],
)
async def test_queries(api, query, expected):
    """``limit`` is a whole number from 1 to 100, ``order`` one of two words, ``include`` one of eight."""
    conversation = await api.create()

    assert (400, *expected) == (await api.list(conversation, f"?{query}")).error


async def test_unknown_parameters_are_ignored(api):
    """What nobody knows in a query changes nothing; an empty cursor is none."""
    conversation = await api.create(user("a"))

    assert (await api.list(conversation)).json == (await api.list(conversation, "?after=&color=red")).json


@pytest.mark.parametrize(
    "item",
    [
        b'{"role":"user","content":"a","deep":' + b"[" * 600 + b"]" * 600 + b"}",
        b'{"role":"user","content":"a","x":1e999}',
    ],
    ids=["depth", "infinity"],
)
async def test_what_cannot_be_written_again_is_refused(api, item):
    """JSON that the parser takes but nobody can write back never reaches the store."""
    conversation = await api.create()
    response = await api.ask("POST", f"/conversations/{conversation}/items", b'{"items":[' + item + b"]}")

    assert 400 == response.status
    assert [] == (await api.list(conversation)).json["data"]


async def test_lone_surrogates_are_kept(api, server):
    """Half of a pair is no text, but JSON can carry it, and so does the server."""
    conversation = await api.create()
    body = b'{"items":[{"role":"user","content":"\\ud800"}]}'
    response = await api.ask("POST", f"/conversations/{conversation}/items", body)

    assert "\ud800" == response.json["data"][0]["content"][0]["text"]


class TestUnknownItems:
    @pytest.fixture
    def settings(self):
        return {"profile": "openai,unknown_types=true"}

    async def test_unknown_types_can_be_kept(self, api, server):
        """By setting, an item of an unknown type is stored as it is, with an id."""
        conversation = await api.create({"type": "hologram", "depth": 1})
        (item,) = server.items(conversation)

        assert {"type": "hologram", "depth": 1} == {name: item[name] for name in ("type", "depth")}
        assert item["id"].startswith("item_")


@pytest.mark.parametrize("names", [("include",), ("include", "include[]")])
def test_include_styles(names):
    """Which parameters ask for more fields is the profile's to say."""
    query = {"include": [checks.INCLUDABLE[0]], "include[]": [checks.INCLUDABLE[1]]}

    assert set(checks.INCLUDABLE[: len(names)]) == checks.include(query, names)
