"""How a model is to answer: the options of a turn that are objects, as OpenAI's description has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from openai_conversations.server.http import errors
from openai_conversations.server.rules import components
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
    opt,
    text,
    words,
)
from openai_conversations.server.rules.tools import TOOL

_STRING = text()
_DETAILED = opt(nullable(words("auto", "concise", "detailed")))
_NAME = text(1, 64, "[a-zA-Z0-9_-]+")
_FUNCTION_NAME = text(1, 128, "[a-zA-Z0-9_-]+")  # of FunctionToolParam, the one function that is described so far

REASONING = Obj(
    {
        "mode": opt(_STRING),  # open: the description names two modes among any other string
        "effort": components.REASONING_EFFORT,
        "summary": _DETAILED,
        "context": opt(nullable(words("auto", "current_turn", "all_turns"))),
        "generate_summary": _DETAILED,
    }
)
TEXT = Obj(
    {
        "format": opt(
            Tagged(
                {
                    "text": Obj({}),
                    "json_schema": Obj(
                        {
                            "name": _NAME,
                            "schema": mapping(),
                            "description": opt(_STRING),
                            "strict": opt(nullable(boolean)),
                        }
                    ),
                    "json_object": Obj({}),
                }
            )
        ),
        "verbosity": opt(nullable(words("low", "medium", "high"))),
    }
)
_NO_NAME: Mapping[str, Obj] = dict.fromkeys(
    (
        "file_search",
        "web_search_preview",
        "computer",
        "computer_use_preview",
        "computer_use",
        "web_search_preview_2025_03_11",
        "image_generation",
        "code_interpreter",
        "programmatic_tool_calling",
        "apply_patch",
        "shell",
        # The description does not say that these can be chosen, nor that they cannot.
        "web_search",
        "web_search_2025_08_26",
    ),
    Obj({}),
)
_NAMED = Obj({"name": _STRING})
TOOL_CHOICE = either(
    str=words("none", "auto", "required"),
    dict=Tagged(
        {
            "allowed_tools": Obj({"mode": words("auto", "required"), "tools": array(mapping())}),
            "function": _NAMED,
            "custom": _NAMED,
            "mcp": Obj({"server_label": _STRING, "name": opt(nullable(_STRING))}),
            **_NO_NAME,
        }
    ),
)
_MODERATED = opt(nullable(Obj({"mode": words("score", "block")})))
MODERATION = Obj({"model": _STRING, "policy": opt(nullable(Obj({"input": _MODERATED, "output": _MODERATED})))})
# 12h is newer than the description; the official client has it.
PROMPT_CACHE = Obj({"ttl": opt(words("30m", "12h")), "mode": opt(words("implicit", "explicit"))})
CONTEXT_MANAGEMENT = array(Obj({"type": _STRING, "compact_threshold": opt(nullable(integer(1000)))}), 1)


def tools(value: Any, path: str) -> Any:
    """The tools of a turn: the functions have names that a model can call, and no two tools have one name."""
    stored = array(TOOL)(value, path)
    seen = set[str]()
    for n, tool in enumerate(stored):
        name = tool.get("name")
        if tool["type"] == "function":
            _FUNCTION_NAME(name, f"{path}[{n}].name")
        if isinstance(name, str) and name in seen:
            message = f"Invalid '{path}[{n}].name': there is another tool with the name '{errors.shorten(name)}'."
            raise errors.bad_request(message, f"{path}[{n}].name", "invalid_value")
        seen |= {name} if isinstance(name, str) else set()
    return stored


def check_tool_choice(fields: Mapping[str, Any], prompt: Iterable[Mapping[str, Any]]) -> None:
    """
    Refuse to choose a tool that the model is not given, neither by the request nor by an item before.

    Raises:
        HTTPError: There is no such tool.
    """
    choice = fields.get("tool_choice")
    if not is_object(choice) or fields.get("prompt") or fields.get("agent") or fields.get("agent_reference"):
        return  # a stored prompt and an agent have tools of their own
    given = {key for tool in _tools(fields, prompt) for key in _keys(tool)}
    is_list = choice["type"] == "allowed_tools"
    for n, chosen in enumerate(choice["tools"] if is_list else [choice]):
        if is_list and str(chosen.get("type")) not in TOOL.shapes:
            continue
        if _chosen(chosen) not in given:
            what = chosen.get("name") or chosen.get("server_label") or chosen["type"]
            message = f"Tool choice '{errors.shorten(what)}' not found in 'tools' parameter."
            raise errors.bad_request(message, f"tool_choice.tools[{n}]" if is_list else "tool_choice", "invalid_value")


def _tools(fields: Mapping[str, Any], prompt: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for holder in (fields, *prompt):
        listed = holder.get("tools")
        if is_array(listed):
            yield from (tool for tool in listed if is_object(tool))


# By more than one name in a choice and among the tools.
_SAME: Mapping[str, str] = {
    **dict.fromkeys(("computer_use", "computer_use_preview"), "computer"),
    **dict.fromkeys(
        ("web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11"),
        "web_search",
    ),
}


def _keys(tool: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a tool can be chosen by."""
    yield _chosen(tool)
    inner = tool.get("tools")  # of a namespace
    if is_array(inner):
        yield from (_chosen(one) for one in inner if is_object(one))


def _chosen(tool: Mapping[str, Any]) -> tuple[str, Any]:
    kind = str(tool.get("type"))
    told_by = {"function": "name", "custom": "name", "namespace": "name", "mcp": "server_label"}.get(kind)
    return _SAME.get(kind, kind), str(tool.get(told_by)) if told_by else None


OPTIONS: Mapping[str, Shape] = {
    "context_management": CONTEXT_MANAGEMENT,
    "moderation": MODERATION,
    "personality": text(most=64),
    "prompt_cache_key": _STRING,
    "prompt_cache_options": PROMPT_CACHE,
    "prompt_cache_retention": words("in_memory", "24h"),
    "reasoning": REASONING,
    "service_tier": words("auto", "default", "flex", "scale", "priority", "fast", "ultrafast"),
    "text": TEXT,
    "tool_choice": TOOL_CHOICE,
    "tools": tools,
    "truncation": words("auto", "disabled"),
}
"""By the name of the option its shape."""


def fields() -> dict[str, Field]:
    """Each of them may be absent or null."""
    return {name: opt(nullable(shape)) for name, shape in OPTIONS.items()}
