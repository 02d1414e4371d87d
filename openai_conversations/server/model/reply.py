"""
What a model gives back in one turn, as a value.

A :class:`Reply` holds parts in their order and says how the turn ends. The functions make replies of one part; ``+``
puts them together: ``reason("Hm.") + call("get_weather", {"city": "Bern"})``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs

from openai_conversations.converters import json
from openai_conversations.server.model.chunks import Chunks
from openai_conversations.server.rules.schema_dsl import is_object

End = Literal["completed", "failed", "incomplete"]


@attrs.frozen(kw_only=True)
class Part:
    """
    One piece of a reply.

    Attributes:
        item: An output item without its id.
        events: Events instead of an item, which are sent as they are, with a sequence number; with an item what is
            said between its beginning and its end, in the place of what its type has.
    """

    item: Mapping[str, Any] | None = None
    events: tuple[Mapping[str, Any], ...] = ()


@attrs.frozen(kw_only=True)
class Reply:
    """
    What the model does in one turn.

    Attributes:
        parts: What it gives back, in order.
        end: How the response ends.
        reason: Why it is incomplete: ``max_output_tokens`` or ``content_filter``.
        code: The code of the error of a failed one.
        message: The sentence of that error.
        chunks: How texts and arguments are cut into deltas.
        usage: What a recorded turn cost; ``None`` counts.
    """

    parts: tuple[Part, ...] = ()
    end: End = "completed"
    reason: str = ""
    code: str = ""
    message: str = ""
    chunks: Chunks = "token"
    usage: Mapping[str, Any] | None = None

    def __add__(self, other: Reply) -> Reply:
        """This, then the other; how the turn ends and how it is cut is as the other says."""
        return attrs.evolve(other, parts=(*self.parts, *other.parts))


def say(text: str, *, annotations: Iterable[Mapping[str, Any]] = (), chunks: Chunks = "token") -> Reply:
    """A message of the assistant."""
    part = {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}
    return _one({"type": "message", "role": "assistant", "content": [part]}, chunks)


def refuse(text: str = "I'm sorry, I cannot help with that.", *, chunks: Chunks = "token") -> Reply:
    """A message that holds a refusal."""
    part = {"type": "refusal", "refusal": text}
    return _one({"type": "message", "role": "assistant", "content": [part]}, chunks)


def call(
    name: str, arguments: Mapping[str, Any] | str | None = None, *, call_id: str = "", chunks: Chunks = "token"
) -> Reply:
    """
    A call of a function.

    Args:
        name: The function.
        arguments: An object, or the JSON as the model wrote it, which need not be JSON at all.
        call_id: ``""`` for a new one.
        chunks: How the arguments are cut.
    """
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}).decode()
    return _one({"type": "function_call", "call_id": call_id, "name": name, "arguments": text}, chunks)


def custom_call(name: str, input: str, *, call_id: str = "", chunks: Chunks = "token") -> Reply:
    """A call of a custom tool."""
    return _one({"type": "custom_tool_call", "call_id": call_id, "name": name, "input": input}, chunks)


def reason(
    summary: str = "", *, content: str = "", encrypted_content: str | None = None, chunks: Chunks = "token"
) -> Reply:
    """
    Reasoning.

    Args:
        summary: Its summary; ``""`` for none.
        content: The reasoning itself, which some models show.
        encrypted_content: What is shown to those who ask for it by ``include``.
        chunks: How the texts are cut.
    """
    item: dict[str, Any] = {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": summary}] if summary else [],
    }
    if content:
        item["content"] = [{"type": "reasoning_text", "text": content}]
    if encrypted_content is not None:
        item["encrypted_content"] = encrypted_content
    return _one(item, chunks)


def item(value: Mapping[str, Any], *, chunks: Chunks = "token") -> Reply:
    """
    Any output item: a search, an image, a call to an MCP server. A stream has the events that belong to its type.

    Raises:
        ValueError: It has no type.
    """
    if not isinstance(value.get("type"), str):
        raise ValueError("an item has a type")  # noqa: TRY004  # wrong in itself, not of the wrong Python type
    return _one(value, chunks)


def raw_events(*values: Mapping[str, Any]) -> Reply:
    """
    Events that belong to no item, such as audio, or that no client knows. They get a sequence number.

    Raises:
        ValueError: One of them has no type.
    """
    if not all(isinstance(value.get("type"), str) for value in values):
        raise ValueError("an event has a type")
    return Reply(parts=(Part(events=values),))


def fail(code: str = "server_error", message: str = "The model had an error.") -> Reply:
    """The response ends as ``failed``."""
    return Reply(end="failed", code=code, message=message)


def incomplete(reason: str = "max_output_tokens") -> Reply:
    """The response ends as ``incomplete``, and so does its last item."""
    return Reply(end="incomplete", reason=reason)


def _one(item: Mapping[str, Any], chunks: Chunks) -> Reply:
    return Reply(parts=(Part(item=item),), chunks=chunks)


def as_reply(value: Any) -> Reply:
    """
    What a script may hold: a reply, a text, an item, or several of these for one turn.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, Reply):
        return value
    if isinstance(value, str):
        return say(value)
    if is_object(value):
        return item(value)
    if isinstance(value, (list, tuple)) and value:
        return together(value)  # pyright: ignore[reportUnknownArgumentType]
    raise TypeError(f"a reply is a Reply, a text, an item, or a list of these, not {value!r}")


def together(values: Iterable[Any]) -> Reply:
    """One reply of several; there is at least one."""
    first, *rest = map(as_reply, values)
    for reply in rest:
        first += reply
    return first
