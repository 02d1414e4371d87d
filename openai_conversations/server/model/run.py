"""A turn while it happens: what was said so far, who listens, and how it can be stopped."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http.messages import StreamEvent
from openai_conversations.server.model.output import Output
from openai_conversations.server.model.script import ScriptedTurn
from openai_conversations.server.rules.turn_request import TurnRequest
from openai_conversations.server.rules.turns import Begun

Json = dict[str, Any]

_PADDING = b"abcdefghijklmnopqrstuvwxyz0123456789" * 2
_PADDED_TO = 16


@attrs.define(kw_only=True, eq=False)
class Run:
    """
    One turn from its beginning to its end.

    Attributes:
        asked: The request.
        begun: What the model was given.
        scripted: What it is to do.
        output: What it gives back.
        response: The response as it stands; its output has all fields.
        prompt_tokens: What the prompt costs.
        started: On the server's clock.
        stored: Whether the response is to be stored.
        events: What was said so far; stays empty when nobody can listen.
        ended: Done when the turn has ended.
        stop: Done when the turn is to be cancelled.
        client_left: Whether the client hung up before the end.
    """

    asked: TurnRequest
    begun: Begun
    scripted: ScriptedTurn
    output: Output
    response: Json
    prompt_tokens: int
    started: float
    stored: bool
    events: list[StreamEvent] = attrs.field(factory=list[StreamEvent])
    ended: asyncio.Future[None] = attrs.field(factory=lambda: asyncio.get_running_loop().create_future())
    stop: asyncio.Future[None] = attrs.field(factory=lambda: asyncio.get_running_loop().create_future())
    client_left: bool = False
    _news: asyncio.Future[None] | None = None

    def emit(self, event: Json) -> None:
        """Say something to those who listen, now or later."""
        if not self.asked.stream:
            return
        number = len(self.events)
        body = json.dumps({**event, "sequence_number": number})
        delta = event.get("delta") if self.asked.padded else None
        padding = _PADDING[: -len(delta) % _PADDED_TO] if isinstance(delta, str) else b""
        self.events.append(StreamEvent(type=event["type"], number=number, body=body, padding=padding))
        self._tell()

    def end(self) -> None:
        """Nothing will be said any more."""
        if not self.ended.done():
            self.ended.set_result(None)
        self._tell()

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set_result(None)
            self._news = None

    def news(self) -> asyncio.Future[None]:
        """Done when something more was said, or the turn has ended."""
        if self._news is None:
            self._news = asyncio.get_running_loop().create_future()
        return self._news

    def leave(self) -> None:
        """The client that asked for the turn has hung up."""
        if not self.ended.done():
            self.client_left = True
            self.scripted.note_client_left()

    def cancel(self) -> None:
        """Ask it to stop; it ends as it likes when it is about to end anyway."""
        if not self.stop.done():
            self.stop.set_result(None)
