"""
Messages of an Assistants thread as items.

https://platform.openai.com/docs/api-reference/messages: the text of a part is an object with a ``value`` and its
annotations; images and files are parts of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_object, text_of
from openai_conversations.operations.archive.formats.chat_completions import image
from openai_conversations.operations.archive.formats.fields import Fields, MessageError, message, text_part

_ROLES: Final = ("user", "assistant")


def is_thread_message(value: object) -> bool:
    """Whether a JSON value is a message of a thread: it says so, or its text has a ``value``."""
    if text_of(value, "object") == "thread.message":
        return True
    parts = as_array(as_object(value).get("content"))
    return text_of(value, "role") in _ROLES and any("value" in as_object(as_object(part).get("text")) for part in parts)


class ThreadReader:
    """Reads the messages of a thread."""

    def read(self, index: int, fields: Fields) -> list[JsonObject]:
        """
        The items of one message; what is not taken of it, it does not express.

        Raises:
            MessageError: It has no role that is known.
        """
        fields.drop("object", "thread.message")
        role = fields.text("role")
        if role not in _ROLES:
            raise MessageError(index, f"a message of a thread has no role {role!r}")
        parts = list(_parts(role, fields))
        if not parts:
            fields.note("", "nothing of its content can be expressed", "left_out")
        return [message(role, parts)] if parts else []


def _parts(role: str, fields: Fields) -> Iterator[JsonObject]:
    if text := fields.text("content"):
        yield text_part(role, text)
    for part in fields.elements("content"):
        if isinstance(part, str):
            yield from [text_part(role, part)] if part else []
            continue
        made = _part(role, part)
        if made is None:
            part.leave(f"a part of the type {part.peek('type')!r} cannot be expressed in a message of the {role}")
        else:
            part.take("type")
            yield made


def _part(role: str, part: Fields) -> JsonObject | None:
    tag = part.peek("type")
    if tag == "text":
        return _text(role, part)
    if tag == "refusal" and role == "assistant" and isinstance(part.peek("refusal"), str):
        return {"type": "refusal", "refusal": part.take("refusal")}
    make = _PARTS.get(tag) if isinstance(tag, str) else None
    return make(part) if make is not None and role == "user" else None


def _text(role: str, part: Fields) -> JsonObject | None:
    if isinstance(part.peek("text"), str):
        return text_part(role, part.take("text"))
    if not isinstance(as_object(part.peek("text")).get("value"), str):
        return None
    text = part.object("text")
    made = text_part(role, text.take("value"))
    if role == "assistant":
        made["annotations"] = [one for each in text.objects("annotations") for one in _annotation(each, made["text"])]
    return made


def _annotation(annotation: Fields, text: str) -> Iterator[JsonObject]:
    """A citation of a file: its place stays where the mark in the text begins, and the mark a part of the text."""
    tag, index = annotation.peek("type"), annotation.peek("start_index")
    fits = tag in ("file_citation", "file_path") and isinstance(index, int) and not isinstance(index, bool)
    if not (fits and is_object(annotation.peek(tag))):
        annotation.leave(f"an annotation of the type {tag!r} cannot be expressed")
        return
    annotation.take("type")
    mark = annotation.peek("text")
    if isinstance(mark, str) and mark in text:
        annotation.take("text")
    made = {"type": tag, "file_id": annotation.object(tag).text("file_id"), "index": annotation.take("start_index")}
    if tag == "file_citation":
        made["filename"] = ""
        annotation.note("filename", "the name of the file is not known", "added")
    yield made


def _image_file(part: Fields) -> JsonObject | None:
    if not text_of(part.peek("image_file"), "file_id"):
        return None
    given = part.object("image_file")
    return {"type": "input_image", "file_id": given.text("file_id"), "detail": given.text("detail") or "auto"}


_PARTS: Final[Mapping[str, Callable[[Fields], JsonObject | None]]] = {"image_file": _image_file, "image_url": image}
