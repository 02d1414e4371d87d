"""
Requests of the operations: a function each, from arguments to a value. What is wrong with an argument is said here.

``conversations`` and ``items`` of a client, and the operations that are made of many calls, go through these alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, cast
from urllib.parse import quote

from openai_conversations.api import operations
from openai_conversations.api.arguments import (
    CallOptions,
    Omit,
    check_include,
    check_known,
    checked_extra_query,
    checked_items,
    checked_metadata,
    is_given,
    omit,
    options_timeout,
    path_id,
    refuse_other_items,
)
from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.operations import Operation
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.headers import checked_headers
from openai_conversations.limits import ITEMS_PER_REQUEST
from openai_conversations.settings import Settings, query_text
from openai_conversations.transport.message import NO_HEADERS, Guard, HTTPRequest, Listing, Replay, Write

NO_QUERY: Final[Mapping[str, object]] = {}

# Every id of the service is of this kind; the match saves the tenth part of a call's own cost.
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def create_conversation(
    caller: Caller,
    *,
    metadata: Mapping[str, str] | Omit | None = omit,
    items: Iterable[Any] | Omit | None = omit,
    may_resend: bool = False,
    options: CallOptions | None = None,
) -> HTTPRequest:
    """
    ``createConversation``.

    Args:
        caller: Where it goes.
        metadata: ``None`` sends null.
        items: At most 20; ``None`` sends null.
        may_resend: Whether a create with items may be sent again when its outcome is unknown.
        options: See :class:`CallOptions`; ``None`` for those of the caller.
    """
    body: dict[str, object] = {}
    if not isinstance(metadata, Omit):
        body["metadata"] = checked_metadata(metadata)
    sent: list[Any] = []
    if not isinstance(items, Omit):
        sent = [] if items is None else codec().encode_items(checked_items(items))
        body["items"] = None if items is None else sent
    refuse_other_items(caller.options if options is None else options)
    write = None if may_resend or not sent else Write(guard="off")
    replay = Replay.SAFE if write is None else Replay.APPEND
    return build_request(caller, operations.CREATE_CONVERSATION, {}, options, body=body, replay=replay, write=write)


def get_conversation(caller: Caller, conversation_id: str, options: CallOptions | None = None) -> HTTPRequest:
    """``getConversation``."""
    return build_request(caller, operations.GET_CONVERSATION, {"conversation_id": conversation_id}, options)


def update_conversation(
    caller: Caller, conversation_id: str, *, metadata: Mapping[str, str] | None, options: CallOptions | None = None
) -> HTTPRequest:
    """``updateConversation``: replaces all metadata; ``None`` sends null."""
    body = {"metadata": checked_metadata(metadata)}
    return build_request(
        caller, operations.UPDATE_CONVERSATION, {"conversation_id": conversation_id}, options, body=body
    )


def delete_conversation(caller: Caller, conversation_id: str, options: CallOptions | None = None) -> HTTPRequest:
    """``deleteConversation``."""
    return build_request(caller, operations.DELETE_CONVERSATION, {"conversation_id": conversation_id}, options)


def list_conversations(
    caller: Caller, query: Mapping[str, object], after: str | None, options: CallOptions | None = None
) -> HTTPRequest:
    """``listConversations``: one page, of servers that have it."""
    return build_request(caller, operations.LIST_CONVERSATIONS, {}, options, query={**query, "after": after})


def create_items(
    caller: Caller,
    conversation_id: str,
    items: Iterable[Any],
    *,
    include: Sequence[str] | Omit = omit,
    guard: Guard = "auto",
    last_item_id: str | None = None,
    lookup_first: bool = False,
    options: CallOptions | None = None,
) -> HTTPRequest:
    """
    ``createConversationItems``.

    Args:
        caller: Where it goes.
        conversation_id: The conversation.
        items: At most 20: mappings as they are, objects by the rules for sending items back.
        include: Fields that the service leaves out unless asked.
        guard: How it is looked up; see ``items.create``.
        last_item_id: The caller's word for the last item before it.
        lookup_first: Whether it may be stored already.
        options: See :class:`CallOptions`; ``None`` for those of the caller.
    """
    # The usual case first, without a call: a list of up to 20.
    if last_item_id is not None or lookup_first is not False:
        check_known(last_item_id, lookup_first=lookup_first)
    if not isinstance(include, Omit):
        check_include(include)
    given = cast("list[Any]", items)
    few = type(given) is list and len(given) <= ITEMS_PER_REQUEST
    sent = codec().encode_items(given if few else checked_items(given))
    if options or caller.options:
        refuse_other_items(caller.options if options is None else options)
    return build_request(
        caller,
        operations.CREATE_ITEMS,
        {"conversation_id": conversation_id},
        options,
        query=NO_QUERY if isinstance(include, Omit) else {"include": include},
        body={"items": sent},
        write=Write(items=sent, guard=guard, last_item_id=last_item_id, lookup_first=lookup_first),
    )


def list_items(
    caller: Caller,
    conversation_id: str,
    *,
    after: str | Omit | None = None,
    include: Sequence[str] | Omit | None = None,
    limit: int | Omit | None = None,
    order: Literal["asc", "desc"] | Omit | None = None,
    options: CallOptions | None = None,
) -> HTTPRequest:
    """``listConversationItems``: one page. What is not given, or ``None``, is left to the server."""
    query = {"include": include, "limit": limit, "order": order, "after": after}
    cursor = after if isinstance(after, str) else None
    asked: Literal["asc", "desc"] | None = "asc" if order == "asc" else "desc" if order == "desc" else None
    listing = Listing(order=asked, after=cursor) if limit != 0 and _is_ours(caller, options) else None
    ids = {"conversation_id": conversation_id}
    return build_request(caller, operations.LIST_ITEMS, ids, options, query=query, listing=listing)


def get_item(
    caller: Caller, conversation_id: str, item_id: str, *, include: Sequence[str] | Omit, options: CallOptions
) -> HTTPRequest:
    """``getConversationItem``."""
    ids = {"conversation_id": conversation_id, "item_id": item_id}
    check_include(include)
    query = {"include": include} if is_given(include) else NO_QUERY
    return build_request(caller, operations.GET_ITEM, ids, options, query=query)


def delete_item(caller: Caller, conversation_id: str, item_id: str, options: CallOptions | None = None) -> HTTPRequest:
    """``deleteConversationItem``."""
    ids = {"conversation_id": conversation_id, "item_id": item_id}
    return build_request(caller, operations.DELETE_ITEM, ids, options)


def conversation_key(caller: Caller, conversation_id: str) -> str:
    """What tells a conversation from those of other servers; see :attr:`HTTPRequest.conversation_key`."""
    return f"{caller.settings.base_url}/{conversation_id}"


def build_request(
    caller: Caller,
    operation: Operation,
    ids: Mapping[str, str],
    options: CallOptions | None,
    *,
    query: Mapping[str, object] = NO_QUERY,
    body: Mapping[str, object] | None = None,
    replay: Replay | None = None,
    write: Write | None = None,
    listing: Listing | None = None,
) -> HTTPRequest:
    """
    The request of an operation.

    Args:
        caller: Where it goes.
        operation: What is asked.
        ids: The parameters of its path.
        options: See :class:`CallOptions`; ``None`` for those of the caller.
        query: Values of the query; what is ``None`` or was not given is dropped.
        body: Members of the JSON body.
        replay: When it may be sent again; ``None`` for what the operation says.
        write: What is known of it as a write.
        listing: Which part of a conversation it lists.
    """
    settings = caller.settings
    options = caller.options if options is None else options
    timeout, headers, extra_query, extra_body = settings.timeout, None, None, None
    if options:
        timeout, headers = options_timeout(options, timeout), options.get("extra_headers")
        extra_query, extra_body = options.get("extra_query"), options.get("extra_body")
    started = caller.runtime.clock()
    return HTTPRequest(
        operation=operation.id,
        method=operation.method,
        template=operation.path,
        url=_url(settings, operation.path, ids, query, extra_query),
        headers=checked_headers(headers, "extra_headers", InvalidArgumentError) if headers else NO_HEADERS,
        body=_body(body, extra_body),
        replay=operation.replay if replay is None else replay,
        timeout=timeout,
        deadline=None if timeout.total is None else started + timeout.total,
        started=started,
        max_retries=settings.max_retries,
        base_url=settings.base_url,
        conversation_id=ids.get("conversation_id"),
        item_id=ids.get("item_id"),
        response_id=ids.get("response_id"),
        is_ordered=operation.is_ordered,
        write=write,
        listing=listing,
        stream=caller.stream,
    )


def _is_ours(caller: Caller, options: CallOptions | None) -> bool:
    """Whether query values of the caller's own leave it to ours which part of a conversation is listed."""
    options = caller.options if options is None else options
    given = {*checked_extra_query(options.get("extra_query")), *caller.settings.default_query}
    return given.isdisjoint({"after", "before", "limit", "order", "item_type"})


