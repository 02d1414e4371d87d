"""What was asked of the server and what came of it, one entry per request."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

import attrs

from openai_conversations.server.http.messages import ServerResponse

WRITES = frozenset(
    {
        "createConversation",
        "updateConversation",
        "deleteConversation",
        "createConversationItems",
        "deleteConversationItem",
        "createResponse",
        "deleteResponse",
    }
)


@attrs.define(kw_only=True)
class JournalEntry:
    """
    One request and its outcome.

    Attributes:
        number: Counts requests from 1, in the order of their arrival.
        time: Unix time of the arrival.
        method: The HTTP method.
        path: Without the query.
        query: Every value of every parameter, credentials masked.
        operation: The operationId, or ``""`` for an address that has none.
        conversation_id: Of the address, or of the conversation that was made.
        item_id: Of the address, or ``""``.
        response_id: Of the address, or of the response that was made.
        body: What was sent, credentials masked, every other byte as it came.
        headers: What was sent with it, names in lower case, credentials masked.
        fault: The names of the faults that fired, with commas between them, or ``""``.
        committed: Whether a write was stored.
        partial: Whether less of a turn was stored than it gave; no response to it is true.
        item_ids: The items that were stored.
        status: The HTTP status that was sent; ``None`` when none was.
        acknowledged: Whether a true response left whole, as far as the server can see.
        request_id: The ``x-request-id`` of the response.
        seconds: From the arrival to the end of the response.
        events: How many events of a stream were sent.
        client_left: Whether the client hung up before the turn had ended.
    """

    number: int
    time: float
    method: str
    path: str
    query: dict[str, list[str]] = attrs.field(factory=dict[str, list[str]], repr=False)
    operation: str = ""
    conversation_id: str = ""
    item_id: str = ""
    response_id: str = ""
    body: bytes = attrs.field(default=b"", repr=False)
    headers: dict[str, str] = attrs.field(factory=dict[str, str], repr=False)
    fault: str = ""
    committed: bool = False
    partial: bool = False
    item_ids: tuple[str, ...] = ()
    status: int | None = None
    acknowledged: bool = False
    request_id: str = ""
    seconds: float = 0.0
    events: int = 0
    client_left: bool = False

    def note_route(self, operation: str, *, conversation_id: str, item_id: str, response_id: str) -> None:
        """What the address says."""
        self.operation = operation
        self.conversation_id = conversation_id
        self.item_id = item_id
        self.response_id = response_id

    def note_turn(self, item_ids: tuple[str, ...], *, committed: bool, partial: bool) -> None:
        """What was stored when a turn ended."""
        self.partial = partial
        self.committed = committed
        self.item_ids = item_ids

    def note_commit(self, response: ServerResponse) -> None:
        """What a sound server did; noted even when a fault hides it from the client."""
        if self.operation == "createResponse":
            return  # the turn itself tells, when it ends
        self.committed = response.status == 200 and self.operation in WRITES
        self.item_ids = response.item_ids
        self.conversation_id = response.conversation_id or self.conversation_id

    def __str__(self) -> str:
        outcome = "no response" if self.status is None else f"responded {self.status}"
        fault = f" ({self.fault})" if self.fault else ""
        return f"request {self.number} {self.operation or f'{self.method} {self.path}'}: {outcome}{fault}"


class Journal:
    """
    The entries, oldest first.

    Args:
        limit: How many entries are kept; ``None`` for all.
        listener: Is told of each entry when its request has ended.
    """

    def __init__(self, *, limit: int | None = None, listener: Callable[[JournalEntry], None] | None = None) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=limit)
        self._listener = listener
        self._count = 0

    def open(self, *, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str]) -> JournalEntry:
        """A new entry for a request that has arrived."""
        self._count += 1
        entry = JournalEntry(
            number=self._count, time=time.time(), method=method, path=path, query=query, headers=headers
        )
        self._entries.append(entry)
        return entry

    def close(self, entry: JournalEntry, seconds: float) -> None:
        entry.seconds = seconds
        if self._listener is not None:
            self._listener(entry)

    def clear(self) -> None:
        self._entries.clear()
        self._count = 0

    def __iter__(self) -> Iterator[JournalEntry]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
