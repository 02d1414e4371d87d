"""
Writes that wait for a stream which nobody reads: said in the log, because nothing else tells of it until the deadline.

A timer runs only while a write waits, one for a conversation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import attrs

logger: Final = logging.getLogger("openai_conversations")

PATIENCE: Final = 2.0
"""Seconds after which a write that waits looks what it waits for."""


IsIdle = Callable[[], bool]
"""Whether nobody reads a stream at the moment."""


@attrs.define(kw_only=True, eq=False, repr=False)
class StreamWatch:
    """
    What is looked at while writes to a conversation wait.

    Attributes:
        conversation_id: Named in the log.
        held_by: The stream that holds the conversation; ``None`` while no stream holds it.
        is_waited: Whether a write waits.
    """

    conversation_id: str
    held_by: Callable[[], IsIdle | None]
    is_waited: Callable[[], bool]
    _told_of: IsIdle | None = attrs.field(init=False, default=None)
    _timer: asyncio.TimerHandle | None = attrs.field(init=False, default=None)

    def begin(self) -> None:
        """Look from now on, for as long as somebody waits."""
        if self._timer is None:
            self._look_later()

    def end(self) -> None:
        """Nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._look, self.held_by())

    def _look(self, before: IsIdle | None) -> None:
        """Say it once of each stream: of one that held the conversation two seconds ago, too."""
        self._timer = None
        if not self.is_waited():
            return
        stream = self.held_by()
        if stream is not None and stream is before and stream is not self._told_of and stream():
            self._told_of = stream
            logger.warning(
                "a write to %s has waited for %g s: a stream of a turn in it is open, and nobody reads it; "
                "use `async with`, read it to its end, or `await stream.close()`",
                self.conversation_id,
                PATIENCE,
            )
        self._look_later()
