"""
Messages of Chat Completions as items.

https://platform.openai.com/docs/api-reference/chat/create: a message holds its tool calls, an item is a tool call;
the result of one is a message of the role ``tool`` there and an output item here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_array, is_object, text_of
from openai_conversations.operations.copy.differences import Difference, DifferenceKind
from openai_conversations.operations.errors import ArchiveError

_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


def is_chat_message(value: object) -> bool:
    """Whether a JSON value is a message of Chat Completions."""
    return text_of(value, "role") in _ROLES


def read_chat(messages: Sequence[Any]) -> tuple[tuple[JsonObject, ...], tuple[Difference, ...]]:
    """
    The items of a list of messages, and what they cannot express.

    Raises:
        ArchiveError: A message is not what it should be; the error tells which, counted from 0.
    """
    reader = _Reader()
    for index, message in enumerate(messages):
        reader.read(index, as_object(message))
    return tuple(reader.items), tuple(reader.unread)


class _Reader:
    """Goes through the messages; remembers the calls, because a result says only whose it is."""

    def __init__(self) -> None:
        self.items: list[JsonObject] = []
        self.unread: list[Difference] = []
        self._index = 0
        self._role = ""
        self._custom: set[str] = set()
        self._functions: dict[str, str] = {}

    def read(self, index: int, message: JsonObject) -> None:
        self._index = index
        self._role = text_of(message, "role")
        known = _READERS[self._role](self, message)
        for key, value in message.items():
            if key not in ("role", *known) and value not in (None, [], {}, ""):
                self.lose(key)

    def lose(self, path: str, kind: DifferenceKind = "lost", reason: str = "") -> None:
        """Note what cannot be expressed."""
        self.unread.append(
            Difference(index=self._index, item_id="", type=self._role, kind=kind, path=path, reason=reason)
        )

    def fail(self, message: str) -> ArchiveError:
        return ArchiveError(f"message {self._index} ({self._role}): {message}")

    # by role

    def said(self, message: JsonObject) -> tuple[str, ...]:
        content = message.get("content")
        if isinstance(content, str):
            written: Any = content
        elif is_array(content):
            written = [part for at, given in enumerate(content) for part in self._part(f"content[{at}]", given)]
        else:
            raise self.fail("its content is neither text nor a list of parts")
        if written == [] and content:
            self.lose("", "left_out", "nothing of its content can be expressed")
        else:
            self.items.append({"type": "message", "role": self._role, "content": written})
        return ("content",)

    def answered(self, message: JsonObject) -> tuple[str, ...]:
        parts = self._answer(message)
        if parts:
            self.items.append({"type": "message", "role": "assistant", "content": parts})
        calls = [*self._calls(message)]
        self.items += calls
        if not parts and not calls:
            self.lose("", "left_out", "it says nothing and calls nothing")
        return ("content", "refusal", "annotations", "tool_calls", "function_call")

    def tool(self, message: JsonObject) -> tuple[str, ...]:
        call_id = text_of(message, "tool_call_id")
        if not call_id:
            raise self.fail("it has no tool_call_id")
        tag = "custom_tool_call_output" if call_id in self._custom else "function_call_output"
        self.items.append({"type": tag, "call_id": call_id, "output": self._output(message)})
        return ("content", "tool_call_id")

    def function(self, message: JsonObject) -> tuple[str, ...]:
        """The result of a function in the form before there were tools: it names the function, not the call."""
        name = text_of(message, "name")
        if name not in self._functions:
            raise self.fail(f"there is no call of {name!r} before it")
        output = self._output(message)
        self.items.append({"type": "function_call_output", "call_id": self._functions[name], "output": output})
        return ("content", "name")

    # what they hold

    def _part(self, path: str, part: Any) -> Iterator[JsonObject]:
        make = _PARTS.get(text_of(part, "type"))
        made = None if make is None else make(part)
        if made is None:
            self.lose(path, reason=f"a part of the type {text_of(part, 'type')!r} cannot be expressed")
        else:
            yield made

    def _answer(self, message: JsonObject) -> list[JsonObject]:
        content = message.get("content")
        given: list[Any] = (
            [{"type": "text", "text": content}] if content and isinstance(content, str) else as_array(content)
        )
        parts = [made for at, part in enumerate(given) for made in self._answer_part(f"content[{at}]", part)]
        if refusal := text_of(message, "refusal"):
            parts.append({"type": "refusal", "refusal": refusal})
        self._annotate(parts, as_array(message.get("annotations")))
        return parts

    def _answer_part(self, path: str, part: Any) -> Iterator[JsonObject]:
        tag = text_of(part, "type")
        if tag == "text":
            yield {"type": "output_text", "text": text_of(part, "text"), "annotations": []}
        elif tag == "refusal":
            yield {"type": "refusal", "refusal": text_of(part, "refusal")}
        else:
            self.lose(path, reason=f"a part of the type {tag!r} cannot be expressed")

    def _annotate(self, parts: list[JsonObject], annotations: list[Any]) -> None:
        """Citations count the characters of the message; they fit when it is one text."""
        citations = [as_object(each).get("url_citation") for each in annotations]
        texts = [part for part in parts if part["type"] == "output_text"]
        if len(texts) == 1 and all(map(is_object, citations)):
            texts[0]["annotations"] = [{"type": "url_citation", **as_object(each)} for each in citations]
        elif annotations:
            self.lose("annotations")

    def _calls(self, message: JsonObject) -> Iterator[JsonObject]:
        for at, call in enumerate(as_array(message.get("tool_calls"))):
            yield self._call(f"tool_calls[{at}]", as_object(call))
        legacy = as_object(message.get("function_call"))
        if legacy:
            call_id = f"call_{self._index}"
            self._functions[text_of(legacy, "name")] = call_id
            self.lose("function_call", "added", f"the call had no id; it got {call_id!r}")
            yield _function_call(call_id, legacy)

    def _call(self, path: str, call: JsonObject) -> JsonObject:
        call_id = text_of(call, "id")
        if not call_id:
            raise self.fail(f"{path} has no id")
        if call.get("type") == "custom":
            self._custom.add(call_id)
            custom = as_object(call.get("custom"))
            name, given = text_of(custom, "name"), text_of(custom, "input")
            return {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": given}
        if not is_object(call.get("function")):
            raise self.fail(f"{path} calls neither a function nor a custom tool")
        return _function_call(call_id, as_object(call["function"]))

    def _output(self, message: JsonObject) -> str | list[JsonObject]:
        content = message.get("content")
        if is_array(content):
            return [part for at, given in enumerate(content) for part in self._part(f"content[{at}]", given)]
        return content if isinstance(content, str) else ""


def _function_call(call_id: str, function: JsonObject) -> JsonObject:
    name, arguments = text_of(function, "name"), text_of(function, "arguments")
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def _text(part: JsonObject) -> JsonObject:
    return {"type": "input_text", "text": text_of(part, "text")}


def image(part: JsonObject) -> JsonObject | None:
    """``image_url``, in the form that both older APIs have."""
    given = as_object(part.get("image_url"))
    if not text_of(given, "url"):
        return None
    return {"type": "input_image", "image_url": given["url"], "detail": text_of(given, "detail") or "auto"}


def _file(part: JsonObject) -> JsonObject | None:
    given = as_object(part.get("file"))
    kept = {key: given[key] for key in ("file_id", "file_data", "filename") if text_of(given, key)}
    return {"type": "input_file", **kept} if kept else None


_PARTS: Final[Mapping[str, Callable[[JsonObject], JsonObject | None]]] = {
    "text": _text,
    "image_url": image,
    "file": _file,
}

_READERS: Final[Mapping[str, Callable[[_Reader, JsonObject], tuple[str, ...]]]] = {
    "system": _Reader.said,
    "developer": _Reader.said,
    "user": _Reader.said,
    "assistant": _Reader.answered,
    "tool": _Reader.tool,
    "function": _Reader.function,
}
