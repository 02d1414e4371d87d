"""Whatever a server sends comes out as it came in: properties over every item, content and tool of the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from openai_conversations.converters.codec import Codec, make_converter
from openai_conversations.converters.json import loads_exact
from openai_conversations.schemas.base import Schema
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.schemas.items import ITEM_CLASSES
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.schemas.unknown import Unknown
from tests.converters.walk import parts
from tests.strategies import anything, described, mangled, novel, objects, plain, texts

CODEC = Codec()
FAST = make_converter(detailed=False)
DETAILED = make_converter(detailed=True)


def every_item(test: Any) -> Any:
    """Run a property for every item: each gets its part of the cases."""
    part = settings(max_examples=-(-settings().max_examples // len(ITEM_CLASSES)))
    return pytest.mark.parametrize("tag", sorted(ITEM_CLASSES))(part(test))


def as_bytes(value: Any, *, ascii_only: bool = True) -> bytes:
    """JSON as another program writes it."""
    return json.dumps(value, ensure_ascii=ascii_only).encode()


def through(value: Any, kind: Any) -> Any:
    """A JSON value after decoding it and encoding what came of it."""
    return json.loads(CODEC.encode(CODEC.to_json(CODEC.decode(as_bytes(value), kind))))


def test_every_item_has_a_strategy() -> None:
    """The tables of these tests and the classes have the same tags."""
    assert set(ITEM_CLASSES) == set(described())


@every_item
@given(data=st.data())
def test_what_is_described_fits(tag: str, data: st.DataObject) -> None:
    """What the API describes becomes its class at every depth, and comes out as it came in."""
    sent = data.draw(described()[tag])

    item = CODEC.decode(as_bytes(sent), Item)

    assert ITEM_CLASSES[tag] == type(item).__name__
    assert [] == [part for part in parts(item) if isinstance(part, Unknown)]
    assert [] == [part for part in parts(item) if isinstance(part, Schema) and part.extra]
    assert plain(sent) == plain(json.loads(CODEC.encode(CODEC.to_json(item))))


@every_item
@given(data=st.data())
def test_what_is_new_is_kept(tag: str, data: st.DataObject) -> None:
    """Unknown fields, members and words, in any place, cost nothing: the rest is read, and all of it comes out."""
    sent = data.draw(novel()[tag])

    item = CODEC.decode(as_bytes(sent), Item)

    assert ITEM_CLASSES[tag] == type(item).__name__
    assert plain(sent) == plain(json.loads(CODEC.encode(CODEC.to_json(item))))


@every_item
@given(data=st.data())
def test_what_does_not_fit_is_kept(tag: str, data: st.DataObject) -> None:
    """An item with a field that is missing or is something else is kept, whether it fits or not."""
    sent = data.draw(mangled(novel()[tag]))

    assert plain(sent) == plain(through(sent, Item))


@given(anything)
def test_anything_may_stand_for_an_item(sent: Any) -> None:
    """Even what is no object at all does not lose the page that it stands in."""
    page = {"object": "list", "data": [sent], "has_more": False}

    assert plain(page) == plain(through(page, ConversationItemList))


@given(objects, texts, st.integers(), anything)
def test_conversations(new: Any, conversation_id: str, created_at: int, metadata: Any) -> None:
    """A conversation keeps unknown fields, integers of any size, and metadata of any type."""
    sent = {"id": conversation_id, "object": "conversation", "created_at": created_at, "metadata": {"x_a": metadata}}

    assert plain({**sent, **new}) == plain(through({**sent, **new}, Conversation))


@given(novel()["message"], st.booleans())
def test_escapes(sent: Any, ascii_only: bool) -> None:
    """How another program escapes its text makes no difference."""
    try:
        body = as_bytes(sent, ascii_only=ascii_only)
    except UnicodeEncodeError:  # a lone surrogate can only travel escaped
        body = as_bytes(sent)

    assert plain(sent) == plain(json.loads(CODEC.encode(CODEC.to_json(CODEC.decode(body, Item)))))


@every_item
@given(data=st.data())
def test_both_converters_agree(tag: str, data: st.DataObject) -> None:
    """The fast converter and the one with paths give the same objects for the same JSON."""
    value = loads_exact(as_bytes(data.draw(st.one_of(described()[tag], novel()[tag], mangled(novel()[tag])))))

    try:
        fast = FAST.structure(value, Item)
    except ValueError:  # a float that may have been an integer: the fast converter asks for the exact reader
        return
    slow = DETAILED.structure(value, Item)

    assert [type(part) for part in parts(slow)] == [type(part) for part in parts(fast)]
    assert plain(CODEC.to_json(slow)) == plain(CODEC.to_json(fast))


@every_item
@given(data=st.data())
def test_encoding_twice_changes_nothing(tag: str, data: st.DataObject) -> None:
    """What was decoded and encoded once decodes to an equal object, and encodes to the same bytes."""
    first = CODEC.decode(as_bytes(data.draw(novel()[tag])), Item)
    body = CODEC.encode(CODEC.to_json(first))
    second = CODEC.decode(body, Item)

    assert first == second
    assert body == CODEC.encode(CODEC.to_json(second))
