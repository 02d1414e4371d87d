"""
What turns do with the store: jobs for one transaction each.

A turn reads when it begins and writes when it ends: the items of its input, those that the model gave back and the
response itself are stored at once or not at all. Of a background response a row is stored before, so that it can be
looked up while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http import errors
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.messages import ServerRequest, ServerResponse, json_response
from openai_conversations.server.rules import checks, views
from openai_conversations.server.rules.items import Prepared, Reference
from openai_conversations.server.rules.operations import (
    Context,
    conversation_row,
    page_of,
    page_query_of,
    resolve,
    row_of,
)
from openai_conversations.server.rules.prompt import check_prompt
from openai_conversations.server.rules.turn_options import check_tool_choice
from openai_conversations.server.rules.turn_request import TurnRequest
from openai_conversations.server.storage.store import Agent, ConversationRow, ItemRow, ResponseRow, Store

Item = dict[str, Any]
Rewrite = Callable[[list[Any]], list[Any]]
"""What a store makes of items that it is given."""


@attrs.frozen(kw_only=True)
class Begun:
    """
    A turn as it stands when it begins.

    Attributes:
        conversation: Where it takes place.
        position: Of the next item of the conversation.
        history: What stands before the input.
        input: The items of the request.
    """

    conversation: ConversationRow | None
    position: int | None
    history: list[Item]
    input: list[ItemRow]

    @property
    def input_items(self) -> list[Item]:
        return [json.loads_exact(row.body) for row in self.input]

    @property
    def prompt(self) -> list[Item]:
        return [*self.history, *self.input_items]


def begin(asked: TurnRequest, context: Context, *, whole: bool = True) -> Callable[[Store], Begun]:
    """What the model is to be given; ``whole`` refuses a prompt that a model cannot take."""

    def job(store: Store) -> Begun:
        conversation = None
        if asked.conversation_id:
            conversation = conversation_row(store, asked.conversation_id, asked.owner)
        given = [resolve(store, item, asked.owner) if isinstance(item, Reference) else item for item in asked.input]
        if conversation is not None and context.profile.foreign_ids == "copied":
            given = [row for row in given if not _is_there(store, conversation, row)]
        begun = Begun(
            conversation=conversation,
            position=None if conversation is None else store.next_position(conversation),
            history=_history(store, asked, conversation),
            input=given,
        )
        if conversation is not None and not context.profile.repeat_ids:
            _check_ids(store, conversation, begun.input)
        if whole:
            check_prompt(begun.prompt)
            check_tool_choice(asked.fields, begun.prompt)
        return begun

    return job


def _history(store: Store, asked: TurnRequest, conversation: ConversationRow | None) -> list[Item]:
    if conversation is not None:
        return [json.loads_exact(row.body) for row in store.items(conversation)]
    if not asked.previous_id:
        return []
    previous = store.response(asked.previous_id, asked.owner)
    if previous is None:
        message = f"Previous response with id '{errors.shorten(asked.previous_id)}' not found."
        raise errors.bad_request(message, "previous_response_id", "previous_response_not_found")
    if previous.status in {"queued", "in_progress"}:
        message = f"Previous response with id '{previous.id}' is not completed."
        raise errors.bad_request(message, "previous_response_id", "previous_response_not_completed")
    return [*_before(store, previous), *json.loads_exact(previous.input), *_output(previous)]


def _before(store: Store, row: ResponseRow) -> list[Item]:
    """What the model of a response was given before the input."""
    turns: list[list[Item]] = []
    while row.previous is not None:
        previous = store.response(row.previous, row.owner)
        if previous is None:  # it was deleted: nobody knows what came before
            break
        turns.append([*json.loads_exact(previous.input), *_output(previous)])
        row = previous
    if row.conversation is not None and row.position is not None:
        turns.append([json.loads_exact(item.body) for item in store.items_before(row.conversation, row.position)])
    return [item for turn in reversed(turns) for item in turn]


def _output(row: ResponseRow) -> list[Item]:
    output: list[Item] = json.loads_exact(row.body)["output"]
    return output


def _is_there(store: Store, conversation: ConversationRow, row: ItemRow) -> bool:
    return bool(row.sent_id) and store.position(conversation, row.sent_id) is not None


def _check_ids(store: Store, conversation: ConversationRow, rows: Iterable[ItemRow]) -> None:
    for row in rows:
        if row.identity != "new" and store.position(conversation, row.id) is not None:
            raise errors.duplicate_item(row.id)


def row_of_response(asked: TurnRequest, begun: Begun, body: Item) -> ResponseRow:
    """A response as it is stored; its output is there with all its fields."""
    return ResponseRow(
        id=body["id"],
        owner=asked.owner,
        status=body["status"],
        background=asked.background,
        previous=asked.previous_id or None,
        conversation=None if begun.conversation is None else begun.conversation.number,
        position=begun.position,
        body=json.dumps(body),
        input=json.dumps(begun.input_items),
    )


def items_of_turn(begun: Begun, output: Sequence[Item], rewrites: Sequence[Rewrite] = ()) -> list[ItemRow]:
    """What a conversation gets of a turn: its input, then its output, as the store rewrites them."""
    rows = [*begun.input, *(row_of(Prepared(item=item)) for item in output)]
    if not rewrites:
        return rows
    identities = {row.id: row.identity for row in rows}
    items = _rewrite_all([json.loads_exact(row.body) for row in rows], rewrites)
    return [attrs.evolve(row_of(Prepared(item=item)), identity=identities.get(item["id"], "new")) for item in items]


def rewritten(row: ResponseRow, rewrites: Sequence[Rewrite]) -> ResponseRow:
    """A response as such a store keeps it."""
    body = json.loads_exact(row.body)
    output = _rewrite_all(body["output"], rewrites)
    given = _rewrite_all(json.loads_exact(row.input), rewrites)
    return attrs.evolve(row, body=json.dumps({**body, "output": output}), input=json.dumps(given))


def _rewrite_all(items: list[Item], rewrites: Sequence[Rewrite]) -> list[Item]:
    """The items as they are written anew; those that nest too deep for that stay."""
    try:
        for rewrite in rewrites:
            items = rewrite(items)
    except RecursionError:
        return items
    return items


def finish(
    begun: Begun, added: Sequence[ItemRow], row: ResponseRow | None, agent: Agent
) -> Callable[[Store], tuple[str, ...]]:
    """
    Store what came of a turn.

    Args:
        begun: The turn.
        added: What the conversation gets.
        row: The response; ``None`` for one that is not stored.
        agent: Who took it.

    Returns:
        The ids of the items that the conversation got.
    """

    def job(store: Store) -> tuple[str, ...]:
        if row is not None:
            store.save_response(row)
        conversation = begun.conversation and store.find(begun.conversation.id)
        if conversation is None or conversation.deleted or not added:
            return ()
        for item in begun.input:
            if item.identity == "moved" and row is not None:
                store.unlink(item.id, row.owner)
        store.append(conversation, added)
        store.note_agent(conversation, agent)
        return tuple(item.id for item in added)

    return job


# Looking responses up


def find_response(request: ServerRequest) -> Callable[[Store], ResponseRow]:
    """The row of the response that a request names."""

    def job(store: Store) -> ResponseRow:
        row = store.response(request.response_id, request.owner)
        if row is None:
            raise errors.unknown_response(request.response_id)
        return row

    return job


def shown(body: Item, include: views.Shown) -> Item:
    """A response for one request: fields behind ``include`` only when they were asked for."""
    return {**body, "output": [views.hide(item, include) for item in body["output"]]}


def delete_response(request: ServerRequest, *, running: bool) -> Callable[[Store], ServerResponse]:
    """Delete a response; one that is ``running`` need not be stored yet."""

    def job(store: Store) -> ServerResponse:
        if not store.remove_response(request.response_id, request.owner) and not running:
            raise errors.unknown_response(request.response_id)
        return json_response({"id": request.response_id, "object": "response", "deleted": True})

    return job


def list_input(request: ServerRequest, context: Context) -> Callable[[Store], ServerResponse]:
    asked = page_query_of(request, context.profile)
    include = checks.include(request.query, context.profile.include)

    def job(store: Store) -> ServerResponse:
        row = find_response(request)(store)
        items: list[Item] = json.loads_exact(row.input)
        if context.profile.input_items == "all":
            items = [*_before(store, row), *items]
        rows = [row_of(Prepared(item=item)) for item in (items if asked.ascending else reversed(items))]
        start = _after(rows, context.cursors.get(asked.after, asked.after), row.id)
        page = rows[start : start + asked.limit]
        more = len(rows) > start + asked.limit
        return ServerResponse(body=page_of(page, more=more, include=include, profile=context.profile))

    return job


def _after(rows: Sequence[ItemRow], cursor: str, response_id: str) -> int:
    if not cursor:
        return 0
    for n, row in enumerate(rows):
        if row.id == cursor:
            return n + 1
    message = f"Item with id '{errors.shorten(cursor)}' not found in response '{response_id}'."
    raise HTTPError(404, message, param="after")


def fail_unfinished(store: Store) -> None:
    """A server that was killed left background responses behind: nobody works on them any more."""
    error = {"code": "server_error", "message": "The server was stopped while this response was generated."}
    for row in store.unfinished_responses():
        body = {**json.loads_exact(row.body), "status": "failed", "error": error}
        store.save_response(attrs.evolve(row, status="failed", body=json.dumps(body)))
