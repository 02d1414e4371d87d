"""What the templates are given: plain values with the words that a person reads."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.operations.archive.render.values import flat_json, hint, json_in, json_text, time_text
from openai_conversations.server.faults.fault import Fault
from openai_conversations.server.faults.named import NAMED
from openai_conversations.server.http.masking import mask_body
from openai_conversations.server.inspection.stored import ConversationSummary
from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.model.reply import Part
from openai_conversations.server.model.script import ScriptedModel, ScriptedTurn
from openai_conversations.server.model.turn import Turn, text_of
from openai_conversations.server.rules.schema_dsl import is_array, is_object

LONGEST = 100_000
"""Bytes of a body that are shown."""


@attrs.frozen(kw_only=True)
class ConversationView:
    """A conversation in a list: what it is called, and how much is in it."""

    id: str
    title: str
    created_at: int
    deleted: bool
    items: int


def of_summary(found: ConversationSummary) -> ConversationView:
    """A conversation by the title in its metadata, by what was said first, or without a name."""
    return ConversationView(
        id=found.id,
        title=title(found.metadata, found.first),
        created_at=found.created_at,
        deleted=found.deleted,
        items=found.items,
    )


def title(metadata: Mapping[str, Any] | None, first: Mapping[str, Any] | None) -> str:
    """What a conversation is called: the title in its metadata, or what was said first, or ``""``."""
    named = (metadata or {}).get("title")
    return hint(named) if isinstance(named, str) and named.strip() else hint(text_of(first or {}))


def masked_items(items: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Items without the credentials that tools in them may hold."""
    return [json.loads_exact(mask_body(json.dumps(item))) for item in items]


def clock(seconds: float) -> str:
    """The time of the day."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def moment(seconds: float) -> str:
    """A time that says its day."""
    return time_text(seconds, "%Y-%m-%d %H:%M:%S UTC")


def outcome(entry: JournalEntry) -> str:
    """What became of a request, as the name of a style: ``good``, ``bad``, ``gone`` or ``open``."""
    if not entry.seconds:
        return "open"
    if entry.status is None or entry.client_left:
        return "gone"
    return "good" if entry.status < 400 else "bad"


def duration(seconds: float) -> str:
    """Milliseconds, or seconds where these are many."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def body(value: bytes) -> str:
    """A body with line breaks when it is JSON that loses nothing by them; else as it came."""
    text = value[:LONGEST].decode(errors="replace")
    if len(value) > LONGEST:
        return f"{text}… {len(value) - LONGEST} bytes more"
    parsed = json_in(text)
    return text if parsed is None else json_text(parsed)


# Faults


@attrs.frozen(kw_only=True)
class FaultView:
    """A fault that was added, with its place in the list."""

    position: int
    name: str
    operation: str
    count: int | None
    skip: int
    probability: float
    fired: int

    @property
    def is_spent(self) -> bool:
        """Whether it fires no more."""
        return self.count is not None and self.fired >= self.count


def of_fault(position: int, fault: Fault, fired: int) -> FaultView:
    return FaultView(
        position=position,
        name=fault.name,
        operation=fault.operation or "",
        count=fault.count,
        skip=fault.skip,
        probability=fault.probability,
        fired=fired,
    )


@attrs.frozen(kw_only=True)
class FaultKind:
    """A fault that there is: what happens, and its own keywords with their defaults."""

    name: str
    what: str
    keywords: str


def fault_kinds() -> list[FaultKind]:
    """Every fault that can be added."""
    return [_kind(name, make) for name, make in NAMED.items()]


def _kind(name: str, make: Callable[..., Fault]) -> FaultKind:
    what = (inspect.getdoc(make) or "").partition("\n")[0].replace("``", "")
    given = inspect.signature(make).parameters.values()
    words = [_keyword(each) for each in given if each.kind is not inspect.Parameter.VAR_KEYWORD]
    return FaultKind(name=name, what=what, keywords=", ".join(words))


def _keyword(parameter: inspect.Parameter) -> str:
    default = parameter.default
    return parameter.name if default in (None, inspect.Parameter.empty) else f"{parameter.name}={default}"


# The model


@attrs.frozen(kw_only=True)
class ScriptedView:
    """A turn of the script: when it is given, what it says, and how often it was given."""

    when: str
    parts: Sequence[tuple[str, str]]
    end: str
    used: int


def of_script(model: ScriptedModel) -> list[ScriptedView]:
    return [_scripted(turn) for turn in model.scripted]


def _scripted(turn: ScriptedTurn) -> ScriptedView:
    reply = turn.reply
    return ScriptedView(
        when="" if turn.rule is None else str(turn.rule),
        parts=[] if reply is None else [_part(part) for part in reply.parts],
        end="" if reply is None or reply.end == "completed" else f"{reply.end} {reply.reason or reply.code}",
        used=turn.used,
    )


def _part(part: Part) -> tuple[str, str]:
    if part.item is None:
        return "events", hint(", ".join(str(event["type"]) for event in part.events))
    item = part.item
    rest = {name: value for name, value in item.items() if name not in ("type", "role")}
    words = text_of(item) or _texts(item.get("summary"))
    if "arguments" in item:
        words = f"{item.get('name')}({item['arguments']})"
    return str(item["type"]), hint(words or flat_json(rest))


def _texts(summary: object) -> str:
    parts = summary if is_array(summary) else []
    return " ".join(str(part.get("text")) for part in parts if is_object(part))


@attrs.frozen(kw_only=True)
class SeenView:
    """A turn that the model was given."""

    number: int
    model: str
    conversation_id: str
    text: str
    prompt: int
    tools: int


def of_turn(turn: Turn) -> SeenView:
    return SeenView(
        number=turn.number,
        model=turn.model,
        conversation_id=turn.conversation_id,
        text=hint(turn.text),
        prompt=len(turn.prompt),
        tools=len(turn.tools),
    )


def speed(model: ScriptedModel) -> str:
    """How fast the model is, in words."""
    fast = model.tokens_per_second
    words = "all at once" if fast is None else f"{fast:g} tokens a second"
    return f"{words}, the first after {model.first_token:g} s" if model.first_token else words
