"""How the data of a server-sent event becomes an event."""

from __future__ import annotations

from typing import Any, Final

from cattrs import Converter

from openai_conversations.converters.errors import DecodeError
from openai_conversations.converters.json import loads_exact
from openai_conversations.converters.tolerant import read_tolerantly
from openai_conversations.converters.unions import TagTable
from openai_conversations.jsontypes import is_object
from openai_conversations.schemas.responses import events
from openai_conversations.schemas.responses.events import EVENT_CLASSES
from openai_conversations.schemas.responses.events.base import Event, UnknownEvent

_MOST_TEXT: Final = 200


def event_table(converter: Converter) -> TagTable:
    """Type → how an event of it is read, the fast way; the module of a class is loaded when its type is first met."""
    return TagTable(lambda tag: getattr(events, EVENT_CLASSES[tag]), converter)


def read_event(data: bytes, name: str, converter: Converter) -> Event:
    """
    The event of any data, slowly.

    Raises:
        DecodeError: It is not JSON; the message has the beginning of its text.
    """
    value = _error_in_words(data) if name == "error" else _json(data)
    tag = _type(value, name)
    if tag not in EVENT_CLASSES:
        return UnknownEvent(data=value)
    read: Event = read_tolerantly(value, getattr(events, EVENT_CLASSES[tag]), converter)
    return read


def _error_in_words(data: bytes) -> Any:
    """What an event that is named an error says; some gateways say it in plain words."""
    try:
        return _json(data)
    except DecodeError:
        return {"type": "error", "message": data.decode("utf-8", "replace")}


def _type(value: Any, name: str) -> str:
    """The type of an event; what ``event:`` said when it has none, or when it has one of an error instead."""
    if not is_object(value):
        return ""
    tag = value.get("type")
    if not isinstance(tag, str):
        return name or ("error" if "error" in value else "")
    return name if name == "error" and tag not in EVENT_CLASSES else tag


def _json(data: bytes) -> Any:
    try:
        return loads_exact(data)
    except UnicodeDecodeError:
        pass  # not UTF-8
    except ValueError as error:
        raise _not_json(data, error) from None
    try:
        return loads_exact(data.decode("utf-8", "replace"))
    except ValueError as error:
        raise _not_json(data, error) from None


def _not_json(data: bytes, error: ValueError) -> DecodeError:
    text = data.decode("utf-8", "replace")
    return DecodeError(f"not JSON ({error}): {text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT] + '…'}")
