"""
A turn that another service took: from its bytes to a reply that says the same, delta by delta.

The events are those of the API. Their ids are left behind, because the server makes its own; ids of calls stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.model.reply import Part, Reply
from openai_conversations.server.rules.schema_dsl import is_object

Event = dict[str, Any]

ENDS: Mapping[str, Any] = {
    "response.completed": "completed",
    "response.failed": "failed",
    "response.incomplete": "incomplete",
    "error": "failed",
}
"""By type of the last event how a reply ends."""

_BEGINNINGS = frozenset({"response.created", "response.queued", "response.in_progress"})
_MADE_ANEW = frozenset({"sequence_number", "obfuscation", "item_id"})


def read_events(body: bytes) -> list[Event]:
    """The events of a stream of server-sent events, whole or not; what is no JSON object is left out."""
    text = body.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return [event for block in text.split(b"\n\n") for event in _objects(_data(block))]


def _data(block: bytes) -> bytes:
    return b"\n".join(line[5:].removeprefix(b" ") for line in block.split(b"\n") if line.startswith(b"data:"))


def _objects(data: bytes) -> list[Event]:
    try:
        value = json.loads_exact(data)
    except ValueError:
        return []
    return [value] if is_object(value) and isinstance(value.get("type"), str) else []


def as_events(response: Mapping[str, Any]) -> list[Event]:
    """A response that was not streamed, as the last event that a stream of it would have; none while it runs."""
    type = f"response.{response.get('status')}"
    return [{"type": type, "response": dict(response)}] if type in ENDS else []


def condense(events: Iterable[Mapping[str, Any]]) -> list[Event]:
    """What of the events is needed to say the same again."""
    kept: list[Event] = []
    streamed = False
    for event in events:
        type = event["type"]
        if type in _BEGINNINGS:
            continue
        streamed = streamed or type == "response.output_item.done"
        kept.append(_last(event, streamed=streamed) if type in ENDS and type != "error" else _bare(event))
    return kept


def _bare(event: Mapping[str, Any]) -> Event:
    bare = {name: value for name, value in event.items() if name not in _MADE_ANEW}
    return {**bare, "item": _without_id(event["item"])} if is_object(event.get("item")) else bare


def _last(event: Mapping[str, Any], *, streamed: bool) -> Event:
    names = ("error", "incomplete_details", "usage", *(() if streamed else ("output",)))
    response = event["response"]
    kept = {name: response[name] for name in names if response.get(name)}
    if "output" in kept:
        kept["output"] = [_without_id(item) for item in kept["output"]]
    return {"type": event["type"], "response": kept}


def recorded(events: Sequence[Mapping[str, Any]]) -> Reply:
    """
    The reply that says what these events say.

    Raises:
        ValueError: They have no end, or are no events.
    """
    last: Mapping[str, Any] = events[-1] if events else {}
    if last.get("type") not in ENDS:
        raise ValueError("what was recorded does not end with the last event of a turn")
    try:
        return attrs.evolve(_end(last), parts=(*_parts(events[:-1]), *_rest(last)))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"what was recorded holds no events of a turn: {type(error).__name__}: {error}") from None


def _parts(events: Iterable[Mapping[str, Any]]) -> list[Part]:
    """Items in the order of their beginnings with what was said of each, and what belongs to none."""
    parts: list[Part] = []
    open: dict[int, list[Event]] = {}
    for event in events:
        index = event.get("output_index")
        if event["type"] == "response.output_item.added":
            open[event["output_index"]] = []
        elif event["type"] == "response.output_item.done":
            parts.append(Part(item=_without_id(event["item"]), events=tuple(open.pop(event["output_index"], ()))))
        elif isinstance(index, int) and index in open:
            open[index].append({name: value for name, value in _bare(event).items() if name != "output_index"})
        else:
            parts.append(Part(events=(_bare(event),)))
    return parts


def _rest(last: Mapping[str, Any]) -> list[Part]:
    """The items of a response that was not streamed."""
    return [Part(item=_without_id(item)) for item in _inner(last, "response").get("output") or ()]


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object in an object; an empty one for null and for none."""
    return value.get(name) or {}


def _without_id(item: Mapping[str, Any]) -> Event:
    return {name: value for name, value in item.items() if name != "id"}


def _end(last: Mapping[str, Any]) -> Reply:
    response = _inner(last, "response")
    error = last if last["type"] == "error" else _inner(response, "error")
    return Reply(
        end=ENDS[last["type"]],
        reason=str(_inner(response, "incomplete_details").get("reason") or ""),
        code=str(error.get("code") or "server_error"),
        message=str(error.get("message") or ""),
        usage=response.get("usage"),
    )
