"""The place of a streamed turn among the writes to its conversation: from the request to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openai_conversations.transport.message import HTTPRequest
from openai_conversations.writing.turns.reconcile import response_key
from openai_conversations.writing.write_order import WriteLock, Writing


class TurnPlace:
    """
    Holds the write lock of a turn in a conversation, and notes what became of the turn when it is given back.

    Args:
        writing: The write order, and the last items known.
        request: The turn; of one that writes to no conversation, nothing is held.

    Attributes:
        last_item_id: The last item known before the turn; ``None`` before it is entered, or when none was.
    """

    def __init__(self, writing: Writing, request: HTTPRequest) -> None:
        self._writing = writing
        self._request = request
        self._lock: WriteLock | None = None
        self._begun: int | None = None
        self.last_item_id: str | None = None

    async def enter(self, is_idle: Callable[[], bool]) -> None:
        """
        Wait for the write lock; whoever has this object holds it from then on, and no task.

        Args:
            is_idle: Whether the turn is streamed, and nobody reads it at the moment.

        Raises:
            ConversationsError: It did not come in time, or cannot be had.
        """
        request = self._request
        if request.write is None:
            return
        key = request.conversation_key
        lock = self._writing.order.hold(
            key, conversation_id=request.conversation_id or "", deadline=request.deadline, request=request
        )
        await lock.__aenter__()
        lock.pass_on(is_idle)
        self._lock = lock
        self.last_item_id, self._begun = self._writing.last_items.begin(key)

    def leave(
        self, response_id: str | None = None, output: Sequence[str] | None = None, *, is_refused: bool = False
    ) -> None:
        """
        Let the next write go, and note what became of the turn, only once.

        Args:
            response_id: The response; ``None`` when its id is not known.
            output: The ids of its output, if it is complete.
            is_refused: Whether the turn was certainly not taken.
        """
        lock, self._lock = self._lock, None
        begun, self._begun = self._begun, None
        write = self._request.write
        if begun is not None and write is not None:
            key = self._request.conversation_key
            if is_refused:
                self._writing.last_items.end(key, self.last_item_id, begun, unresolved=())
            else:
                told = response_key(self._request, response_id or "")
                self._writing.last_items.end_turn(key, begun, sent=write.items, response_key=told, output=output)
        if lock is not None:
            lock.release_soon()
