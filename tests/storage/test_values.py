"""Text and JSON of any kind come back as they were."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest
from hypothesis import given, strategies as st

from openai_conversations.storage.values import dump_json, from_sql, load_json, to_sql

TEXT = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(TEXT)
def test_text(text):
    """Any string comes back from SQLite, half characters included."""
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        (stored,) = db.execute("SELECT ?", (to_sql(text),)).fetchone()

    assert text == from_sql(stored)


def test_no_text():
    """Nothing stays nothing."""
    assert to_sql(None) is None


@given(JSON)
def test_json(value):
    """Any JSON comes back, integers of any length and half characters included, and is ASCII on the way."""
    text = dump_json(value)

    assert text.isascii()
    assert value == load_json(text)


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, b"\xff", None])
def test_json_no_more(text):
    """What is JSON no more is told, not lost."""
    assert {"unreadable": text if isinstance(text, str) else repr(text)} == load_json(text)


def nested():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


def test_never_json():
    """What is no JSON is an error at once."""
    endless = []
    endless.append(endless)
    for value in (endless, nested()):
        with pytest.raises(ValueError):
            dump_json(value)
    with pytest.raises(TypeError):
        dump_json({"a": object()})
    assert json.loads(dump_json(float("inf"))) == float("inf")
