"""Decoding: pages, what other servers send, and errors that name the place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st

from openai_conversations.converters.codec import Codec, codec
from openai_conversations.converters.errors import DecodeError
from openai_conversations.schemas.content import MessageContent, OutputText
from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.items.file_search_call import FileSearchCall
from openai_conversations.schemas.items.item_reference import ItemReference
from openai_conversations.schemas.items.mcp_call import HttpError, McpCall
from openai_conversations.schemas.items.message import Message
from openai_conversations.schemas.items.reasoning import Reasoning
from openai_conversations.schemas.items.shell_call import ShellCall
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.schemas.tools import InlineSkillSource
from openai_conversations.schemas.unknown import UnknownContent, UnknownItem, UnknownObject
from tests.strategies import anything, novel, plain

CODEC = Codec()


def decoded(value, kind=Item):
    return CODEC.decode(json.dumps(value).encode(), kind)


def page(*items, **changes):
    return {"object": "list", "data": list(items), "has_more": False, "first_id": "a", "last_id": "b", **changes}


def encoded(value):
    return json.loads(CODEC.encode(CODEC.to_json(value)))


MESSAGE = {"type": "message", "id": "msg_1", "role": "user", "status": "completed", "content": []}

# Every item of a page, in any order, with others that do not fit.
any_item = st.one_of(*novel().values(), anything)


# Pages


@given(st.lists(any_item, max_size=4))
@settings(max_examples=max(settings().max_examples // 4, 1))
def test_no_item_loses_a_page(items):
    """Whatever stands in a page, the page is read and all of it comes out."""
    sent = page(*items)
    found = decoded(sent, ConversationItemList)

    assert len(items) == len(found.data)
    assert all(isinstance(item, Item) for item in found.data)


def test_misfits_of_a_page():
    """An item of a known type that does not fit becomes an UnknownItem with all its data; the others are read."""
    misfit = {"type": "function_call", "id": "fc_1", "arguments": {"a": 1}, "call_id": "c", "name": "n"}
    found = decoded(page(MESSAGE, misfit, {"type": "hologram", "id": "h_1"}, 7, None, MESSAGE), ConversationItemList)

    assert [Message, UnknownItem, UnknownItem, UnknownItem, UnknownItem, Message] == [type(i) for i in found.data]
    assert ["msg_1", "fc_1", "h_1", "", "", "msg_1"] == [item.id for item in found.data]
    assert (misfit, "function_call") == (found.data[1].data, found.data[1].type)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"data": {}}, "$.data"),
        ({"data": None}, "$.data"),
        ({"has_more": "yes"}, "$.has_more"),
        ({"has_more": 1}, "$.has_more"),
    ],
)
def test_misfits_of_an_envelope(changes, place):
    """What is wrong with the page itself is an error that names its JSON path and shows no value."""
    with pytest.raises(DecodeError) as caught:
        decoded(page(MESSAGE, **changes), ConversationItemList)

    assert str(caught.value).endswith(f" @ {place}")


def test_all_misfits_are_named():
    """Every misfit of a response is named at once, missing fields too."""
    with pytest.raises(DecodeError) as caught:
        decoded({"object": "list", "has_more": 7, "last_id": 8}, ConversationItemList)

    assert {"required field missing @ $.data", "expected a bool, not int @ $.has_more"} == set(
        str(caught.value).split("; ")
    )


@pytest.mark.parametrize("missing", ["first_id", "last_id", "has_more", "object"])
def test_envelopes_of_other_servers(missing):
    """A page may come without its ids, without ``has_more`` and without ``object``."""
    found = decoded({k: v for k, v in page(MESSAGE).items() if k != missing}, ConversationItemList)

    assert [Message] == [type(item) for item in found.data]
    assert {"first_id": None, "last_id": None, "has_more": False, "object": "list"}[missing] == getattr(found, missing)


@pytest.mark.parametrize("empty", ["", None])
def test_ids_of_empty_pages(empty):
    """An empty page has empty ids or null ones."""
    found = decoded(page(first_id=empty, last_id=empty), ConversationItemList)

    assert ([], empty, empty) == (found.data, found.first_id, found.last_id)


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        (1741900000, 1741900000),
        (1741900000.75, 1741900000),
        (1e400, 0),
        ("1741900000", 1741900000),
        ("1741900000.75", 1741900000),
        ("2025-03-13T21:06:40Z", 1741900000),
        ("2025-03-13T22:06:40.5+01:00", 1741900000),
        ("2025-03-13T21:06:40", 1741900000),
        ("2025-03-13", 1741824000),
        ("yesterday", 0),
        ("", 0),
        ("nan", 0),
        ("0001-01-01T00:00:00Z", -62135596800),
        ("10000-01-01", 0),
        (True, 0),
        ([], 0),
        (2**70, 2**70),
    ],
    ids=repr,
)
def test_when_a_conversation_was_created(came, expected):
    """``created_at`` is whole seconds, however a server writes it, and is written back as it came."""
    sent = {"id": "conv_1", "object": "conversation", "created_at": came, "metadata": {}}
    body = json.dumps(sent).replace("Infinity", "1e400").encode()
    found = CODEC.decode(body, Conversation)

    assert (int, expected) == (type(found.created_at), found.created_at)
    assert plain(sent) == plain(CODEC.to_json(found))


def test_no_time_is_no_time():
    """A ``created_at`` that is null counts as missing, whatever else the server writes in its own way."""
    found = decoded({"id": 7, "created_at": None}, Conversation)

    assert (0, {"id": 7}) == (found.created_at, found.extra)


@pytest.mark.parametrize("kind", [Conversation, ConversationDeletedResource])
def test_ids_that_are_integers(kind):
    """An integer is an id, too; what came is written back."""
    sent = {"id": 7, "object": "x", **({"deleted": True} if kind is ConversationDeletedResource else {"created_at": 1})}
    found = decoded({**sent, "warnings": []}, kind)

    assert "7" == found.id
    assert {**sent, "warnings": []} == {k: v for k, v in encoded(found).items() if k != "metadata"}


@pytest.mark.parametrize(
    ("came", "expected"),
    [(7, "7"), (2**70, str(2**70)), ("b", "b"), (None, None), (True, None), (1.5, None), (["x"], None)],
)
def test_cursors_of_any_kind(came, expected):
    """A cursor may be an integer; one of another kind counts as missing; what came is written back."""
    sent = page(MESSAGE, first_id=came, last_id=came)
    found = decoded(sent, ConversationItemList)

    assert (expected, expected, [Message]) == (found.first_id, found.last_id, [type(item) for item in found.data])
    assert ({} if came is None else {"first_id": came, "last_id": came}) == {
        key: value for key, value in encoded(found).items() if key in {"first_id", "last_id"}
    }


@pytest.mark.parametrize(("member", "came"), [("metadata", []), ("metadata", "a"), ("object", 7), ("object", ["x"])])
def test_members_that_nothing_hangs_on(member, came):
    """Metadata or ``object`` of a wrong kind fail no call: they count as missing, and are written back."""
    found = decoded({"id": "conv_1", "created_at": 1, member: came}, Conversation)

    assert {"metadata": None, "object": "conversation"}[member] == getattr(found, member)
    assert came == encoded(found)[member]


# Answers that are no object


@pytest.mark.parametrize("kind", [Conversation, ConversationDeletedResource, ConversationItemList])
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", r"not JSON \(Expecting value"),
        (b"<html></html>", r"not JSON \(Expecting value"),
        (b'{"id":', r"not JSON \("),
        (b'{"id":NaN}', r"not JSON \(NaN is not JSON\)"),
        (b"\xff\xfe\x00", r"not JSON \("),
        (b"[" * 100_000, r"not JSON \(the JSON nests too deeply\)"),
        (b"[]", "expected an object, not list @ "),
        (b'"done"', "expected an object, not str @ "),
        (b"null", "expected an object, not NoneType @ "),
        (b"7", "expected an object, not int @ "),
        (b"{}", r"required field missing @ \$\.(id|data)"),
    ],
)
def test_what_is_no_response(kind, body, complaint):
    """A response that is no JSON object, or lacks what it must have, is one clear error, never a raw decoding error."""
    with pytest.raises(DecodeError, match=complaint):
        CODEC.decode(body, kind)


def test_errors_show_no_content():
    """An error says what kind of value stands where, and never the value."""
    with pytest.raises(DecodeError) as caught:
        decoded({"id": ["a secret"], "deleted": "a secret"}, ConversationDeletedResource)

    assert "secret" not in str(caught.value)
    assert str(caught.value).count(" @ $.") == 2


# What other servers send


def test_metadata_of_other_servers():
    """Metadata may be null, empty, missing, or hold values that are not strings: they stay what they are."""
    assert decoded({"id": "c", "metadata": None, "created_at": 1}, Conversation).metadata is None
    assert {} == decoded({"id": "c", "metadata": {}, "created_at": 1}, Conversation).metadata
    found = decoded({"id": "c", "created_at": 1, "metadata": {"a": 1, "b": 1.0, "c": True, "d": [2**70]}}, Conversation)

    assert plain({"a": 1, "b": 1.0, "c": True, "d": [2**70]}) == plain(found.metadata)


def test_top_level_extras():
    """Fields that nobody knows are kept, and come out again."""
    sent = {"id": "c", "object": "conversation", "created_at": 1, "metadata": {}, "warnings": ["deprecated"]}

    assert {"warnings": ["deprecated"]} == decoded(sent, Conversation).extra
    assert sent == encoded(decoded(sent, Conversation))


def test_status_null():
    """A status that is null counts as not there."""
    found = decoded({**MESSAGE, "status": None})

    assert (Message, None) == (type(found), found.status)
    assert "status" not in encoded(found)


def test_content_as_a_string():
    """Content that is a plain string stays one; its parts and its text can be asked for all the same."""
    found = decoded({**MESSAGE, "content": "Hi"})

    assert ("Hi", "Hi", "Hi") == (found.content, found.text, found.parts[0].text)
    assert "Hi" == encoded(found)["content"]


@pytest.mark.parametrize("summary", [{}, {"summary": None}])
def test_reasoning_without_a_summary(summary):
    """A missing summary is an empty one, which the API wants to be sent."""
    found = decoded({"type": "reasoning", "id": "rs_1", "encrypted_content": "x", **summary})

    assert (Reasoning, []) == (type(found), found.summary)
    assert [] == encoded(found)["summary"]


def test_deletions_of_old_servers():
    """Old servers answer the deletion of an item with the item's id: read as a conversation, and ``object`` tells."""
    found = decoded({"id": "msg_1", "object": "conversation.item.deleted", "deleted": True}, Conversation)

    assert ("msg_1", "conversation.item.deleted", 0) == (found.id, found.object, found.created_at)
    assert {"deleted": True} == found.extra


