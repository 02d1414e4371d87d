"""
A script as JSON: a file for ``serve --script``, or what comes over the control path.

It is a list of turns. A turn is a text, which the model says, or an object whose members are done in their order::

    [
        "Hello.",
        {"reason": "The user wants the weather.", "call": {"name": "get_weather", "arguments": {"city": "Bern"}}},
        {"when": {"pattern": "weather"}, "say": "It is 21 degrees.", "chunks": "word"},
        {"say": "Hel", "incomplete": "max_output_tokens"},
        {"item": {"type": "web_search_call"}, "fail": {"code": "server_error", "message": "Sorry."}},
        {"say": "Let me out.", "hold": true},
    ]

or an object with such ``turns`` and with the speed of the model, ``tokens_per_second`` and ``first_token``.

Its members: ``say``, ``refuse`` and ``reason`` take a text; ``call`` and ``custom_call`` a name or an object with what
:func:`.call` and :func:`.custom_call` take; ``item`` an item, ``events`` a list of events, ``fail`` a code or an object
with ``code`` and ``message``, ``incomplete`` a reason. ``when`` makes a rule of the turn (``text``, ``pattern``,
``number``), ``chunks`` says how its texts are cut, and ``hold`` that nothing of them leaves until it is let out, as
:meth:`.ScriptedTurn.release` and the control path do. ``recorded`` are the events of a turn that another service took,
as :class:`.TurnRecorder` writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, get_args

import attrs

from openai_conversations.converters import json
from openai_conversations.server.model import reply as replies
from openai_conversations.server.model.chunks import Chunks
from openai_conversations.server.model.recorded_turn import recorded
from openai_conversations.server.model.reply import Reply
from openai_conversations.server.model.script import ScriptedModel, ScriptedTurn
from openai_conversations.server.rules.schema_dsl import is_array, is_object


def load_script(model: ScriptedModel, value: Any) -> list[ScriptedTurn]:
    """
    Add a script to what the model is to say; all of it or nothing.

    Args:
        model: What says it.
        value: What was read from JSON, or the path of a file that holds it.

    Raises:
        ValueError: It is no script; the message names the turn.
        OSError: The file cannot be read.
    """
    if isinstance(value, PathLike):
        value = json.loads_exact(Path(value).read_bytes())  # pyright: ignore[reportUnknownArgumentType]  # of any type
    listed = value.get("turns") if is_object(value) else value
    if not is_array(listed):
        raise ValueError("a script is a list of turns")
    turns = [_at(n, turn) for n, turn in enumerate(listed, 1)]
    if is_object(value):
        _set_speed(model, {name: member for name, member in value.items() if name != "turns"})
    return [_write(model, turn) for turn in turns]


@attrs.frozen(kw_only=True)
class _Read:
    """A turn as it was read: its reply, when it is given, and whether it is held from its beginning."""

    reply: Reply
    when: dict[str, Any] | None
    hold: bool


def _write(model: ScriptedModel, read: _Read) -> ScriptedTurn:
    turn = model.turn() if read.when is None else model.when(**read.when)
    if read.hold:
        turn.hold()
    return turn.add(read.reply)


def _set_speed(model: ScriptedModel, speed: dict[str, Any]) -> None:
    known = speed.keys() <= {"tokens_per_second", "first_token"}
    if not known or not all(type(one) in (int, float) for one in speed.values()):
        raise ValueError("a script has turns, and numbers for tokens_per_second and first_token")
    if speed:
        model.set_speed(**speed)


def _at(n: int, value: Any) -> _Read:
    try:
        return _turn(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"turn {n} of the script: {error}") from None


def _turn(value: Any) -> _Read:
    members = {"say": value} if isinstance(value, str) else value
    if not is_object(members):
        raise ValueError("it is neither a text nor an object")
    parts = {name: member for name, member in members.items() if name not in ("when", "chunks", "hold")}
    if not parts:
        raise ValueError("it says nothing")
    reply = replies.together([_part(name, member) for name, member in parts.items()])
    return _Read(
        reply=_cut(reply, members.get("chunks")),
        when=_when(members["when"]) if "when" in members else None,
        hold=_hold(members.get("hold", False)),
    )


def _cut(reply: Reply, chunks: Any) -> Reply:
    if chunks is None:
        return reply
    if chunks not in get_args(Chunks):
        raise ValueError(f"chunks is one of {', '.join(get_args(Chunks))}, not {chunks!r}")
    return attrs.evolve(reply, chunks=chunks)


def _hold(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("hold is true or false")  # noqa: TRY004  # a wrong value of a file
    return value


def _when(value: Any) -> dict[str, Any]:
    types: Mapping[str, type] = {"text": str, "pattern": str, "number": int}
    if not is_object(value) or not all(type(member) is types.get(name) for name, member in value.items()):
        raise ValueError("when is an object with text, pattern and number")
    ScriptedModel().when(**value)  # whether the pattern is one
    return value


def _part(name: str, value: Any) -> Reply:
    if name not in _PARTS:
        raise ValueError(f"there is no {name!r}; a turn has {', '.join(_PARTS)}, when, chunks and hold")
    return _PARTS[name](value)


def _text(make: Callable[[str], Reply]) -> Callable[[Any], Reply]:
    def read(value: Any) -> Reply:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a text")  # noqa: TRY004  # a wrong value of a file
        return make(value)

    return read


def _named(make: Callable[..., Reply], first: str) -> Callable[[Any], Reply]:
    """A text for the first argument, or an object of arguments."""

    def read(value: Any) -> Reply:
        fields = {first: value} if isinstance(value, str) else value
        if not is_object(fields):
            raise ValueError(f"{value!r} is neither a text nor an object")
        if not all(isinstance(field, (str, dict)) for field in fields.values()):
            raise ValueError(f"{value!r} holds what is no text")
        return make(**fields)

    return read


def _item(value: Any) -> Reply:
    if not is_object(value):
        raise ValueError(f"{value!r} is not an item")
    return replies.item(value)


def _events(value: Any) -> Reply:
    if not is_array(value) or not all(is_object(event) for event in value):
        raise ValueError("events is a list of events")
    return replies.raw_events(*value)


def _recorded(value: Any) -> Reply:
    if not is_array(value) or not all(is_object(event) for event in value):
        raise ValueError("recorded is a list of events")
    return recorded(value)


_PARTS: Mapping[str, Callable[[Any], Reply]] = {
    "say": _text(replies.say),
    "refuse": _text(replies.refuse),
    "reason": _text(replies.reason),
    "call": _named(replies.call, "name"),
    "custom_call": _named(replies.custom_call, "name"),
    "item": _item,
    "events": _events,
    "recorded": _recorded,
    "fail": _named(replies.fail, "code"),
    "incomplete": _text(replies.incomplete),
}
