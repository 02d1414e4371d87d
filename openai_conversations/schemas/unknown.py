"""
What is kept when the API sends something that this version has no class for.

There is one class per family, so that a union says what its unknown member stands for.
The converter writes ``data`` back as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import attrs

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.items.base import Item


class Unknown:
    """Common to all unknown values: a mixin without fields, for ``isinstance``."""

    __slots__ = ()

    data: Any
    """The complete JSON value as received, normally a dict; ``extra`` is not used."""

    @property
    def type(self) -> Literal[""]:
        """
        The tag, or ``""`` when there is none.

        Type checkers are told that it is empty, so that ``item.type == "message"`` tells the classes of a union apart.
        What is known but does not fit its class is unknown, too, and keeps its tag: ``isinstance`` finds it out.
        """
        return cast("Literal['']", _text(self.data, "type"))

    def __repr__(self) -> str:
        # The names of the keys and never their values: there may be a secret among them.
        tags = [f"{key}={value!r}" for key in ("type", "id") if (value := _text(self.data, key))]
        return f"{type(self).__name__}({', '.join([*tags, f'data=<{_outline(self.data)}>'])})"


@schema
class UnknownObject(Unknown, Schema):
    """A nested object of an unknown type: an action, a caller, an outcome, an error."""

    data: Any


@schema
class UnknownContent(Unknown, Schema):
    """A content part of an unknown type."""

    data: Any


@schema
class UnknownAnnotation(Unknown, Schema):
    """An annotation of an unknown type."""

    data: Any


@schema
class UnknownTool(Unknown, Schema):
    """A tool of an unknown type."""

    data: Any


@schema
class UnknownItem(Unknown, Item):
    """An item of an unknown type, or an item of a known type that does not fit its class."""

    data: Any

    id: str = attrs.field(init=False, default=attrs.Factory(lambda self: _text(self.data, "id"), takes_self=True))
    """The id that stood in ``data`` when this object was made, or ``""`` when there was none."""


def _text(data: Any, key: str) -> str:
    value: object = cast("Mapping[str, object]", data).get(key) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else ""


def _outline(data: Any) -> str:
    if isinstance(data, Mapping):
        return ", ".join(str(key) for key in cast("Mapping[object, object]", data))
    return type(data).__name__
