"""Files of conversations: what an export holds, and how a damaged file is found out."""

from __future__ import annotations

import hashlib
import json

import pytest

from openai_conversations.converters.json import dumps
from openai_conversations.converters.lossless import loads_lossless
from openai_conversations.limits import INCLUDE_ALL
from openai_conversations.operations.archive.export import export
from openai_conversations.operations.archive.reader import read_archive, whole_text
from openai_conversations.operations.errors import ArchiveError
from tests.operations.fakes import FakeService, Refuses, caller, user


async def lines_of(*items, **body) -> list[bytes]:
    service = FakeService(page_size=2)
    return [line async for line in export(caller(service), service.conversation(*items, **body))]


async def test_manifest():
    """The first line tells format, version, source, time, conversation, include, counts and hashes."""
    lines = await lines_of({**user("a"), "id": "m"}, {"type": "reasoning", "id": "rs"}, metadata={"user": "42"})

    assert {
        "format": "openai_conversations/conversation",
        "version": 1,
        "conversation": {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {"user": "42"}},
        "source": "http://fake/v1",
        "exported_at": "1970-01-01T00:16:40.000Z",
        "include": list(INCLUDE_ALL),
        "include_refused": [],
        "items": 2,
        "types": {"message": 1, "reasoning": 1},
        "sha256": hashlib.sha256(b"".join(lines[1:])).hexdigest(),
        "digests": [hashlib.sha256(line[:-1]).hexdigest()[:8] for line in lines[1:]],
    } == json.loads(lines[0])


async def test_every_line_is_one_item():
    """Every other line is one item, oldest first, from every page, as the server wrote it."""
    items = [
        {"type": "message", "id": f"m{number}", "role": "user", "content": f"line\nbreak {number}", "odd": None}
        for number in range(5)
    ]

    lines = await lines_of(*items)

    assert items == [json.loads(line) for line in lines[1:]]
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines)


@pytest.mark.parametrize(
    "value",
    [12345678901234567890123, 1.0, -0.0, 1e300, True, None, "\ud800", "\u2028", {"deep": [[[{"x": 1}]]]}, "NaN"],
    ids=ascii,
)
async def test_nothing_is_lost(value):
    """Numbers of any size, nulls, lone surrogates and unknown fields come back as they were."""
    item = {"type": "hologram", "id": "x", "value": value}

    archive = read_archive(b"".join(await lines_of(item)), loads_lossless)

    assert repr([item]) == repr(list(archive.items))


@pytest.mark.parametrize("ends", ["\n", "\r\n", ""], ids=["lf", "crlf", "lines"])
@pytest.mark.parametrize("kind", ["text", "bytes", "list", "async"])
async def test_ways_to_give_a_file(ends, kind):
    """Text or bytes, a whole or lines, with either kind of line ends or none."""
    texts = [line.decode().rstrip("\n") for line in await lines_of("a", "b")]
    whole = (ends or "\n").join(texts) + ends

    async def later():
        for text in texts:
            yield text + ends

    given = {"text": whole, "bytes": whole.encode(), "list": [text + ends for text in texts], "async": later()}

    archive = read_archive(await whole_text(given[kind]), loads_lossless)

    assert (2, "") == (len(archive.items), archive.damage)


async def test_byte_order_mark():
    """A mark at the beginning, as some editors write it, does no harm."""
    assert 1 == len(read_archive(b"\xef\xbb\xbf" + b"".join(await lines_of("a")), loads_lossless).items)


def changed(line: bytes) -> bytes:
    return line.replace(b'"text":"', b'"text":"X')


