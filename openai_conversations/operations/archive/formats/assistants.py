"""
Messages of an Assistants thread as items.

https://platform.openai.com/docs/api-reference/messages: the text of a part is an object with a ``value`` and its
annotations; images and files are parts of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_object, text_of
from openai_conversations.operations.archive.formats.chat_completions import image
from openai_conversations.operations.copy.differences import Difference
from openai_conversations.operations.errors import ArchiveError

_CARRIED: Final = frozenset({"object", "role", "content"})


def is_thread_message(value: object) -> bool:
    """Whether a JSON value is a message of a thread: it says so, or its text has a ``value``."""
    if text_of(value, "object") == "thread.message":
        return True
    parts = as_array(as_object(value).get("content"))
    return any("value" in as_object(as_object(part).get("text")) for part in parts)


def read_thread(messages: Sequence[Any]) -> tuple[tuple[JsonObject, ...], tuple[Difference, ...]]:
    """
    The items of the messages of a thread, and what they cannot express.

    The API lists the newest message first, and so do most files: they are turned round.

    Raises:
        ArchiveError: A message is not what it should be; the error tells which, counted from 0.
    """
    items: list[JsonObject] = []
    unread: list[Difference] = []
    for index, message in _oldest_first(messages):
        reader = _Message(index, message)
        items += reader.items()
        unread += reader.unread
    return tuple(items), tuple(unread)


def _oldest_first(messages: Sequence[Any]) -> list[tuple[int, JsonObject]]:
    numbered = [(index, as_object(message)) for index, message in enumerate(messages)]
    times = [message.get("created_at") for _, message in numbered]
    first, last = times[0], times[-1]
    is_descending = isinstance(first, (int, float)) and isinstance(last, (int, float)) and first > last
    return numbered[::-1] if is_descending else numbered


class _Message:
    def __init__(self, index: int, message: JsonObject) -> None:
        self.unread: list[Difference] = []
        self._index = index
        self._message = message
        self._role = text_of(message, "role")
        if self._role not in ("user", "assistant"):
            raise ArchiveError(f"message {index}: a message of a thread has no role {self._role!r}")

    def items(self) -> list[JsonObject]:
        parts = [made for at, part in enumerate(self._given()) for made in self._part(f"content[{at}]", part)]
        for key, value in self._message.items():
            if key not in _CARRIED and value not in (None, [], {}, ""):
                self._lose(key)
        if parts:
            return [{"type": "message", "role": self._role, "content": parts}]
        self._lose("", "nothing of its content can be expressed", whole=True)
        return []

    def _given(self) -> list[Any]:
        content = self._message.get("content")
        return [{"type": "text", "text": {"value": content}}] if isinstance(content, str) else as_array(content)

    def _lose(self, path: str, reason: str = "", *, whole: bool = False) -> None:
        self.unread.append(
            Difference(
                index=self._index,
                item_id=text_of(self._message, "id"),
                type=self._role,
                kind="left_out" if whole else "lost",
                path=path,
                reason=reason,
            )
        )

    def _part(self, path: str, part: Any) -> Iterator[JsonObject]:
        tag = text_of(part, "type")
        made = _PARTS[tag](part) if tag in _PARTS and self._role == "user" else None
        if tag == "text":
            yield self._text(path, as_object(as_object(part).get("text")))
        elif tag == "refusal" and self._role == "assistant":
            yield {"type": "refusal", "refusal": text_of(part, "refusal")}
        elif made is not None:
            yield made
        else:
            self._lose(path, f"a part of the type {tag!r} cannot be expressed in a message of the {self._role}")

    def _text(self, path: str, text: JsonObject) -> JsonObject:
        value = text_of(text, "value")
        given = as_array(text.get("annotations"))
        if self._role == "user":
            if given:
                self._lose(f"{path}.text.annotations")
            return {"type": "input_text", "text": value}
        annotations = [
            made for at, each in enumerate(given) for made in self._annotation(f"{path}.text.annotations[{at}]", each)
        ]
        return {"type": "output_text", "text": value, "annotations": annotations}

    def _annotation(self, path: str, annotation: Any) -> Iterator[JsonObject]:
        """The position stays where the mark in the text begins; the mark itself is part of the text anyway."""
        tag = text_of(annotation, "type")
        file = as_object(annotation).get(tag)
        index = as_object(annotation).get("start_index")
        if tag not in ("file_citation", "file_path") or not is_object(file) or not isinstance(index, int):
            self._lose(path, f"an annotation of the type {tag!r} cannot be expressed")
            return
        made = {"type": tag, "file_id": text_of(file, "file_id"), "index": index}
        if tag == "file_citation":
            made["filename"] = ""
            self._lose(f"{path}.text", "the file's name is not known, and what stood for it in the text is not kept")
        yield made


def _image_file(part: Any) -> JsonObject | None:
    given = as_object(as_object(part).get("image_file"))
    if not text_of(given, "file_id"):
        return None
    return {"type": "input_image", "file_id": given["file_id"], "detail": text_of(given, "detail") or "auto"}


_PARTS: Final = {"image_file": _image_file, "image_url": image}
