"""What entries of a transcript are made of: texts, code, images, files, notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import attrs

from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_array, is_object, text_of
from openai_conversations.operations.archive.render.values import json_in, json_text

BlockKind = Literal["text", "code", "image", "file", "note", "refusal", "links"]


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
    """
    A part of a folded entry.

    Attributes:
        title: Its heading, which may be ``""``.
        blocks: What it holds.
        is_output: Whether it came back from a tool; else it says what was asked.
    """

    title: str
    blocks: tuple[Block, ...]
    is_output: bool = False


def code(text: str, language: str = "") -> Block:
    """A piece of code or output."""
    return Block(kind="code", text=text, language=language)


def json_block(value: object) -> Block:
    """A value as JSON."""
    return code(json_text(value), "json")


def note(text: str) -> Block:
    """Our own words."""
    return Block(kind="note", text=text)


def value_block(value: object) -> Block:
    """Text as text, with line breaks when it is a JSON object or list; everything else as JSON."""
    if not isinstance(value, str):
        return json_block(value)
    parsed = json_in(value)
    return code(value) if parsed is None else json_block(parsed)


def section(title: str, value: object, *, is_output: bool = False) -> Section:
    """A value under its name."""
    return Section(title=title.replace("_", " "), blocks=(value_block(value),), is_output=is_output)


def of_content(content: object) -> tuple[Block, ...]:
    """The blocks of a content, of a tool's output, or of a screenshot, whatever it is made of."""
    if content is None or content == "":
        return ()
    parts: Sequence[Any] = content if is_array(content) else [content]
    return tuple(block for part in parts for block in _part(part))


def _part(part: object) -> list[Block]:
    if isinstance(part, str):
        return [Block(kind="text", text=part)]
    if not is_object(part):
        return [json_block(part)]
    tag = text_of(part, "type")
    if tag in ("input_text", "output_text", "text", "summary_text", "reasoning_text") and _has_text(part, "text"):
        return [Block(kind="text", text=text_of(part, "text")), *_citations(part)]
    if tag in ("input_image", "computer_screenshot"):
        return [_image(part)]
    if tag == "input_file":
        return [_file(part)]
    if tag == "refusal" and _has_text(part, "refusal"):
        return [Block(kind="refusal", text=text_of(part, "refusal"))]
    return [json_block(part)]


def _has_text(part: JsonObject, name: str) -> bool:
    return isinstance(part.get(name), str)


def _image(part: JsonObject) -> Block:
    url = text_of(part, "image_url")
    return Block(kind="image", url=url, text="" if url else f"image {text_of(part, 'file_id') or 'not included'}")


def _file(part: JsonObject) -> Block:
    name = text_of(part, "filename") or text_of(part, "file_id") or text_of(part, "file_url") or "file"
    return Block(kind="file", text=name, url=text_of(part, "file_url"))


def _citations(part: JsonObject) -> list[Block]:
    found = tuple(dict.fromkeys(_citation(as_object(each)) for each in as_array(part.get("annotations"))))
    return [Block(kind="links", links=found)] if found else []


def _citation(annotation: JsonObject) -> Link:
    url = text_of(annotation, "url")
    name = text_of(annotation, "title") or text_of(annotation, "filename") or text_of(annotation, "file_id")
    return Link(title=name or url or text_of(annotation, "type"), url=url)
