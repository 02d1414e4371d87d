"""
The classes against the models of the official client, which are newer than the description of the API.

A failure after an update of `openai` says what the API has learned since.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args, get_origin

import pydantic
import pytest
from openai.types import conversations as official

from openai_conversations.schemas.base import Schema
from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.schemas.unknown import Unknown
from tests.schemas.families import fields, hints, literals, members, tagged


def _plain(annotation: Any) -> list[Any]:
    """Take an annotation apart: unions, ``Annotated`` and lists."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) is list:
        return _plain(get_args(annotation)[0])
    return [m for part in members(annotation) for m in (_plain(part) if part is not annotation else [part])]


def _ours(model: type[pydantic.BaseModel], hint: Any) -> list[type[Schema]]:
    """Find our classes for a model: by its tags, or those without a tag."""
    known = tagged(_union(hint))
    tag = model.model_fields.get("type")
    if known and tag:
        return [known[value] for value in get_args(tag.annotation) if value in known]
    found = [m for m in _plain(hint) if isinstance(m, type) and issubclass(m, Schema) and not issubclass(m, Unknown)]
    return [m for m in found if m not in known.values()]


def _union(hint: Any) -> Any:
    union = None
    for part in _plain(hint):
        union = part if union is None else union | part
    return union


def missing(path: str, annotation: Any, hint: Any) -> list[str]:
    """List the models, fields and enumerated values that our annotation has no place for."""
    found: list[str] = []
    for part in _plain(annotation):
        if get_origin(part) is Literal and not path.endswith(".object"):
            lacking = set(get_args(part)) - literals(_union(hint))
            found += [f"{path}: no {sorted(lacking)}"] if lacking else []
        elif isinstance(part, type) and issubclass(part, pydantic.BaseModel):
            ours = _ours(part, hint)
            found += [] if ours else [f"{path}: no class for {part.__name__}"]
            found += [line for cls in ours for line in _missing_fields(f"{path}/{cls.__name__}", part, cls)]
    return found


def _missing_fields(path: str, model: type[pydantic.BaseModel], cls: type[Schema]) -> list[str]:
    found: list[str] = []
    for name, field in model.model_fields.items():
        wire = field.alias or name
        if wire in fields(cls):
            found += missing(f"{path}.{wire}", field.annotation, hints(cls)[fields(cls)[wire].name])
        else:
            found.append(f"{path}: no field {wire}")
    return found


@pytest.mark.parametrize(
    ("annotation", "hint"),
    [
        pytest.param(official.ConversationItem, Item, id="items"),
        pytest.param(official.ConversationItemList, ConversationItemList, id="page"),
        pytest.param(official.Conversation, Conversation, id="conversation"),
        pytest.param(official.ConversationDeletedResource, ConversationDeletedResource, id="deleted conversation"),
    ],
)
def test_nothing_ismissing(annotation: Any, hint: Any) -> None:
    """Every model, field and enumerated value of the official client has its place, nested models included."""
    assert [] == missing("", annotation, hint)
