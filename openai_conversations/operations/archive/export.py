"""Exporting: a conversation as JSON Lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller, codec
from openai_conversations.converters.json import dumps
from openai_conversations.jsontypes import JsonObject, is_object, type_of
from openai_conversations.limits import INCLUDE_ALL
from openai_conversations.operations.archive.manifest import make_manifest
from openai_conversations.operations.archive.reader import Archive
from openai_conversations.operations.errors import ArchiveError
from openai_conversations.operations.include import IncludeFields
from openai_conversations.operations.listing import read_pages, read_whole
from openai_conversations.schemas.conversation import Conversation


async def collect(caller: Caller, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL) -> Archive:
    """
    What an export holds, to be shown to people: also what JSON cannot carry.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        include: Fields to ask for beyond what the server gives by itself.
    """
    conversation = await _conversation(caller, conversation_id)
    whole = await read_whole(caller, conversation_id, include=include)
    return Archive(kind="conversation", items=tuple(whole.items), conversation=conversation)


async def export(caller: Caller, conversation_id: str, *, include: Sequence[str] = INCLUDE_ALL) -> AsyncIterator[bytes]:
    """
    The lines of an export, each with its end. The first is the manifest.

    The manifest tells count and hash of what follows: all lines are made before it is given.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        include: Fields to ask for beyond what the server gives by itself.

    Raises:
        ArchiveError: An item, or the conversation, holds what JSON cannot carry; says which and where.
    """
    conversation, fields = await _conversation(caller, conversation_id), IncludeFields(tuple(include))
    types, lines = Counter[str](), list[bytes]()
    async for items in read_pages(caller, conversation_id, fields):
        types.update(map(type_of, items))
        lines += [_item_line(number, item) for number, item in enumerate(items, len(lines) + 1)]
    manifest = make_manifest(
        conversation,
        types,
        lines,
        source=caller.settings.base_url,
        at=caller.runtime.now(),
        include=fields.fields,
        include_refused=fields.refused,
    )
    yield _line("the conversation", manifest.to_json())
    for line in lines:
        yield line


async def _conversation(caller: Caller, conversation_id: str) -> JsonObject:
    response = await caller.send(requests.get_conversation(caller, conversation_id))
    value = codec().exact_value_of(response)
    if not is_object(value) or value.get("error"):
        raise codec().unlike(response, Conversation, "expected a conversation @ $")
    return value


def _item_line(number: int, item: JsonObject) -> bytes:
    try:
        # The line feed makes a copy: what `orjson.dumps` returns holds on to a buffer ten times its size.
        return dumps(item) + b"\n"
    except (ValueError, RecursionError):
        return _line(f"item {number} ({type_of(item)})", item)  # said only of what fails: a tenth of an export


def _line(what: str, value: JsonObject) -> bytes:
    """
    A line with its end.

    Numbers without end (``1e999``) and values that nest deeper than 500 levels cannot be written so that they are read
    as they were.
    """
    try:
        return dumps(value) + b"\n"
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{what} cannot be written as JSON Lines: {error}") from None
