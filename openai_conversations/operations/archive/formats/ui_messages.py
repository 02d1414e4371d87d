"""
UI messages of Vercel's AI SDK as items, of its versions 4 and 5.

https://ai-sdk.dev/docs/reference/ai-sdk-core/ui-message: a message is a list of parts, a tool call and its result are
one part of it. Version 4 wrote the texts a second time in ``content``, and the calls in ``toolInvocations``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_array, text_of
from openai_conversations.operations.archive.formats.fields import (
    Fields,
    MessageError,
    function_call,
    function_output,
    json_text,
    message,
    text_part,
)

_ROLES: Final = ("system", "user", "assistant")
_UI_KEYS: Final = ("parts", "toolInvocations", "experimental_attachments")
_DONE: Final = ("done", "output-available", "output-error", "input-available", "result", "call")
"""States that say what is there anyway: an output, an error, or only a call."""


def is_ui_message(value: object) -> bool:
    """Whether a JSON value is a UI message: it has parts, or what version 4 had beside ``content``."""
    is_ours = any(is_array(as_object(value).get(key)) for key in _UI_KEYS)
    return is_ours and isinstance(as_object(value).get("role"), str)


class UiReader:
    """Reads UI messages."""

    def read(self, index: int, fields: Fields) -> list[JsonObject]:
        """
        The items of one message; what is not taken of it, it does not express.

        Raises:
            MessageError: It has no role that is known.
        """
        role = fields.text("role")
        if role not in _ROLES:
            raise MessageError(index, f"a UI message has no role {role!r}")
        _drop_copies(fields)
        items = list(_items(index, role, fields))
        if not items:
            fields.note("", "nothing of it can be expressed", "left_out")
        return items


def _drop_copies(fields: Fields) -> None:
    """What version 4 wrote twice is taken once: from the parts, where they say the same."""
    parts = as_array(fields.peek("parts"))
    texts = [text_of(part, "text") for part in parts if text_of(part, "type") == "text"]
    fields.drop("content", "".join(texts), "\n".join(texts))
    calls = [as_object(part).get("toolInvocation") for part in parts if text_of(part, "type") == "tool-invocation"]
    fields.drop("toolInvocations", calls)
    thoughts = [text_of(part, "reasoning") for part in parts if text_of(part, "type") == "reasoning"]
    fields.drop("reasoning", "".join(thoughts))


def _items(index: int, role: str, fields: Fields) -> Iterator[JsonObject]:
    """A message for what is said between two calls, and the calls where they stood."""
    said = [text_part(role, text) for text in [fields.text("content")] if text]
    for part in fields.elements("parts"):
        calls = [] if isinstance(part, str) else list(_call(f"call_{index}_{part.path}", part))
        if calls:
            yield from _message(role, said)
            said = []
            yield from calls
        else:
            said += _part(role, part)
    for attachment in fields.objects("experimental_attachments"):
        said += _file(role, attachment)
    yield from _message(role, said)
    for call in fields.objects("toolInvocations"):
        yield from _call_of(f"call_{index}_{call.path}", call, call.text("toolName"))


def _message(role: str, parts: list[JsonObject]) -> Iterator[JsonObject]:
    if parts:
        yield message(role, parts)


def _part(role: str, part: Fields | str) -> list[JsonObject]:
    if isinstance(part, str):
        return [text_part(role, part)] if part else []
    tag = part.peek("type")
    if tag == "text" and isinstance(part.peek("text"), str):
        part.take("type")
        part.drop("state", *_DONE)
        return [text_part(role, part.take("text"))]
    if tag == "file":
        return _file(role, part)
    if tag == "step-start":
        part.take("type")
    elif tag == "reasoning":
        part.leave("reasoning cannot be stored without the id and the encrypted content that it came with")
    elif part.peek("type") is not None:
        part.leave(f"a part of the type {tag!r} cannot be expressed")
    return []


def _file(role: str, part: Fields) -> list[JsonObject]:
    kind = next((key for key in ("mediaType", "mimeType", "contentType") if isinstance(part.peek(key), str)), "")
    media = str(part.peek(kind)) if kind else ""
    place = next((key for key in ("url", "data") if isinstance(part.peek(key), str) and part.peek(key)), "")
    if role != "user" or not place:
        part.leave(f"a file cannot be expressed in a message of the {role}" if place else "a file without its place")
        return []
    part.drop("type", "file")
    url = str(part.take(place))
    if place == "data" and not url.startswith(("http:", "https:", "data:")):
        url = f"data:{part.take(kind) if kind else 'application/octet-stream'};base64,{url}"
    if url.startswith(f"data:{media};"):
        part.take(kind)
    if media.startswith("image/"):
        return [{"type": "input_image", "image_url": url, "detail": "auto"}]
    name = part.text("filename", "name")
    made = {"type": "input_file", "file_data" if url.startswith("data:") else "file_url": url}
    return [{**made, "filename": name} if name else made]


def _call(made_up: str, part: Fields) -> Iterator[JsonObject]:
    """The call that a part is, and its result; nothing when it is none."""
    tag = part.peek("type")
    if tag == "tool-invocation" and part.peek("toolInvocation"):
        part.take("type")
        inner = part.object("toolInvocation")
        yield from _call_of(made_up, inner, inner.text("toolName"))
    elif tag == "dynamic-tool":
        part.take("type")
        yield from _call_of(made_up, part, part.text("toolName"))
    elif isinstance(tag, str) and tag.startswith("tool-") and tag != "tool-invocation":
        part.take("type")
        part.drop("toolName", tag.removeprefix("tool-"))
        yield from _call_of(made_up, part, tag.removeprefix("tool-"))


def _call_of(made_up: str, call: Fields, name: str) -> Iterator[JsonObject]:
    if not name:
        call.leave("it does not say what it calls")
        return
    call_id = call.text("toolCallId")
    if not call_id:
        call_id = made_up
        call.note("", f"the call had no id; it got {call_id!r}", "added")
    state = call.peek("state")
    call.drop("state", *_DONE)
    given = next((key for key in ("input", "args") if call.peek(key) is not None), "input")
    yield function_call(call_id, name, call.take(given))
    came = next((key for key in ("output", "result", "errorText") if call.peek(key) is not None), None)
    if came is not None:
        yield function_output(call_id, json_text(call.take(came)))
    elif state in ("output-available", "result"):
        yield function_output(call_id, "")
