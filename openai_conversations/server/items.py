"""
From the items of a request to the items that are stored: checked, completed, with an id.

One row per item type. What the service is known to do when items are written back is here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import attrs

from openai_conversations.server import parts, refusal
from openai_conversations.server.parts import CALL_ID, CALLER, PHASE, STATUS, STRING, WHOLE
from openai_conversations.server.shapes import (
    Field,
    Obj,
    Shape,
    anything,
    array,
    boolean,
    either,
    fill,
    is_object,
    nullable,
    opt,
    text,
    words,
)
from openai_conversations.server.tools import SHELL_ENVIRONMENT, TOOL

Item = dict[str, Any]


@attrs.frozen(kw_only=True)
class Kind:
    """
    What the service does with items of one type.

    Attributes:
        prefix: How the ids of this type begin.
        shape: The fields besides ``type`` and ``id``.
        keeps_id: The item is nothing without its id, which must be sent.
        shares_id: The item may stand in several conversations under one id. An item that may not leaves the
            conversation it was in when its id is sent again.
    """

    prefix: str
    shape: Obj
    keeps_id: bool = False
    shares_id: bool = False


Identity = Literal["new", "moved", "shared"]


@attrs.frozen(kw_only=True)
class Prepared:
    """
    An item that is ready to be stored.

    Attributes:
        item: With its id.
        identity: The id was made for it, or it came with the request and leaves the conversation that had it, or it
            came and may stand in several.
    """

    item: Item
    identity: Identity = "new"


@attrs.frozen(kw_only=True)
class Reference:
    """An ``item_reference``: the store looks the item up."""

    id: str
    path: str


@attrs.frozen(kw_only=True)
class ItemRules:
    """
    Where servers differ in what they do with items.

    Attributes:
        strict: Apply the write-back rules, and fill in what every stored item has. Otherwise items are checked, but
            stored as they were sent.
        own_ids: Keep the ids that requests bring; otherwise every item gets a new one.
        unknown_types: Keep items of types that the server does not know instead of refusing them.
    """

    strict: bool = True
    own_ids: bool = True
    unknown_types: bool = False


def _kind(prefix: str, **fields: Shape | Field) -> Kind:
    return Kind(prefix=prefix, shape=Obj(fields))


def _lasting(prefix: str, **fields: Shape | Field) -> Kind:
    """A type whose items keep their ids."""
    return Kind(prefix=prefix, shape=Obj(fields), keeps_id=True, shares_id=True)


_SEARCHING = words("in_progress", "searching", "completed", "incomplete", "failed")
_PATCHED = words("completed", "failed")

KINDS: Mapping[str, Kind] = {
    "message": _kind("msg"),  # three shapes, by role: see _message
    "function_call": _kind(
        "fc", arguments=STRING, call_id=STRING, name=STRING, status=STATUS, caller=CALLER, namespace=opt(STRING)
    ),
    "function_call_output": _kind(
        "fco",
        output=parts.TOOL_OUTPUT,
        call_id=opt(CALL_ID),
        name=opt(text(1, 128)),
        namespace=opt(text(1, 64, "[a-zA-Z0-9_-]+")),
        caller=CALLER,
        status=STATUS,
    ),
    "file_search_call": _lasting(
        "fs",
        queries=array(STRING),
        status=_SEARCHING,
        results=opt(nullable(array(parts.SEARCH_RESULT))),
    ),
    "web_search_call": _lasting(
        "ws",
        action=parts.SEARCH_ACTION,
        status=words("in_progress", "searching", "completed", "failed"),
    ),
    "image_generation_call": _lasting(
        "ig", result=nullable(STRING), status=words("in_progress", "completed", "generating", "failed")
    ),
    "computer_call": _lasting(
        "cu",
        call_id=STRING,
        pending_safety_checks=parts.SAFETY_CHECKS,
        status=STATUS.shape,
        action=opt(parts.COMPUTER_ACTION),
        actions=opt(array(parts.COMPUTER_ACTION)),
    ),
    "computer_call_output": _kind(
        "cuo",
        call_id=CALL_ID,
        output=parts.SCREENSHOT,
        acknowledged_safety_checks=opt(parts.SAFETY_CHECKS),
        status=STATUS,
    ),
    "tool_search_call": _kind(
        "tsc",
        arguments=anything,
        call_id=fill(CALL_ID, None),
        execution=fill(words("server", "client"), "server"),
        status=STATUS,
    ),
    "tool_search_output": _kind(
        "tso",
        tools=array(TOOL),
        call_id=fill(CALL_ID, None),
        execution=fill(words("server", "client"), "server"),
        status=STATUS,
    ),
    "additional_tools": _kind("at", role=words("developer"), tools=array(TOOL)),
    "configuration_update": _kind(
        "cfg",
        reasoning=opt(Obj({"effort": parts.REASONING_EFFORT})),
        text=opt(Obj({"format": parts.TEXT_FORMAT})),
    ),
    "reasoning": Kind(  # its id or its encrypted content: see _check_reasoning
        prefix="rs",
        shape=Obj(
            {
                "summary": array(Obj({"type": words("summary_text"), "text": STRING})),
                "content": opt(array(Obj({"type": words("reasoning_text"), "text": STRING}))),
                "encrypted_content": opt(nullable(STRING)),
                "status": opt(STATUS.shape),
            }
        ),
        shares_id=True,
    ),
    "program": _lasting("prog", call_id=CALL_ID, code=STRING, fingerprint=STRING),
    "program_output": _lasting("progo", call_id=CALL_ID, result=STRING, status=words("completed", "incomplete")),
    "compaction": _kind("cmp", encrypted_content=text(most=20_971_520)),
    "code_interpreter_call": _lasting(
        "ci",
        code=nullable(STRING),
        container_id=STRING,
        outputs=nullable(array(parts.INTERPRETER_OUTPUT)),
        status=words("in_progress", "completed", "incomplete", "interpreting", "failed"),
    ),
    "local_shell_call": _lasting("lsh", action=parts.LOCAL_SHELL_ACTION, call_id=STRING, status=STATUS.shape),
    "local_shell_call_output": _lasting("lsho", output=STRING, status=opt(nullable(STATUS.shape))),
    "shell_call": _kind(
        "sh",
        action=parts.SHELL_ACTION,
        call_id=CALL_ID,
        caller=CALLER,
        environment=fill(SHELL_ENVIRONMENT, None),
        status=STATUS,
    ),
    "shell_call_output": _kind(
        "sho",
        call_id=CALL_ID,
        output=array(parts.SHELL_OUTPUT),
        max_output_length=fill(WHOLE, None),
        caller=CALLER,
        status=STATUS,
    ),
    "apply_patch_call": _kind(
        "apc",
        call_id=CALL_ID,
        operation=parts.PATCH_OPERATION,
        status=words("in_progress", "completed"),
        caller=CALLER,
    ),
    "apply_patch_call_output": _kind(
        "apco", call_id=CALL_ID, status=_PATCHED, caller=CALLER, output=opt(nullable(STRING))
    ),
    "mcp_list_tools": _lasting(
        "mcpl",
        server_label=STRING,
        tools=array(parts.MCP_LISTED_TOOL),
        error=opt(nullable(STRING)),
    ),
    "mcp_approval_request": _lasting("mcpr", arguments=STRING, name=STRING, server_label=STRING),
    "mcp_approval_response": _kind("mcprsp", approval_request_id=STRING, approve=boolean, reason=opt(nullable(STRING))),
    "mcp_call": _lasting(
        "mcp",
        arguments=STRING,
        name=STRING,
        server_label=STRING,
        approval_request_id=opt(nullable(STRING)),
        error=opt(nullable(parts.MCP_ERROR)),
        output=opt(nullable(STRING)),
        status=opt(words("in_progress", "completed", "incomplete", "calling", "failed")),
    ),
    "custom_tool_call": _kind("ctc", call_id=STRING, input=STRING, name=STRING, caller=CALLER, namespace=opt(STRING)),
    "custom_tool_call_output": _kind("ctco", call_id=STRING, output=parts.TOOL_OUTPUT, caller=CALLER),
}

INPUT_ONLY = ("compaction_trigger", "item_reference")

CHECKED_PREFIXES = frozenset({"message", "function_call", "reasoning", "custom_tool_call"})
"""Types for which the service is known to refuse an id with another prefix."""

_MESSAGES: Mapping[str, Obj] = {
    "assistant": Obj(
        {"content": either(str=STRING, list=array(parts.OUTPUT_CONTENT)), "status": STATUS, "phase": PHASE}
    ),
    **dict.fromkeys(
        ("user", "system", "developer"),
        Obj({"content": either(str=STRING, list=array(parts.INPUT_CONTENT)), "status": STATUS, "phase": PHASE}),
    ),
}


def prepare_all(values: Iterable[Any], new_id: Callable[[str], str], rules: ItemRules) -> list[Prepared | Reference]:
    """
    The items of one request as they are to be stored, in order.

    Raises:
        Refusal: One of them cannot be stored, so none is.
    """
    prepared: list[Prepared | Reference] = []
    values = list(values)
    for n, value in enumerate(values):
        path = f"items[{n}]"
        if type_of(value, path) == "compaction_trigger":
            _check_trigger(path, last=n == len(values) - 1)
        else:
            prepared.append(prepare(value, path, new_id, rules))
    _refuse_twins(prepared)
    return prepared


def _check_trigger(path: str, *, last: bool) -> None:
    """A trigger asks the model for something and stores nothing."""
    if not last:
        raise refusal.bad_request("A compaction_trigger must be the final input item.", path, "invalid_value")


def _refuse_twins(prepared: list[Prepared | Reference]) -> None:
    seen: set[str] = set()
    for item in prepared:
        id = item.id if isinstance(item, Reference) else item.item["id"]
        if id in seen:
            raise refusal.duplicate_item(id)
        seen.add(id)


def prepare(value: Any, path: str, new_id: Callable[[str], str], rules: ItemRules) -> Prepared | Reference:
    """One item; ``new_id`` makes an id with a prefix."""
    tag = type_of(value, path)
    if tag == "item_reference":
        return Reference(id=_own_id(value, path) or _miss(f"{path}.id"), path=path)
    kind = KINDS.get(tag)
    if kind is None:
        _check_unknown(tag, path, rules)
        return Prepared(item={**value, "id": _own_id(value, path) or new_id("item")})
    id = _choose_id(value, tag, kind, path, rules)
    stored = _message(value, path) if tag == "message" else kind.shape(value, path)
    if rules.strict:
        _check_write_back(value, tag, path)
    else:
        stored = {"status": None, **value} if tag == "message" else value
    identity: Identity = "new" if not id else "shared" if kind.shares_id else "moved"
    return Prepared(item={**stored, "id": id or new_id(kind.prefix), "type": tag}, identity=identity)


def _check_unknown(tag: str, path: str, rules: ItemRules) -> None:
    if not rules.unknown_types:
        raise refusal.wrong_value(f"{path}.type", tag, (*KINDS, *INPUT_ONLY))


def complete(value: Mapping[str, Any] | str, new_id: Callable[[str], str]) -> Prepared:
    """
    An item for the store: as the service completes it, or, where the rules would refuse it, as it is.

    A string stands for a user's message.
    """
    item: Item = {"role": "user", "content": value} if isinstance(value, str) else dict(value)
    try:
        prepared = prepare(item, "item", new_id, ItemRules(unknown_types=True))
    except refusal.Refusal:
        prepared = None
    return (
        prepared if isinstance(prepared, Prepared) else Prepared(item={**item, "id": item.get("id") or new_id("item")})
    )


def type_of(value: Any, path: str) -> str:
    """The item's type; a message and a reference need not say it."""
    if not is_object(value):
        raise refusal.wrong_type(path, "an object", value)
    tag = value.get("type")
    if tag is None:
        tag = "message" if "role" in value else "item_reference" if "id" in value else _miss(f"{path}.type")
    if not isinstance(tag, str):
        raise refusal.wrong_type(f"{path}.type", "a string", tag)
    return tag


