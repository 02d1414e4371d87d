"""
The eight operations, and the list of conversations that one profile adds.

Each is a function of the request that checks what can be checked without the store and returns a job for it. The
job looks, writes and makes the response, all in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http import errors
from openai_conversations.server.http.messages import ServerRequest, ServerResponse, json_response
from openai_conversations.server.profiles import ServerProfile
from openai_conversations.server.rules import checks, views
from openai_conversations.server.rules.checks import PageQuery
from openai_conversations.server.rules.items import Prepared, Reference, prepare_all
from openai_conversations.server.rules.recent_writes import RecentWrites
from openai_conversations.server.rules.schema_dsl import is_object
from openai_conversations.server.rules.turn_locks import TurnLocks
from openai_conversations.server.rules.views import Shown
from openai_conversations.server.storage.ids import IdFactory
from openai_conversations.server.storage.store import ConversationRow, ItemRow, Store

Job = Callable[[Store], ServerResponse]


@attrs.frozen(kw_only=True)
class Context:
    """
    What the operations need besides the request.

    Attributes:
        ids: Makes ids.
        now: Unix seconds.
        profile: How this server behaves.
        cursors: Made-up cursors and the ``after`` that each stands for.
        writes: The items that were stored last.
        locks: The conversations in which a turn runs.
    """

    ids: IdFactory
    now: Callable[[], int]
    profile: ServerProfile
    writes: RecentWrites
    locks: TurnLocks
    cursors: dict[str, str] = attrs.field(factory=dict[str, str])


def create_conversation(request: ServerRequest, context: Context) -> Job:
    fields = fields_of(request) if request.body else {}
    metadata = _metadata(fields.get("metadata"), context)
    batch = _batch([] if fields.get("items") is None else fields["items"], context)
    id, now = context.ids.new("conv"), context.now()

    def job(store: Store) -> ServerResponse:
        conversation = store.add_conversation(id=id, owner=request.owner, created_at=now, metadata=metadata)
        return _conversation(conversation, _store(store, conversation, batch, request.owner, context.profile))

    return job


def list_conversations(request: ServerRequest, context: Context) -> Job:
    asked = page_query_of(request, context.profile)
    agent = checks.agent(request.query)

    def number(store: Store, id: str) -> int | None:
        return conversation_row(store, id, request.owner).number if id else None

    def job(store: Store) -> ServerResponse:
        after, before = number(store, asked.after), number(store, asked.before)
        above, below = (after, before) if asked.ascending else (before, after)
        rows, more = store.conversations(
            request.owner, above=above, below=below, limit=asked.limit, ascending=asked.ascending, agent=agent
        )
        bodies = [_conversation(row).body for row in rows]
        return ServerResponse(body=_list(bodies, [row.id for row in rows], more, context.profile))

    return job


def get_conversation(request: ServerRequest, context: Context) -> Job:  # noqa: ARG001  # an operation like the others
    return lambda store: _conversation(_find(store, request))


def update_conversation(request: ServerRequest, context: Context) -> Job:
    fields = fields_of(request)
    if "metadata" not in fields:
        raise errors.missing("metadata")
    metadata = _metadata(fields["metadata"], context)

    def job(store: Store) -> ServerResponse:
        conversation = _find(store, request)
        merged = context.profile.update == "merge"
        return _conversation(
            store.set_metadata(conversation, _merge(conversation.metadata, metadata) if merged else metadata)
        )

    return job


def delete_conversation(request: ServerRequest, context: Context) -> Job:
    profile = context.profile

    def job(store: Store) -> ServerResponse:
        conversation = _find(store, request, deleted_too=profile.delete_again == "repeated")
        store.mark_deleted(conversation)
        if profile.after_delete == "cascade":
            store.remove_items(conversation)
        return json_response({"id": conversation.id, "object": "conversation.deleted", "deleted": True})

    return job


def create_items(request: ServerRequest, context: Context) -> Job:
    fields = fields_of(request)
    if "items" not in fields:
        raise errors.missing("items")
    include = checks.include(request.query, context.profile.include)
    batch = _batch(fields["items"], context)

    def job(store: Store) -> ServerResponse:
        conversation = _find(store, request)
        _check_lock(conversation, request, context)
        rows = _store(store, conversation, batch, request.owner, context.profile)
        body = page_of(rows, more=False, include=include, profile=context.profile)
        return ServerResponse(body=body, conversation_id=conversation.id, item_ids=_ids(rows))

    return job


def list_items(request: ServerRequest, context: Context) -> Job:
    asked = page_query_of(request, context.profile)
    include = checks.include(request.query, context.profile.include)
    item_type = checks.item_type(request.query) if context.profile.filters_items else ""

    def job(store: Store) -> ServerResponse:
        conversation = _find(store, request)
        after = _after(store, conversation, asked.after, context.cursors, request.hidden)
        if item_type:
            rows, more = _page_of_type(store, conversation, after, asked, item_type)
        else:
            rows, more = _visible_page(store, conversation, after, asked, request.hidden)
        more = more or (context.profile.full_page_has_more and len(rows) == asked.limit)
        return ServerResponse(body=page_of(rows, more=more, include=include, profile=context.profile))

    return job


def get_item(request: ServerRequest, context: Context) -> Job:
    include = checks.include(request.query, context.profile.include)

    def job(store: Store) -> ServerResponse:
        conversation = _find(store, request, deleted_too=context.profile.after_delete == "readable")
        item = store.item(conversation, request.item_id)
        if item is None:
            raise errors.unknown_item(request.item_id, request.conversation_id)
        return ServerResponse(body=views.shown(item, include))

    return job


def delete_item(request: ServerRequest, context: Context) -> Job:
    def job(store: Store) -> ServerResponse:
        conversation = _find(store, request)
        _check_lock(conversation, request, context)
        removed = store.remove_item(conversation, request.item_id)
        if not removed and context.profile.delete_again == "refused":
            raise errors.unknown_item(request.item_id, request.conversation_id)
        if context.profile.item_deletion == "conversation":
            return _conversation(conversation)
        return json_response({"id": request.item_id, "object": "conversation.item.deleted", "deleted": True})

    return job


OPERATIONS: Mapping[str, Callable[[ServerRequest, Context], Job]] = {
    "createConversation": create_conversation,
    "getConversation": get_conversation,
    "updateConversation": update_conversation,
    "deleteConversation": delete_conversation,
    "createConversationItems": create_items,
    "listConversationItems": list_items,
    "getConversationItem": get_item,
    "deleteConversationItem": delete_item,
    "listConversations": list_conversations,
}


# What the operations read from a request


def fields_of(request: ServerRequest) -> dict[str, Any]:
    try:
        value = loads(request.body)
    except ValueError:
        raise errors.bad_json() from None
    if not is_object(value):
        raise errors.wrong_type("body", "an object", value)
    return value


def loads(body: bytes) -> Any:
    # The fast reader turns integers beyond 64 bits into floats.
    return json.loads_exact(body) if re.search(rb"\d{19}", body) else json.loads(body)


def page_query_of(request: ServerRequest, profile: ServerProfile) -> PageQuery:
    return checks.page_query(
        request.query,
        limits=profile.page_limit,
        default_order=profile.default_order,
        ignores_order=profile.ignores_order,
    )


def _metadata(value: Any, context: Context) -> bytes:
    profile = context.profile
    checked = checks.metadata(value, limits=profile.metadata_limits)
    if value is None and profile.empty_metadata == "null":
        return b"null"
    return _dumps(checked)


def _merge(stored: bytes, metadata: bytes) -> bytes:
    return json.dumps({**(json.loads_exact(stored) or {}), **(json.loads_exact(metadata) or {})})


def _dumps(value: Any) -> bytes:
    """JSON that the parser took but that cannot be written again (infinity, bottomless nesting) is refused."""
    try:
        return json.dumps(value)
    except ValueError as error:
        raise errors.bad_request(f"The body of the request cannot be stored: {error}.", None, None) from None


def _batch(value: Any, context: Context) -> list[ItemRow | Reference]:
    profile = context.profile
    values = checks.batch(value, limits=profile.item_limit)
    prepared = prepare_all(values, context.ids.new, profile.item_rules)
    return [item if isinstance(item, Reference) else row_of(item) for item in prepared]


def row_of(item: Prepared) -> ItemRow:
    try:
        return views.row(item)
    except ValueError as error:
        raise errors.bad_request(f"The item cannot be stored: {error}.", None, None) from None


# What they do with the store


def _find(store: Store, request: ServerRequest, *, deleted_too: bool = False) -> ConversationRow:
    return conversation_row(store, request.conversation_id, request.owner, deleted_too=deleted_too)


def _check_lock(conversation: ConversationRow, request: ServerRequest, context: Context) -> None:
    if context.profile.items_during_turn == "refused" and context.locks.holds(request.owner, conversation.id):
        raise errors.conversation_locked()


def conversation_row(store: Store, id: str, owner: str, *, deleted_too: bool = False) -> ConversationRow:
    conversation = store.conversation(id, owner)
    if conversation is None or (conversation.deleted and not deleted_too):
        raise errors.unknown_conversation(id)
    return conversation


def _after(
    store: Store, conversation: ConversationRow, cursor: str, cursors: Mapping[str, str], hidden: frozenset[str]
) -> int | None:
    """The position that a cursor stands for; ``None`` for no cursor."""
    cursor = cursors.get(cursor, cursor)
    if not cursor:
        return None
    position = None if cursor in hidden else store.position(conversation, cursor)
    if position is None:
        raise errors.unknown_item(cursor, conversation.id)
    return position


def _visible_page(
    store: Store, conversation: ConversationRow, after: int | None, asked: PageQuery, hidden: frozenset[str]
) -> tuple[list[ItemRow], bool]:
    """A page without the hidden items, and whether more follow."""
    rows, more = store.page(conversation, after=after, limit=asked.limit + len(hidden), ascending=asked.ascending)
    visible = [row for row in rows if row.id not in hidden] if hidden else rows
    return visible[: asked.limit], more or len(visible) > asked.limit


def _page_of_type(
    store: Store, conversation: ConversationRow, after: int | None, asked: PageQuery, item_type: str
) -> tuple[list[ItemRow], bool]:
    """A page of the items of one type, and whether more of them follow."""
    rows = store.items(conversation) if asked.ascending else store.items(conversation)[::-1]
    start = next((n + 1 for n, row in enumerate(rows) if store.position(conversation, row.id) == after), 0)
    found = [row for row in rows[start:] if json.loads_exact(row.body).get("type") == item_type]
    return found[: asked.limit], len(found) > asked.limit


def _store(
    store: Store,
    conversation: ConversationRow,
    batch: Sequence[ItemRow | Reference],
    owner: str,
    profile: ServerProfile,
) -> list[ItemRow]:
    rows = [resolve(store, item, owner) if isinstance(item, Reference) else item for item in batch]
    if profile.foreign_ids == "copied":
        rows = _copies(store, conversation, rows, owner)
    for row in rows:
        if row.identity != "new" and not profile.repeat_ids:
            _make_way(store, conversation, row, owner)
    store.append(conversation, rows)
    return rows


def _copies(store: Store, conversation: ConversationRow, rows: Sequence[ItemRow], owner: str) -> list[ItemRow]:
    """The rows with the stored items in the place of those that were sent with the id of one."""
    copied: set[str] = set()
    resolved: list[ItemRow] = []
    for row in rows:
        if row.sent_id in copied or (row.sent_id and store.position(conversation, row.sent_id) is not None):
            raise errors.already_in_conversation(row.sent_id)
        found = store.item_anywhere(row.sent_id, owner) if row.sent_id else None
        resolved.append(found or row)
        copied.update({row.sent_id} if found else ())
    return resolved


def _make_way(store: Store, conversation: ConversationRow, row: ItemRow, owner: str) -> None:
    if store.position(conversation, row.id) is not None:
        raise errors.duplicate_item(row.id)
    if row.identity == "moved":
        store.unlink(row.id, owner)


def resolve(store: Store, reference: Reference, owner: str) -> ItemRow:
    item = store.item_anywhere(reference.id, owner)
    if item is None:
        raise errors.HTTPError(404, f"Item with id '{errors.shorten(reference.id)}' not found.", param=reference.path)
    return item


# What they respond with


def _conversation(row: ConversationRow, rows: Sequence[ItemRow] = ()) -> ServerResponse:
    head = b'{"id":"%b","object":"conversation","created_at":%d,"metadata":' % (row.id.encode(), row.created_at)
    return ServerResponse(body=b"%b%b}" % (head, row.metadata), conversation_id=row.id, item_ids=_ids(rows))


def _ids(rows: Sequence[ItemRow]) -> tuple[str, ...]:
    return tuple(row.id for row in rows)


def page_of(rows: Sequence[ItemRow], *, more: bool, include: Shown, profile: ServerProfile) -> bytes:
    return _list([views.shown(row, include) for row in rows], _ids(rows), more, profile)


def _list(bodies: Sequence[bytes], ids: Sequence[str], more: bool, profile: ServerProfile) -> bytes:
    end = json.dumps({"has_more": more, **_ends(ids, profile)})
    return b'{"object":"list","data":[%b],%b' % (b",".join(bodies), end[1:])


def _ends(ids: Sequence[str], profile: ServerProfile) -> dict[str, str | None]:
    if not ids and profile.empty_ids == "absent":
        return {}
    empty = None if profile.empty_ids == "null" else ""
    ends = {"first_id": ids[0] if ids else empty, "last_id": ids[-1] if ids else empty}
    return ends if profile.last_id else {"first_id": ends["first_id"]}
