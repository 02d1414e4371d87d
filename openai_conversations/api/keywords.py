"""Keywords that a method does not have, and what people who give them look for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from types import FrameType
from typing import Final

WAYS_OUT: Final[Mapping[str, str]] = {
    "messages": "what is said to a model is input=…, what a conversation begins with is items=…",
    "inputs": "it is input=…",
    "conversation_id": "the conversation of a turn is conversation=…; elsewhere its id comes first, without a name",
    "thread_id": "the conversation of a turn is conversation=…",
    "session_id": "the conversation of a turn is conversation=…",
    "max_tokens": "it is max_output_tokens=…",
    "max_completion_tokens": "it is max_output_tokens=…",
    "response_format": "a class is text_format=… of responses.parse() and responses.stream(); else text={'format': …}",
    "text_format": "responses.parse() and responses.stream() take it; elsewhere it is text={'format': …}",
    "reasoning_effort": "it is reasoning={'effort': …}",
    "system": "it is instructions=…",
    "system_prompt": "it is instructions=…",
    "functions": "it is tools=…",
    "function_call": "it is tool_choice=…",
    "stream": "responses.create(stream=True) and responses.stream() stream; conversations.run() takes on_event=…",
    "headers": "it is extra_headers=…",
    "query": "it is extra_query=…",
    "params": "it is extra_query=…",
    "body": "it is extra_body=…",
    "data": "it is extra_body=…",
    "json": "it is extra_body=…",
    "request_timeout": "it is timeout=…",
    "max_retries": "it is a setting: client.with_options(max_retries=…)",
}
"""Names from other APIs, other endpoints and other libraries → what to write here."""


def refuse_other_keywords(given: Mapping[str, object], known: type) -> None:
    """
    Python's own error for a keyword that a class of options does not have, with the way out.

    Raises:
        TypeError: A keyword is none of *known*.
    """
    for name in given:
        if name not in known.__annotations__:
            way_out = WAYS_OUT.get(name) or did_you_mean(name, known.__annotations__)
            said = f"{_method(sys._getframe(1))}() got an unexpected keyword argument {name!r}"  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # as `lazy` does it
            raise TypeError(f"{said}: {way_out}" if way_out else said)


def did_you_mean(name: str, known: Mapping[str, object]) -> str:
    """The name that was meant, as a question; ``""`` when none is like it."""
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else ""


def _method(frame: FrameType | None) -> str:
    """The public method that was called: the checks of what all methods take stand deep below it."""
    while frame is not None:
        owner, _, name = frame.f_code.co_qualname.partition(".<locals>")[0].rpartition(".")
        if owner and ".resources." in frame.f_globals["__name__"] and not name.startswith("_"):
            return name
        frame = frame.f_back
    return "the call"
