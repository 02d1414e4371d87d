"""Every object is JSON for everybody: what came is what comes out, under the names of the API and of pydantic."""

from __future__ import annotations

import json
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from openai_conversations import (
    Conversation,
    ConversationItem,
    ConversationItemList,
    ConversationItemPage,
    FunctionCall,
    InvalidArgumentError,
    Message,
    OutputText,
    ResponseStreamEvent,
    ResponseTextDeltaEvent,
    UnknownEvent,
    UnknownItem,
    json_default,
)
from openai_conversations.schemas.base import DumpOptions, Schema
from openai_conversations.schemas.unknown import Unknown
from tests.schemas.families import classes, sample

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi", "annotations": []}, {"type": "hologram", "depth": 3}],
    "brand_new": {"a": [1, None]},
}
CALL: dict[str, Any] = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "f",
    "arguments": "{}",
    "async": True,
}

every_class = pytest.mark.parametrize("cls", [pytest.param(cls, id=cls.__name__) for cls in classes()])


@every_class
def test_there_and_back(cls: type[Schema]) -> None:
    """Whatever the class: its JSON makes it again, as a dict and as text."""
    made = sample(cls)

    written = made.to_dict()

    assert written == cls.from_dict(written).to_dict() == cls.from_json(made.to_json()).to_dict()
    assert made == cls.from_dict(made.model_dump()) or isinstance(made, Unknown)
    assert made.to_dict() == json.loads(made.model_dump_json(exclude_unset=True))


@every_class
def test_nothing_is_left_out_of_a_model_dump(cls: type[Schema]) -> None:
    """What did not come is null in ``model_dump()``, and nothing else differs from ``to_dict()``."""
    made = sample(cls)
    if isinstance(made, Unknown):
        assert made.data == made.model_dump() == made.to_dict()
        return

    assert made.to_dict() == made.model_dump(exclude_unset=True)
    assert made.model_dump(exclude_none=True) == made.model_dump(exclude_none=True, exclude_unset=True)


def test_what_came_comes_out() -> None:
    """Unknown members, parts and words come out as they came, under the names of the JSON."""
    assert MESSAGE == Message.from_dict(MESSAGE).to_dict()
    assert CALL == FunctionCall.from_dict(CALL).to_dict()
    assert CALL == FunctionCall.from_dict(CALL).model_dump(exclude_unset=True, by_alias=False)


def test_text() -> None:
    """``to_json()`` is indented, ``model_dump_json()`` is one line; both keep every character."""
    message = Message.from_dict({"type": "message", "role": "user", "content": "Größe \ud83d 12345678901234567890123"})

    assert '{\n  "type": "message",\n' == message.to_json()[:23]
    assert message.to_json(indent=None) == message.model_dump_json(exclude_unset=True)
    assert "Größe" in Message(role="user", content="Größe").model_dump_json(indent=4)
    assert r"Gr\u00f6\u00dfe" in Message(role="user", content="Größe").model_dump_json(ensure_ascii=True)
    assert message == Message.from_json(message.to_json())
    assert message == Message.from_json(message.model_dump_json().encode())


def test_integers_of_any_size() -> None:
    """What does not fit 64 bits is no float on the way."""
    item = ConversationItem.from_json('{"type": "new", "n": 123456789012345678901234567890}')

    assert {"type": "new", "n": 123456789012345678901234567890} == item.to_dict()
    assert '{"type":"new","n":123456789012345678901234567890}' == item.to_json(indent=None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"id": "conv_1", "object": "conversation", "metadata": None, "created_at": 0, "x": None}),
        ({"exclude_none": True}, {"id": "conv_1", "object": "conversation", "created_at": 0}),
        ({"exclude_defaults": True}, {"id": "conv_1", "object": "conversation", "x": None}),
        ({"exclude_unset": True}, {"id": "conv_1", "object": "conversation", "created_at": 0, "x": None}),
        ({"include": {"id", "x"}}, {"id": "conv_1", "x": None}),
        ({"include": {"id": True, "x": False}}, {"id": "conv_1"}),
        ({"exclude": {"metadata", "x", "object"}}, {"id": "conv_1", "created_at": 0}),
        (
            {"exclude": {"metadata": ..., "x": ..., "created_at": False}},
            {"id": "conv_1", "object": "conversation", "created_at": 0},
        ),
        (
            {"mode": "json", "by_alias": True, "warnings": "none", "round_trip": True, "include": {"id"}},
            {"id": "conv_1"},
        ),
        (
            {"context": 1, "serialize_as_any": True, "exclude_computed_fields": True, "include": {"id"}},
            {"id": "conv_1"},
        ),
    ],
)
def test_keywords(options: DumpOptions, expected: dict[str, Any]) -> None:
    """Pydantic's keywords mean what they mean there."""
    conversation = Conversation.from_dict({"id": "conv_1", "x": None})

    assert expected == conversation.model_dump(**options)
    assert expected == json.loads(conversation.model_dump_json(**options))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"include": {"content": {0: {"text"}}}}, {"content": [{"text": "Hi"}]}),
        ({"include": {"content": {-1: {"depth"}}}}, {"content": [{"depth": 3}]}),
        ({"include": {"content": {"__all__": {"type"}}}}, {"content": [{"type": "output_text"}, {"type": "hologram"}]}),
        ({"include": {"content", "id"}, "exclude": {"content": {0, 1}}}, {"id": "msg_1", "content": []}),
        ({"include": {"brand_new"}}, {"brand_new": {"a": [1, None]}}),
        ({"include": {"brand_new": {"b"}}}, {"brand_new": {}}),
    ],
)
def test_what_of_it(options: DumpOptions, expected: dict[str, Any]) -> None:
    """``include`` and ``exclude`` reach into members and lists."""
    assert expected == Message.from_dict(MESSAGE).model_dump(**options)


