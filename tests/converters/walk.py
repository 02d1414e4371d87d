"""What decoded values are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from openai_conversations.schemas.base import Schema


def parts(value: Any) -> Iterator[Any]:
    """Every object inside an object, itself included."""
    yield value
    members = (
        [getattr(value, a.name) for a in attrs.fields(type(value))]
        if isinstance(value, Schema)
        else value
        if isinstance(value, list)
        else value.values()
        if isinstance(value, dict)
        else []
    )
    for member in members:
        yield from parts(member)
