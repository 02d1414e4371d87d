"""The chat view: turns drawn for a terminal with rich, or as plain lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rich import box
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from openai_conversations.cli.render.text import clean, folded
from openai_conversations.cli.render.turns import Turn, turns

_WIDEST: Final = 92
"""Longer lines are hard to read, however wide the terminal is."""

_SPEAKERS: Final[Mapping[str, tuple[str, str]]] = {
    "user": ("cyan", "right"),
    "assistant": ("green", "left"),
    "system": ("magenta", "left"),
    "developer": ("magenta", "left"),
}
"""Role → colour and side."""

_MARKS: Final = {"call": ("  ▸ ", "yellow"), "output": ("    ↳ ", "dim"), "note": ("  · ", "dim")}
_PLAIN_MARKS: Final = {"message": "", "call": "  > ", "output": "    = ", "note": "  * "}

_FENCE: Final = re.compile(r"^```(\w*)[^\n]*\n(.*?)(?:^```\s*$|\Z)", re.DOTALL | re.MULTILINE)


def view_width(console: Console) -> int:
    """How wide a chat is drawn."""
    return min(console.width, _WIDEST)


def draw(items: Iterable[Mapping[str, Any]], *, width: int, full: bool = False) -> Iterator[RenderableType]:
    """
    Items as things that rich can print.

    Args:
        items: JSON of items, oldest first.
        width: Columns to use.
        full: Whether tool calls and notes are shown whole.
    """
    for item in items:
        for turn in turns(item):
            yield _bubble(turn, width) if turn.kind == "message" else _line(turn, width, full)


def _bubble(turn: Turn, width: int) -> RenderableType:
    colour, side = _SPEAKERS.get(turn.who, ("white", "left"))
    panel = Panel(
        _body(clean(turn.text)),
        title=Text(clean(turn.who), style=f"bold {colour}"),
        title_align="right" if side == "right" else "left",
        border_style=colour,
        box=box.ROUNDED,
        padding=(0, 1),
        expand=False,
        width=_bubble_width(turn, width),
    )
    return Align(panel, "right" if side == "right" else "left", width=width)


def _bubble_width(turn: Turn, width: int) -> int:
    """As wide as its longest line, at most four fifths of the view."""
    longest = max((Text(line).cell_len for line in clean(turn.text).expandtabs(8).splitlines()), default=0)
    frame = 6 if _FENCE.search(turn.text) else 4
    return min(max(longest + frame, len(turn.who) + 6), max(width * 4 // 5, 20), width)


def _body(text: str) -> RenderableType:
    """Text with fenced code highlighted. Nothing is left out, as a Markdown view would do."""
    parts: list[RenderableType] = []
    end = 0
    for fence in _FENCE.finditer(text):
        parts += [*_plain(text[end : fence.start()]), _code(fence[1], fence[2].rstrip("\n"))]
        end = fence.end()
    parts += _plain(text[end:])
    return Group(*parts) if parts else Text("(empty)", style="dim italic")


def _plain(text: str) -> list[RenderableType]:
    return [Text(text.strip("\n"))] if text.strip() else []


def _code(language: str, text: str) -> RenderableType:
    from rich.syntax import Syntax

    return Padding(
        Syntax(text, language or "text", theme="ansi_dark", background_color="default", word_wrap=True), (0, 1)
    )


def _line(turn: Turn, width: int, full: bool) -> RenderableType:
    """A tool call, its output or a note: folded to one line unless *full*."""
    mark, style = _MARKS[turn.kind]
    head = Text(mark, style=style)
    if turn.kind != "output":
        head.append(f"{clean(turn.who)}  ", style=f"bold {style}")
    if full:
        return head.append(clean(turn.text), style="dim")
    head.append(folded(turn.text, max(width - head.cell_len - 1, 10)), style="dim")
    head.no_wrap = True
    head.overflow = "ellipsis"
    return head


def lines(items: Iterable[Mapping[str, Any]], *, full: bool = False) -> Iterator[str]:
    """The same as plain lines, for pipes."""
    for item in items:
        for turn in turns(item):
            text = clean(turn.text) if full or turn.kind == "message" else folded(turn.text, 100)
            name = "" if turn.kind == "output" else f"{clean(turn.who)}: "
            yield f"{_PLAIN_MARKS[turn.kind]}{name}{text}"
