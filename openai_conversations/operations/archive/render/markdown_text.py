"""
Markdown that somebody else wrote, made fit to stand under a heading of ours.

Its form stays: lists, tables, emphasis, code. But no ``<`` begins a tag, no heading is one of ours, and no fence is
left open. A parser is not needed for this, because nothing is trusted that two parsers could read in two ways: fenced
code is written anew, with a fence of our own at the beginning of the line, and code within a line counts only where its
marks cannot pair with anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_OPENING: Final = re.compile(r"^([ \t]*)(?:(`{3,})([^`]*)|(~{3,})(.*))$")

_CONTAINER: Final = r"(?:[ \t>]|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))*"
"""What may stand before a heading: quotes and list items."""

_HEADING: Final = re.compile(rf"^({_CONTAINER})(#{{1,6}})(?=[ \t]|$)")
_UNDERLINE: Final = re.compile(rf"^({_CONTAINER})(=+|-+)[ \t]*$")
"""A line that would make a heading of the one before it."""

_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY: Final = re.compile(r"&(?=#?\w+;)")
_SPECIAL: Final = re.compile(r"([\\`*_\[\]#|~])")
_TICKS: Final = re.compile(r"`+")
_ESCAPED_OR_TICK: Final = re.compile(r"\\.|`")

_DEEPEST_HEADING: Final = 6
_OUR_HEADINGS: Final = 3
"""The transcript's own headings have one to three marks; those in a text begin below."""


def inline(text: str) -> str:
    """Words in a line of our own: nothing in them is Markdown or HTML."""
    line = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _TAG.sub("&lt;", _ENTITY.sub("&amp;", line))


def fenced(text: str, language: str = "") -> str:
    """Code in a fence that nothing in it can close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return "\n".join([f"{fence}{re.sub(r'[^A-Za-z0-9+#.-]', '', language)}", text.removesuffix("\n"), fence])


def safe_text(text: str) -> str:
    """
    The text without HTML, without headings that could be taken for ours, and with every fence closed.

    Args:
        text: Markdown, with line feeds as line ends.
    """
    return "\n".join(_lines(text.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    position = 0
    before = ""
    while position < len(lines):
        opening = _OPENING.match(lines[position])
        if opening is None:
            yield _prose(lines[position], before)
            before = lines[position]
            position += 1
        else:
            end = _end_of_code(lines, position, opening[2] or opening[4])
            yield _code(lines[position + 1 : end], opening[1], (opening[3] or opening[5] or "").strip())
            before = ""
            position = end + 1


def _end_of_code(lines: list[str], start: int, fence: str) -> int:
    """Where the fence is closed; the end of the text when it is not."""
    closing = re.compile(rf"[ \t]*{fence[0]}{{{len(fence)},}}[ \t]*")
    for index in range(start + 1, len(lines)):
        if closing.fullmatch(lines[index]):
            return index
    return len(lines)


def _code(lines: list[str], indent: str, language: str) -> str:
    """The code at the beginning of the line: within a list its fence would end where the list does."""
    first, _, _ = language.partition(" ")
    return fenced("\n".join(line.removeprefix(indent) for line in lines), first)


def _prose(line: str, before: str) -> str:
    heading = _HEADING.match(line)
    if heading is not None:
        marks = "#" * min(len(heading[2]) + _OUR_HEADINGS, _DEEPEST_HEADING)
        return f"{heading[1]}{marks}{_without_tags(line[heading.end() :])}"
    underline = _UNDERLINE.match(line)
    if underline is not None and before.strip(" \t"):
        return f"{underline[1]}\\{line[underline.end(1) :]}"
    return _without_tags(line)


def _without_tags(line: str) -> str:
    """The line with ``&lt;`` for what begins a tag, but for code within the line, where it would show."""
    if "`" not in line:
        return _plain(line)
    parts: list[str] = []
    position = 0
    spans = _code_spans(line)
    # In a table the bar ends a cell, and with it the code: then other marks pair than those that seem to.
    is_safe = not any("|" in line[start:end] for start, end in spans)
    for start, end in spans:
        code = line[start:end]
        parts += [_plain(line[position:start]), code if is_safe else _TAG.sub("&lt;", code)]
        position = end
    return "".join([*parts, _plain(line[position:])])


def _plain(text: str) -> str:
    """Back-ticks that pair with nothing in their line must not pair with those of another."""
    return _TAG.sub("&lt;", _ESCAPED_OR_TICK.sub(lambda found: "&#96;" if found[0][-1] == "`" else found[0], text))


def _code_spans(line: str) -> list[tuple[int, int]]:
    """Where code stands within a line: from a run of back-ticks that is not escaped to the next one of its length."""
    runs = [(found.start(), found.end()) for found in _TICKS.finditer(line)]
    last = {end - start: index for index, (start, end) in enumerate(runs)}
    spans: list[tuple[int, int]] = []
    index = 0
    while index < len(runs):
        start, end = runs[index]
        start += _is_escaped(line, start, spans[-1][1] if spans else 0)
        closing = index + 1
        if last.get(end - start, -1) > index:
            while runs[closing][1] - runs[closing][0] != end - start:
                closing += 1
            spans.append((start, runs[closing][1]))
            closing += 1
        index = closing
    return spans


def _is_escaped(line: str, position: int, begin: int) -> bool:
    """Whether an odd number of backslashes stands before a character."""
    first = position
    while first > begin and line[first - 1] == "\\":
        first -= 1
    return (position - first) % 2 == 1
