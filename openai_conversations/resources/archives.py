"""Files of conversations without a client: read one, show one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from openai_conversations.converters.json import loads, loads_exact
from openai_conversations.operations.jsontypes import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openai_conversations.operations.archive.reader import Archive

ExportFormat: TypeAlias = Literal["jsonl", "markdown", "html"]

_LINE: Final = 60
_BEYOND_64_BITS: Final = re.compile(rb"\d{19}")


def loads_lossless(body: bytes) -> Any:
    """
    Read one JSON value with integers of any size: the fast reader turns those beyond 64 bits into floats.

    Raises:
        ValueError: It is not JSON.
    """
    return loads_exact(body) if _BEYOND_64_BITS.search(body) else loads(body)


def read_archive(lines: str | bytes | Iterable[str | bytes], *, allow_damaged: bool = False) -> Archive:
    """
    Read a file without sending anything.

    Args:
        lines: A file that is open for reading, its lines, or its whole text.
        allow_damaged: Whether to take the sound lines before the first damage of an export.

    Raises:
        ArchiveError: The file is damaged or of no known kind; ``line`` says where.
    """
    from openai_conversations.operations.archive.reader import joined, read_archive

    return read_archive(joined(lines), loads_lossless, allow_damaged=allow_damaged)


def render_archive(archive: Archive, format: Literal["markdown", "html"], *, title: str | None = None) -> str:
    """
    A conversation for people.

    Args:
        archive: What was read.
        format: ``markdown`` or ``html``; HTML needs the extra ``html``.
        title: What stands above it; ``None`` takes ``title`` of the metadata, or the id.

    Raises:
        MissingExtraError: HTML is asked for, and what it needs is not installed.
    """
    from openai_conversations.operations.archive.render.blocks import Reader
    from openai_conversations.operations.archive.render.html import render_html
    from openai_conversations.operations.archive.render.markdown import render_markdown
    from openai_conversations.operations.archive.render.transcript import transcribe

    reader = Reader(loads=loads_lossless, show=_show)
    transcript = transcribe(archive.items, archive.conversation, reader, title=title)
    return render_html(transcript) if format == "html" else render_markdown(transcript)


def _show(value: Any, indent: str = "") -> str:
    """JSON with line breaks, but for what fits into one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) <= _LINE or not (is_object(value) or is_list(value)):
        return flat
    inner = f"{indent}  "
    if is_object(value):
        shown = [f"{json.dumps(key, ensure_ascii=False)}: {_show(each, inner)}" for key, each in value.items()]
    else:
        shown = [_show(each, inner) for each in value]
    first, last = "{}" if is_object(value) else "[]"
    return "".join([first, "\n", ",\n".join(f"{inner}{each}" for each in shown), "\n", indent, last])
