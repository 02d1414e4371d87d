"""
Values of a file that are taken one by one, so that what nobody took can be named.

A reader of a format takes what it converts. Whatever it does not know, and whatever has another type than it expects,
stays, and is named as unread: nothing is lost because nobody thought of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from openai_conversations.converters.json import dumps
from openai_conversations.jsontypes import JsonObject, as_array, is_array, is_object
from openai_conversations.operations.archive.render.values import flat_json
from openai_conversations.operations.differences import Difference, DifferenceKind

WHOLE_FILE: Final = -1
"""The ``index`` of a difference that belongs to no message of the file, but to the file."""

_NOTHING: Final[tuple[object, ...]] = (None, "", [], {})


@attrs.frozen
class Note:
    """A place of which something is to be said."""

    path: str
    kind: DifferenceKind = "lost"
    reason: str = ""


class Fields:
    """
    The members of one JSON object.

    Args:
        value: The object.
        path: Where it stands; ``""`` for a message as a whole.
    """

    def __init__(self, value: JsonObject | None = None, path: str = "") -> None:
        self.path = path
        self._left: dict[str, Any] = dict(value or {})
        self._inner: list[Fields] = []
        self._notes: list[Note] = []
        self._unread: Note | None = None

    def __contains__(self, key: str) -> bool:
        return self._left.get(key) not in _NOTHING

    @property
    def is_given(self) -> bool:
        """Whether there is anything that nobody took."""
        return bool(self._left)

    def take_all(self, *, but: str = "") -> JsonObject:
        """All members that nobody took, but for one."""
        return {key: self.take(key) for key in [*self._left] if key != but}

    def peek(self, key: str) -> Any:
        """A member that stays where it is; ``None`` when it is not there."""
        return self._left.get(key)

    def take(self, key: str) -> Any:
        """A member of any type; ``None`` when it is not there."""
        return self._left.pop(key, None)

    def text(self, *keys: str) -> str:
        """The first of these members that is a text; ``""`` when none is."""
        for key in keys:
            if isinstance(self._left.get(key), str) and self._left[key]:
                return str(self.take(key))
        return ""

    def drop(self, key: str, *values: object) -> None:
        """Take a member that says with one of these values what the item says anyway."""
        if any(type(value) is type(self.peek(key)) and value == self.peek(key) for value in values):
            self.take(key)

    def object(self, key: str) -> Fields:
        """The members of a member; none when that is no object. What is not taken of them is named, too."""
        inner = Fields(self.take(key) if is_object(self.peek(key)) else None, self.at(key))
        self._inner.append(inner)
        return inner

    def adopt(self, inner: Fields) -> None:
        """Name what is not taken of another object, too."""
        self._inner.append(inner)

    def objects(self, key: str) -> list[Fields]:
        """The objects of an array; what is no object in it is named, and what is not taken of them."""
        path = self.at(key)
        found = list(enumerate(self.elements(key)))
        self._notes += [Note(f"{path}[{place}]") for place, each in found if each and isinstance(each, str)]
        return [each for _, each in found if isinstance(each, Fields)]

    def elements(self, key: str) -> list[Fields | str]:
        """The objects and texts of an array; what is neither is named, and an empty text stands in its place."""
        if not is_array(self.peek(key)):
            return []
        found: list[Fields | str] = []
        for index, value in enumerate(as_array(self.take(key))):
            path = f"{self.at(key)}[{index}]"
            if is_object(value):
                inner = Fields(value, path)
                self._inner.append(inner)
                found.append(inner)
            else:
                found.append(value if isinstance(value, str) else "")
                if not isinstance(value, str) and value not in _NOTHING:
                    self._notes.append(Note(path))
        return found

    def at(self, key: str) -> str:
        """The path of a member."""
        return f"{self.path}.{key}" if self.path else key

    def note(self, key: str, reason: str, kind: DifferenceKind = "lost") -> None:
        """Say something of a member."""
        self._notes.append(Note(self.at(key) if key else self.path, kind, reason))

    def leave(self, reason: str, kind: DifferenceKind = "lost") -> None:
        """Name the object as a whole: nothing of it was taken."""
        self._unread = Note(self.path, kind, reason)

    def notes(self) -> Iterator[Note]:
        """What was said, and every member that nobody took and that says something."""
        if self._unread is not None:
            yield self._unread
            return
        for key, value in self._left.items():
            if value not in _NOTHING:
                yield Note(self.at(key))
        for inner in self._inner:
            yield from inner.notes()
        yield from self._notes


@attrs.frozen(kw_only=True)
class Foreign:
    """
    What a file of another API holds.

    Attributes:
        items: The items as JSON, oldest first.
        unread: What items cannot express.
        conversation: The conversation as JSON, as far as the file has one.
    """

    items: tuple[JsonObject, ...]
    unread: tuple[Difference, ...] = ()
    conversation: JsonObject = attrs.field(factory=dict[str, Any])


class MessageError(ValueError):
    """
    A message of a file cannot be read.

    Attributes:
        index: Which, counted from 0; ``WHOLE_FILE`` for the file.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


def unread(index: int, fields: Fields, *, type: str = "", item_id: str = "") -> list[Difference]:
    """What is to be said of a message."""
    return [
        Difference(index=index, item_id=item_id, type=type, kind=note.kind, path=note.path, reason=note.reason)
        for note in fields.notes()
    ]


def json_text(value: object) -> str:
    """A value where the API wants a text: the text itself, anything else as JSON, however deep it is."""
    if isinstance(value, str):
        return value
    try:
        return dumps(value).decode()
    except ValueError:
        return flat_json(value)


def message(role: str, parts: Sequence[JsonObject]) -> JsonObject:
    """A message with these parts."""
    return {"type": "message", "role": role, "content": list(parts)}


def text_part(role: str, text: str) -> JsonObject:
    """A text as a part of a message of a role."""
    return {"type": "output_text", "text": text, "annotations": []} if role == "assistant" else input_text(text)


def input_text(text: str) -> JsonObject:
    """A text as a part of what the model is given."""
    return {"type": "input_text", "text": text}


def function_call(call_id: str, name: str, arguments: object) -> JsonObject:
    """A call; arguments that are no text become one."""
    given = "{}" if arguments is None else json_text(arguments)
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": given}


def function_output(call_id: str, output: object) -> JsonObject:
    """The output of a call; a list must be one of parts."""
    return {"type": "function_call_output", "call_id": call_id, "output": output}
