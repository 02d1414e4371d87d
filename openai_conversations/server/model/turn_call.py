"""One request that concerns turns, as a value."""

from __future__ import annotations

import asyncio

import attrs

from openai_conversations.server.http.messages import ServerRequest
from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.rules.turns import Rewrite


@attrs.frozen(kw_only=True)
class TurnOptions:
    """
    What a fault changes in a turn.

    Attributes:
        keeps_items: Whether input and output are added to the conversation.
        late_seconds: Seconds after its end when they are.
        lock_seconds: Seconds for which the conversation stays locked after the end.
        rewrites: What the store makes of the items that it is given.
    """

    keeps_items: bool = True
    late_seconds: float = 0.0
    lock_seconds: float = 0.0
    rewrites: tuple[Rewrite, ...] = ()


@attrs.frozen(kw_only=True)
class TurnCall:
    """
    One request that concerns turns.

    Attributes:
        request: What was asked.
        entry: Its entry in the journal.
        gone: Done when the client has hung up; ``None`` when it does not matter.
        options: What faults change.
    """

    request: ServerRequest
    entry: JournalEntry
    gone: asyncio.Future[None] | None
    options: TurnOptions
