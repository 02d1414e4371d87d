"""Files of conversations without a client: read one, show one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from openai_conversations.checks import FLAG, OPTIONAL_TEXT, Wanted, one_of
from openai_conversations.converters.lossless import loads_lossless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openai_conversations.operations.archive.reader import Archive

_ARCHIVE: Final = Wanted(
    "what read_archive gives", lambda value: hasattr(value, "items") and hasattr(value, "conversation")
)
_FOR_PEOPLE: Final = one_of(("markdown", "html"))

ExportFormat: TypeAlias = Literal["jsonl", "markdown", "html"]


def read_archive(
    lines: str | bytes | Iterable[str | bytes],
    *,
    allow_damaged: bool = False,
    conversation: str | None = None,
    branch: str | None = None,
    order: Literal["asc", "desc"] | None = None,
) -> Archive:
    """
    Read a file without sending anything.

    Args:
        lines: A file that is open for reading, its lines, or its whole text.
        allow_damaged: Whether to take the sound lines before the first damage of an export.
        conversation: Which conversation of a file that holds several: its id, its title, or its number counted from 1.
        branch: Which branch of a conversation that ChatGPT exported: the id of its last message; ``None`` for the one
            that was shown last.
        order: ``asc`` when the file has the oldest message first, ``desc`` for the newest; ``None`` to find out by the
            times of the messages, or by calls and their outputs.

    Raises:
        ArchiveError: The file is damaged, of no known kind, or holds several conversations; ``line`` says where.
    """
    from openai_conversations.operations.archive.foreign import Choice
    from openai_conversations.operations.archive.reader import joined, read_archive

    FLAG.check("allow_damaged", allow_damaged)
    choice = Choice(conversation=conversation, branch=branch, order=order)
    return read_archive(joined(lines), loads_lossless, allow_damaged=allow_damaged, choice=choice)


def render_archive(archive: Archive, format: Literal["markdown", "html"], *, title: str | None = None) -> str:
    """
    A conversation for people.

    Args:
        archive: What was read.
        format: ``markdown`` or ``html``; HTML needs the extra ``html``.
        title: What stands above it; ``None`` takes ``title`` of the metadata, or the id.

    Raises:
        InvalidArgumentError: It is none of the formats.
        MissingExtraError: HTML is asked for, and what it needs is not installed.
    """
    from openai_conversations.operations.archive.render.html import render_html
    from openai_conversations.operations.archive.render.markdown import render_markdown
    from openai_conversations.operations.archive.render.transcript import transcribe

    _ARCHIVE.check("archive", archive)
    _FOR_PEOPLE.check("format", format)
    OPTIONAL_TEXT.check("title", title)
    transcript = transcribe(archive.items, archive.conversation, title=title)
    return render_html(transcript) if format == "html" else render_markdown(transcript)
