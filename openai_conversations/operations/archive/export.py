"""Exporting: a conversation as JSON Lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from openai_conversations.operations.archive.manifest import make_manifest
from openai_conversations.operations.archive.reading import Archive
from openai_conversations.operations.calls import EVERYTHING, Tools
from openai_conversations.operations.listing import read_all
from openai_conversations.operations.values import as_object


async def collect(tools: Tools, conversation_id: str, *, include: Sequence[str] = EVERYTHING) -> Archive:
    """
    Everything that an export holds.

    Args:
        tools: Calls, JSON and clock.
        conversation_id: The conversation.
        include: Fields to ask for beyond what the server gives by itself.
    """
    conversation = as_object(tools.loads((await tools.calls.retrieve(conversation_id)).content))
    items = await read_all(tools, conversation_id, include=include)
    lines = [tools.dumps(item) for item in items]
    manifest = make_manifest(conversation, items, lines, source=tools.source, at=tools.now(), include=include)
    return Archive(kind="conversation", items=tuple(items), conversation=conversation, manifest=manifest)


async def export(tools: Tools, conversation_id: str, *, include: Sequence[str] = EVERYTHING) -> AsyncIterator[bytes]:
    """
    The lines of an export, each with its end. The first is the manifest.

    The manifest tells count and hash of what follows: all items are read before it is given.

    Args:
        tools: Calls, JSON and clock.
        conversation_id: The conversation.
        include: Fields to ask for beyond what the server gives by itself.
    """
    archive = await collect(tools, conversation_id, include=include)
    if archive.manifest is not None:
        yield tools.dumps(archive.manifest.to_json()) + b"\n"
    for item in archive.items:
        yield tools.dumps(item) + b"\n"
