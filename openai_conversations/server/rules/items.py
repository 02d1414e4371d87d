"""
From the items of a request to the items that are stored: checked, completed, with an id.

What the service is known to do when items are written back is here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from openai_conversations.server.http import errors
from openai_conversations.server.profiles import ItemRules
from openai_conversations.server.rules.azure_items import ID_PREFIXES, ORIGIN
from openai_conversations.server.rules.item_types import CHECKED_PREFIXES, INPUT_ONLY, ITEM_TYPES, MESSAGES, ItemType
from openai_conversations.server.rules.schema_dsl import is_object, text, words
from openai_conversations.server.storage.store import Identity

Item = dict[str, Any]


@attrs.frozen(kw_only=True)
class Prepared:
    """
    An item that is ready to be stored.

    Attributes:
        item: With its id.
        identity: The id was made for it, or it came with the request and leaves the conversation that had it, or it
            came and may stand in several.
        sent_id: The id that came with the request, kept or not; ``""`` for none.
    """

    item: Item
    identity: Identity = "new"
    sent_id: str = ""


@attrs.frozen(kw_only=True)
class Reference:
    """An ``item_reference``: the store looks the item up."""

    id: str
    path: str


def prepare_all(
    values: Iterable[Any], new_id: Callable[[str], str], rules: ItemRules, *, param: str = "items"
) -> list[Prepared | Reference]:
    """
    The items of one request as they are to be stored, in order.

    Args:
        values: What was sent under ``param``.
        new_id: Makes an id with a prefix.
        rules: Where servers differ.
        param: The name of the parameter, for errors.

    Raises:
        HTTPError: One of them cannot be stored, so none is.
    """
    prepared: list[Prepared | Reference] = []
    values = list(values)
    for n, value in enumerate(values):
        path = f"{param}[{n}]"
        if type_of(value, path) == "compaction_trigger":
            _check_trigger(path, last=n == len(values) - 1)
        else:
            prepared.append(prepare(value, path, new_id, rules))
    if not rules.repeat_ids:
        _refuse_duplicates(prepared)
    return prepared


def _check_trigger(path: str, *, last: bool) -> None:
    """A trigger asks the model for something and stores nothing."""
    if not last:
        raise errors.bad_request("A compaction_trigger must be the final input item.", path, "invalid_value")


def _refuse_duplicates(prepared: list[Prepared | Reference]) -> None:
    seen: set[str] = set()
    for item in prepared:
        id = item.id if isinstance(item, Reference) else item.item["id"]
        if id in seen:
            raise errors.duplicate_item(id)
        seen.add(id)


def prepare(value: Any, path: str, new_id: Callable[[str], str], rules: ItemRules) -> Prepared | Reference:
    """One item; ``new_id`` makes an id with a prefix."""
    tag = type_of(value, path)
    if tag == "item_reference":
        return Reference(id=_own_id(value, path) or _miss(f"{path}.id"), path=path)
    item_type = ITEM_TYPES.get(tag)
    if item_type is None:
        _check_unknown(tag, path, rules)
        sent_id = _own_id(value, path)
        return Prepared(item={**value, "id": sent_id or new_id(ID_PREFIXES.get(tag, "item"))}, sent_id=sent_id)
    id = _choose_id(value, tag, item_type, path, rules)
    stored = _message(value, path) if tag == "message" else item_type.shape(value, path)
    if rules.strict:
        _check_write_back(value, tag, path, rules)
    else:
        stored = {"status": None, **value} if tag == "message" else value
    identity: Identity = "new" if not id else "shared" if item_type.shares_id else "moved"
    return Prepared(
        item={**stored, "id": id or new_id(item_type.prefix), "type": tag},
        identity=identity,
        sent_id=_own_id(value, path),
    )


def _check_unknown(tag: str, path: str, rules: ItemRules) -> None:
    if not rules.unknown_types:
        raise errors.wrong_value(f"{path}.type", tag, (*ITEM_TYPES, *INPUT_ONLY))


def complete(value: Mapping[str, Any] | str, new_id: Callable[[str], str]) -> Prepared:
    """
    An item for the store: as the service completes it, or, where the rules would refuse it, as it is.

    A string stands for a user's message.
    """
    item: Item = {"role": "user", "content": value} if isinstance(value, str) else dict(value)
    try:
        prepared = prepare(item, "item", new_id, ItemRules(unknown_types=True))
    except errors.HTTPError:
        prepared = None
    if isinstance(prepared, Prepared):
        return prepared
    id = item.get("id")
    return Prepared(item={**item, "id": id if id and isinstance(id, str) else new_id("item")})


def type_of(value: Any, path: str) -> str:
    """The item's type; a message and a reference need not say it."""
    if not is_object(value):
        raise errors.wrong_type(path, "an object", value)
    tag = value.get("type")
    if tag is None:
        tag = "message" if "role" in value else "item_reference" if "id" in value else _miss(f"{path}.type")
    if not isinstance(tag, str):
        raise errors.wrong_type(f"{path}.type", "a string", tag)
    return tag


def _miss(param: str) -> Any:
    raise errors.missing(param)


def _own_id(value: Item, path: str) -> str:
    """The id that came with an item, or ``""``."""
    id = value.get("id")
    if id is None or id == "":
        return ""
    text(1, 256)(id, f"{path}.id")
    if not id.isprintable():
        raise errors.wrong_pattern(f"{path}.id", ascii(id), "printable characters")
    return str(id)


def _choose_id(value: Item, tag: str, item_type: ItemType, path: str, rules: ItemRules) -> str:
    """The id to keep, or ``""`` for a new one."""
    id = _own_id(value, path)
    if rules.strict and item_type.keeps_id and not id:
        raise errors.missing(f"{path}.id")
    if rules.strict and id and tag in CHECKED_PREFIXES and not id.startswith(item_type.prefix):
        message = f"Invalid '{path}.id': '{errors.shorten(id)}'. Expected an ID that begins with '{item_type.prefix}'."
        raise errors.bad_request(message, f"{path}.id", "invalid_value")
    return id if rules.own_ids else ""


def _message(value: Item, path: str) -> Item:
    role = words(*MESSAGES)(value.get("role"), f"{path}.role")
    stored: Item = MESSAGES[role](value, path)
    if isinstance(stored["content"], str):
        stored["content"] = [_text_part(role, stored["content"])]
    return stored


def _text_part(role: str, content: str) -> Item:
    if role == "assistant":
        return {"type": "output_text", "text": content, "annotations": [], "logprobs": []}
    return {"type": "input_text", "text": content}


def _check_write_back(value: Item, tag: str, path: str, rules: ItemRules) -> None:
    if "created_by" in value:
        raise errors.unknown_parameter(f"{path}.created_by")
    for name in ORIGIN if rules.refuses_origin else ():
        if name in value:
            raise errors.unknown_parameter(f"{path}.{name}")
    if tag == "reasoning":
        _check_reasoning(value, path, rules)


def _check_reasoning(value: Item, path: str, rules: ItemRules) -> None:
    if not value.get("id") and not value.get("encrypted_content"):
        raise errors.missing(f"{path}.id")
    if not (rules.empty_reasoning or value.get("summary") or value.get("content") or value.get("encrypted_content")):
        message = f"Invalid '{path}': the reasoning item holds no summary, no content and no encrypted content."
        raise errors.bad_request(message, path, "invalid_value")