def test_a_reference_without_its_type():
    """An object that has only an id is a reference to an item; a message may come without its type."""
    assert ItemReference is type(decoded({"id": "msg_1"}))
    assert Message is type(decoded({"role": "user", "content": "Hi"}))
    assert UnknownItem is type(decoded({"role": 7, "content": "Hi"}))
    assert UnknownItem is type(decoded({"type": None, "role": "user", "content": "Hi"}))


def test_errors_of_older_apis():
    """The error of an MCP call was a string once."""
    call = {"type": "mcp_call", "id": "mcp_1", "arguments": "{}", "name": "n", "server_label": "s"}

    assert "timed out" == decoded({**call, "error": "timed out"}).error
    assert UnknownObject is type(decoded({**call, "error": {"type": "new_error"}}).error)
    assert (McpCall, 7) == (type(decoded({**call, "error": {"type": "http_error", "code": 7, "message": "m"}})), 7)


@pytest.mark.parametrize("absent", [{}, {"environment": None}])
def test_required_nulls_are_written(absent):
    """A field that must be there and may be null is written as null, also when a server left it out."""
    call = {"type": "shell_call", "id": "sh_1", "call_id": "c", "action": {"commands": []}, **absent}
    sent = encoded(decoded(call))

    assert ShellCall is type(decoded(call))
    assert {"environment": None, "action": {"commands": [], "max_output_length": None, "timeout_ms": None}} == {
        name: sent[name] for name in ("environment", "action")
    }


