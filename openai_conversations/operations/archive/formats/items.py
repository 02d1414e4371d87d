"""
The API's own items, in every form in which the API and our commands write them.

A list of items; one item a line, as ``show`` writes them into a pipe; a page of a listing, or several; the body of a
request; each with or without the conversation that they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_object, text_of
from openai_conversations.schemas.items import ITEM_CLASSES

_PARTS: Final = frozenset(
    {"input_text", "output_text", "input_image", "input_file", "summary_text", "reasoning_text", "computer_screenshot"}
)


def is_certain_item(value: object) -> bool:
    """Whether a JSON value is an item and nothing else: by its type, or by a part that only items have."""
    if not is_object(value) or text_of(value, "object") == "thread.message":
        return False
    parts = as_array(value.get("content"))
    return text_of(value, "type") in ITEM_CLASSES or any(text_of(part, "type") in _PARTS for part in parts)


def is_likely_item(value: object) -> bool:
    """Whether a JSON value looks like an item of a type that is not known yet."""
    return may_be_item(value) and bool(text_of(value, "type") and text_of(value, "id"))


def may_be_item(value: object) -> bool:
    """Whether a JSON value may stand among items: types that are not known yet, messages and references without one."""
    names_itself = text_of(value, "type") or text_of(value, "role") or text_of(value, "id")
    return bool(names_itself) and not text_of(value, "object")


def is_newest_first(items: Sequence[JsonObject]) -> bool:
    """Whether outputs stand before the calls that they answer, and none behind."""
    calls = {text_of(item, "call_id"): place for place, item in enumerate(items) if _is_call(item)}
    steps = [
        place > calls[text_of(item, "call_id")]
        for place, item in enumerate(items)
        if not _is_call(item) and text_of(item, "call_id") in calls
    ]
    return bool(steps) and not any(steps)


def _is_call(item: JsonObject) -> bool:
    return text_of(item, "type").endswith("_call")


def has_sign_of_order(items: Sequence[Any]) -> bool:
    """Whether the order of items can be told by a call and its output."""
    calls = {text_of(item, "call_id") for item in items if _is_call(as_object(item))}
    return any(text_of(item, "call_id") in calls for item in items if not _is_call(as_object(item)))
