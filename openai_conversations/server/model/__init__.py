"""
The scripted model: what it says, to whom, and how fast.

:mod:`.reply` are the values that a script is made of, :mod:`.script` chooses one for each turn, :mod:`.output` makes
items of it and :mod:`.events` the events of a stream; all of these are pure. :mod:`.runner` lets a turn happen, and
:mod:`.service` answers the requests.
"""

from __future__ import annotations

from openai_conversations.server.model.chunks import Chunks
from openai_conversations.server.model.parse import load_script
from openai_conversations.server.model.recorded_turn import recorded
from openai_conversations.server.model.reply import (
    Reply,
    call,
    custom_call,
    fail,
    incomplete,
    item,
    raw_events,
    reason,
    refuse,
    say,
)
from openai_conversations.server.model.script import ScriptedModel, ScriptedTurn
from openai_conversations.server.model.turn import Turn

__all__ = [
    "Chunks",
    "Reply",
    "ScriptedModel",
    "ScriptedTurn",
    "Turn",
    "call",
    "custom_call",
    "raw_events",
    "fail",
    "incomplete",
    "item",
    "load_script",
    "reason",
    "recorded",
    "refuse",
    "say",
]
