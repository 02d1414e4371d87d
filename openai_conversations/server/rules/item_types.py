"""Every type of item: one row says how its ids begin, which fields it has, and what its id means."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from openai_conversations.server.rules import components
from openai_conversations.server.rules.components import CALL_ID, CALLER, PHASE, STATUS, STRING, WHOLE
from openai_conversations.server.rules.schema_dsl import (
    Field,
    Obj,
    Shape,
    anything,
    array,
    boolean,
    either,
    fill,
    nullable,
    opt,
    text,
    words,
)
from openai_conversations.server.rules.tools import SHELL_ENVIRONMENT, TOOL


@attrs.frozen(kw_only=True)
class ItemType:
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


def _type(prefix: str, **fields: Shape | Field) -> ItemType:
    return ItemType(prefix=prefix, shape=Obj(fields))


def _with_kept_id(prefix: str, **fields: Shape | Field) -> ItemType:
    """A type whose items keep their ids."""
    return ItemType(prefix=prefix, shape=Obj(fields), keeps_id=True, shares_id=True)


_SEARCHING = words("in_progress", "searching", "completed", "incomplete", "failed")
_PATCHED = words("completed", "failed")

ITEM_TYPES: Mapping[str, ItemType] = {
    "message": _type("msg"),  # three shapes, by role: see _message
    "function_call": _type(
        "fc", arguments=STRING, call_id=STRING, name=STRING, status=STATUS, caller=CALLER, namespace=opt(STRING)
    ),
    "function_call_output": _type(
        "fco",
        output=components.TOOL_OUTPUT,
        call_id=opt(CALL_ID),
        name=opt(text(1, 128)),
        namespace=opt(text(1, 64, "[a-zA-Z0-9_-]+")),
        caller=CALLER,
        status=STATUS,
    ),
    "file_search_call": _with_kept_id(
        "fs",
        queries=array(STRING),
        status=_SEARCHING,
        results=opt(nullable(array(components.SEARCH_RESULT))),
    ),
    "web_search_call": _with_kept_id(
        "ws",
        action=components.SEARCH_ACTION,
        status=words("in_progress", "searching", "completed", "failed"),
    ),
    "image_generation_call": _with_kept_id(
        "ig", result=nullable(STRING), status=words("in_progress", "completed", "generating", "failed")
    ),
    "computer_call": _with_kept_id(
        "cu",
        call_id=STRING,
        pending_safety_checks=components.SAFETY_CHECKS,
        status=STATUS.shape,
        action=opt(components.COMPUTER_ACTION),
        actions=opt(array(components.COMPUTER_ACTION)),
    ),
    "computer_call_output": _type(
        "cuo",
        call_id=CALL_ID,
        output=components.SCREENSHOT,
        acknowledged_safety_checks=opt(components.SAFETY_CHECKS),
        status=STATUS,
    ),
    "tool_search_call": _type(
        "tsc",
        arguments=anything,
        call_id=fill(CALL_ID, None),
        execution=fill(words("server", "client"), "server"),
        status=STATUS,
    ),
    "tool_search_output": _type(
        "tso",
        tools=array(TOOL),
        call_id=fill(CALL_ID, None),
        execution=fill(words("server", "client"), "server"),
        status=STATUS,
    ),
    "additional_tools": _type("at", role=words("developer"), tools=array(TOOL)),
    "configuration_update": _type(
        "cfg",
        reasoning=opt(Obj({"effort": components.REASONING_EFFORT})),
        text=opt(Obj({"format": components.TEXT_FORMAT})),
    ),
    "reasoning": ItemType(  # its id or its encrypted content: see _check_reasoning
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
    "program": _with_kept_id("prog", call_id=CALL_ID, code=STRING, fingerprint=STRING),
    "program_output": _with_kept_id("progo", call_id=CALL_ID, result=STRING, status=words("completed", "incomplete")),
    "compaction": _type("cmp", encrypted_content=text(most=20_971_520)),
    "code_interpreter_call": _with_kept_id(
        "ci",
        code=nullable(STRING),
        container_id=STRING,
        outputs=nullable(array(components.INTERPRETER_OUTPUT)),
        status=words("in_progress", "completed", "incomplete", "interpreting", "failed"),
    ),
    "local_shell_call": _with_kept_id("lsh", action=components.LOCAL_SHELL_ACTION, call_id=STRING, status=STATUS.shape),
    "local_shell_call_output": _with_kept_id("lsho", output=STRING, status=opt(nullable(STATUS.shape))),
    "shell_call": _type(
        "sh",
        action=components.SHELL_ACTION,
        call_id=CALL_ID,
        caller=CALLER,
        environment=fill(SHELL_ENVIRONMENT, None),
        status=STATUS,
    ),
    "shell_call_output": _type(
        "sho",
        call_id=CALL_ID,
        output=array(components.SHELL_OUTPUT),
        max_output_length=fill(WHOLE, None),
        caller=CALLER,
        status=STATUS,
    ),
    "apply_patch_call": _type(
        "apc",
        call_id=CALL_ID,
        operation=components.PATCH_OPERATION,
        status=words("in_progress", "completed"),
        caller=CALLER,
    ),
    "apply_patch_call_output": _type(
        "apco", call_id=CALL_ID, status=_PATCHED, caller=CALLER, output=opt(nullable(STRING))
    ),
    "mcp_list_tools": _with_kept_id(
        "mcpl",
        server_label=STRING,
        tools=array(components.MCP_LISTED_TOOL),
        error=opt(nullable(STRING)),
    ),
    "mcp_approval_request": _with_kept_id("mcpr", arguments=STRING, name=STRING, server_label=STRING),
    "mcp_approval_response": _type("mcprsp", approval_request_id=STRING, approve=boolean, reason=opt(nullable(STRING))),
    "mcp_call": _with_kept_id(
        "mcp",
        arguments=STRING,
        name=STRING,
        server_label=STRING,
        approval_request_id=opt(nullable(STRING)),
        error=opt(nullable(components.MCP_ERROR)),
        output=opt(nullable(STRING)),
        status=opt(words("in_progress", "completed", "incomplete", "calling", "failed")),
    ),
    "custom_tool_call": _type("ctc", call_id=STRING, input=STRING, name=STRING, caller=CALLER, namespace=opt(STRING)),
    "custom_tool_call_output": _type("ctco", call_id=STRING, output=components.TOOL_OUTPUT, caller=CALLER),
}

INPUT_ONLY = ("compaction_trigger", "item_reference")

CHECKED_PREFIXES = frozenset({"message", "function_call", "reasoning", "custom_tool_call"})
"""Types for which the service is known to refuse an id with another prefix."""

MESSAGES: Mapping[str, Obj] = {
    "assistant": Obj(
        {"content": either(str=STRING, list=array(components.OUTPUT_CONTENT)), "status": STATUS, "phase": PHASE}
    ),
    **dict.fromkeys(
        ("user", "system", "developer"),
        Obj({"content": either(str=STRING, list=array(components.INPUT_CONTENT)), "status": STATUS, "phase": PHASE}),
    ),
}
"""A message's fields by its role."""
