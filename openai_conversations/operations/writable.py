"""
How a stored item must look to be stored again: what the API takes is narrower than what it gives.

A message to the API holds other parts than a message from it; some roles and states only exist in responses; some items
are nothing without the id that they came with. What an operation must change here, it reports.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final

from openai_conversations.converters.outgoing import KEEPS_ID
from openai_conversations.jsontypes import JsonObject, as_array, is_array, is_object, text_of, type_of
from openai_conversations.operations.azure_items import AZURE_ITEM_TYPES

_TEXTS: Final = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})
_ROLES: Final = frozenset({"user", "assistant", "system", "developer"})

# By role: what a text part is called, and which other parts are taken.
_TEXT_OF_ROLE: Final[Mapping[str, str]] = {"assistant": "output_text"}
_PARTS_OF_ROLE: Final[Mapping[str, frozenset[str]]] = {"assistant": frozenset({"refusal"})}
_INPUT_PARTS: Final = frozenset({"input_image", "input_file"})
_KNOWN_PARTS: Final = _TEXTS | _INPUT_PARTS | {"refusal", "computer_screenshot"}

_STATES: Final = frozenset({"in_progress", "completed", "incomplete"})


def why_not_writable(item: JsonObject) -> str:
    """Why a stored item cannot be stored again, in one sentence; ``""`` when it can."""
    return refusal_of(item, writable(item), KEEPS_ID)


def refusal_of(original: JsonObject, item: JsonObject, keeps_id: Container[str]) -> str:
    """
    Why an item cannot be stored, in one sentence; ``""`` when it can.

    Args:
        original: The item as it was.
        item: The item as it would be sent.
        keeps_id: The types that are nothing without their id.
    """
    tag = type_of(item)
    if item.get("content") == [] != original.get("content"):
        return "nothing of its content can be written"
    if tag in AZURE_ITEM_TYPES:
        return f"Azure AI Foundry gives {tag} items and, by its description, takes none"
    check = _CHECKS.get(tag)
    if check is not None:
        return check(item)
    if tag in keeps_id and not text_of(item, "id"):
        return f"a {tag} cannot be stored without the id that it came with"
    return ""


def _message(item: JsonObject) -> str:
    role = text_of(item, "role")
    return "" if role in _ROLES else f"a message of the role {role!r} cannot be written"


def _reasoning(item: JsonObject) -> str:
    if not (text_of(item, "id") or text_of(item, "encrypted_content")):
        return "reasoning cannot be stored without its id or its encrypted content"
    if is_empty_reasoning(item):
        return "the reasoning is empty"
    return ""


def is_empty_reasoning(item: JsonObject) -> bool:
    """Whether a reasoning item holds nothing: the service refuses it."""
    return not (as_array(item.get("summary")) or as_array(item.get("content")) or text_of(item, "encrypted_content"))


def _additional_tools(item: JsonObject) -> str:
    role = text_of(item, "role")
    return "" if role == "developer" else f"additional tools of the role {role!r} cannot be written"


def _trigger(_: JsonObject) -> str:
    return "it asks the model for something and cannot be stored"


_CHECKS: Final = {
    "message": _message,
    "reasoning": _reasoning,
    "additional_tools": _additional_tools,
    "compaction_trigger": _trigger,
}


def writable(item: JsonObject) -> JsonObject:
    """The item in the shape in which it can be written; the same object when nothing has to change."""
    tag = type_of(item)
    if tag == "message":
        return _writable_message(item)
    if tag == "computer_call_output" and item.get("status") not in (None, *_STATES):
        return {key: value for key, value in item.items() if key != "status"}
    return item


def _writable_message(item: JsonObject) -> JsonObject:
    content = item.get("content")
    if not is_array(content):
        return item
    role = text_of(item, "role")
    parts = [written for part in content for written in _part(part, role)]
    return item if parts == content else {**item, "content": parts}


def _part(part: Any, role: str) -> list[Any]:
    """The part as the role may write it: the same, another, or none."""
    tag = text_of(part, "type")
    if not is_object(part) or tag not in _KNOWN_PARTS:
        return [part]
    if tag in _TEXTS:
        return [_text(part, _TEXT_OF_ROLE.get(role, "input_text"))]
    if tag == "computer_screenshot" and role != "assistant":
        return [{key: value for key, value in part.items() if value is not None} | {"type": "input_image"}]
    return [part] if tag in _PARTS_OF_ROLE.get(role, _INPUT_PARTS) else []


def _text(part: JsonObject, tag: str) -> JsonObject:
    if part["type"] == tag:
        return part
    text = {"type": tag, "text": part.get("text", "")}
    return {**text, "annotations": []} if tag == "output_text" else text
