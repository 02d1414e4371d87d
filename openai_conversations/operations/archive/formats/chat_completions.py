"""
Messages of Chat Completions as items.

https://platform.openai.com/docs/api-reference/chat/create: a message holds its tool calls, an item is a tool call;
the result of one is a message of the role ``tool`` there and an output item here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from openai_conversations.jsontypes import JsonObject, as_object, is_array, is_object, text_of
from openai_conversations.operations.archive.formats.fields import (
    Fields,
    MessageError,
    function_call,
    function_output,
    input_text,
    json_text,
    message,
    text_part,
)

_ASKS: Final = frozenset({"system", "developer", "user"})
_ROLES: Final = frozenset({*_ASKS, "assistant", "tool", "function"})


def is_chat_message(value: object) -> bool:
    """Whether a JSON value is a message of Chat Completions."""
    return text_of(value, "role") in _ROLES


class ChatReader:
    """Goes through the messages; remembers the calls, because a result says only whose it is."""

    def __init__(self) -> None:
        self._custom: set[str] = set()
        self._open: list[tuple[str, str]] = []
        """Calls without a result: id and name."""

    def read(self, index: int, fields: Fields) -> list[JsonObject]:
        """
        The items of one message; what is not taken of it, it does not express.

        Raises:
            MessageError: It has no role that is known.
        """
        role = fields.text("role")
        if role not in _ROLES:
            raise MessageError(index, f"a message of Chat Completions has no role {role!r}")
        if role in _ASKS:
            items = _said(role, fields)
        elif role == "assistant":
            items = self._answered(index, fields)
        else:
            items = self._result(fields)
        if not items:
            fields.note("", "nothing of it can be expressed", "left_out")
        return items

    # what is said

    def _answered(self, index: int, fields: Fields) -> list[JsonObject]:
        parts = _answer(fields)
        said = [message("assistant", parts)] if parts else []
        return [*said, *self._calls(index, fields)]

    def _calls(self, index: int, fields: Fields) -> Iterator[JsonObject]:
        for at, call in enumerate(fields.objects("tool_calls")):
            yield from self._call(f"call_{index}_{at}", call)
        legacy = fields.object("function_call")
        if "name" in legacy:
            yield from self._function(f"call_{index}", legacy, "", legacy)

    def _call(self, made_up: str, call: Fields) -> Iterator[JsonObject]:
        if is_object(call.peek("custom")):
            call.drop("type", "custom")
            custom = call.object("custom")
            name, given = custom.text("name"), custom.take("input")
            call_id = self._called(made_up, name, call)
            self._custom.add(call_id)
            written = "" if given is None else json_text(given)
            yield {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": written}
        elif "name" in Fields(as_object(call.peek("function"))):
            call.drop("type", "function")
            yield from self._function(made_up, call.object("function"), call.text("id"), call)
        else:
            call.leave("it calls neither a function nor a custom tool")

    def _function(self, made_up: str, function: Fields, call_id: str, noted: Fields) -> Iterator[JsonObject]:
        if not isinstance(function.peek("name"), str):
            noted.leave("it does not say what it calls")
            return
        name, arguments = function.text("name"), function.take("arguments")
        yield function_call(self._called(made_up, name, noted, call_id), name, arguments)

    def _called(self, made_up: str, name: str, call: Fields, given: str = "") -> str:
        call_id = given or call.text("id")
        if not call_id:
            call_id = made_up
            call.note("", f"the call had no id; it got {call_id!r}", "added")
        self._open.append((call_id, name))
        return call_id

    # what came of it

    def _result(self, fields: Fields) -> list[JsonObject]:
        call_id = fields.text("tool_call_id") or self._call_of(fields.peek("name"), fields.peek("tool_name"))
        if not call_id:
            fields.leave("it says of no call that it is its result, and there is none before it", "left_out")
            return []
        name = next((name for known, name in self._open if known == call_id), None)
        self._open = [call for call in self._open if call[0] != call_id]
        if name is not None:
            fields.drop("name", name)
            fields.drop("tool_name", name)
        item = function_output(call_id, _output(fields))
        return [{**item, "type": "custom_tool_call_output"} if call_id in self._custom else item]

    def _call_of(self, *names: Any) -> str:
        """The first call without a result, by name where one is given: before there were ids, and for Ollama."""
        wanted = [name for name in names if isinstance(name, str) and name]
        return next((call_id for call_id, name in self._open if not wanted or name in wanted), "")


def _said(role: str, fields: Fields) -> list[JsonObject]:
    content = fields.peek("content")
    if isinstance(content, str):
        return [{"type": "message", "role": role, "content": fields.take("content")}]
    parts = list(_parts(fields, "content"))
    return [message(role, parts)] if parts else []


def _answer(fields: Fields) -> list[JsonObject]:
    content = fields.text("content")
    parts = [text_part("assistant", content)] if content else []
    for part in _elements(fields, "content"):
        if isinstance(part, str):
            parts += [text_part("assistant", part)] if part else []
            continue
        made = _refusal(part) or _text(part)
        if made is None:
            part.leave(_unknown(part, "in an answer"))
        else:
            parts.append(made)
    if isinstance(fields.peek("refusal"), str) and fields.peek("refusal"):
        parts.append({"type": "refusal", "refusal": fields.text("refusal")})
    _annotate(parts, fields)
    return parts


def _elements(fields: Fields, key: str) -> list[Fields | str]:
    """The parts of a list, or the only part; a number or a truth value as the text that it is."""
    given = fields.peek(key)
    if is_object(given):
        return [fields.object(key)]
    if isinstance(given, (int, float)):
        return [json_text(fields.take(key))]
    return fields.elements(key)


def _parts(fields: Fields, key: str) -> Iterator[JsonObject]:
    """The parts of what the model is given; what cannot be expressed is named."""
    for part in _elements(fields, key):
        if isinstance(part, str):
            yield from [input_text(part)] if part else []
            continue
        make = PARTS.get(text_of({"type": part.peek("type")}, "type"))
        made = None if make is None else make(part)
        if made is None:
            part.leave(_unknown(part))
        else:
            part.take("type")
            yield made


def _unknown(part: Fields, where: str = "") -> str:
    return f"a part of the type {part.peek('type')!r} cannot be expressed{' ' if where else ''}{where}"


def _text(part: Fields) -> JsonObject | None:
    if part.peek("type") != "text" or not isinstance(part.peek("text"), str):
        return None
    part.take("type")
    return text_part("assistant", part.take("text"))


def _refusal(part: Fields) -> JsonObject | None:
    if part.peek("type") != "refusal" or not isinstance(part.peek("refusal"), str):
        return None
    part.take("type")
    return {"type": "refusal", "refusal": part.take("refusal")}


def _annotate(parts: list[JsonObject], fields: Fields) -> None:
    """Citations count the characters of the message; they fit when it is one text."""
    texts = [part for part in parts if part["type"] == "output_text"]
    given = fields.peek("annotations")
    if (
        len(texts) != 1
        or not is_array(given)
        or not all(is_object(as_object(each).get("url_citation")) for each in given)
    ):
        return
    for annotation in fields.objects("annotations"):
        annotation.drop("type", "url_citation")
        citation = annotation.object("url_citation")
        texts[0]["annotations"].append({"type": "url_citation", **citation.take_all(but="type")})


def _output(fields: Fields) -> str | list[JsonObject]:
    """The result of a call: a text, parts that an output may hold, or any other value as JSON."""
    content = fields.peek("content")
    if is_array(content) and content and all(_is_part(each) for each in content):
        parts = list(_parts(fields, "content"))
        return parts or ""
    value = fields.take("content")
    return "" if value is None else json_text(value)


def _is_part(value: object) -> bool:
    return isinstance(value, str) or (is_object(value) and text_of(value, "type") in {*PARTS, "input_audio", "refusal"})


def _text_part(part: Fields) -> JsonObject | None:
    return input_text(part.take("text")) if isinstance(part.peek("text"), str) else None


def image(part: Fields) -> JsonObject | None:
    """``image_url``, in the form that both older APIs have, or as a text."""
    if isinstance(part.peek("image_url"), str) and part.peek("image_url"):
        return {"type": "input_image", "image_url": part.text("image_url"), "detail": "auto"}
    if not text_of(part.peek("image_url"), "url"):
        return None
    given = part.object("image_url")
    return {"type": "input_image", "image_url": given.text("url"), "detail": given.text("detail") or "auto"}


def _file(part: Fields) -> JsonObject | None:
    names = ("file_id", "file_data", "filename")
    if not any(text_of(part.peek("file"), name) for name in names):
        return None
    given = part.object("file")
    kept = {name: given.text(name) for name in names}
    return {"type": "input_file", **{name: value for name, value in kept.items() if value}}


PARTS: Final[Mapping[str, Callable[[Fields], JsonObject | None]]] = {
    "text": _text_part,
    "image_url": image,
    "file": _file,
}
"""The parts that become parts of an item, each with what makes it one: ``None`` when it holds nothing."""