def test_python_names_of_the_official_client() -> None:
    """A member whose JSON name is a word of Python can be named either way; it is written under its JSON name."""
    call = FunctionCall.from_dict(CALL)

    assert {"async": True} == call.model_dump(include={"async_"}) == call.model_dump(include={"async"})


@pytest.mark.parametrize("method", ["to_dict", "to_json", "model_dump", "model_dump_json"])
def test_unknown_keywords(method: str) -> None:
    """A keyword that nobody knows is refused, and so is a mode."""
    write = getattr(Conversation(id="conv_1"), method)

    with pytest.raises(TypeError, match="unexpected keyword argument 'exclude_nulls'"):
        write(exclude_nulls=True)
    with pytest.raises(InvalidArgumentError, match="mode must be one of python, json, not 'xml'"):
        write(mode="xml")


def test_what_json_cannot_carry() -> None:
    """It is refused with its place, unless *fallback* knows better."""
    conversation = Conversation(id="conv_1", metadata={"price": Decimal("1.5"), "kind": Enum("Kind", {"A": "a"}).A})

    with pytest.raises(InvalidArgumentError, match=r"\$\.metadata\.price is of type Decimal"):
        conversation.to_json()
    written = conversation.model_dump_json(fallback=str, include={"metadata"})
    assert '{"metadata":{"price":"1.5","kind":"a"}}' == written


def test_what_has_no_end() -> None:
    """What contains itself is refused."""
    conversation = Conversation(id="conv_1", metadata={})
    conversation.metadata["self"] = conversation.metadata

    with pytest.raises(InvalidArgumentError, match=r"\$\.metadata\.self contains itself"):
        conversation.model_dump()


def test_base_classes() -> None:
    """``ConversationItem`` and ``ResponseStreamEvent`` stand for all: the class goes by the type."""
    delta = {"type": "response.output_text.delta", "sequence_number": 4, "delta": "H"}

    assert Message.from_dict(MESSAGE) == ConversationItem.from_dict(MESSAGE)
    assert UnknownItem(data={"type": "new"}) == ConversationItem.from_dict({"type": "new"})
    assert isinstance(ResponseStreamEvent.from_dict(delta), ResponseTextDeltaEvent)
    assert delta == ResponseStreamEvent.from_dict(delta).to_dict()
    assert {"type": "new.event"} == UnknownEvent(data={"type": "new.event"}).to_dict()
    assert isinstance(ResponseStreamEvent.from_dict({"type": "new.event"}), UnknownEvent)


def test_from_what_does_not_fit() -> None:
    """The error says what is missing, and where."""
    with pytest.raises(InvalidArgumentError, match=r"^Message cannot be made of this: .* @ \$\.role"):
        Message.from_dict({"type": "message", "content": []})
    with pytest.raises(InvalidArgumentError, match=r"^Conversation cannot be made of this: not JSON"):
        Conversation.from_json("{")
    with pytest.raises(InvalidArgumentError, match=r"Conversation cannot be made of this: \$\.id is nan"):
        Conversation.from_dict({"id": float("nan")})


def test_from_other_mappings() -> None:
    """Any mapping will do, and what it holds is not shared."""
    data = {"id": "conv_1", "metadata": {"a": "b"}}
    conversation = Conversation.from_dict(MappingProxyType(data))
    conversation.metadata["a"] = "c"

    assert {"id": "conv_1", "metadata": {"a": "b"}} == data


def test_json_default() -> None:
    """``json.dumps`` and orjson write our objects wherever they stand, given one function."""
    held = {"conversation": Conversation(id="conv_1"), "items": [Message.from_dict(MESSAGE)]}
    expected = {"conversation": {"id": "conv_1", "object": "conversation", "created_at": 0}, "items": [MESSAGE]}

    assert expected == json.loads(json.dumps(held, default=json_default))
    assert expected == json.loads(orjson.dumps(held, default=json_default))
    assert '{"a": 1}' == json.dumps(MappingProxyType({"a": 1}), default=json_default)
    with pytest.raises(TypeError, match="Object of type object is not JSON serializable"):
        json.dumps(object(), default=json_default)


def test_dict_takes_objects() -> None:
    """``dict(…)`` gives the members, as of pydantic's models."""
    assert MESSAGE == dict(Message.from_dict(MESSAGE))


@pytest.mark.parametrize(
    ("cls", "way_out"),
    [
        (ConversationItemList, "a ConversationItemList is not what it holds: use `for … in page.data`"),
        (ConversationItemPage, "use `async for … in page`, which goes on to the pages that follow"),
    ],
)
def test_pages(cls: type[ConversationItemList], way_out: str) -> None:
    """A page is JSON, too; who iterates over it is told how."""
    page = cls.from_dict({"object": "list", "data": [MESSAGE, {"type": "new"}], "has_more": False})

    assert {"object": "list", "data": [MESSAGE, {"type": "new"}], "has_more": False} == page.to_dict() == dict(page)
    with pytest.raises(TypeError, match=way_out):
        list(page)


def test_what_is_written_is_not_shared() -> None:
    """Changing what was written does not change the object."""
    part = OutputText.from_dict({"type": "output_text", "text": "Hi", "annotations": [], "new": {"a": 1}})
    part.to_dict()["new"]["a"] = 2

    assert {"a": 1} == part.to_dict()["new"]
