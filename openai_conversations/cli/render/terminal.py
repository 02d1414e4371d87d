"""The transcript in a terminal, drawn with rich, and the same as plain lines for pipes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from openai_conversations.cli.render.text import clean, folded
from openai_conversations.operations.archive.render.blocks import Block, Section
from openai_conversations.operations.archive.render.transcript import Entry, entries_of

_WIDEST: Final = 92
"""Longer lines are hard to read, however wide the terminal is."""

_PLAIN_WIDTH: Final = 100
"""Characters that a folded line has in a pipe."""

_SPEAKERS: Final[Mapping[str, tuple[str, str]]] = {
    "user": ("cyan", "right"),
    "assistant": ("green", "left"),
    "system": ("magenta", "left"),
    "developer": ("magenta", "left"),
}
"""Role → colour and side. No colour here or below vanishes on a light or on a dark terminal."""

_MARKS: Final = {"tool": ("  ▸ ", "blue"), "output": ("    ↳ ", "dim")}
_PLAIN_MARKS: Final = {"tool": "  > ", "output": "    = "}
_OTHER_MARK: Final = ("  · ", "dim")
_OTHER_PLAIN_MARK: Final = "  * "

_FENCE: Final = re.compile(r"^```(\w*)[^\n]*\n(.*?)(?:^```\s*$|\Z)", re.DOTALL | re.MULTILINE)


def view_width(console: Console) -> int:
    """How wide a conversation is drawn."""
    return min(console.width, _WIDEST)


def draw(
    items: Sequence[Mapping[str, Any]], *, width: int, full: bool = False, ids: bool = False
) -> Iterator[RenderableType]:
    """
    Items as things that rich can print.

    Args:
        items: JSON of items, oldest first.
        width: Columns to use.
        full: Whether tool calls and their outputs are shown whole.
        ids: Whether the ids of items stand above them, that of an output under that of its call.
    """
    for entry in entries_of([dict(item) for item in items]):
        if ids:
            yield from _ids(entry, width)
        if entry.kind == "message":
            yield _bubble(entry, width)
        else:
            yield from _whole(entry, width) if full else _folded(entry, width)


def _ids(entry: Entry, width: int) -> Iterator[RenderableType]:
    is_message = entry.kind == "message"
    side = _SPEAKERS.get(entry.role, ("default", "left"))[1] if is_message else "left"
    yield Align(_id("" if is_message else "  ", entry.id), "right" if side == "right" else "left", width=width)
    if entry.output_id:
        yield _id("    ↳ ", entry.output_id)


def _id(mark: str, id: str) -> Text:
    return Text(f"{mark}{clean(id) or '(no id)'}", style="dim")


def _bubble(entry: Entry, width: int) -> RenderableType:
    colour, side = _SPEAKERS.get(entry.role, ("default", "left"))
    speaker = _speaker(entry)
    panel = Panel(
        Group(*_drawn(entry.blocks)) if entry.blocks else Text("(empty)", style="dim italic"),
        title=Text(speaker, style=f"bold {colour}"),
        title_align="right" if side == "right" else "left",
        border_style=colour,
        box=box.ROUNDED,
        padding=(0, 1),
        expand=False,
        width=_bubble_width(entry.blocks, len(speaker), width),
    )
    return Align(panel, "right" if side == "right" else "left", width=width)


def _speaker(entry: Entry) -> str:
    """``assistant``, with what is out of the ordinary in brackets."""
    notes = ", ".join(filter(None, (entry.title, entry.status)))
    return clean(f"{entry.role or 'message'} ({notes})" if notes else entry.role or "message")


def _bubble_width(blocks: Sequence[Block], title: int, width: int) -> int:
    """As wide as its longest line, at most four fifths of the view."""
    text = "\n".join(map(block_text, blocks))
    longest = max((Text(line).cell_len for line in text.expandtabs(8).splitlines()), default=0)
    frame = 6 if _FENCE.search(text) or any(block.kind == "code" for block in blocks) else 4
    return min(max(longest + frame, title + 6), max(width * 4 // 5, 20), width)


def _drawn(blocks: Sequence[Block]) -> list[RenderableType]:
    return [part for block in blocks for part in _block(block)]


def _block(block: Block) -> list[RenderableType]:
    text = block_text(block)
    if block.kind == "text":
        return _body(text)
    if block.kind == "code":
        return [_code(block.language, text)]
    return [Text(text, style="red" if block.kind == "refusal" else "dim")]


def _body(text: str) -> list[RenderableType]:
    """Text with fenced code highlighted. Nothing is left out, as a Markdown view would do."""
    parts: list[RenderableType] = []
    end = 0
    for fence in _FENCE.finditer(text):
        parts += [*_plain(text[end : fence.start()]), _code(fence[1], fence[2].rstrip("\n"))]
        end = fence.end()
    return [*parts, *_plain(text[end:])]


def _plain(text: str) -> list[RenderableType]:
    return [Text(text.strip("\n"))] if text.strip() else []


def _code(language: str, text: str) -> RenderableType:
    from rich.syntax import Syntax

    return Padding(
        Syntax(text, language or "text", theme="ansi_light", background_color="default", word_wrap=True), (0, 1)
    )


def block_text(block: Block) -> str:
    """A block as plain text that can do nothing to a terminal."""
    if block.kind == "links":
        return clean("\n".join(f"[{link.title}] {link.url}".rstrip() for link in block.links))
    if block.kind == "image":
        return f"[image {folded(block.text.removeprefix('image ') or _short(block.url), 80)}]"
    if block.kind == "file":
        return clean(f"[file {block.text}]")
    return clean(block.text)


def _short(url: str) -> str:
    """An address; of an image that the address holds itself only its kind."""
    return url.partition(";")[0] if url.startswith("data:") else url


def _folded(entry: Entry, width: int) -> Iterator[RenderableType]:
    """A tool call, an output or a note on a line each."""
    mark, style = _MARKS.get(entry.kind, _OTHER_MARK)
    if entry.kind != "output":
        yield _line(Text.assemble((mark, style), (f"{_name(entry)}  ", f"bold {style}")), entry.hint, width)
    for text in _outputs(entry):
        yield _line(Text(*_MARKS["output"]), text, width)


def _line(head: Text, text: str, width: int) -> Text:
    head.append(folded(text, max(width - head.cell_len - 1, 10)), style="dim")
    head.no_wrap = True
    head.overflow = "ellipsis"
    return head


def _whole(entry: Entry, width: int) -> Iterator[RenderableType]:
    """An entry with everything that it holds."""
    mark, style = _MARKS.get(entry.kind, _OTHER_MARK)
    yield _line(Text.assemble((mark, style), (f"{_name(entry)}  ", f"bold {style}")), "", width)
    for section in entry.sections:
        if section.title:
            yield Padding(Text(clean(section.title), style="bold dim"), (0, 0, 0, 6))
        for part in _drawn(section.blocks):
            yield Padding(part, (0, 0, 0, 6))
    if not entry.sections and entry.hint:
        yield Padding(Text(clean(entry.hint), style="dim"), (0, 0, 0, 6))


def _name(entry: Entry) -> str:
    return clean(f"{entry.title} ({entry.status})" if entry.status else entry.title)


def _outputs(entry: Entry) -> list[str]:
    """What came back, as plain texts; an output that holds nothing is shown by its name."""
    texts = [_section_text(section) for section in entry.sections if section.is_output]
    return texts or ([_name(entry)] if entry.kind == "output" else [])


def _section_text(section: Section) -> str:
    return "\n".join(map(block_text, section.blocks))


def lines(items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The transcript as plain lines, tool calls folded."""
    for entry in entries_of([dict(item) for item in items]):
        if entry.kind == "message":
            yield f"{_speaker(entry)}: {chr(10).join(map(block_text, entry.blocks))}"
            continue
        if entry.kind != "output":
            mark = _PLAIN_MARKS.get(entry.kind, _OTHER_PLAIN_MARK)
            yield f"{mark}{_name(entry)}: {folded(entry.hint, _PLAIN_WIDTH)}".rstrip(": ")
        for text in _outputs(entry):
            yield f"{_PLAIN_MARKS['output']}{folded(text, _PLAIN_WIDTH)}"