def _url(
    settings: Settings,
    path: str,
    ids: Mapping[str, str],
    query: Mapping[str, object],
    extra: Mapping[str, object] | None,
) -> str:
    for name, value in ids.items():
        given: object = value  # callers without a type checker pass anything
        plain = isinstance(given, str) and _PLAIN_ID(given)
        path = path.replace(f"{{{name}}}", value if plain else path_id(name, value))
    url = settings.base_url + path
    if not (query or extra or settings.default_query or settings.url_query):
        return url
    pairs = [
        pair
        for name, value in {
            **settings.url_query,
            **settings.default_query,
            **query,
            **checked_extra_query(extra),
        }.items()
        for pair in _pairs(settings, name, value)
    ]
    return f"{url}?{'&'.join(pairs)}" if pairs else url


def _quoted(text: str) -> str:
    """As it may stand in a query; what is plain, as names and cursors are, needs nothing: 4 % of an export."""
    return text if _PLAIN_ID(text) else quote(text, safe="")


def _pairs(settings: Settings, name: str, value: object) -> list[str]:
    """``name=value``; arrays in the profile's style; what is ``None`` or was not given is dropped."""
    if value is None or not is_given(value):
        return []
    if isinstance(value, (list, tuple, set, frozenset)):
        key = f"{name}[]" if settings.profile.include_style == "brackets" else name
        return [_pair(key, member) for member in cast("list[object]", value)]
    return [_pair(name, value)]


def _pair(name: str, value: object) -> str:
    try:
        return f"{_quoted(name)}={_quoted(query_text(value))}"
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"the query value {name} contains a lone surrogate and cannot be sent") from None


def _body(body: Mapping[str, object] | None, extra: object | None) -> bytes | None:
    if extra is None:
        return None if body is None else codec().encode(body)
    if not isinstance(extra, Mapping):
        raise InvalidArgumentError(f"extra_body must be a mapping, not {type(extra).__name__}")
    return codec().encode({**(body or {}), **extra})


def derived(request: HTTPRequest, operation: Operation, url: str, **changes: Any) -> HTTPRequest:
    """
    Another request in the course of a call: same headers, same deadline, and nothing else of what the call asked for.

    Args:
        request: The call.
        operation: One that only reads, and leaves nothing behind.
        url: Where it goes.
        changes: Further values.
    """
    return request.replace(
        **{
            "operation": operation.id,
            "method": operation.method,
            "template": operation.path,
            "url": url,
            "body": None,
            "replay": Replay.SAFE,
            "is_ordered": False,
            "write": None,
            "listing": None,
            "stream": False,
            "attempts": (),
            **changes,
        }
    )
