"""Which conversations a turn runs in: one at a time; kept in memory, so that no lock outlives its server."""

from __future__ import annotations

import math
from collections.abc import Callable

from openai_conversations.server.http.errors import conversation_locked


class TurnLocks:
    """
    The locks of conversations.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def holds(self, owner: str, conversation_id: str) -> bool:
        """Whether a turn runs in the conversation, or a lock was left behind."""
        return self._until.get((owner, conversation_id), 0.0) > self._clock()

    def take(self, owner: str, conversation_id: str) -> None:
        """
        Lock a conversation; no conversation (``""``) needs no lock.

        Raises:
            HTTPError: It is locked.
        """
        if not conversation_id:
            return
        if self.holds(owner, conversation_id):
            raise conversation_locked()
        self._until[owner, conversation_id] = math.inf

    def release(self, owner: str, conversation_id: str, *, after: float = 0.0) -> None:
        """Unlock it, at once or when so many seconds have passed."""
        if after and conversation_id:
            self._until[owner, conversation_id] = self._clock() + after
        else:
            self._until.pop((owner, conversation_id), None)

    def clear(self) -> None:
        self._until.clear()
