"""
What an item looks like from outside: the fields behind ``include`` are left out unless they were asked for.

A field that the API's description requires is emptied instead of left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from openai_conversations.converters import json
from openai_conversations.server.rules.items import Item, Prepared
from openai_conversations.server.rules.schema_dsl import is_array, is_object
from openai_conversations.server.storage.store import ItemRow

Shown = frozenset[str]

NOTHING: Shown = frozenset()


def _without(item: Item, *path: str) -> Item:
    """The item without the field at a path; the original stays as it is."""
    name, *rest = path
    if name not in item:
        return item
    if not rest:
        return {key: value for key, value in item.items() if key != name}
    inner = item[name]
    return {**item, name: _without(inner, *rest)} if is_object(inner) else item


def _in_parts(item: Item, tag: str, change: Callable[[Item], Item]) -> Item:
    content = item.get("content")
    if not is_array(content):
        return item
    hidden = [change(part) if is_object(part) and part.get("type") == tag else part for part in content]
    return {**item, "content": hidden}


def _without_logprobs(part: Item) -> Item:
    return {**part, "logprobs": []} if "logprobs" in part else part


# Item type → the name in `include` → how the item looks without it.
_HIDING: Mapping[str, Mapping[str, Callable[[Item], Item]]] = {
    "file_search_call": {"file_search_call.results": lambda item: _without(item, "results")},
    "web_search_call": {
        "web_search_call.results": lambda item: _without(item, "results"),
        "web_search_call.action.sources": lambda item: _without(item, "action", "sources"),
    },
    "message": {
        "message.input_image.image_url": lambda item: _in_parts(
            item, "input_image", lambda part: _without(part, "image_url")
        ),
        "message.output_text.logprobs": lambda item: _in_parts(item, "output_text", _without_logprobs),
    },
    "computer_call_output": {
        "computer_call_output.output.image_url": lambda item: _without(item, "output", "image_url")
    },
    "code_interpreter_call": {"code_interpreter_call.outputs": lambda item: {**item, "outputs": None}},
    "reasoning": {"reasoning.encrypted_content": lambda item: _without(item, "encrypted_content")},
}

INCLUDABLE = tuple(name for ways in _HIDING.values() for name in ways)


def hide(item: Item, include: Shown) -> Item:
    """The item without the fields behind ``include`` that were not asked for."""
    for name, hidden in _HIDING.get(str(item.get("type")), {}).items():
        if name not in include:
            item = hidden(item)
    return item


def row(prepared: Prepared) -> ItemRow:
    """
    The item as the store keeps it.

    Raises:
        ValueError: It cannot be written as JSON.
    """
    item = prepared.item
    return ItemRow(
        id=item["id"],
        body=json.dumps(item),
        gated=hide(item, NOTHING) != item,
        identity=prepared.identity,
        sent_id=prepared.sent_id,
    )


def shown(row: ItemRow, include: Shown) -> bytes:
    """The JSON of an item for one request; the stored bytes when there is nothing to hide."""
    return json.dumps(hide(json.loads_exact(row.body), include)) if row.gated else row.body
