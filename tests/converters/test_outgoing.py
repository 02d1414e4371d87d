"""What of a received item is sent back."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import inspect
import json
import sys
import types
import uuid

import pytest
from hypothesis import given, settings, strategies as st

from openai_conversations.converters.codec import Codec
from openai_conversations.converters.outgoing import KEEPS_ID, outgoing
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.schemas.content import InputText
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.schemas.items import ITEM_CLASSES
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.items.message import Message
from openai_conversations.schemas.unknown import UnknownItem
from tests.strategies import novel, plain

CODEC = Codec()

# The rules that the service is known to apply, gathered by OpenAI's own agents SDK.
MUST_KEEP = (
    *("file_search_call", "web_search_call", "computer_call", "code_interpreter_call", "image_generation_call"),
    *("local_shell_call", "local_shell_call_output", "mcp_list_tools", "mcp_approval_request", "mcp_call"),
    *("item_reference", "program", "program_output", "reasoning"),
)


@pytest.mark.parametrize("tag", sorted(ITEM_CLASSES))
@settings(max_examples=-(-settings().max_examples // len(ITEM_CLASSES)))
@given(data=st.data())
def test_ids_and_what_only_the_service_sets(tag, data):
    """The ids of some types must stay, those of all others must go; ``created_by`` never goes out; the rest does."""
    received = {**data.draw(novel()[tag]), "id": "id_1", "created_by": "user_1"}

    [sent] = CODEC.encode_items([CODEC.decode(json.dumps(received).encode(), Item)])

    assert (tag in MUST_KEEP) is ("id" in sent)
    assert "created_by" not in sent
    expected = {key: value for key, value in received.items() if key not in {"id", "created_by"}}
    assert without_created_by(plain(expected)) == plain({key: value for key, value in sent.items() if key != "id"})


def without_created_by(item):
    """Outputs of a shell say who created them, too."""
    if not isinstance(item.get("output"), list):
        return item
    parts = [
        {k: v for k, v in part.items() if k != "created_by"} if isinstance(part, dict) else part
        for part in item["output"]
    ]
    return {**item, "output": parts}


def test_the_table():
    """The rule is the one that is written down here."""
    assert set(MUST_KEEP) == set(KEEPS_ID)


def test_new_objects():
    """An object that was made here, and has no id yet, is sent without one."""
    assert [{"type": "message", "role": "user", "content": "Hi"}] == CODEC.encode_items(
        [Message(role="user", content="Hi")]
    )


@pytest.mark.parametrize(
    "data",
    [
        {"type": "hologram", "id": "holo_1", "created_by": "x"},
        {"type": None, "id": "x"},
        {"type": ["list"], "id": "x"},
        [1, 2],
        "text",
    ],
)
def test_unknown_items_go_out_unchanged(data):
    """Nobody can tell the rules of an unknown type: all of it is sent."""
    assert [data] == CODEC.encode_items([UnknownItem(data=data)])


def test_known_items_that_do_not_fit():
    """The rules hold for an item of a known type also when it does not fit its class."""
    item = CODEC.decode(b'{"type":"function_call","id":"fc_1","name":7,"created_by":"x"}', Item)

    assert UnknownItem is type(item)
    assert [{"type": "function_call", "name": 7}] == CODEC.encode_items([item])


@pytest.mark.parametrize("kind", [dict, collections.OrderedDict, types.MappingProxyType])
def test_mappings_go_out_as_they_are(kind):
    """What a caller wrote by hand, in any mapping, is sent as it is, ids included; objects inside become JSON."""
    mapping = {"type": "message", "id": "mine", "role": "user", "content": [InputText(text="Hi")], "created_by": None}

    assert [{**mapping, "content": [{"type": "input_text", "text": "Hi"}]}] == CODEC.encode_items([kind(mapping)])


class Role(enum.Enum):
    USER = "user"


@dataclasses.dataclass
class Part:
    text: str
    type: str = "input_text"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([Part("Hi")], [{"text": "Hi", "type": "input_text"}]),
        ([types.MappingProxyType({"type": "input_text", "text": "Hi"})], [{"type": "input_text", "text": "Hi"}]),
        ([Part(InputText(text="Hi"))], [{"text": {"type": "input_text", "text": "Hi"}, "type": "input_text"}]),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_python_values(content, expected):
    """Enums, dataclasses, dates and UUIDs become the JSON that is sent: nothing later sees the caller's own values."""
    assert [{"role": "user", "content": expected}] == CODEC.encode_items([{"role": Role.USER, "content": content}])


