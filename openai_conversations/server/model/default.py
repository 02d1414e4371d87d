"""What the model does when nobody wrote a script: the same for the same prompt, and a tool once for each message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from openai_conversations.server.model.reply import Reply, call, custom_call, say
from openai_conversations.server.model.turn import Turn, text_of
from openai_conversations.server.rules.schema_dsl import is_array, is_object


def default_reply(turn: Turn) -> Reply:
    """
    Call the first tool when there is one and it was not used since the user's last message; else repeat.

    ``tool_choice`` is heeded: ``none`` calls nothing, and a function by name is the one that is called.
    """
    outputs = turn.tool_outputs
    if outputs:
        return say(f"The tool returned: {text_of(outputs[-1])}")
    tool = _tool(turn)
    if tool is None:
        return say(f"You said: {turn.text}" if turn.text else "You said nothing.")
    if tool["type"] == "custom":
        return custom_call(tool["name"], turn.text)
    return call(tool["name"], arguments_for(tool.get("parameters") or {}))


def _tool(turn: Turn) -> Mapping[str, Any] | None:
    choice = turn.request.get("tool_choice")
    if choice == "none":
        return None
    wanted = choice.get("name") if is_object(choice) else None
    callable_tools = [tool for tool in turn.tools if tool.get("type") in ("function", "custom")]
    return next((tool for tool in callable_tools if wanted in (None, tool["name"])), None)


def arguments_for(schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Arguments that fit a JSON schema: the required ones, each the plainest value of its type."""
    properties = schema.get("properties")
    required = schema.get("required")
    if not is_object(properties) or not is_array(required):
        return {}
    return {str(name): _value(properties.get(name), depth) for name in required}


def _value(schema: Any, depth: int) -> Any:
    if not is_object(schema) or depth > _DEEPEST:
        return "text"
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    choices = schema.get("enum")
    if is_array(choices) and choices:
        return choices[0]
    kind = schema.get("type")
    kind = kind[0] if is_array(kind) and kind else kind
    if kind == "object":
        return arguments_for(schema, depth + 1)
    make = _PLAINEST.get(kind) if isinstance(kind, str) else None
    return make() if make else "text"


_DEEPEST = 20
_PLAINEST: Mapping[str, Callable[[], Any]] = {
    "string": lambda: "text",
    "integer": lambda: 1,
    "number": lambda: 1.5,
    "boolean": lambda: True,
    "array": list,
    "null": lambda: None,
}