DAMAGES = {
    "cut inside the last line": (lambda lines: [*lines[:3], lines[3][:20]], 4, 2, "2 of 3 items are whole"),
    "last line missing": (lambda lines: lines[:3], 4, 2, "ends here, after 2 of 3"),
    "only the manifest": (lambda lines: lines[:1], 2, 0, "after 0 of 3"),
    "a line changed": (lambda lines: [*lines[:2], changed(lines[2]), lines[3]], 3, 1, "hash differs"),
    "a line repeated": (lambda lines: [*lines[:2], lines[1], *lines[2:]], 3, 1, "hash differs"),
    "a line too many": (lambda lines: [*lines, lines[1]], 5, 3, "more items than the 3"),
    "lines swapped": (lambda lines: [lines[0], lines[2], lines[1], lines[3]], 2, 0, "hash differs"),
    "a blank line inside": (lambda lines: [*lines[:2], b"\n", *lines[2:]], 3, 1, "not JSON"),
    "a line that is no object": (lambda lines: [*lines[:2], b"[]\n", lines[3]], 3, 1, "not an item"),
}


@pytest.mark.parametrize(("damage", "line", "sound", "words"), DAMAGES.values(), ids=DAMAGES)
async def test_damage(damage, line, sound, words):
    """A damaged file is refused with the first line that is wrong; when asked, the items before it are taken."""
    broken = b"".join(damage(await lines_of("a", "b", "c")))

    with pytest.raises(ArchiveError, match=words) as caught:
        read_archive(broken, loads_lossless)
    archive = read_archive(broken, loads_lossless, allow_damaged=True)

    assert (line, sound, str(caught.value)) == (caught.value.line, len(archive.items), archive.damage)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"items": -1},
        {"items": "3"},
        {"items": True},
        {"sha256": None},
        {"digests": {}},
        {"conversation": []},
        {"source": 1},
    ],
    ids=str,
)
async def test_bad_manifest(change):
    """A manifest of another version, or one that is not whole, is refused with line 1."""
    lines = await lines_of("a")
    manifest = dumps({**json.loads(lines[0]), **change}) + b"\n"

    with pytest.raises(ArchiveError) as caught:
        read_archive(manifest + lines[1], loads_lossless)

    assert 1 == caught.value.line


async def test_changed_hash():
    """A hash of the whole that does not fit is found out even where the hashes of the lines are gone."""
    lines = await lines_of("a")
    manifest = dumps({**json.loads(lines[0]), "digests": []}) + b"\n"

    assert 1 == len(read_archive(manifest + lines[1], loads_lossless).items)
    with pytest.raises(ArchiveError, match="hash differs"):
        read_archive(manifest + changed(lines[1]), loads_lossless)


async def test_unknown_members_of_the_manifest():
    """What a later version adds to the manifest does not matter."""
    lines = await lines_of("a")
    manifest = dumps({**json.loads(lines[0]), "signature": "x"}) + b"\n"

    assert 1 == len(read_archive(manifest + lines[1], loads_lossless).items)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", 1),
        (b"\n \n", 1),
        (b"hello", 1),
        (b'{"a": 1}', 1),
        (b"[]", 1),
        (b"[1, 2]", 1),
        (b'{"format": "openai_conversations/conv', 1),
        (b'[\n {"role": "user", "content": "a"},\n {"role": "user" "content": "b"}\n]', 3),
        (b'{"role": "user", "content": "a"}\n{"role": "user", "conte', 2),
        (b'{"messages": []}\n{"messages": []}', 2),
        (b"\xff\xfe\x00", 1),
    ],
    ids=ascii,
)
def test_no_conversation(text, line):
    """What is no conversation is refused with the line where that shows."""
    with pytest.raises(ArchiveError) as caught:
        read_archive(text, loads_lossless)

    assert line == caught.value.line


async def test_refused_fields():
    """The manifest says which fields the server refused to show; a file that does not say so has none."""
    service = Refuses("web_search_call.results")

    lines = [line async for line in export(caller(service), service.conversation("a"))]
    manifest = read_archive(b"".join(lines), loads_lossless).manifest

    assert (("web_search_call.results",), len(INCLUDE_ALL) - 1) == (manifest.include_refused, len(manifest.include))
