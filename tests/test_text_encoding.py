"""Encodings of files, found out by their first bytes."""

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given, strategies as st

from openai_conversations.bulk.errors import IdsFileError
from openai_conversations.bulk.ids import ids_of_lines
from openai_conversations.text_encoding import as_text, as_utf8, utf8_lines

ENCODINGS = {
    "utf-8": ("utf-8", b""),
    "utf-8 with a mark": ("utf-8", codecs.BOM_UTF8),
    "utf-16 as PowerShell writes it": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16, big end first": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-16 without a mark": ("utf-16-le", b""),
    "utf-16, big end first, without a mark": ("utf-16-be", b""),
    "utf-32": ("utf-32-le", codecs.BOM_UTF32_LE),
    "utf-32, big end first": ("utf-32-be", codecs.BOM_UTF32_BE),
    "utf-32 without a mark": ("utf-32-le", b""),
    "utf-32, big end first, without a mark": ("utf-32-be", b""),
}


@pytest.mark.parametrize(("encoding", "mark"), ENCODINGS.values(), ids=ENCODINGS)
@given(lines=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"))))
def test_every_encoding(encoding, mark, lines):
    """A text is the same in every encoding, whole and line by line, whatever is cut where."""
    text = "\n".join(["[1]", *lines])
    content = mark + text.encode(encoding)

    assert text == as_text(content) == as_utf8(content).decode()
    assert text == b"".join(utf8_lines(io.BytesIO(content))).decode()


@pytest.mark.parametrize(("encoding", "mark"), ENCODINGS.values(), ids=ENCODINGS)
def test_ids(encoding, mark):
    """Ids are read in every encoding, from a file and from standard input alike."""
    content = mark + 'conv_1\r\n# é\r\n{"id": "conv_2"}\r\n'.encode(encoding)

    assert ["conv_1", "conv_2"] == list(ids_of_lines(io.BytesIO(content), "ids"))


def test_cut_off():
    """A text that is cut off in a character is an error with its line."""
    content = codecs.BOM_UTF16_LE + "conv_1\nconv_2".encode("utf-16-le")[:-1]

    with pytest.raises(UnicodeDecodeError):
        as_text(content)
    with pytest.raises(IdsFileError, match="line 2 is not text") as caught:
        list(ids_of_lines(io.BytesIO(content), "ids"))
    assert 2 == caught.value.line


def test_nothing():
    """An empty file is an empty text."""
    assert ("", []) == (as_text(b""), [line for line in utf8_lines([]) if line])
