"""Whether stored items are those that were sent: the same, perhaps the same, or something else for certain."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, strategies as st

from openai_conversations.writing.compare import Match, is_alike, is_as_sent, is_palindrome, is_same, judge, kind_of
from openai_conversations.writing.open_turns import OUTPUT_OF_A_TURN


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

SAME = [
    pytest.param(user("Hi"), stored("Hi"), id="a string becomes a part"),
    pytest.param(user("Hi", type="message"), stored("Hi"), id="with and without type"),
    pytest.param(user("Hi", phase=None), stored("Hi"), id="null and missing"),
    pytest.param(user([{"type": "input_text", "text": "Hi"}]), stored("Hi", part="text"), id="kinds of text"),
    pytest.param(
        {"role": "assistant", "content": [{"type": "output_text", "text": "Hi", "annotations": [{"type": "x"}]}]},
        stored("Hi", role="assistant", part="output_text"),
        id="annotations",
    ),
    pytest.param(user("Hi"), {"role": "user", "content": "Hi"}, id="a string stays one"),
    pytest.param({"role": "system", "content": "Hi"}, stored("Hi", role="developer"), id="two words for one role"),
    pytest.param(CALL, {**CALL, "id": "fc_1", "status": "completed", "created_by": "x"}, id="what servers add"),
    pytest.param({**CALL, "future": 1}, {**CALL, "id": "fc_1"}, id="a field that the server does not know"),
    pytest.param(CALL, {**CALL, "arguments": '{"a":1.0}'}, id="arguments that are the same JSON"),
    pytest.param(
        {**CALL, "arguments": '{"b": "\u00fc", "a": 1.50}'},
        {**CALL, "arguments": '{"a":1.5,"b":"\\u00fc"}'},
        id="sorted keys",
    ),
    pytest.param(REASONING, REASONING, id="reasoning with the same id"),
    pytest.param(
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        id="encrypted content is shown on demand",
    ),
    pytest.param({**CALL, "n": 1}, {**CALL, "n": 1.0}, id="a number is a number"),
]

NOT_SURE = [
    pytest.param(user("a b"), stored("a  b\n"), id="white space"),
    pytest.param(user("a\x00b"), stored("ab"), id="what databases cannot hold"),
    pytest.param(user("e\u0301"), stored("\u00e9"), id="another normal form"),
    pytest.param(user("Secret"), stored("***"), id="masked"),
    pytest.param(user("Hi"), stored("hi"), id="lower case"),
    pytest.param(user("a" * 100), stored("a" * 50), id="truncated"),
    pytest.param(user("Hi"), {**stored("Hi"), "content": None}, id="content that is not shown"),
    pytest.param(
        user([{"type": "input_text", "text": "a"}, {"type": "input_file", "filename": "f"}]),
        stored("a"),
        id="a part that was dropped",
    ),
    pytest.param(
        user([{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]),
        stored("ab"),
        id="parts joined",
    ),
    pytest.param(CALL, {**CALL, "arguments": json.dumps({"a": 2**53 + 1 + 0.0})}, id="another number"),
    pytest.param(
        IMAGE,
        {**IMAGE, "type": "message", "content": [{**IMAGE["content"][0], "image_url": "https://b/2.png"}]},
        id="an image that was moved",
    ),
    pytest.param(
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"type": "reasoning", "id": "rs_2", "summary": []},
        id="reasoning of which nothing can be compared",
    ),
    pytest.param(
        {"type": "function_call", "id": "x", "call_id": "1", "name": "f", "arguments": "{}"},
        {"type": "function_call", "id": "x", "call_id": "2", "name": "f", "arguments": "{}"},
        id="one id for two items",
    ),
    pytest.param({**CALL, "n": 1}, {**CALL, "n": True}, id="a number is no boolean"),
    pytest.param(
        {**CALL, "caller": {"type": "program", "caller_id": "1"}},
        {**CALL, "caller": {"type": "direct"}},
        id="another kind of object inside",
    ),
    pytest.param({"type": "item_reference", "id": "msg_9"}, stored("Hi"), id="a reference"),
    pytest.param({"id": "msg_9"}, stored("Hi"), id="a reference without type"),
    pytest.param({"type": "compaction_trigger"}, {"type": "compaction", "id": "cmp_1"}, id="a trigger"),
    pytest.param(user("Hi"), {"type": "hologram", "id": "h_1"}, id="a type that nobody knows"),
]

ANOTHER = [
    pytest.param(user("Hi"), stored("Hi", role="assistant"), id="another role"),
    pytest.param(user("Hi"), {**CALL, "id": "fc_1"}, id="another type"),
]


@pytest.mark.parametrize(("sent", "found"), SAME)
def test_same(sent, found):
    """What servers add or write otherwise proves nothing: the item is what was sent, and it is found."""
    assert is_same(sent, found)
    assert Match(stored=[found]) == judge([sent], [found])
    assert is_as_sent([sent], [found])


@pytest.mark.parametrize(("sent", "found"), NOT_SURE)
def test_not_sure(sent, found):
    """What may be the sent item, rewritten, is neither taken for it nor for a proof that it is absent."""
    match = judge([sent], [found])

    assert not is_same(sent, found)
    assert (None, False) == (match.stored, match.is_absent)
    assert match.known


@pytest.mark.parametrize(("sent", "found"), ANOTHER)
def test_another(sent, found):
    """No server turns an item into one of another type, or a message into one of another role: ours is absent."""
    assert Match(is_absent=True) == judge([sent], [found])
    assert not is_as_sent([sent], [found])


def messages(texts):
    """Lower case letters are messages of the assistant, capitals those of a user."""
    return [stored(c, n, role="user" if c.isupper() else "assistant") for n, c in enumerate(texts)]


@pytest.mark.parametrize(
    ("sent", "behind", "expected"),
    [
        ("A", "", "absent"),
        ("A", "xyz", "absent"),
        ("A", "xyA", "stored"),
        ("AB", "AB", "stored"),
        ("AA", "AA", "stored"),
        ("A", "B", "unclear"),
        ("A", "BA", "unclear"),
        ("A", "AB", "unclear"),
        ("A", "AA", "unclear"),
        ("A", "Ax", "unclear"),
        ("AB", "BA", "unclear"),
        ("AB", "A", "unclear"),
        ("AB", "AxB", "unclear"),
        ("ABC", "AB", "unclear"),
    ],
)
def test_judge(sent, behind, expected):
    """Stored: the items end with ours, and nothing else is of their kind. Absent: nothing is of their kind."""
    match = judge([user(c) for c in sent], messages(behind))

    assert expected == ("stored" if match.stored else "absent" if match.is_absent else "unclear")
    assert (expected == "unclear") is bool(match.resembling)


@pytest.mark.parametrize(
    ("sent", "found", "expected"),
    [
        ("AB", "AB", True),
        ("AB", "XY", True),
        ("AB", "A", False),
        ("AB", "ABC", False),
        ("AB", "BA", False),
        ("ABC", "ACB", False),
        ("AA", "AA", True),
        ("AB", "Ab", False),
    ],
)
def test_what_a_response_confirms(sent, found, expected):
    """A success names as many items, each of its kind, in the order of sending; texts may have been rewritten."""
    assert expected is is_as_sent([user(c) for c in sent], messages(found))


@pytest.mark.parametrize("role", ["unknown", "User", "human", None, ""])
def test_unknown_roles(role):
    """A message of a role that nobody knows may be ours: neither stored nor absent."""
    match = judge([user("A")], [stored("A", role=role)])

    assert (None, False) == (match.stored, match.is_absent)


@pytest.mark.parametrize(
    ("texts", "expected"), [("AA", True), ("ABA", True), ("ABBA", True), ("AB", False), ("ABCA", False), ("AAB", False)]
)
def test_which_end_is_newer(texts, expected):
    """What reads the same from both ends does not tell which of them is the newer one."""
    assert expected is is_palindrome(messages(texts))


def test_triggers_are_not_stored():
    """A trigger is an order and no item: a response that leaves it out confirms the others."""
    assert is_as_sent([user("A"), {"type": "compaction_trigger"}], messages("A"))
    assert is_as_sent([user("A"), {"type": "compaction_trigger"}], [*messages("A"), {"type": "compaction", "id": "c"}])


@pytest.mark.parametrize(("sent", "found"), [*SAME, *NOT_SURE[:3], NOT_SURE[8], NOT_SURE[10]])
def test_alike(sent, found):
    """What an import finds in its target is compared leniently: white space, composed characters, parts, URLs."""
    assert is_alike(sent, found)


def test_not_alike():
    """Another text is another item, however lenient."""
    assert not is_alike(user("a"), stored("b"))


def test_kinds():
    """A kind is the type, for messages with the role; what stands for others is of any kind."""
    assert ("message", "user") == kind_of(user("a"))
    assert ("message", "developer") == kind_of({"role": "system", "content": ""})
    assert ("function_call", "") == kind_of(CALL)
    assert ("", "") == kind_of({"id": "msg_1"}) == kind_of({"type": "compaction_trigger"})


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

    assert is_same(sent, found) is any(value not in (None, [], {}) for value in fields.values())


@given(text=st.text(), other=st.text())
def test_texts(text, other):
    """Two texts are the same only when they are equal."""
    assert is_same(user(text), stored(other)) is (text == other or _is_json(text, other))


def _is_json(text, other):
    """Whether both are one JSON object or array, written otherwise."""
    try:
        read = [json.loads(each) for each in (text, other)]
    except ValueError:
        return False
    return read[0] == read[1] and isinstance(read[0], (dict, list))


def told(text):
    return {"type": "message", "id": f"msg_{text}", "role": "user", "content": [{"type": "input_text", "text": text}]}


@pytest.mark.parametrize(
    ("sent", "behind", "earlier", "expected"),
    [
        ("B", [], ["A"], "absent"),
        ("B", ["B"], ["A"], "stored"),
        ("B", ["A", "B"], ["A"], "stored"),
        ("B", ["A"], ["A"], "unclear"),
        ("B", ["A", "A", "B"], ["A"], "unclear"),
        ("B", ["A", "A", "B"], ["A", "A"], "stored"),
        ("B", ["x", "B"], ["A"], "unclear"),
        ("A", ["A"], ["A"], "unclear"),
        ("A", ["A", "A"], ["A"], "unclear"),
        ("A", ["A"], [" a\n"], "unclear"),
        ("A", ["A"], ["And"], "unclear"),
        ("A", [], ["A"], "absent"),
    ],
)
def test_after_an_earlier_write_of_unknown_outcome(sent, behind, earlier, expected):
    """What a client sent before, and of which nobody can tell, is told from what it sends now unless it is like it."""
    found = judge(
        [{"role": "user", "content": sent}],
        [told(text) for text in behind],
        [{"role": "user", "content": text} for text in earlier],
    )

    outcome = "absent" if found.is_absent else "unclear" if found.stored is None else "stored"
    assert (expected, outcome == "unclear") == (outcome, bool(found.known))


@pytest.mark.parametrize(
    "earlier",
    [
        {"type": "item_reference", "id": "msg_1"},
        {"type": "message", "role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]},
        {"type": "message", "role": "user"},
    ],
)
def test_an_earlier_write_that_cannot_be_compared(earlier):
    """An earlier item of the same kind that is not plain text may be stored as anything."""
    assert judge([{"role": "user", "content": "B"}], [told("B")], [earlier]).stored is None


@pytest.mark.parametrize("tag", [["text"], {"x": 1}, 5, None], ids=str)
def test_types_of_parts_that_are_no_text(tag):
    """Whatever a server writes in place of the type of a part, the items can be compared."""
    item = {"role": "user", "content": [{"type": tag, "text": "a"}]}

    assert is_alike(item, item)
    assert not is_alike(item, {"role": "user", "content": [{"type": "input_image", "text": "b"}]})


@pytest.mark.parametrize(
    ("unresolved", "is_clear"),
    [
        ([], True),
        ([user("another")], True),
        ([{"role": "assistant", "content": "Hi"}], True),
        ([user("Hi")], False),
        ([user("Hi there")], False),
        ([user([{"type": "input_image", "image_url": "u"}])], False),
        ([{"type": "item_reference", "id": "msg_9"}], False),
    ],
)
def test_an_earlier_unknown_outcome(unresolved, is_clear):
    """What may be an earlier write of this client, whose outcome was never known, is not taken for this one."""
    match = judge([user("Hi")], [stored("Hi")], unresolved)

    assert is_clear is (match.stored is not None)


@pytest.mark.parametrize("found", ["text", 7, None, ["Hi"]])
def test_what_is_no_item(found):
    """A listing that holds something else than objects shows nothing of ours, and proves no absence."""
    assert not is_same(user("Hi"), found)
    assert not judge([user("Hi")], [found]).is_absent


def test_strings_that_only_look_like_json():
    """Two texts that begin like JSON and are none are compared as texts."""
    assert not is_same(user("{a"), stored("{b"))
    assert is_same(user("{a"), stored("{a"))


def test_what_nests_too_deep():
    """What nests too deep to be compared is not known to be the same, and raises nothing."""
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"x": deep}
    item = {**user("A"), "x_deep": deep}

    assert not is_same(item, copy.copy(item) | {"x_deep": {"x": {**deep}}})
    assert not is_palindrome([item, {**item, "x_deep": {**deep}}])


@pytest.mark.parametrize(
    ("earlier", "now", "is_told"),
    [
        ("Hello", "Goodbye", True),
        ("\u4f60\u597d", "\u518d\u89c1", True),
        ("1", "2", True),
        ("\U0001f44d", "?", False),
        ("\U0001f44d", "\ufffd", False),
        ("ok \U0001f44d", "ok ?", False),
        ("\u00a1caf\u00e9!", "cafe", False),
        ("\uff28\uff49", "hi", False),
        ("my mail is a@b.example", "my mail is [EMAIL]", False),
        ("Hi Bob", "Hi <PERSON>", False),
        ("the quick brown fox", "the quick bro", False),
        ("one two three", "one three", False),
        ("yes", "***", False),
        ("card 1234", "card XXXX", False),
        ("", "yes", False),
        ("yes, please", "YES", False),
        ("Hello", "\U0001f44d", False),
    ],
)
def test_an_earlier_write_that_may_be_what_is_stored(earlier, now, is_told):
    """Of two messages of unknown outcome, the one that is there may be the first, rewritten: servers add no words."""
    for one, other in ((earlier, now), (now, earlier)):
        match = judge([user(other)], [stored(other)], [user(one)])
        assert is_told is (match.stored is not None)
        assert not match.is_absent
    assert judge([user(now)], [stored(now)]).stored


@pytest.mark.parametrize(
    ("sent", "is_told"),
    [
        (user("Hi"), True),
        ({"type": "function_call_output", "call_id": "c", "output": "1"}, True),
        ({"role": "assistant", "content": "Hi"}, False),
        ({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, False),
        ({"type": "item_reference", "id": "msg_1"}, False),
    ],
    ids=["user", "output of a function", "assistant", "call", "any"],
)
def test_the_output_of_a_turn_that_may_still_come(sent, is_told):
    """What only a caller writes is told from what a model may have written; nothing else is."""
    found = {"type": "message", **sent, "id": "item_1"}

    assert (judge([sent], [found], [OUTPUT_OF_A_TURN]).stored is not None) is is_told


@pytest.mark.parametrize(
    "shown", [{"id": "m"}, {"id": "m", "content": "x"}, {"id": "m", "type": "item_reference"}, {"id": "m", "type": ""}]
)
def test_what_shows_neither_type_nor_role(shown):
    """An item that a server shows without type and role may be any: nothing is absent beside it."""
    match = judge([{"role": "user", "content": "hi"}], [shown])

    assert (False, None, ("m",)) == (match.is_absent, match.stored, match.resembling)


def test_what_nests_too_deep_is_not_alike():
    """What nests too deep to be compared is not known to be what was sent."""
    deep = content = []
    for _ in range(3000):
        content.append([])
        content = content[0]

    assert not is_alike({"role": "user", "content": "hi"}, {"type": "message", "role": "user", "content": deep})
