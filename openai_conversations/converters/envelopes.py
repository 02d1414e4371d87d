"""
What stands around the items: conversations and pages, of servers that write it in another way.

An envelope is read as leniently as an item: ``created_at`` as a float or a text, ids as integers. The attribute is what
the class promises; what came goes to ``extra``, which is written back in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from openai_conversations.jsontypes import JsonObject, is_object
from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
from openai_conversations.schemas.page import Page

_ENVELOPES: Final = (Conversation, ConversationDeletedResource, Page)


def is_envelope(kind: Any) -> bool:
    """Whether a class, or anything else that can be decoded, is one of these."""
    return isinstance(kind, type) and issubclass(kind, _ENVELOPES)


def read_envelope(value: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON of an envelope with each member as its class has it, and the members that came in another way."""
    read = {key: _READERS.get(key, _as_it_is)(member) for key, member in value.items()}
    return read, {key: member for key, member in value.items() if read[key] is not member}


def _as_it_is(value: Any) -> Any:
    return value


def _id(value: Any) -> Any:
    """Integers are ids, too; for anything else an id is an error."""
    return str(value) if type(value) is int else value


def _cursor(value: Any) -> Any:
    """A cursor that is no id counts as missing: the id of the last item stands in for it."""
    return _id(value) if type(value) in {str, int} else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: object) -> JsonObject | None:
    return value if is_object(value) else None


def _seconds(value: Any) -> Any:
    """Seconds since 1970-01-01 UTC, of a number, of digits, or of a date as ISO 8601 has it; 0 when it is none."""
    if value is None or type(value) is int:
        return value
    try:
        return int(_number(value))
    except (TypeError, ValueError, OverflowError):
        return 0


def _number(value: Any) -> float:
    if type(value) is not str:
        return value if type(value) is float else 0.0
    try:
        return float(value)
    except ValueError:
        date = datetime.fromisoformat(value)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "id": _id,
    "object": _text,
    "metadata": _object,
    "created_at": _seconds,
    "first_id": _cursor,
    "last_id": _cursor,
}
"""Member of an envelope → how it is read. ``data``, ``has_more`` and ``deleted`` are not guessed at."""
