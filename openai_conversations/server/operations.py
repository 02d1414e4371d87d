"""
The eight operations.

Each is a function of the request that checks what can be checked without the store and returns a job for it. The
job looks, writes and makes the reply in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server import items, refusal, rules
from openai_conversations.server.exchange import Call, Reply
from openai_conversations.server.ids import Ids
from openai_conversations.server.store import ConversationRow, ItemRow, Store

Job = Callable[[Store], Reply]


@attrs.frozen(kw_only=True)
class Context:
    """What the operations need besides the request."""

    ids: Ids
    now: Callable[[], int]


def create_conversation(call: Call, context: Context) -> Job:
    fields = _fields(call) if call.body else {}
    metadata = json.dumps(rules.metadata(fields.get("metadata")))
    batch = _prepare(rules.batch(fields.get("items") or []), context)
    id, now = context.ids.new("conv"), context.now()

    def job(store: Store) -> Reply:
        conversation = store.add_conversation(id=id, owner=call.owner, created_at=now, metadata=metadata)
        store.append(conversation, batch)
        return attrs.evolve(_conversation(conversation), item_ids=tuple(item.id for item in batch))

    return job


def get_conversation(call: Call, context: Context) -> Job:
    return lambda store: _conversation(_find(store, call))


def update_conversation(call: Call, context: Context) -> Job:
    fields = _fields(call)
    if "metadata" not in fields:
        raise refusal.missing("metadata")
    metadata = json.dumps(rules.metadata(fields["metadata"]))
    return lambda store: _conversation(store.set_metadata(_find(store, call), metadata))


def delete_conversation(call: Call, context: Context) -> Job:
    def job(store: Store) -> Reply:
        conversation = _find(store, call)
        store.mark_deleted(conversation)
        return Reply(body=json.dumps({"id": conversation.id, "object": "conversation.deleted", "deleted": True}))

    return job


def create_items(call: Call, context: Context) -> Job:
    fields = _fields(call)
    if "items" not in fields:
        raise refusal.missing("items")
    rules.include(call.query, ("include", "include[]"))
    batch = _prepare(rules.batch(fields["items"]), context)

    def job(store: Store) -> Reply:
        store.append(_find(store, call), batch)
        return attrs.evolve(_page(batch, False), item_ids=tuple(item.id for item in batch))

    return job


def list_items(call: Call, context: Context) -> Job:
    asked = rules.page_query(call.query)
    rules.include(call.query, ("include", "include[]"))

    def job(store: Store) -> Reply:
        conversation = _find(store, call)
        after = None
        if asked.after:
            after = store.position(conversation, asked.after)
            if after is None:
                raise refusal.unknown_item(asked.after, conversation.id)
        return _page(*store.page(conversation, after=after, limit=asked.limit, ascending=asked.ascending))

    return job


def get_item(call: Call, context: Context) -> Job:
    rules.include(call.query, ("include", "include[]"))

    def job(store: Store) -> Reply:
        item = store.item(_find(store, call), call.item_id)
        if item is None:
            raise refusal.unknown_item(call.item_id, call.conversation_id)
        return Reply(body=item.body)

    return job


def delete_item(call: Call, context: Context) -> Job:
    def job(store: Store) -> Reply:
        conversation = _find(store, call)
        if not store.remove_item(conversation, call.item_id):
            raise refusal.unknown_item(call.item_id, call.conversation_id)
        return _conversation(conversation)

    return job


OPERATIONS: dict[str, Callable[[Call, Context], Job]] = {
    "createConversation": create_conversation,
    "getConversation": get_conversation,
    "updateConversation": update_conversation,
    "deleteConversation": delete_conversation,
    "createConversationItems": create_items,
    "listConversationItems": list_items,
    "getConversationItem": get_item,
    "deleteConversationItem": delete_item,
}


def _fields(call: Call) -> dict[str, Any]:
    try:
        value = json.loads(call.body)
    except ValueError:
        raise refusal.bad_request("We could not parse the JSON body of your request.", None, None) from None
    if not isinstance(value, dict):
        raise refusal.bad_request("The body of the request is not a JSON object.", None, "invalid_type")
    return value


def _prepare(batch: Sequence[Any], context: Context) -> list[ItemRow]:
    prepared = (items.prepare(value, f"items[{n}]", context.ids) for n, value in enumerate(batch))
    return [ItemRow(id=item["id"], body=json.dumps(item)) for item in prepared]


def _find(store: Store, call: Call) -> ConversationRow:
    conversation = store.conversation(call.conversation_id, call.owner)
    if conversation is None or conversation.deleted:
        raise refusal.unknown_conversation(call.conversation_id)
    return conversation


def _conversation(row: ConversationRow) -> Reply:
    id = json.dumps(row.id)
    return Reply(
        body=b'{"id":%b,"object":"conversation","created_at":%d,"metadata":%b}' % (id, row.created_at, row.metadata)
    )


def _page(page: Sequence[ItemRow], more: bool) -> Reply:
    ends = json.dumps({"first_id": page[0].id if page else "", "last_id": page[-1].id if page else ""})
    data = b",".join(item.body for item in page)
    return Reply(
        body=b'{"object":"list","data":[%b],"has_more":%b,%b' % (data, b"true" if more else b"false", ends[1:])
    )
