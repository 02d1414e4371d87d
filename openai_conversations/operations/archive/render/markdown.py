"""
Writing a transcript as Markdown: text as it was said, tool calls as code.

What was said is Markdown itself, and may be hostile. Nothing of it becomes HTML, takes the place of one of our
headings, or swallows what follows: https://spec.commonmark.org/0.31.2/ says what each of them takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from openai_conversations.operations.archive.render.blocks import Block, Link
from openai_conversations.operations.archive.render.markdown_text import fenced, inline, safe_text
from openai_conversations.operations.archive.render.safety import printable, safe_image, safe_link
from openai_conversations.operations.archive.render.transcript import Entry, Transcript
from openai_conversations.operations.archive.render.values import time_text


def render_markdown(transcript: Transcript) -> str:
    """The transcript, one heading per message, a list of metadata at the top."""
    parts = [f"# {inline(transcript.title)}", _head(transcript), *map(_entry, transcript.entries)]
    return printable("\n\n".join(part for part in parts if part) + "\n")


def _head(transcript: Transcript) -> str:
    lines = [f"- Conversation: {_inline_code(transcript.conversation_id)}"] if transcript.conversation_id else []
    if transcript.created_at is not None:
        lines.append(f"- Created: {inline(time_text(transcript.created_at, '%Y-%m-%d %H:%M UTC'))}")
    lines.append(f"- Items: {transcript.items}")
    lines += [f"- {inline(key)}: {inline(value)}" for key, value in transcript.metadata]
    return "\n".join(lines)


def _entry(entry: Entry) -> str:
    return "\n\n".join(part for part in (_heading(entry), *_body(entry)) if part)


def _heading(entry: Entry) -> str:
    status = f" ({inline(entry.status)})" if entry.status else ""
    if entry.kind == "message":
        words = " ".join(filter(None, (entry.role.capitalize() or "Message", entry.title and f"({entry.title})")))
        return f"## {inline(words)}{status}"
    hint = f": {inline(entry.hint)}" if entry.hint and not entry.sections else ""
    label = "Tool: " if entry.kind in ("tool", "output") else ""
    return f"### {label}{inline(entry.title)}{hint}{status}"


def _body(entry: Entry) -> Iterator[str]:
    yield from map(_block, entry.blocks)
    if entry.kind == "message" and not entry.blocks:
        yield "*says nothing*"
    for section in entry.sections:
        yield f"**{inline(section.title.capitalize())}**" if section.title else ""
        yield from map(_block, section.blocks)


def _block(block: Block) -> str:
    return _BLOCKS[block.kind](block)


def _text(block: Block) -> str:
    return safe_text(printable(block.text))


def _code(block: Block) -> str:
    return fenced(block.text, block.language)


def _image(block: Block) -> str:
    url = safe_image(block.url) or safe_link(block.url)
    return f"![{inline(block.text or 'image')}](<{_target(url)}>)" if url else f"*{inline(block.text or 'image')}*"


def _file(block: Block) -> str:
    return f"File: {_link(Link(title=block.text, url=block.url))}"


def _links(block: Block) -> str:
    return "\n".join(f"- {_link(link)}" for link in block.links)


def _link(link: Link) -> str:
    url = safe_link(link.url)
    return f"[{inline(link.title)}](<{_target(url)}>)" if url else inline(link.title)


def _target(url: str) -> str:
    """A URL between angle brackets."""
    return re.sub(r"\s", "", url).replace("<", "%3C").replace(">", "%3E").replace("\\", "%5C")


def _note(block: Block) -> str:
    return f"*{inline(block.text)}*"


def _refusal(block: Block) -> str:
    return f"> Refused: {inline(block.text)}"


def _inline_code(text: str) -> str:
    return inline(text) if not text.isprintable() or "`" in text else f"`{text}`"


_BLOCKS: Final[Mapping[str, Callable[[Block], str]]] = {
    "text": _text,
    "code": _code,
    "image": _image,
    "file": _file,
    "links": _links,
    "note": _note,
    "refusal": _refusal,
}
