"""From the items of a request to the items that are stored: checked, completed, with an id."""

from __future__ import annotations

from typing import Any

from openai_conversations.server import refusal
from openai_conversations.server.ids import Ids

PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
}


def prepare(value: Any, path: str, ids: Ids) -> dict[str, Any]:
    """The item as the service would store it."""
    if not isinstance(value, dict):
        raise refusal.wrong_type(path, "an object", value)
    tag = value.get("type") or ("message" if "role" in value else None)
    if not isinstance(tag, str):
        raise refusal.missing(f"{path}.type")
    item = {"type": tag, "status": "completed", **value, "id": value.get("id") or ids.new(PREFIXES.get(tag, "item"))}
    if tag == "message":
        item["content"] = _content(item, path)
    return item


def _content(item: dict[str, Any], path: str) -> Any:
    content = item.get("content")
    if not isinstance(content, str):
        return content
    if item.get("role") == "assistant":
        return [{"type": "output_text", "text": content, "annotations": [], "logprobs": []}]
    return [{"type": "input_text", "text": content}]
