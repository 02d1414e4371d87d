"""
Everything the server remembers, in one SQLite database: in memory or in a file, through the same code.

Rules that hold here:

* The methods do not open or close transactions: whoever runs the job does (:mod:`openai_conversations.storage`), so
  that one transaction can hold several requests and a batch is stored whole or not at all.
* An item's ``position`` is taken from its conversation's counter in the transaction that stores it. Positions
  therefore rise without a hole, whoever appends at the same time, and are not used again after a delete.
* A page is found by position, never by counting rows over: the millionth item costs what the first costs.
* Deleting a conversation marks it. Its items stay where they are, as orphans.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar

import attrs

from openai_conversations.storage.transaction import Job

T = TypeVar("T")

Identity = Literal["new", "moved", "shared"]
"""Whether an id was made for an item, came with it from the conversation that it leaves, or may stand in several."""

_CONVERSATION = "SELECT number, id, created_at, metadata, deleted FROM conversations"
_CONVERSATION_OF_OWNER = f"{_CONVERSATION} WHERE id = ? AND owner = ?"
_CONVERSATION_OF_ANYBODY = f"{_CONVERSATION} WHERE id = ?"
_CONVERSATIONS = f"{_CONVERSATION} ORDER BY number"
_NEWEST = """
    SELECT number, id, created_at, metadata, deleted,
        (SELECT COUNT(*) FROM items WHERE conversation = number),
        (SELECT body FROM items WHERE conversation = number ORDER BY position LIMIT 1)
    FROM conversations ORDER BY number DESC LIMIT ? OFFSET ?
