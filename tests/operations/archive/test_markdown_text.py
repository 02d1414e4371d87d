"""Markdown that somebody else wrote under headings of ours: nothing of it becomes HTML or takes their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import markdown_it
import pytest
from hypothesis import given, settings, strategies as st
from markdown_it.token import Token

from openai_conversations.operations.archive.render.markdown_text import inline, safe_text

PARSERS = {
    "CommonMark": markdown_it.MarkdownIt("commonmark", {"html": True}),
    "with tables": markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]),
}

PIECES = [
    *["<img src=x>", "</b>", "<!--", "-->", "<script>", "<?", "<![CDATA[", "&lt;"],
    *["`", "``", "\\`", "\\", "\\\\", "```", "````", "~~~", "python"],
    *["\n", "\n\n", " ", "   ", "    ", "\t", "\u00a0", "\u2028"],
    *["- ", "> ", "1. ", "* ", "|", "| a | b |\n|---|---|\n"],
    *["#", "## User", "---", "===", "=", "-", "[a]: ", "![", "[a]", "](", "(", "'", '"', "**", "a"],
]
"""What the rules of Markdown turn on."""


def tokens(found: Iterable[Token]) -> Iterator[Token]:
    for token in found:
        yield token
        yield from tokens(token.children or ())


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
@given(text=st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=500, deadline=None)
def test_any_text(parser, text):
    """No text gives HTML, and of three headings exactly ours are headings of their level, with nothing around them."""
    found = list(
        tokens(parser.parse(f"## User\n\n{safe_text(text)}\n\n### Tool\n\n{inline(text)}\n\n## Assistant\n\nx"))
    )

    assert [] == [token for token in found if token.type in ("html_inline", "html_block")]
    headings = [(token.tag, token.level) for token in found if token.type == "heading_open"]
    assert [("h2", 0), ("h3", 0), ("h2", 0)] == [heading for heading in headings if heading[0] in ("h1", "h2", "h3")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b and **bold**", "a < b and **bold**"),
        ("<b>", "&lt;b>"),
        ("\\<b>", "\\&lt;b>"),
        ("`List<int>` and <b>", "`List<int>` and &lt;b>"),
        ("a ` b <i>", "a &#96; b &lt;i>"),
        ("| `a | <b>` |", "| `a | &lt;b>` |"),
        ("# One\n## Two\n#### Four", "#### One\n##### Two\n###### Four"),
        ("> ## User", "> ##### User"),
        ("User\n----", "User\n\\----"),
        ("a\n\n---\n\nb", "a\n\n---\n\nb"),
        ("```html\n<b>\n```", "```html\n<b>\n```"),
        ("```\n<b>", "```\n<b>\n```"),
        ("``` a`b\n<b>", "&#96;&#96;&#96; a&#96;b\n&lt;b>"),
        ("````\n```\n````\n<b>", "````\n```\n````\n&lt;b>"),
        ("~~~\n```\n~~~", "````\n```\n````"),
        ("1. Do\n   ```sh\n   ls <x>\n   ```\n2. So", "1. Do\n```sh\nls <x>\n```\n2. So"),
        ("- a\n   ```\n<img>", "- a\n```\n<img>\n```"),
    ],
)
def test_safe_text(text, expected):
    """What is harmless stays as it is; the rest is shown as it was typed."""
    assert expected == safe_text(text)


def test_long_lines():
    """A line of a megabyte takes no longer than as many short ones: every back-tick is looked at once."""
    text = "".join("`" * length + " " for length in range(1, 1400))

    assert text.replace("`", "&#96;") == safe_text(f"a {text}")[2:]
