"""
Items as turns of a chat: who, what kind, and a text. Pure functions over the JSON of items.

Every item becomes a turn; one of an unknown type is shown by its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeGuard

import attrs

from openai_conversations.converters.json import dumps

Kind = Literal["message", "call", "output", "note"]


@attrs.frozen(kw_only=True)
class Turn:
    """
    What a chat view shows of an item.

    Attributes:
        kind: ``message`` is said by somebody, ``call`` and ``output`` are folded lines of a tool, ``note`` is the rest.
        who: The role of a message, the name of a tool, the type of anything else.
        text: What was said, given or returned.
        id: Of the item.
    """

    kind: Kind
    who: str
    text: str
    id: str = ""


_CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    "function_call": ("arguments",),
    "custom_tool_call": ("input",),
    "mcp_call": ("arguments",),
    "mcp_approval_request": ("arguments",),
    "file_search_call": ("queries",),
    "web_search_call": ("action",),
    "computer_call": ("action", "actions"),
    "code_interpreter_call": ("code",),
    "image_generation_call": ("revised_prompt", "size"),
    "local_shell_call": ("action",),
    "shell_call": ("action",),
    "apply_patch_call": ("operation",),
    "tool_search_call": ("arguments",),
    "program": ("code",),
}
"""Item type → the fields that say what was asked; the first that is there is shown."""

_OUTPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "function_call_output": ("output",),
    "custom_tool_call_output": ("output",),
    "computer_call_output": ("output",),
    "local_shell_call_output": ("output",),
    "shell_call_output": ("output",),
    "apply_patch_call_output": ("output", "status"),
    "tool_search_output": ("tools",),
    "program_output": ("result",),
    "mcp_approval_response": ("approve",),
}

_OWN_RESULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "file_search_call": ("results",),
    "code_interpreter_call": ("outputs",),
    "mcp_call": ("error", "output"),
    "image_generation_call": ("error",),
}
"""Calls that carry their result themselves."""

_HIDDEN: Final = frozenset({"id", "type", "status", "created_by", "encrypted_content", "result"})


def turns(item: Mapping[str, Any]) -> list[Turn]:
    """The turns of one item: one, or two for a call that carries its own result."""
    tag = str(item.get("type") or "message")
    if tag == "message":
        return [_turn(item, "message", str(item.get("role", "?")), parts_text(item.get("content")))]
    if tag in _CALLS:
        return [_turn(item, "call", _name(item, tag), _shown(item, _CALLS[tag])), *_own_result(item, tag)]
    if tag in _OUTPUTS:
        return [_turn(item, "output", _name(item, tag), _shown(item, _OUTPUTS[tag]))]
    return [_turn(item, "note", tag, _OTHERS.get(tag, _fields)(item))]


def _turn(item: Mapping[str, Any], kind: Kind, who: str, text: str) -> Turn:
    return Turn(kind=kind, who=who, text=text, id=str(item.get("id") or ""))


def _own_result(item: Mapping[str, Any], tag: str) -> list[Turn]:
    text = _shown(item, _OWN_RESULTS.get(tag, ()))
    return [_turn(item, "output", tag, text)] if text else []


def _name(item: Mapping[str, Any], tag: str) -> str:
    return str(item.get("name") or tag.removesuffix("_call").removesuffix("_call_output").removesuffix("_output"))


def _shown(item: Mapping[str, Any], names: Sequence[str]) -> str:
    value = next((item[name] for name in names if item.get(name) not in (None, [], {})), None)
    return "" if value is None else value_text(value)


def value_text(value: Any) -> str:
    """A JSON value as text: strings as they are, content parts by their text, the rest as compact JSON."""
    if isinstance(value, str):
        return value
    if _is_array(value) and value and all(_is_object(part) and "type" in part for part in value):
        return parts_text(value)
    return dumps(value).decode()


def parts_text(content: Any) -> str:
    """The text of a message's content; images and files as a word in brackets."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if _is_array(content) else [content]
    return "\n".join(filter(None, (_part_text(part) for part in parts)))


def _part_text(part: Any) -> str:
    if not _is_object(part):
        return str(part)
    text = part.get("text", part.get("refusal", part.get("logs")))
    if isinstance(text, str):
        return text
    where = next((part[key] for key in ("filename", "file_id", "file_url", "image_url", "url") if part.get(key)), "")
    return f"[{' '.join(filter(None, (str(part.get('type', 'part')), _short_url(str(where)))))}]"


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _short_url(url: str) -> str:
    return f"{url[:60]}…" if len(url) > 60 else url


def _reasoning(item: Mapping[str, Any]) -> str:
    text = parts_text(item.get("summary")) or parts_text(item.get("content"))
    return text or ("(encrypted)" if item.get("encrypted_content") else "(empty)")


def _fields(item: Mapping[str, Any]) -> str:
    """What an item without a view of its own holds; long opaque fields are left out."""
    return dumps({key: value for key, value in item.items() if key not in _HIDDEN}).decode()


_OTHERS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {"reasoning": _reasoning}
