"""Writing a transcript as Markdown: text as it was said, tool calls as code, tags of HTML made harmless."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from openai_conversations.operations.archive.render.blocks import Block, Link
from openai_conversations.operations.archive.render.safety import safe_image, safe_link
from openai_conversations.operations.archive.render.transcript import Entry, Transcript

_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_SPECIAL: Final = re.compile(r"([\\`*_\[\]#|~])")


def render_markdown(transcript: Transcript) -> str:
    """The transcript, one heading per message, a list of metadata at the top."""
    parts = [f"# {_inline(transcript.title)}", _head(transcript), *map(_entry, transcript.entries)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(transcript: Transcript) -> str:
    lines = [f"- Conversation: {_inline_code(transcript.conversation_id)}"] if transcript.conversation_id else []
    if transcript.created_at is not None:
        lines.append(f"- Created: {datetime.fromtimestamp(transcript.created_at, UTC):%Y-%m-%d %H:%M} UTC")
    lines.append(f"- Items: {transcript.items}")
    lines += [f"- {_inline(key)}: {_inline(value)}" for key, value in transcript.metadata]
    return "\n".join(lines)


def _entry(entry: Entry) -> str:
    return "\n\n".join(part for part in (_heading(entry), *_body(entry)) if part)


def _heading(entry: Entry) -> str:
    status = f" ({_inline(entry.status)})" if entry.status else ""
    if entry.kind == "message":
        words = " ".join(filter(None, (entry.role.capitalize() or "Message", entry.title and f"({entry.title})")))
        return f"## {_inline(words)}{status}"
    hint = f": {_inline(entry.hint)}" if entry.hint and not entry.sections else ""
    label = "Tool: " if entry.kind == "tool" else ""
    return f"### {label}{_inline(entry.title)}{hint}{status}"


def _body(entry: Entry) -> Iterator[str]:
    yield from map(_block, entry.blocks)
    for section in entry.sections:
        yield f"**{_inline(section.title.capitalize())}**" if section.title else ""
        yield from map(_block, section.blocks)


def _block(block: Block) -> str:
    return _BLOCKS[block.kind](block)


def _text(block: Block) -> str:
    """The text with its tags escaped, except in fenced code, where they are harmless and a backslash would show."""
    lines: list[str] = []
    fence = ""
    for line in block.text.splitlines():
        found = _FENCE.match(line)
        mark = found.group(1) if found else ""
        lines.append(line if fence else _TAG.sub(r"\\<", line))
        if fence and mark.startswith(fence) and not (found and found.group(2).strip()):
            fence = ""
        elif not fence:
            fence = mark
    return "\n".join([*lines, fence] if fence else lines)


def _code(block: Block) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", block.text)), default=2)
    fence = "`" * (longest + 1)
    language = re.sub(r"[^A-Za-z0-9+#-]", "", block.language)
    return "\n".join([f"{fence}{language}", block.text.removesuffix("\n"), fence])


def _image(block: Block) -> str:
    url = safe_image(block.url) or safe_link(block.url)
    return f"![{_inline(block.text or 'image')}](<{_target(url)}>)" if url else f"*{_inline(block.text or 'image')}*"


def _file(block: Block) -> str:
    return f"File: {_link(Link(title=block.text, url=block.url))}"


def _links(block: Block) -> str:
    return "\n".join(f"- {_link(link)}" for link in block.links)


def _link(link: Link) -> str:
    url = safe_link(link.url)
    return f"[{_inline(link.title)}](<{_target(url)}>)" if url else _inline(link.title)


def _target(url: str) -> str:
    """A URL between angle brackets."""
    return re.sub(r"\s", "", url).replace("<", "%3C").replace(">", "%3E").replace("\\", "%5C")


def _note(block: Block) -> str:
    return f"*{_inline(block.text)}*"


def _refusal(block: Block) -> str:
    return f"> Refused: {_inline(block.text)}"


def _inline(text: str) -> str:
    """Words in a line of our own: nothing in them is Markdown or HTML."""
    return _TAG.sub(r"\\<", _SPECIAL.sub(r"\\\1", " ".join(text.split())))


def _inline_code(text: str) -> str:
    return f"`{text}`" if "`" not in text else _inline(text)


_BLOCKS: Final[Mapping[str, Callable[[Block], str]]] = {
    "text": _text,
    "code": _code,
    "image": _image,
    "file": _file,
    "links": _links,
    "note": _note,
    "refusal": _refusal,
}
