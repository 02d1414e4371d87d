"""What is stored, as a test or a person looks at it from behind: jobs on the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.inspection.assertions import Item, StoredConversation
from openai_conversations.server.rules import views
from openai_conversations.server.rules.items import Prepared
from openai_conversations.server.storage.store import ConversationRow, ItemRow, Store


@attrs.frozen(kw_only=True)
class ConversationSummary:
    """
    A conversation without its items.

    Attributes:
        id: Its id.
        created_at: Unix seconds.
        metadata: Its metadata.
        deleted: Whether it was deleted.
        items: How many items it holds.
        first: The oldest of them, or ``None``.
    """

    id: str
    created_at: int
    metadata: Mapping[str, Any] | None
    deleted: bool
    items: int
    first: Item | None


def conversation(store: Store, row: ConversationRow) -> StoredConversation:
    """A conversation with everything it holds."""
    items: list[dict[str, Any]] = [json.loads_exact(item.body) for item in store.items(row)]
    metadata = json.loads_exact(row.metadata)
    return StoredConversation(id=row.id, created_at=row.created_at, metadata=metadata, deleted=row.deleted, items=items)


def summaries(store: Store, limit: int, skip: int) -> tuple[list[ConversationSummary], int]:
    """The newest conversations without their items, newest first, and how many there are in all."""
    return [_summary(*found) for found in store.newest(limit, skip)], store.count_conversations()


def _summary(row: ConversationRow, items: int, first: bytes | None) -> ConversationSummary:
    return ConversationSummary(
        id=row.id,
        created_at=row.created_at,
        metadata=json.loads_exact(row.metadata),
        deleted=row.deleted,
        items=items,
        first=None if first is None else json.loads_exact(first),
    )


def append(store: Store, conversation_id: str, prepared: Sequence[Prepared], *, repeat_ids: bool) -> None:
    """
    Add items as another process would.

    Raises:
        ValueError: There is no such conversation, or it holds an item with such an id.
    """
    conversation = store.find(conversation_id)
    if conversation is None:
        raise ValueError(f"there is no conversation {conversation_id!r}")
    rows = [views.row(item) for item in prepared]
    if not repeat_ids:
        _check_ids(store, conversation, rows)
    store.append(conversation, rows)


def _check_ids(store: Store, conversation: ConversationRow, rows: Sequence[ItemRow]) -> None:
    ids = [row.id for row in rows]
    taken = [id for n, id in enumerate(ids) if id in ids[:n] or store.position(conversation, id) is not None]
    if taken:
        raise ValueError(f"{conversation.id} holds an item {taken[0]!r} already")
