"""Whether stored items are those that were sent: equal, doubtful or different."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, strategies as st

from openai_conversations.writing.compare import Likeness, Match, compare, find

SAME, UNSURE, DIFFERENT = Likeness.SAME, Likeness.UNSURE, Likeness.DIFFERENT


def user(text, **more):
    """A message as people send it."""
    return {"role": "user", "content": text, **more}


def stored(text, number=1, role="user", part="input_text"):
    """The same as the service stores it."""
    content = [{"type": part, "text": text, "annotations": [], "logprobs": None}]
    return {"type": "message", "id": f"msg_{number}", "status": "completed", "role": role, "content": content}


CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a": 1}'}
IMAGE = {"role": "user", "content": [{"type": "input_image", "image_url": "https://a/1.png", "detail": "auto"}]}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "So."}]}

PAIRS = [
    pytest.param(user("Hi"), stored("Hi"), SAME, id="a string becomes a part"),
    pytest.param(user("Hi", type="message"), stored("Hi"), SAME, id="with and without type"),
    pytest.param(user("Hi", phase=None), stored("Hi"), SAME, id="null and missing"),
    pytest.param(user([{"type": "input_text", "text": "Hi"}]), stored("Hi", part="text"), SAME, id="kinds of text"),
    pytest.param(
        {"role": "assistant", "content": [{"type": "output_text", "text": "Hi", "annotations": [{"type": "x"}]}]},
        stored("Hi", role="assistant", part="output_text"),
        SAME,
        id="annotations",
    ),
    pytest.param(user("Hi"), {"role": "user", "content": "Hi"}, SAME, id="a string stays one"),
    pytest.param(CALL, {**CALL, "id": "fc_1", "status": "completed", "created_by": "x"}, SAME, id="what servers add"),
    pytest.param({**CALL, "future": 1}, {**CALL, "id": "fc_1"}, SAME, id="a field that the server dropped"),
    pytest.param(REASONING, {**REASONING, "summary": []}, SAME, id="the same id"),
    pytest.param({**CALL, "n": 1}, {**CALL, "n": 1.0}, SAME, id="a number is a number"),
    pytest.param(user("a b"), stored("a  b\n"), UNSURE, id="white space"),
    pytest.param(user("a\x00b"), stored("ab"), UNSURE, id="what databases cannot hold"),
    pytest.param(user("e\u0301"), stored("\u00e9"), UNSURE, id="another normal form"),
    pytest.param(
        user([{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]),
        stored("ab"),
        UNSURE,
        id="parts that were joined",
    ),
    pytest.param(user(""), {**stored(""), "content": []}, UNSURE, id="no text and no part"),
    pytest.param(CALL, {**CALL, "arguments": '{"a":1}'}, UNSURE, id="arguments written anew"),
    pytest.param(
        IMAGE,
        {**IMAGE, "type": "message", "content": [{**IMAGE["content"][0], "image_url": "https://b/2.png"}]},
        UNSURE,
        id="an image that was moved",
    ),
    pytest.param({"type": "item_reference", "id": "msg_9"}, stored("Hi"), UNSURE, id="a reference"),
    pytest.param({"id": "msg_9"}, stored("Hi"), UNSURE, id="a reference without type"),
    pytest.param({"type": "item_reference", "id": "msg_1"}, stored("Hi"), SAME, id="a reference that was followed"),
    pytest.param({"type": "compaction_trigger"}, {"type": "compaction", "id": "cmp_1"}, UNSURE, id="a trigger"),
    pytest.param(user("Hi"), {"type": "hologram", "id": "h_1"}, UNSURE, id="a type that nobody knows"),
    pytest.param({"type": "hologram", "n": 1}, {"type": "hologram", "id": "h_1", "n": 2}, DIFFERENT, id="both unknown"),
    pytest.param(user("Hi"), stored("Ho"), DIFFERENT, id="another text"),
    pytest.param(user("Hi"), stored("Hi", role="assistant"), DIFFERENT, id="another role"),
    pytest.param(user("Hi"), {**CALL, "id": "fc_1"}, DIFFERENT, id="another type"),
    pytest.param(CALL, {**CALL, "call_id": "call_2"}, DIFFERENT, id="another call"),
    pytest.param({**CALL, "n": 1}, {**CALL, "n": True}, DIFFERENT, id="a number is no boolean"),
    pytest.param(
        user([{"type": "input_text", "text": "a"}, {"type": "input_file", "filename": "f"}]),
        stored("a"),
        DIFFERENT,
        id="a part that is missing",
    ),
    pytest.param(
        {**CALL, "caller": {"type": "program", "caller_id": "1"}},
        {**CALL, "caller": {"type": "direct"}},
        DIFFERENT,
        id="another kind of object inside",
    ),
    pytest.param(user("Hi"), "Hi", DIFFERENT, id="no object"),
]


@pytest.mark.parametrize(("sent", "found", "expected"), PAIRS)
def test_compare(sent, found, expected):
    """What servers add or change proves nothing, what is not quite equal is a doubt, the rest is a difference."""
    assert expected is compare(sent, found)


@pytest.mark.parametrize(
    ("sent", "found", "runs", "resembling"),
    [
        ("A", "", (), ()),
        ("", "AB", (), ()),
        ("A", "BC", (), ()),
        ("A", "BAC", (1,), ()),
        ("AB", "ABAB", (0, 2), ()),
        ("AA", "AA", (0,), ()),
        ("AA", "AAA", (0, 1), ()),
        ("AB", "BA", (), (0, 1)),
        ("ABC", "AB", (), (0, 1)),
        ("ABC", "ABXC", (), (0, 1, 3)),
        ("ABC", "XABCX", (1,), ()),
    ],
)
def test_find(sent, found, runs, resembling):
    """The sent items are a run, in order and without gaps; what may be a part of them is told when there is no run."""
    match = find([user(c) for c in sent], [stored(c, n) for n, c in enumerate(found)])

    assert Match(runs=runs, resembling=resembling) == match


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdt"), inner, max_size=3),
    max_leaves=8,
)


@given(fields=st.dictionaries(st.sampled_from(["name", "arguments", "x", "y"]), values, max_size=4))
def test_an_item_equals_what_is_stored_of_it(fields):
    """Whatever an item holds, it is the same as itself with what servers add."""
    sent = {"type": "function_call", **fields}
    found = {**copy.deepcopy(sent), "id": "fc_1", "status": "completed", "created_by": None}

    assert SAME is compare(sent, found)


@given(text=st.text(), other=st.text())
def test_texts(text, other):
    """Two texts are the same only when they are equal."""
    assert (text == other) is (compare(user(text), stored(other)) is SAME)
