"""What is kept of things that this version does not know."""

from __future__ import annotations

from typing import Any

import pytest

from openai_conversations.schemas.unknown import Unknown, UnknownContent, UnknownItem, UnknownObject, UnknownTool


@pytest.mark.parametrize(
    ("data", "tag"),
    [
        ({"type": "new", "id": "x"}, "new"),
        ({"id": "x"}, ""),
        ({"type": None}, ""),
        ({"type": 7}, ""),
        ([1, 2], ""),
        ("text", ""),
        (None, ""),
    ],
)
def test_type(data: Any, tag: str) -> None:
    """``type`` is the tag in the data, and empty when there is none or it is no text."""
    assert tag == UnknownContent(data=data).type


@pytest.mark.parametrize(
    ("data", "expected"), [({"type": "new", "id": "x"}, "x"), ({"type": "new"}, ""), ({"id": None}, ""), ([], "")]
)
def test_id(data: Any, expected: str) -> None:
    """``id`` of an item is the one in the data, and empty when there is none or it is no text."""
    assert expected == UnknownItem(data=data).id


def test_repr_shows_no_values() -> None:
    """A repr has the type, the id and the names of the keys: a value may be a secret."""
    item = UnknownItem(data={"type": "new", "id": "x_1", "headers": {"Authorization": "Bearer s3cr3t"}})

    assert repr(item) == "UnknownItem(type='new', id='x_1', data=<type, id, headers>)"


@pytest.mark.parametrize(
    ("data", "shown"), [("s3cr3t", "str"), (["s3cr3t"], "list"), (None, "NoneType"), ({}, ""), ({"a": "s3cr3t"}, "a")]
)
def test_repr_of_any_json(data: Any, shown: str) -> None:
    """A value that is no object shows its Python type only."""
    assert repr(UnknownTool(data=data)) == f"UnknownTool(data=<{shown}>)"


def test_equality_compares_data() -> None:
    """Unknown values of one family are equal when their data is."""
    assert UnknownTool(data={"type": "a"}) == UnknownTool(data={"type": "a"})
    assert UnknownTool(data={"type": "a"}) != UnknownTool(data={"type": "b"})
    assert UnknownTool(data={"type": "a"}) != UnknownObject(data={"type": "a"})


def test_all_families_are_unknown() -> None:
    """One ``isinstance`` finds them all."""
    assert isinstance(UnknownItem(data={}), Unknown)
    assert isinstance(UnknownObject(data={}), Unknown)