"""
_ITEM = "SELECT id, body, gated FROM items"
_EVERY_ITEM = f"{_ITEM} WHERE conversation = ? ORDER BY position"
_ITEM_BY_ID = f"{_ITEM} WHERE id = ? AND conversation = ?"

# By direction: ascending or not. Every page of a direction is one prepared statement.
_PAGE = {
    True: f"{_ITEM} WHERE conversation = ? AND position > ? ORDER BY position LIMIT ?",
    False: f"{_ITEM} WHERE conversation = ? AND position < ? ORDER BY position DESC LIMIT ?",
}
_OF_AGENT = (
    "EXISTS (SELECT 1 FROM agents WHERE agents.conversation = number"
    " AND (:name IN ('', agents.name)) AND (:version IN ('', agents.version)))"
)
_LISTED = (
    f"{_CONVERSATION} WHERE owner = :owner AND NOT deleted AND number > :above AND number < :below"
    f" AND (:name || :version = '' OR {_OF_AGENT}) ORDER BY number"
)
_PAGE_OF_CONVERSATIONS = {True: f"{_LISTED} LIMIT :limit", False: f"{_LISTED} DESC LIMIT :limit"}
_END = {True: -1, False: 2**62}
"""Before the first position of a direction."""


@attrs.frozen(kw_only=True)
class ConversationRow:
    """A stored conversation; ``metadata`` is JSON as bytes."""

    number: int
    id: str
    created_at: int
    metadata: bytes
    deleted: bool = False


@attrs.frozen(kw_only=True)
class ItemRow:
    """
    An item as it is stored.

    Attributes:
        id: Unique in its conversation, unless the profile repeats ids.
        body: The whole item as JSON.
        gated: Whether it holds fields that are shown only on demand.
        identity: See :class:`.items.Prepared`; it matters only while the item is being stored.
        sent_id: See :class:`.items.Prepared`; it matters only while the item is being stored.
    """

    id: str
    body: bytes
    gated: bool = False
    identity: Identity = "new"
    sent_id: str = ""


@attrs.frozen(kw_only=True)
class ResponseRow:
    """
    A stored response.

    Attributes:
        id: Its id.
        owner: Whose it is.
        status: Its status.
        background: Whether nobody waits for it.
        previous: The response that it goes on from, or ``None``.
        conversation: The number of its conversation, or ``None``.
        position: The position in the conversation up to which the model saw it.
        body: The response as JSON, with everything that is shown only on demand.
        input: The items of its request, a JSON array.
    """

    id: str
    owner: str
    status: str
    background: bool
    previous: str | None
    conversation: int | None
    position: int | None
    body: bytes
    input: bytes


@attrs.frozen(kw_only=True)
class Agent:
    """An agent of Azure AI Foundry; ``""`` stands for any name, or any version."""

    name: str = ""
    version: str = ""


@attrs.frozen(kw_only=True)
class Orphan:
    """An item that no conversation shows any more: its conversation was deleted, or its id was replayed elsewhere."""

    id: str
    conversation_id: str
    body: bytes


class Store:
    """The tables and the questions asked of them, for the length of a job."""

    __slots__ = ("_db", "execute")

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.execute: Callable[..., sqlite3.Cursor] = db.execute

    def count_opening(self) -> int:
        """How many servers have opened this database before; each that asks is counted."""
        (number,) = self.execute("INSERT INTO openings DEFAULT VALUES RETURNING number").fetchone()
        return int(number) - 1

    def size(self) -> int:
        """How many conversations and items were ever stored here, deleted ones included."""
        row = self.execute("SELECT COALESCE(SUM(next_position), 0) + COALESCE(MAX(number), 0) FROM conversations")
        return int(row.fetchone()[0])

    def clear(self) -> None:
        for table in ("conversations", "items", "unlinked", "responses", "agents"):
            self.execute(f"DELETE FROM {table}")  # noqa: S608  # names of ours

    # conversations

    def add_conversation(self, *, id: str, owner: str, created_at: int, metadata: bytes) -> ConversationRow:
        (number,) = self.execute(
            "INSERT INTO conversations (id, owner, created_at, metadata) VALUES (?, ?, ?, ?) RETURNING number",
            (id, owner, created_at, metadata),
        ).fetchone()
        return ConversationRow(number=number, id=id, created_at=created_at, metadata=metadata)

    def conversation(self, id: str, owner: str) -> ConversationRow | None:
        """The conversation, deleted or not, or ``None``; an owner sees only what is its own."""
        row = self.execute(_CONVERSATION_OF_OWNER, (id, owner)).fetchone()
        return row and _conversation(row)

    def conversations(
        self, owner: str, *, above: int | None, below: int | None, limit: int, ascending: bool, agent: Agent
    ) -> tuple[list[ConversationRow], bool]:
        """
        A page of the conversations that are not deleted, and whether more follow.

        Args:
            owner: Whose.
            above: Only those with a larger number.
            below: Only those with a smaller one.
            limit: The most that are returned.
            ascending: The oldest first.
            agent: Only those in which it took a turn.
        """
        bounds = {"above": _END[True] if above is None else above, "below": _END[False] if below is None else below}
        asked = {"owner": owner, **bounds, "name": agent.name, "version": agent.version, "limit": limit + 1}
        rows = self.execute(_PAGE_OF_CONVERSATIONS[ascending], asked).fetchall()
        return [_conversation(row) for row in rows[:limit]], len(rows) > limit

    def note_agent(self, conversation: ConversationRow, agent: Agent) -> None:
        """An agent has taken a turn in a conversation."""
        if agent.name:
            row = (conversation.number, agent.name, agent.version)
            self.execute("INSERT OR IGNORE INTO agents VALUES (?, ?, ?)", row)

    def set_metadata(self, conversation: ConversationRow, metadata: bytes) -> ConversationRow:
        self.execute("UPDATE conversations SET metadata = ? WHERE number = ?", (metadata, conversation.number))
        return attrs.evolve(conversation, metadata=metadata)

    def mark_deleted(self, conversation: ConversationRow) -> None:
        self.execute("UPDATE conversations SET deleted = 1 WHERE number = ?", (conversation.number,))

    # items

    def append(self, conversation: ConversationRow, items: Sequence[ItemRow]) -> None:
        """Store items after all that the conversation ever held."""
        first = self._take_positions(conversation.number, len(items))
        self._db.executemany(
            "INSERT INTO items (conversation, position, id, body, gated) VALUES (?, ?, ?, ?, ?)",
            [(conversation.number, first + n, item.id, item.body, item.gated) for n, item in enumerate(items)],
        )

    def _take_positions(self, number: int, count: int) -> int:
        row = self.execute(
            "UPDATE conversations SET next_position = next_position + ? WHERE number = ? RETURNING next_position",
            (count, number),
        ).fetchone()
        return int(row[0]) - count

    def position(self, conversation: ConversationRow, item_id: str) -> int | None:
        row = self.execute(
            "SELECT position FROM items WHERE id = ? AND conversation = ?", (item_id, conversation.number)
        ).fetchone()
        return row and int(row[0])

    def page(
        self, conversation: ConversationRow, *, after: int | None, limit: int, ascending: bool
    ) -> tuple[list[ItemRow], bool]:
        """At most ``limit`` items beyond the position ``after`` (``None``: from the end), and whether more follow."""
        beyond = _END[ascending] if after is None else after
        rows = self.execute(_PAGE[ascending], (conversation.number, beyond, limit + 1)).fetchall()
        return _items(rows[:limit]), len(rows) > limit

    def items(self, conversation: ConversationRow) -> list[ItemRow]:
        """Every item of a conversation in order, orphans of a deleted one included."""
        return _items(self.execute(_EVERY_ITEM, (conversation.number,)))

    def item(self, conversation: ConversationRow, item_id: str) -> ItemRow | None:
        return next(iter(_items(self.execute(_ITEM_BY_ID, (item_id, conversation.number)))), None)

    def remove_item(self, conversation: ConversationRow, item_id: str) -> bool:
        """Whether there was such an item."""
        cursor = self.execute("DELETE FROM items WHERE id = ? AND conversation = ?", (item_id, conversation.number))
        return cursor.rowcount > 0

    def remove_items(self, conversation: ConversationRow) -> None:
        self.execute("DELETE FROM items WHERE conversation = ?", (conversation.number,))

    # responses

    def next_position(self, conversation: ConversationRow) -> int:
        """The position that the next item will have."""
        (position,) = self.execute(
            "SELECT next_position FROM conversations WHERE number = ?", (conversation.number,)
        ).fetchone()
        return int(position)

    def items_before(self, conversation: int, position: int) -> list[ItemRow]:
        """The items of a conversation, by its number, that stand before a position."""
        rows = self.execute(
            f"{_ITEM} WHERE conversation = ? AND position < ? ORDER BY position", (conversation, position)
        )
        return _items(rows)

    def save_response(self, row: ResponseRow) -> None:
        """Store a response, in the place of what was stored under its id."""
        self.execute("INSERT OR REPLACE INTO responses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", attrs.astuple(row))

    def response(self, id: str, owner: str) -> ResponseRow | None:
        row = self.execute("SELECT * FROM responses WHERE id = ? AND owner = ?", (id, owner)).fetchone()
        return row and _response(row)

    def unfinished_responses(self) -> list[ResponseRow]:
        """The responses that were still running when they were stored."""
        rows = self.execute("SELECT * FROM responses WHERE status IN ('queued', 'in_progress')")
        return [_response(row) for row in rows]

    def remove_response(self, id: str, owner: str) -> bool:
        """Whether there was such a response."""
        return self.execute("DELETE FROM responses WHERE id = ? AND owner = ?", (id, owner)).rowcount > 0

    # what no conversation shows

    def unlink(self, item_id: str, owner: str) -> None:
        """Take an item away from every conversation of its owner and keep it as an orphan."""
        found = self.execute(
            "SELECT items.id, conversations.id, items.body, items.rowid FROM items"
            " JOIN conversations ON conversations.number = items.conversation WHERE items.id = ? AND owner = ?",
            (item_id, owner),
        ).fetchall()
        self._db.executemany("INSERT INTO unlinked VALUES (?, ?, ?)", [row[:3] for row in found])
        self._db.executemany("DELETE FROM items WHERE rowid = ?", [row[3:] for row in found])

    def item_anywhere(self, item_id: str, owner: str) -> ItemRow | None:
        """An item in any conversation of its owner, deleted ones included; the newest if there are several."""
        rows = self.execute(
            "SELECT items.id, body, gated FROM items JOIN conversations ON number = conversation"
            " WHERE items.id = ? AND owner = ? ORDER BY items.rowid DESC LIMIT 1",
            (item_id, owner),
        )
        found = next(iter(_items(rows)), None)
        return found and attrs.evolve(found, identity="shared")

    def orphans(self, conversation_id: str | None = None) -> list[Orphan]:
        """The items of deleted conversations, then the unlinked ones; of one conversation or of all."""
        rows = self.execute(
            "SELECT items.id, conversations.id, body FROM conversations JOIN items ON conversation = number"
            " WHERE deleted UNION ALL SELECT id, conversation, body FROM unlinked"
        )
        orphans = (Orphan(id=id, conversation_id=conversation, body=body) for id, conversation, body in rows)
        return [orphan for orphan in orphans if conversation_id in (None, orphan.conversation_id)]

    def find(self, conversation_id: str) -> ConversationRow | None:
        """The conversation, deleted or not, whoever owns it; for tests, never for a request."""
        row = self.execute(_CONVERSATION_OF_ANYBODY, (conversation_id,)).fetchone()
        return row and _conversation(row)

    def newest(self, limit: int, skip: int) -> list[tuple[ConversationRow, int, bytes | None]]:
        """The newest conversations, each with the number of its items and the first of them; never for a request."""
        rows = self.execute(_NEWEST, (limit, skip))
        return [(_conversation(row[:5]), row[5], row[6]) for row in rows]

    def count_conversations(self) -> int:
        """How many conversations there are, deleted ones included; never for a request."""
        (count,) = self.execute("SELECT COUNT(*) FROM conversations").fetchone()
        return int(count)

    def everything(self) -> list[ConversationRow]:
        """Every conversation that was ever created, in order; for tests, never for a request."""
        return [_conversation(row) for row in self.execute(_CONVERSATIONS)]


def on_store(job: Callable[[Store], T]) -> Job[T]:
    """A job of the database that is one of the store."""
    return lambda db: job(Store(db))


def _conversation(row: Sequence[Any]) -> ConversationRow:
    number, id, created_at, metadata, deleted = row
    return ConversationRow(number=number, id=id, created_at=created_at, metadata=metadata, deleted=bool(deleted))


def _response(row: Sequence[Any]) -> ResponseRow:
    id, owner, status, background, previous, conversation, position, body, input = row
    return ResponseRow(
        id=id,
        owner=owner,
        status=status,
        background=bool(background),
        previous=previous,
        conversation=conversation,
        position=position,
        body=body,
        input=input,
    )


def _items(rows: Iterable[Sequence[Any]]) -> list[ItemRow]:
    return [ItemRow(id=id, body=body, gated=bool(gated)) for id, body, gated in rows]
