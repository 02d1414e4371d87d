"""Exporting: a conversation as JSON Lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.converters.json import dumps, loads_lossless
from openai_conversations.jsontypes import JsonObject, as_object
from openai_conversations.limits import INCLUDE_ALL
from openai_conversations.operations.archive.manifest import Manifest, make_manifest
from openai_conversations.operations.archive.reader import Archive
from openai_conversations.operations.listing import read_whole


async def collect(caller: Caller, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL) -> Archive:
    """
    Everything that an export holds.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        include: Fields to ask for beyond what the server gives by itself.
    """
    items, manifest, _ = await _read(caller, conversation_id, include)
    return Archive(kind="conversation", items=tuple(items), conversation=manifest.conversation, manifest=manifest)


async def export(caller: Caller, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL) -> AsyncIterator[bytes]:
    """
    The lines of an export, each with its end. The first is the manifest.

    The manifest tells count and hash of what follows: all items are read before it is given.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        include: Fields to ask for beyond what the server gives by itself.
    """
    _, manifest, lines = await _read(caller, conversation_id, include)
    yield dumps(manifest.to_json()) + b"\n"
    for line in lines:
        yield line + b"\n"


async def _read(
    caller: Caller, conversation_id: str, include: Sequence[str]
) -> tuple[list[JsonObject], Manifest, list[bytes]]:
    response = await caller.send(requests.get_conversation(caller, conversation_id))
    conversation = as_object(loads_lossless(response.content))
    whole = await read_whole(caller, conversation_id, include=include)
    lines = [dumps(item) for item in whole.items]
    manifest = make_manifest(
        conversation,
        whole.items,
        lines,
        source=caller.settings.base_url,
        at=caller.runtime.now(),
        include=whole.include.fields,
        include_refused=whole.include.refused,
    )
    return whole.items, manifest, lines