# Values


@pytest.mark.parametrize(
    "number",
    [0, 1, -1, 1.0, -0.0, True, False, 12345678901234567890, 2**64, -(2**63) - 1, 1e19, 1.5e300, "1", "true"],
    ids=repr,
)
def test_numbers_stay_what_they_are(number):
    """Integers of any size, floats, booleans and strings are never turned into each other."""
    item = {"type": "file_search_call", "id": "fs_1", "queries": [], "results": [{"attributes": {"a": number}}]}
    found = decoded(item)

    assert FileSearchCall is type(found)
    assert plain(number) == plain(found.results[0].attributes["a"])
    assert plain(number) == plain(encoded(found)["results"][0]["attributes"]["a"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", None),
        ("role", 7),
        ("role", ["user"]),
        ("role", {"a": 1}),
        ("content", None),
        ("content", 7),
        ("content", {"type": "input_text", "text": "Hi"}),
        ("status", 7),
        ("id", 7),
        ("phase", False),
    ],
)
def test_nothing_is_coerced(field, value):
    """A value of another kind is never made to fit: the item is unknown then, and complete."""
    found = decoded({**MESSAGE, field: value})

    assert UnknownItem is type(found)
    assert {**MESSAGE, field: value} == found.data


@pytest.mark.parametrize(
    "part",
    [
        {"type": "hologram", "a": 1},
        {"type": "input_text"},
        {"type": "input_text", "text": 7},
        {"type": ["input_text"], "text": "Hi"},
        {"text": "Hi"},
        "Hi",
        7,
        2**70,
        None,
        [[]],
    ],
)
def test_parts_that_do_not_fit(part):
    """A part that is new, or does not fit, becomes an UnknownContent; the message around it is read."""
    found = decoded({**MESSAGE, "content": [{"type": "input_text", "text": "Hi"}, part]})

    assert (Message, UnknownContent) == (type(found), type(found.content[1]))
    assert part == found.content[1].data
    assert "Hi" == found.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"score": "1"}, UnknownItem),
        ({"score": True}, UnknownItem),
        ({"score": 1}, FileSearchCall),
        ({"score": 2**70}, FileSearchCall),
        ({"attributes": ["a"]}, UnknownItem),
        ({"attributes": {"a": None}}, UnknownItem),
        ({"attributes": {"a": [1]}}, UnknownItem),
        ({"attributes": {"a": 2**70}}, FileSearchCall),
    ],
)
@pytest.mark.parametrize("exactly", [False, True])
def test_values_deep_inside(changes, expected, exactly):
    """What is wrong deep inside an item is seen by both converters."""
    item = {"type": "file_search_call", "id": "fs_1", "queries": [], "results": [changes]}
    found = decoded({**item, "x_large": 2**70} if exactly else item)

    assert expected is type(found)
    assert plain(item) == plain({k: v for k, v in encoded(found).items() if k != "x_large"})


