"""How texts are cut, and counted."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from openai_conversations.server.model.chunks import PER_BLOB, PER_ITEM, count_item, count_text, cut

TEXT = st.text(st.characters(exclude_categories=()))


@given(TEXT, st.sampled_from(["token", "word", "byte", "whole"]))
def test_deltas_make_up_the_text(text, chunks):
    """Joined, the deltas are the text."""
    assert text == "".join(cut(text, chunks))


@given(TEXT)
def test_halves_make_up_the_text(text):
    """Cut inside a surrogate pair, the deltas are the text once their halves are paired."""
    joined = "".join(cut(text, "surrogate"))

    assert text.encode("utf-16", "surrogatepass") == joined.encode("utf-16", "surrogatepass")


@pytest.mark.parametrize(
    ("chunks", "deltas"),
    [
        ("token", ["Gute", " Nach", "t", " 😀", "!"]),
        ("word", ["Gute", " Nacht", " 😀!"]),
        ("surrogate", ["Gute", " Nach", "t", " \ud83d", "\ude00", "!"]),
        ("whole", ["Gute Nacht 😀!"]),
    ],
)
def test_ways_to_cut(chunks, deltas):
    """Tokens have up to four letters; an emoji can be cut in two."""
    assert deltas == cut("Gute Nacht 😀!", chunks)


def test_bytes_wait_for_the_whole_character():
    """The bytes of a character give empty deltas until its last one is there."""
    assert ["a", "", "ü", "", "", "", "😀"] == cut("aü😀", "byte")


@given(TEXT)
def test_a_text_has_as_many_tokens_as_deltas(text):
    """The count and the stream agree."""
    assert len(cut(text, "token")) == count_text(text)


def test_items_cost_their_strings_and_a_little_more():
    """Ids and roles are free; what an image holds does not matter."""
    content = [{"type": "input_text", "text": "Gute Nacht"}, {"type": "input_image", "image_url": "data:" + "x" * 9000}]

    assert PER_ITEM + 3 + PER_BLOB == count_item({"id": "msg_1", "type": "message", "role": "user", "content": content})