def _miss(param: str) -> Any:
    raise refusal.missing(param)


def _own_id(value: Item, path: str) -> str:
    """The id that came with an item, or ``""``."""
    id = value.get("id")
    if id is None or id == "":
        return ""
    text(1, 256)(id, f"{path}.id")
    if not id.isprintable():
        raise refusal.wrong_pattern(f"{path}.id", ascii(id), "printable characters")
    return str(id)


def _choose_id(value: Item, tag: str, kind: Kind, path: str, rules: ItemRules) -> str:
    """The id to keep, or ``""`` for a new one."""
    id = _own_id(value, path)
    if rules.strict and kind.keeps_id and not id:
        raise refusal.missing(f"{path}.id")
    if rules.strict and id and tag in CHECKED_PREFIXES and not id.startswith(kind.prefix):
        message = f"Invalid '{path}.id': '{refusal.shorten(id)}'. Expected an ID that begins with '{kind.prefix}'."
        raise refusal.bad_request(message, f"{path}.id", "invalid_value")
    return id if rules.own_ids else ""


def _message(value: Item, path: str) -> Item:
    role = words(*_MESSAGES)(value.get("role"), f"{path}.role")
    stored: Item = _MESSAGES[role](value, path)
    if isinstance(stored["content"], str):
        stored["content"] = [_text_part(role, stored["content"])]
    return stored


def _text_part(role: str, content: str) -> Item:
    if role == "assistant":
        return {"type": "output_text", "text": content, "annotations": [], "logprobs": []}
    return {"type": "input_text", "text": content}


def _check_write_back(value: Item, tag: str, path: str) -> None:
    if "created_by" in value:
        raise refusal.unknown_parameter(f"{path}.created_by")
    if tag == "reasoning":
        _check_reasoning(value, path)


def _check_reasoning(value: Item, path: str) -> None:
    if not value.get("id") and not value.get("encrypted_content"):
        raise refusal.missing(f"{path}.id")
    if not (value.get("summary") or value.get("content") or value.get("encrypted_content")):
        message = f"Invalid '{path}': the reasoning item holds no summary, no content and no encrypted content."
        raise refusal.bad_request(message, path, "invalid_value")
