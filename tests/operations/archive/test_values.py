"""JSON values and times as text: whatever they are, nothing is lost on the way and nothing raises."""

from __future__ import annotations

import json
import math

import pytest

from openai_conversations.operations.archive.render.values import flat_json, hint, json_in, json_text, time_text


def nested(depth: int) -> object:
    value: object = "deep"
    for level in range(depth):
        value = {"a": value} if level % 2 else [value, {}]
    return value


def test_short():
    """What fits into a line stays in one."""
    assert '{"a": [1, 2.5, null, "ü"]}' == json_text({"a": [1, 2.5, None, "ü"]})


def test_long():
    """What does not fit gets line breaks, and is the same value."""
    value = {"list": [f"item {index}" for index in range(20)], "object": {"a": {}, "b": []}}

    assert value == json.loads(json_text(value))
    assert '{\n  "list": [\n    "item 0",\n' in json_text(value)


@pytest.mark.parametrize("depth", [100, 3000])
def test_deep(depth):
    """However deep it nests, all of it is shown."""
    assert depth // 2 == json_text(nested(depth)).count('"a"')
    assert "deep" in flat_json(nested(depth))


@pytest.mark.parametrize(("value", "expected"), [(math.inf, "Infinity"), (math.nan, "NaN"), (10**30, "1" + "0" * 30)])
def test_odd_numbers(value, expected):
    """Numbers that JSON does not have are shown as Python shows them in JSON, and large ones whole."""
    assert f"[{expected}]" == json_text([value])


@pytest.mark.parametrize(
    "text",
    ["", "words", "12", '"a"', "{", "[1e999]", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000],
    ids=lambda text: text[:9],
)
def test_no_json(text):
    """A text that is no object and no list, or would lose something, stays a text."""
    assert json_in(text) is None


def test_json_in():
    """An object or a list is read, with integers of any size."""
    assert {"a": [10**30, 0.5]} == json_in(f' {{"a": [{10**30}, 0.5]}}')


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1767225600, "2026-01-01"),
        (1767225600.9, "2026-01-01"),
        ("1767225600", "2026-01-01"),
        (0, "1970-01-01"),
        (1767225600000, "1767225600000 (not a time in seconds)"),
        (-1, "-1 (not a time in seconds)"),
        (math.nan, "NaN (not a time in seconds)"),
        (math.inf, "Infinity (not a time in seconds)"),
        (10**400, f"{'1' + '0' * 159}… (not a time in seconds)"),
        ("yesterday", "yesterday (not a time in seconds)"),
        ({"at": 1}, '{"at": 1} (not a time in seconds)'),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_times(seconds, expected):
    """A time is shown in UTC; what is none is shown as it stands."""
    assert expected == time_text(seconds, "%Y-%m-%d")


def test_hint():
    """A hint is one line, and cut."""
    assert "a b" == hint("a\n\n b")
    assert '{"a": 1}' == hint({"a": 1})
    assert "" == hint(None)
    assert 161 == len(hint("x" * 1000))
