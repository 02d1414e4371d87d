"""What a copy does not have of the original."""

from __future__ import annotations

import pytest

from openai_conversations.operations.differences import difference, differences


@pytest.mark.parametrize(
    ("original", "copy", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"id": "x"}, {"id": "y"}, []),
        ({"a": 1}, {}, [("lost", "a")]),
        ({}, {"a": 1}, [("added", "a")]),
        ({"a": 1}, {"a": 2}, [("changed", "a")]),
        ({"a": 1}, {"a": 1.0}, [("changed", "a")]),
        ({"a": 1}, {"a": True}, [("changed", "a")]),
        ({"a": None}, {}, [("lost", "a")]),
        ({"a": None}, {"a": []}, [("changed", "a")]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("changed", "a[1]")]),
        ({"a": [1, 2]}, {"a": [1]}, [("changed", "a")]),
        ({"a": [{"b": {"c": 1}}]}, {"a": [{"b": {}}]}, [("lost", "a[0].b.c")]),
        ({"a": {"id": 1}}, {"a": {"id": 2}}, [("changed", "a.id")]),
    ],
)
def test_places(original, copy, found):
    """Each place is named once, with what happened to it; values are equal only with their types."""
    assert found == [(each.kind, each.path) for each in differences(0, original, copy)]


def test_nulls_that_do_not_count():
    """Before sending, a null that is left out is no loss."""
    assert [] == list(differences(0, {"a": None, "b": [{"c": None}]}, {"b": [{}]}, count_nulls=False))


def test_reads_as_a_sentence():
    """A difference says which item, what happened, where and why, and nothing of the content."""
    item = {"type": "reasoning", "id": "rs_1", "summary": [{"text": "secret"}]}

    assert "item 4 (reasoning rs_1) left out: the reasoning is empty" == str(
        difference(3, item, "left_out", reason="the reasoning is empty")
    )
    assert "item 1 (reasoning rs_1) lost summary[0].text" == str(difference(0, item, "lost", "summary[0].text"))
