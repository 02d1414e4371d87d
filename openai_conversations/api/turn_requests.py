"""
Requests of turns: a function for each operation of ``/responses``, from arguments to a value.

What is particular to a turn is said here: which conversation it writes to, what of it can be looked up, whether it may
be run twice, and how long it may take.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import attrs

from openai_conversations.api import operations
from openai_conversations.api.arguments import (
    CallOptions,
    Members,
    Omit,
    check_include,
    checked_metadata,
    is_given,
    omit,
    path_id,
)
from openai_conversations.api.caller import Caller, codec
from openai_conversations.api.requests import build_request
from openai_conversations.checks import COUNT, FLAG, TEXT, TEXTS, Wanted, is_number, shown
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.jsontypes import is_array, is_object
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.schemas.responses.response import ResponseConversation
from openai_conversations.transport.message import HTTPRequest, Replay, Write

_EVENT_STREAM: Final = {"accept": "text/event-stream", "accept-encoding": "identity"}

# Tools that a caller runs: a model that asks for them twice has done nothing twice.
_HARMLESS_TOOLS: Final = frozenset({"function", "custom"})


def create_response(caller: Caller, params: Mapping[str, object], options: CallOptions | None = None) -> HTTPRequest:
    """
    ``createResponse``.

    Args:
        caller: Where it goes; a streaming one leaves the body unread.
        params: Members of the body, ``stream`` among them; what was not given is left out.
        options: See :class:`CallOptions`; ``None`` for those of the caller.
    """
    try:
        return _create_response(caller, params, options)
    except InvalidArgumentError as error:
        raise error.with_traceback(None) from None  # its frames hold what tools are authorized with


def _create_response(caller: Caller, params: Mapping[str, object], options: CallOptions | None) -> HTTPRequest:
    body = {name: _member(name, value) for name, value in params.items() if is_given(value)}
    sent = {**body, **_added(caller.options if options is None else options)}
    conversation_id = _conversation_id(body.get("conversation"))
    if conversation_id and sent.get("previous_response_id") is not None:
        raise InvalidArgumentError("give conversation or previous_response_id, not both: each says what came before")
    is_write = conversation_id is not None
    request = build_request(
        caller,
        operations.CREATE_RESPONSE,
        {},
        options,
        body=body,
        replay=Replay.APPEND if is_write or not _may_run_twice(sent) else Replay.SAFE,
        write=Write(items=input_items(body.get("input"))) if is_write else None,
    )
    streamed = body.get("stream") is True
    request = request.replace(conversation_id=conversation_id, is_ordered=is_write and not streamed)
    return _streamed(request) if streamed else _patient(request)


def in_background(body: Members) -> Members:
    """The members of a turn that runs in the background and is streamed, so that its id comes first."""
    for name in ("background", "store"):
        given = body.get(name, omit)
        if is_given(given) and given is not True:
            raise InvalidArgumentError(
                f"safe=True runs the turn with {name}=True: do not give {name}={given!r} with it"
            )
    return body | {"background": True, "store": True, "stream": True}


def is_in_background(request: HTTPRequest) -> bool:
    """Whether a streamed turn was asked for as one that goes on without its stream, or is one that went on."""
    if request.response_id is not None:
        return True
    asked = codec().loads(request.body or b"{}")
    return is_object(asked) and asked.get("background") is True


def bounded_as_a_whole(request: HTTPRequest) -> HTTPRequest:
    """A streamed turn whose events nobody waits for but us: bounded as one that is not streamed."""
    timeout, turn = request.timeout, request.timeout.turn
    if turn is None:
        return request
    stream, first = _least(timeout.stream, turn), _least(timeout.first_event, turn)
    timeout = attrs.evolve(timeout, stream=stream, first_event=first)
    return _bounded(request.replace(timeout=timeout), first)


def _least(bound: float | None, seconds: float) -> float:
    return seconds if bound is None else min(bound, seconds)


def get_response(
    caller: Caller,
    response_id: str,
    *,
    include: Sequence[str] | Omit = omit,
    stream: bool = False,
    starting_after: int | Omit = omit,
    include_obfuscation: bool | Omit = omit,
    options: CallOptions | None = None,
) -> HTTPRequest:
    """``getResponse``; as a stream of the events after a number, where it is asked for so."""
    check_include(include)
    for name, value, wanted in (
        ("starting_after", starting_after, COUNT),
        ("include_obfuscation", include_obfuscation, FLAG),
    ):
        if is_given(value):
            wanted.check(name, value)
    query: dict[str, object] = {
        "include": include,
        "include_obfuscation": include_obfuscation,
        "starting_after": starting_after,
        **({"stream": True} if stream else {}),
    }
    ids = {"response_id": response_id}
    request = build_request(caller, operations.GET_RESPONSE, ids, options, query=query)
    return _streamed(request) if stream else request


def delete_response(caller: Caller, response_id: str, options: CallOptions | None = None) -> HTTPRequest:
    """``deleteResponse``."""
    return build_request(caller, operations.DELETE_RESPONSE, {"response_id": response_id}, options)


def cancel_response(caller: Caller, response_id: str, options: CallOptions | None = None) -> HTTPRequest:
    """``cancelResponse``."""
    request = build_request(caller, operations.CANCEL_RESPONSE, {"response_id": response_id}, options)
    # As the official client sends it; aiohttp would call a body that is not there application/octet-stream.
    return request.replace(headers={"content-type": "application/json", **request.headers})


def list_input_items(
    caller: Caller, response_id: str, query: Mapping[str, object], options: CallOptions | None = None
) -> HTTPRequest:
    """``listInputItems``: one page. What is not given, or ``None``, is left to the server."""
    ids = {"response_id": response_id}
    return build_request(caller, operations.LIST_INPUT_ITEMS, ids, options, query=query)


def count_input_tokens(caller: Caller, params: Mapping[str, object], options: CallOptions | None = None) -> HTTPRequest:
    """``Getinputtokencounts``."""
    body = {name: _member(name, value) for name, value in params.items() if is_given(value)}
    _conversation_id(body.get("conversation"))
    return build_request(caller, operations.COUNT_INPUT_TOKENS, {}, options, body=body)


def compact(caller: Caller, params: Mapping[str, object], options: CallOptions | None = None) -> HTTPRequest:
    """``Compactconversation``: nothing is stored anywhere, so it may be done twice."""
    body = {name: _member(name, value) for name, value in params.items() if is_given(value)}
    return _patient(build_request(caller, operations.COMPACT, {}, options, body=body))


def items_of(request: HTTPRequest) -> HTTPRequest:
    """A request like that of a turn, whose URL is that of the items of its conversation: for lookups to stand on."""
    conversation_id = path_id("conversation", request.conversation_id)
    path = operations.CREATE_ITEMS.path.replace("{conversation_id}", conversation_id)
    _, mark, rest = request.url.partition("?")
    return request.replace(url=f"{request.base_url}{path}{mark}{rest}", headers=own_headers(request))


def input_items(given: object) -> Sequence[Any]:
    """The items that an input stands for, as JSON."""
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return given if is_array(given) else ()


def _member(name: str, value: object) -> object:
    if name == "input" and not isinstance(value, str) and value is not None:
        return codec().encode_items(_listed(value), "input")
    if name == "conversation" and isinstance(value, (Conversation, ResponseConversation)):
        return value.id
    if name == "metadata":
        return checked_metadata(value)
    if value is None:
        return None
    written = _json_of(value)
    wanted = _MEMBERS.get(name)
    if wanted is not None and not wanted.accepts(written):
        raise InvalidArgumentError(f"{name} must be {wanted.words}, not {shown(value)}")
    return written


def _json_of(value: object) -> object:
    if isinstance(value, (str, bool, int, float)):
        return value
    is_iterator = isinstance(value, Iterable) and not isinstance(value, (Mapping, list, tuple, bytes))
    return codec().to_json(list(cast("Iterable[object]", value)) if is_iterator else value)


_AMOUNT: Final = Wanted("a number of 0 or more", lambda value: is_number(value) and value >= 0)
_OBJECT: Final = Wanted("a mapping", is_object)
_LIST: Final = Wanted("a list", is_array)

# What the members of a body are as JSON, where `None` is sent as null. Which words and numbers are right is for the
# service to judge: it adds to them.
_MEMBERS: Final[Mapping[str, Wanted]] = {
    **dict.fromkeys(("background", "parallel_tool_calls", "store", "stream"), FLAG),
    **dict.fromkeys(("instructions", "model", "personality", "previous_response_id", "prompt_cache_key"), TEXT),
    **dict.fromkeys(("prompt_cache_retention", "safety_identifier", "service_tier", "truncation", "user"), TEXT),
    **dict.fromkeys(("max_output_tokens", "max_tool_calls", "top_logprobs"), COUNT),
    **dict.fromkeys(("temperature", "top_p"), _AMOUNT),
    **dict.fromkeys(("access_programs", "background_options", "image", "moderation", "prompt"), _OBJECT),
    **dict.fromkeys(("prompt_cache_options", "reasoning", "stream_options", "text"), _OBJECT),
    **dict.fromkeys(("context_management", "tools"), _LIST),
    "include": TEXTS,
    "tool_choice": Wanted("a word or a mapping", lambda value: isinstance(value, str) or is_object(value)),
}


_KNOWN: Final = frozenset({*_MEMBERS, "conversation", "input", "metadata"})


def _listed(items: object) -> Iterable[object]:
    if not isinstance(items, Iterable) or isinstance(items, (bytes, Mapping)):
        kind = type(items).__name__  # pyright: ignore[reportUnknownArgumentType]
        raise InvalidArgumentError(f"input must be a text or a list of items, not {kind}")
    return cast("Iterable[object]", items)


def _conversation_id(conversation: object) -> str | None:
    given = cast("dict[str, object]", conversation).get("id") if is_object(conversation) else conversation
    if conversation is None:
        return None
    if inspect.isawaitable(given):
        path_id("conversation", given)  # which says that an `await` is missing
    if not isinstance(given, str) or not given:
        raise InvalidArgumentError("conversation must be an id, {'id': …} or a Conversation; the id must not be empty")
    path_id("conversation", given)
    return given


def _added(options: CallOptions) -> Mapping[str, object]:
    """
    The members that are added to a body, and win over it.

    Raises:
        InvalidArgumentError: What makes a turn what it is must be seen by who guards it.
    """
    extra = options.get("extra_body")
    if not isinstance(extra, Mapping):
        return {}
    for name in ("conversation", "input", "stream", "background", "store"):
        if name in extra:
            raise InvalidArgumentError(f"extra_body must not contain `{name}`: give it as {name}=…")
    return cast("Mapping[str, object]", extra)


def has_other_tools(body: Mapping[str, object]) -> bool:
    """
    Whether a turn may have tools that its ``tools`` do not name.

    A stored prompt has tools of its own, and so may whatever a member that nobody here knows stands for.
    """
    return body.get("prompt") is not None or not all(name in _KNOWN for name in body)


def _may_run_twice(body: Mapping[str, object]) -> bool:
    """Whether a turn outside of conversations leaves nothing behind: not stored, with no tool that acts by itself."""
    tools: object = body.get("tools") or ()
    return (
        body.get("store") is False
        and not has_other_tools(body)
        and isinstance(tools, (list, tuple))
        and all(is_object(tool) and tool.get("type") in _HARMLESS_TOOLS for tool in cast("Sequence[object]", tools))
    )


def _streamed(request: HTTPRequest) -> HTTPRequest:
    """As a stream of events: the first bounds the call, the rest is bounded as it is read."""
    timeout = request.timeout
    return _bounded(request, timeout.first_event).replace(stream=True, headers={**_EVENT_STREAM, **request.headers})


def _patient(request: HTTPRequest) -> HTTPRequest:
    return _bounded(request, request.timeout.turn)


def _bounded(request: HTTPRequest, seconds: float | None) -> HTTPRequest:
    started = request.started or 0.0
    timeout = attrs.evolve(request.timeout, total=seconds, attempt=None)
    return request.replace(timeout=timeout, deadline=None if seconds is None else started + seconds)


def own_headers(request: HTTPRequest) -> dict[str, str]:
    """The headers of a call, without those that ask for a stream."""
    return {name: value for name, value in request.headers.items() if name.lower() not in _EVENT_STREAM}
