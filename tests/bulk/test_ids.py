"""Ids from files and iterables."""

from __future__ import annotations

import pytest

from openai_conversations.bulk.errors import IdsFileError
from openai_conversations.bulk.ids import batches, ids_of_file
from openai_conversations.errors import InvalidArgumentError


async def read(source):
    return [id async for batch in batches(source) for id in batch]


async def test_file(tmp_path):
    """A file holds bare ids, JSON strings and JSON objects with an id; empty lines and comments are skipped."""
    path = tmp_path / "ids.txt"
    path.write_bytes(
        b'\xef\xbb\xbfconv_1\r\n\n# a comment\n  conv_2  \n"conv_3"\n{"id":"conv_4","metadata":{}}\nconv_5'
    )

    assert ["conv_1", "conv_2", "conv_3", "conv_4", "conv_5"] == await read(path) == await read(str(path))


@pytest.mark.parametrize(
    "line",
    [
        "two words",
        "a/b",
        "a,b",
        '{"id":"a,b"}',
        "id",
        "Conversation_ID",
        '"id"',
        "a;b",
        "a\u200bb",
        '{"name":"conv_1"}',
        "{",
        '"',
        '""',
        "[1]?",
    ],
)
def test_bad_line(tmp_path, line):
    """A line without an id is an error that names file and line."""
    path = tmp_path / "ids.txt"
    path.write_text(f"conv_1\n{line}\n", encoding="utf-8")

    with pytest.raises(IdsFileError, match=r"ids\.txt: line 2 has no id") as caught:
        list(ids_of_file(path))

    assert 2 == caught.value.line


def test_binary(tmp_path):
    """A file that is no text is an error as well."""
    path = tmp_path / "ids.txt"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(IdsFileError):
        list(ids_of_file(path))


async def test_missing_file(tmp_path):
    """A file that is not there is the error of the system."""
    with pytest.raises(FileNotFoundError):
        await read(tmp_path / "none")


async def test_iterables():
    """Ids come from any iterable, in batches."""
    ids = [f"conv_{number}" for number in range(2500)]

    async def later():
        for id in ids:
            yield id

    assert [1000, 1000, 500] == [len(batch) async for batch in batches(iter(ids))]
    assert [1000, 1000, 500] == [len(batch) async for batch in batches(later())]
    assert ids == await read(ids) == await read(later())


@pytest.mark.parametrize("bad", ["", None, 3])
async def test_bad_ids(bad):
    """What is no id is refused."""
    with pytest.raises(InvalidArgumentError, match="ids must be strings"):
        await read(["conv_1", bad])
