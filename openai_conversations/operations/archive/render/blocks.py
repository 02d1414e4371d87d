"""What entries of a transcript are made of: texts, code, images, files, notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import attrs

from openai_conversations.operations.jsontypes import JsonObject, as_list, as_object, text_of

BlockKind = Literal["text", "code", "image", "file", "note", "refusal", "links"]

_HINT: Final = 90


@attrs.frozen(kw_only=True)
class Link:
    """Where a text points to; the URL is not to be trusted."""

    title: str
    url: str = ""


@attrs.frozen(kw_only=True)
class Block:
    """
    A piece of content.

    Attributes:
        kind: What it is.
        text: The text, the code, the name of the file, the description of the image.
        language: Of the code, ``""`` when it is not known.
        url: Of the image or the file; not to be trusted.
        links: Of a list of links.
    """

    kind: BlockKind
    text: str = ""
    language: str = ""
    url: str = ""
    links: tuple[Link, ...] = ()


@attrs.frozen(kw_only=True)
class Section:
    """A part of a folded entry with its heading, which may be ``""``."""

    title: str
    blocks: tuple[Block, ...]


@attrs.frozen(kw_only=True)
class Reader:
    """
    How JSON is read and shown.

    Attributes:
        loads: JSON to a value; raises :class:`ValueError`.
        show: A value to JSON with line breaks.
    """

    loads: Callable[[bytes], Any]
    show: Callable[[Any], str]

    def hint(self, value: object) -> str:
        """A few words of a value, in one line."""
        shown = value if isinstance(value, str) else "" if value is None else self.show(value)
        folded = re.sub(r"\s+", " ", shown).strip()
        return folded if len(folded) <= _HINT else f"{folded[:_HINT]}…"

    def pretty(self, text: str) -> Block:
        """Text that may be JSON: with line breaks when it is an object or a list, else as it is."""
        try:
            value = self.loads(text.encode("utf-8", "surrogatepass"))
        except ValueError:
            value = None
        return code(self.show(value), "json") if isinstance(value, (dict, list)) else code(text)


def code(text: str, language: str = "") -> Block:
    """A piece of code or output."""
    return Block(kind="code", text=text, language=language)


def note(text: str) -> Block:
    """Our own words."""
    return Block(kind="note", text=text)


def section(reader: Reader, title: str, value: object) -> Section:
    """A value under its name: text as text, everything else as JSON."""
    block = reader.pretty(value) if isinstance(value, str) else code(reader.show(value), "json")
    return Section(title=title.replace("_", " "), blocks=(block,))


def of_parts(parts: Sequence[Any], reader: Reader) -> tuple[Block, ...]:
    """The blocks of a content, of a tool's output, or of a screenshot."""
    return tuple(block for part in parts for block in _part(as_object(part), reader))


def _part(part: JsonObject, reader: Reader) -> list[Block]:
    tag = text_of(part, "type")
    if tag in ("input_text", "output_text", "text", "summary_text", "reasoning_text"):
        return [Block(kind="text", text=text_of(part, "text")), *_citations(part)]
    if tag in ("input_image", "computer_screenshot"):
        return [_image(part)]
    if tag == "input_file":
        return [_file(part)]
    if tag == "refusal":
        return [Block(kind="refusal", text=text_of(part, "refusal"))]
    return [code(reader.show(part), "json")]


def _image(part: JsonObject) -> Block:
    url = text_of(part, "image_url")
    return Block(kind="image", url=url, text="" if url else f"image {text_of(part, 'file_id') or 'not included'}")


def _file(part: JsonObject) -> Block:
    name = text_of(part, "filename") or text_of(part, "file_id") or text_of(part, "file_url") or "file"
    return Block(kind="file", text=name, url=text_of(part, "file_url"))


def _citations(part: JsonObject) -> list[Block]:
    found = tuple(dict.fromkeys(_citation(as_object(each)) for each in as_list(part.get("annotations"))))
    return [Block(kind="links", links=found)] if found else []


def _citation(annotation: JsonObject) -> Link:
    url = text_of(annotation, "url")
    name = text_of(annotation, "title") or text_of(annotation, "filename") or text_of(annotation, "file_id")
    return Link(title=name or url or text_of(annotation, "type"), url=url)