def test_python_values_in_objects():
    """So they do where they stand in an object of ours, also one of an unknown type."""
    message = Message(
        role=Role.USER, content=[Part("Hi")], extra={"at": dt.date(2026, 1, 2), "of": InputText(text="a")}
    )
    of = {"type": "input_text", "text": "a"}
    sent = {"type": "message", "role": "user", "content": [{"text": "Hi", "type": "input_text"}]}

    assert [{**sent, "at": "2026-01-02", "of": of}] == CODEC.encode_items([message])
    assert [{"type": "new", "by": "user", "of": of}] == CODEC.encode_items(
        [UnknownItem(data={"type": "new", "by": Role.USER, "of": InputText(text="a")})]
    )


def endless(item):
    """An item in which a part holds the item."""
    part = {"type": "input_text", "item": item}
    if isinstance(item, Message):
        item.content = [part]
    else:
        item["content"] = [part]
    return item


def deep():
    value = "Hi"
    for _ in range(5_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        (endless({}), r"^items\[1\]\.content\[0\]\.item contains itself$"),
        (endless(Message(role="user", content="")), r"^items\[1\]\.content\[0\]\.item contains itself$"),
        ({"content": deep()}, r"^items\[1\]\.content\[0\]\[0\].*… nests deeper than 500 levels$"),
        (Message(role="user", content=deep()), r"^items\[1\]\.content\[0\].*… nests deeper than 500 levels$"),
        (
            Message(role="user", content="", extra={"x": deep()}),
            r"^items\[1\]\.x\[0\].*… nests deeper than 500 levels$",
        ),
        ({"content": Part(deep())}, r"^items\[1\]\.content\.text\[0\].*… nests deeper than 500 levels$"),
    ],
)
def test_what_does_not_end(item, complaint):
    """An item that contains itself or nests without end is refused before anything is sent; the message says where."""
    with pytest.raises(InvalidArgumentError, match=complaint):
        CODEC.encode_items([{}, item])


def test_where_the_stack_is_nearly_full():
    """Where the caller has used up the stack, an item is refused that could be sent from elsewhere."""
    value = []
    for _ in range(300):
        value = [value]

    def at_depth(levels):
        return at_depth(levels - 1) if levels else CODEC.encode_items([{"content": value}])

    with pytest.raises(InvalidArgumentError, match=r"^items\[0\] nests too deeply to be written from here$"):
        at_depth(sys.getrecursionlimit() - len(inspect.stack(0)) - 200)
    assert 1 == len(at_depth(0))


def test_tuples_are_lists():
    """A tuple is a list on the wire, also one of objects."""
    assert [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}] == CODEC.encode_items(
        [{"role": "user", "content": (InputText(text="Hi"),)}]
    )


def test_received_objects_are_left_alone():
    """Sending an item back changes nothing on the object."""
    data = {"type": "function_call", "id": "fc_1", "created_by": "x", "name": 7, "output": [{"created_by": "y"}]}
    item = UnknownItem(data=data)

    CODEC.encode_items([item])

    assert {"type", "id", "created_by", "name", "output"} == set(data)
    assert [{"created_by": "y"}] == data["output"]


@pytest.mark.parametrize(
    ("items", "complaint"),
    [
        (["Hi"], r"items\[0\] must be a mapping or an item object, not str"),
        ([{}, None], r"items\[1\] must be a mapping or an item object, not None"),
        ([{}, {}, 7], r"items\[2\] must be a mapping or an item object, not int"),
        ([InputText(text="Hi")], r"items\[0\] must be a mapping or an item object, not InputText"),
        ([Conversation(id="conv_1")], r"items\[0\] must be a mapping or an item object, not Conversation"),
    ],
)
def test_what_is_no_item(items, complaint):
    """What is neither a mapping nor an item is refused; the message names its place."""
    with pytest.raises(InvalidArgumentError, match=complaint):
        CODEC.encode_items(items)


def test_what_cannot_be_sent():
    """A value that JSON cannot carry is refused with its path and without the rest of the request."""
    with pytest.raises(
        InvalidArgumentError, match=r"the request cannot be sent: \$\.items\[0\]\.content is of type bytes"
    ):
        CODEC.encode({"items": [{"role": "user", "content": b"Hi"}]})


@pytest.mark.parametrize("item", [None, 7, [], "x"])
def test_the_rule_takes_anything(item):
    """What is no object has nothing that must not be sent."""
    assert item == outgoing(item)
