"""JSON bytes and JSON values, without loss."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import json
import math
import types
import uuid

import pytest
from hypothesis import given

from openai_conversations.converters.codec import lost_digits
from openai_conversations.converters.json import dumps, loads, loads_exact, walk
from openai_conversations.converters.lossless import loads_lossless
from tests.strategies import anything, plain


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 2


class Shade(enum.StrEnum):
    DARK = "dark"


class Pair(enum.Enum):
    BOTH = (1, "b")


@dataclasses.dataclass
class Box:
    held: object
    _private: int = 0


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@given(anything)
def test_what_is_written_can_be_read(value):
    """Every JSON value comes back as it was, down to the kind of its numbers; other programs read the same."""
    body = dumps({"x_a": value})

    assert plain({"x_a": value}) == plain(loads_exact(body)) == plain(json.loads(body))


@given(anything)
def test_both_readers_agree_on_what_fits_64_bits(value):
    """The fast reader differs from the exact one in integers beyond 64 bits, and in nothing else."""
    small = [node for _, node in walk(value) if isinstance(node, int) and not -(2**63) <= node < 2**64]
    if not small:
        assert plain(loads_exact(dumps(value))) == plain(loads(dumps(value)))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"12345678901234567890", 12345678901234567890),
        (b"18446744073709551615", 18446744073709551615),
        (b"18446744073709551616", 18446744073709551616),
        (b"-9223372036854775809", -9223372036854775809),
        (b"[1,1.0,true]", [1, 1.0, True]),
        (b'"\\ud800"', "\ud800"),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b' {"a" : null}\n', {"a": None}),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_exact(body, expected):
    """The exact reader keeps integers of any size, lone surrogates, and the difference between 1, 1.0 and true."""
    assert plain(expected) == plain(loads_exact(body))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'a':1}", b"[1,]", b"nul", b"NaN", b"[Infinity]", b"-Infinity", b"\xff", b"<html>", b"{} {}", b"01"],
)
@pytest.mark.parametrize("read", [loads, loads_exact])
def test_what_is_not_json(body, read):
    """What is not JSON is a ValueError, also the words for numbers that JSON does not have."""
    with pytest.raises(ValueError):
        read(body)


def test_too_deep_to_read():
    """JSON that nests without end is a ValueError, not the end of the interpreter's stack."""
    with pytest.raises(ValueError, match="nests too deeply"):
        loads(b"[" * 100_000 + b"]" * 100_000)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, 1.0, True, None]}, b'{"a":[1,1.0,true,null]}'),
        ({"a": "ä€"}, '{"a":"ä€"}'.encode()),
        ({"a": 2**70}, b'{"a":1180591620717411303424}'),
        ({"a": (2**70, "ä")}, '{"a":[1180591620717411303424,"ä"]}'.encode()),
        ({"a": "\ud800"}, b'{"a":"\\ud800"}'),
        (nested(400), b"[" * 401 + b"]" * 401),
        ({"null": "null"}, b'{"null":"null"}'),
    ],
)
def test_written(value, expected):
    """JSON is compact UTF-8; what UTF-8 cannot carry is escaped."""
    assert expected == dumps(value)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"a": [1, math.nan]}, r"\$\.a\[1\] is nan, which JSON cannot carry"),
        ({"a": {"b": math.inf}}, r"\$\.a\.b is inf, which JSON cannot carry"),
        ({"a": 2**70, "b": -math.inf}, r"\$\.b is -inf, which JSON cannot carry"),
        ({"a": [{"b": object()}]}, r"\$\.a\[0\]\.b is of type object, which JSON cannot carry"),
        ({"a": [Box(held=object())]}, r"\$\.a\[0\]\.held is of type object, which JSON cannot carry"),
        ({"a": Box(held=[math.nan])}, r"\$\.a\.held\[0\] is nan, which JSON cannot carry"),
        ({"a": Box}, r"\$\.a is of type type, which JSON cannot carry"),
        ({"a": b"bytes"}, r"\$\.a is of type bytes, which JSON cannot carry"),
        ({"a": {1: 2}}, r"\$\.a has the key 1; the keys of a JSON object are strings"),
        ({"a": {1, 2}}, r"\$\.a is of type set, which JSON cannot carry"),
    ],
)
def test_what_json_cannot_carry(value, complaint):
    """What JSON cannot carry is refused, never changed; the message names its place."""
    with pytest.raises(ValueError, match=complaint):
        dumps(value)


@pytest.mark.parametrize("large", [1, 2**70])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, "red"),
        (Level.HIGH, 2),
        (Shade.DARK, "dark"),
        (Pair.BOTH, [1, "b"]),
        (Box(held=Colour.RED), {"held": "red"}),
        (Box(held={"a": Box(held=None)}), {"held": {"a": {"held": None}}}),
        (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2026-01-02T03:04:05+00:00"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.time(3, 4), "03:04:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (types.MappingProxyType({"a": Colour.RED}), {"a": "red"}),
        (collections.OrderedDict(a=Colour.RED), {"a": "red"}),
    ],
)
def test_python_values(value, expected, large):
    """What orjson writes besides JSON values is written, and in the same way when the rest needs the other writer."""
    assert {"a": [expected], "n": large} == loads_exact(dumps({"a": [value], "n": large}))


def test_what_holds_itself():
    """A value that contains itself is refused; the message says where it does so."""
    endless = {"type": "message"}
    endless["content"] = [{"type": "input_text", "of": endless}]

    with pytest.raises(ValueError, match=r"^\$\.items\[1\]\.content\[0\]\.of contains itself$"):
        dumps({"items": [{}, endless]})


def test_what_nests_too_deeply():
    """A value that nests deeper than 500 levels is refused; the message names where, and stays short."""
    for depth in (501, 5_000):
        with pytest.raises(ValueError, match=r"^\$\.items(\[0\])+.*… nests deeper than 500 levels$") as caught:
            dumps({"items": nested(depth)})
        assert 100 > len(str(caught.value))


def test_what_comes_twice():
    """The same value in two places does not hold itself."""
    shared = {"a": [2**70]}

    assert {"x": [shared, shared], "y": shared} == loads_exact(dumps({"x": [shared, shared], "y": shared}))


@given(anything)
def test_lossless(value):
    """The lossless reader reads what the exact one does."""
    assert plain(loads_exact(dumps(value))) == plain(loads_lossless(dumps(value)))


def test_walk():
    """Every node comes with its path, parents before their members."""
    found = dict(walk({"a": [1, {"b": 2}], "c": (3,)}))

    assert "$" == next(iter(found))
    assert {"$.a[0]": 1, "$.a[1].b": 2, "$.c[0]": 3} == {k: v for k, v in found.items() if isinstance(v, int)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"9223372036854775807", False),
        (b"18446744073709551615", False),
        (b"18446744073709551616", True),
        (b"-9223372036854775809", True),
        (b'{"a":[[{"b":18446744073709551616}]]}', True),
        (b'{"a":"18446744073709551616","b":[0.12345678901234567890,1e18]}', False),
        (b"[" * 900 + b"18446744073709551616" + b"]" * 900, True),
    ],
)
def test_lost_digits(body, expected):
    """What the fast reader may have rounded is found at any depth, and nothing else is."""
    assert expected == lost_digits(loads(body))
