"""Looking into JSON values that may be anything."""

from __future__ import annotations

import pytest

from openai_conversations.jsontypes import as_array, as_object, is_array, is_object, text_of, type_of

VALUES = [None, True, 0, 1.5, "text", [], [1], {}, {"a": 1}]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_objects_and_arrays(value):
    """A dict is an object and a list an array; anything else counts as an empty one where one is asked for."""
    assert (type(value) is dict, type(value) is list) == (is_object(value), is_array(value))
    assert (value if type(value) is dict else {}) == as_object(value)
    assert (value if type(value) is list else []) == as_array(value)


@pytest.mark.parametrize("value", [*VALUES, {"type": None}, {"type": 7}, {"type": ["text"]}], ids=repr)
def test_no_text(value):
    """A member that is missing or no string is an empty text."""
    assert "" == text_of(value, "type") == type_of(value)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"type": "message", "role": "user"}, "message"),
        ({"role": "user", "content": "Hi"}, "message"),
        ({"type": "reasoning"}, "reasoning"),
        ({"type": "", "role": "user"}, "message"),
        ({"id": "msg_1"}, ""),
    ],
)
def test_types_of_items(item, expected):
    """A message may come without its type."""
    assert expected == type_of(item)