@pytest.mark.parametrize(
    ("error", "expected"), [({"code": 2**70}, 2**70), ({"code": "500"}, None), ({"code": 500.0}, None), ({}, None)]
)
def test_integers_deep_inside(error, expected):
    """An integer of any size is one; a float or a text is none, and what holds it becomes unknown."""
    call = {"type": "mcp_call", "id": "mcp_1", "arguments": "{}", "name": "n", "server_label": "s"}
    found = decoded({**call, "error": {"type": "http_error", "message": "m", **error}}).error

    assert (UnknownObject if expected is None else HttpError) is type(found)
    assert expected == getattr(found, "code", None)


@pytest.mark.parametrize(
    ("tag", "expected"), [("base64", InlineSkillSource), ("zip", UnknownObject), (None, UnknownObject)]
)
def test_tags_of_nested_objects(tag, expected):
    """An object whose tag is not the one that its place asks for is kept as an unknown one."""
    source = {"type": tag, "media_type": "application/zip", "data": ""}
    skill = {"type": "inline", "name": "n", "description": "d", "source": source}
    tool = {"type": "shell", "environment": {"type": "container_auto", "skills": [skill]}}
    found = decoded({"type": "additional_tools", "id": "at_1", "role": "developer", "tools": [tool]}).tools[0]

    assert expected is type(found.environment.skills[0].source)


def test_a_class_takes_only_its_tag():
    """Who asks for one class is not given another."""
    with pytest.raises(DecodeError, match=r"^expected message @ \$\.type$"):
        decoded({**MESSAGE, "type": "reasoning"}, Message)


@pytest.mark.parametrize(
    ("numbers", "expected"), [([1, 2**70], OutputText), ([1.0], UnknownContent), (["1"], UnknownContent)]
)
def test_lists_of_integers(numbers, expected):
    """Each member of a list is checked, too."""
    logprob = {"token": "t", "logprob": -1, "bytes": numbers, "top_logprobs": []}
    part = {"type": "output_text", "text": "t", "annotations": [], "logprobs": [logprob]}
    found = decoded({**MESSAGE, "content": [part]})

    assert expected is type(found.content[0])
    assert plain(part) == plain(encoded(found)["content"][0])


def test_words_that_are_known_are_shared():
    """Words of an enumeration are one string for all items: a long listing holds them once."""
    first, second = decoded({**MESSAGE, "role": "assistant"}), decoded({**MESSAGE, "role": "assistant"})

    assert first.role is second.role


def test_a_union_by_itself():
    """Any annotation can be decoded, not only classes."""
    assert "Hi" == decoded({"type": "input_text", "text": "Hi"}, MessageContent).text


def test_one_codec_per_process():
    """Hooks are built once per process."""
    assert codec() is codec()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":[1,1.5]}', {"a": [1, 1.5]}),
        (b"[12345678901234567890123]", [12345678901234567890123]),
        (rb'"\ud83d"', "\ud83d"),
    ],
)
def test_loads(body, value):
    """Any JSON is read, with integers of any size and half a surrogate pair, which the fast reader does not take."""
    assert value == Codec().loads(body)


def test_loads_what_is_no_json():
    """What no reader takes is an error."""
    with pytest.raises(ValueError, match=r"Expecting|unexpected|char"):
        Codec().loads(b'{"a":')
