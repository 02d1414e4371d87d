"""
What the JSON of a turn, and of a deletion, has to say of itself, so that nothing else with an ``id`` is taken for it.

Gateways answer 200 with errors that have an ``id``, and with objects of other endpoints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from openai_conversations.converters.errors import SchemaMismatch
from openai_conversations.jsontypes import JsonObject, is_array, is_object, text_of

# By name: the classes of turns are loaded when they are first needed. What a deletion says differs between servers.
_OBJECTS: Final = {
    "Response": "response",
    "CompactedResponse": "response.compaction",
    "InputTokenCount": "response.input_tokens",
}

_DELETIONS: Final = {"ConversationDeletedResource": "conversation", "ResponseDeleted": "response"}
"""What a deletion is told by → the object that is deleted: shown in place of that, it was not."""


def why_not(value: object, kind: str) -> str:
    """
    Why a JSON value is no object of a class; ``""`` when nothing says so, as of most classes.

    A response that failed has an error; an error is no response. Servers that leave ``object`` out are believed by what
    else there is.
    """
    if not is_object(value):
        return ""
    named = text_of(value, "object")
    if kind in _DELETIONS:
        return _why_not_deleted(value, named == _DELETIONS[kind])
    wanted = _OBJECTS.get(kind)
    if wanted is None:
        return ""
    if named and named != wanted:
        return f"its object is {named!r}, not {wanted!r}"
    has_status = bool(text_of(value, "status")) or (kind == "Response" and named == wanted)
    if value.get("error") and not has_status:
        return "it is an error"
    if kind == "Response" and not (has_status or is_array(value.get("output"))):
        return "it has neither an object, a status nor an output"
    return ""


def _why_not_deleted(value: JsonObject, is_still_shown: bool) -> str:
    if value.get("error"):
        return "it is an error"
    return "it is what was to be deleted" if is_still_shown and "deleted" not in value else ""


def held_to(read: Callable[[Any, Any], Any], kind: Any) -> Callable[[Any, Any], Any]:
    """What reads objects of a class, held to what their JSON has to say."""
    name = getattr(kind, "__name__", "")
    if name not in _OBJECTS.keys() | _DELETIONS.keys():
        return read

    def read_held(value: Any, kind: Any) -> Any:
        if why := why_not(value, name):
            raise SchemaMismatch(why)
        return read(value, kind)

    return read_held
