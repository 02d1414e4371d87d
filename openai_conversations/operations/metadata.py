"""
Changing single keys of a conversation's metadata: read, change, write, verify.

The API only replaces all metadata at once and knows no versions. What somebody else writes between the reading and the
writing is lost without a trace; what somebody else writes after it is seen, and the change is tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller, codec
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.limits import METADATA_PAIRS
from openai_conversations.operations.errors import MetadataConflictError
from openai_conversations.schemas.conversation import Conversation

ATTEMPTS: Final = 3


async def patch_metadata(caller: Caller, conversation_id: str, changes: Mapping[str, str | None]) -> Conversation:
    """
    Set some keys and remove those whose value is ``None``; the others stay.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        changes: The keys to change. When all are as asked already, nothing is written. They alone are checked; what
            the conversation has besides is sent back as it came.

    Returns:
        The conversation as it was read after the change.

    Raises:
        InvalidArgumentError: With the new keys there would be more than 16; nothing was written.
        MetadataConflictError: After three tries the keys are not as asked.
    """
    conversation = await _read(caller, conversation_id)
    for _ in range(ATTEMPTS):
        if not _wrong(conversation, changes):
            return conversation
        await _update(caller, conversation_id, _changed(conversation, changes))
        conversation = await _read(caller, conversation_id)
    wrong = _wrong(conversation, changes)
    if not wrong:
        return conversation
    raise MetadataConflictError(
        f"{conversation_id}: after {ATTEMPTS} tries the metadata is not as it was written: {', '.join(wrong)}",
        conversation_id=conversation_id,
        keys=wrong,
    )


def _changed(conversation: Conversation, changes: Mapping[str, str | None]) -> dict[str, Any]:
    removed = {key for key, value in changes.items() if value is None}
    present: Mapping[str, Any] = conversation.metadata or {}
    wanted: dict[str, Any] = {**present, **changes}
    kept = {key: value for key, value in wanted.items() if key not in removed}
    if len(kept) > max(METADATA_PAIRS, len(present)):
        raise InvalidArgumentError(
            f"the metadata of {conversation.id} would have {len(kept)} pairs; the API allows {METADATA_PAIRS}"
        )
    return kept


async def _update(caller: Caller, conversation_id: str, metadata: Mapping[str, Any]) -> None:
    """What is there already goes back as it came: whether it is too long or too much, its server has to say."""
    request = requests.update_conversation(caller, conversation_id, metadata=None)
    await caller.send(request.replace(body=codec().encode({"metadata": metadata})))


async def _read(caller: Caller, conversation_id: str) -> Conversation:
    read: Conversation = codec().decode_response(
        await caller.send(requests.get_conversation(caller, conversation_id)), Conversation
    )
    return read


def _wrong(conversation: Conversation, changes: Mapping[str, str | None]) -> tuple[str, ...]:
    """The keys that are not as asked. A key that is null counts as removed."""
    metadata: Mapping[str, Any] = conversation.metadata or {}
    return tuple(key for key, value in changes.items() if metadata.get(key) != value)
