"""What the service reads from the requests that concern turns: checked fields, and the input as items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from openai_conversations.server.http import errors
from openai_conversations.server.http.messages import ServerRequest
from openai_conversations.server.http.routes import check_conversation_id
from openai_conversations.server.rules import checks, turn_options
from openai_conversations.server.rules.components import INPUT_FILE, INPUT_IMAGE, INPUT_TEXT
from openai_conversations.server.rules.items import Reference, prepare_all
from openai_conversations.server.rules.operations import Context, fields_of, row_of
from openai_conversations.server.rules.schema_dsl import (
    Field,
    Obj,
    Shape,
    Tagged,
    array,
    boolean,
    either,
    integer,
    is_array,
    is_object,
    mapping,
    nullable,
    number,
    opt,
    text,
    words,
)
from openai_conversations.server.rules.views import INCLUDABLE, Shown
from openai_conversations.server.storage.store import Agent, ItemRow

Batch = list[ItemRow | Reference]


@attrs.frozen(kw_only=True)
class TurnRequest:
    """
    A request for a turn, as far as it can be judged without the store.

    Attributes:
        fields: Every field as it was read.
        owner: Whose it is.
        input: The items of the request.
        conversation_id: ``""`` for none.
        previous_id: The response that it goes on from, or ``""``.
        include: The fields that were asked for.
        stream: Whether the response is a stream.
        background: Whether nobody waits for it.
        store: Whether the response can be looked up later.
        padded: Whether deltas carry padding.
        agent: Who takes the turn, at Azure AI Foundry.
    """

    fields: Mapping[str, Any]
    owner: str
    input: Batch
    conversation_id: str
    previous_id: str
    include: Shown
    stream: bool
    background: bool
    store: bool
    padded: bool
    agent: Agent


def read_turn(request: ServerRequest, context: Context) -> TurnRequest:
    """
    What ``createResponse`` asks for.

    Raises:
        HTTPError: It cannot be what it is.
    """
    asked = read_prompt(request, context)
    fields = asked.fields
    has_agent = context.profile.agents and asked.agent.name
    if not (fields.get("model") or fields.get("prompt") or has_agent):
        raise errors.missing("model")
    if fields.get("input") is None and not (asked.conversation_id or asked.previous_id or fields.get("prompt")):
        raise errors.missing("input")
    if asked.background and not asked.store:
        raise errors.bad_request("Background mode requires 'store' to be true.", "store", "invalid_value")
    return asked


def read_prompt(request: ServerRequest, context: Context) -> TurnRequest:
    """Read a body that needs no model: the count of tokens."""
    fields = _checked(fields_of(request) if request.body else {}, context)
    conversation: Any = fields.get("conversation") or ""
    stream_options: dict[str, Any] = fields.get("stream_options") or {}
    previous_id = fields.get("previous_response_id") or ""
    conversation_id = conversation["id"] if is_object(conversation) else conversation
    check_conversation_id(conversation_id, context.profile)
    if conversation and previous_id:
        message = "Mutually exclusive parameters: 'previous_response_id' and 'conversation'."
        raise errors.bad_request(message, "previous_response_id", "mutually_exclusive_parameters")
    return TurnRequest(
        fields=fields,
        owner=request.owner,
        input=_input(fields.get("input"), context),
        conversation_id=conversation_id,
        previous_id=previous_id,
        include=frozenset(fields.get("include") or ()),
        stream=bool(fields.get("stream")),
        background=bool(fields.get("background")),
        store=fields.get("store") is not False,
        padded=context.profile.obfuscation and stream_options.get("include_obfuscation") is not False,
        agent=_agent(fields.get("agent_reference") or fields.get("agent")),
    )


def _agent(value: Any) -> Agent:
    """The agent that a request refers to; no other service knows any, so that nothing is refused."""
    named = [value.get(name) for name in ("name", "version")] if is_object(value) else []
    name, version = [one if isinstance(one, str) and one.isprintable() else "" for one in (*named, "", "")[:2]]
    return Agent(name=name, version=version)


def _checked(sent: dict[str, Any], context: Context) -> dict[str, Any]:
    fields = dict(sent)
    for name, field in TURN_FIELDS.items():
        if fields.get(name) is not None:
            fields[name] = field.shape(fields[name], name)
    fields["metadata"] = checks.metadata(fields.get("metadata"), limits=context.profile.metadata_limits)
    return fields


def _input(value: Any, context: Context) -> Batch:
    if isinstance(value, str):
        value = [{"role": "user", "content": value}]
    elif not is_array(value):
        value = []
    prepared = prepare_all(value, context.ids.new, context.profile.item_rules, param="input")
    return [item if isinstance(item, Reference) else row_of(item) for item in prepared]


def _maybe(shape: Shape) -> Field:
    return opt(nullable(shape))


def _between(least: float, most: float) -> Shape:
    def shape(value: Any, path: str) -> Any:
        number(value, path)
        if not least <= value <= most:
            message = f"Invalid '{path}': expected a value between {least:g} and {most:g}, but got {value} instead."
            raise errors.bad_request(message, path, "decimal_out_of_range")
        return value

    return shape


_STRING = text()
_VARIABLE = either(
    str=_STRING, dict=Tagged({"input_text": INPUT_TEXT, "input_image": INPUT_IMAGE, "input_file": INPUT_FILE})
)
TURN_FIELDS: Mapping[str, Field] = {
    "background": _maybe(boolean),
    "conversation": _maybe(either(str=_STRING, dict=Obj({"id": _STRING}))),
    "include": _maybe(array(words(*INCLUDABLE))),
    "input": _maybe(either(str=text(most=10_485_760), list=lambda value, path: value)),  # noqa: ARG005  # items come later
    "instructions": _maybe(_STRING),
    "max_output_tokens": _maybe(integer(16)),
    "max_tool_calls": _maybe(integer(1)),
    "model": _maybe(text(1)),
    "parallel_tool_calls": _maybe(boolean),
    "previous_response_id": _maybe(_STRING),
    "prompt": _maybe(Obj({"id": _STRING, "version": _maybe(_STRING), "variables": _maybe(mapping(_VARIABLE))})),
    "safety_identifier": _maybe(text(most=64)),
    "store": _maybe(boolean),
    "stream": _maybe(boolean),
    "stream_options": _maybe(Obj({"include_obfuscation": _maybe(boolean)})),
    "temperature": _maybe(_between(0, 2)),
    "top_logprobs": _maybe(integer(0, 20)),
    "top_p": _maybe(_between(0, 1)),
    "user": _maybe(_STRING),
    **turn_options.fields(),
}
