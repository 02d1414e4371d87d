"""The tables of the store, and what became of them from version to version."""

from __future__ import annotations

from openai_conversations.storage.schema import DatabaseSchema

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS conversations (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        metadata BLOB NOT NULL,
        next_position INTEGER NOT NULL DEFAULT 0,
        deleted INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS items (
        conversation INTEGER NOT NULL,
        position INTEGER NOT NULL,
        id TEXT NOT NULL,
        body BLOB NOT NULL,
        gated INTEGER NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX IF NOT EXISTS items_in_order ON items (conversation, position)",
    "CREATE UNIQUE INDEX IF NOT EXISTS items_by_id ON items (id, conversation)",
    "CREATE TABLE IF NOT EXISTS unlinked (id TEXT NOT NULL, conversation TEXT NOT NULL, body BLOB NOT NULL)",
)

# Some servers give one id to two items: until then an id was unique in its conversation.
_REPEATED_IDS = ("DROP INDEX items_by_id", "CREATE INDEX items_by_id ON items (id, conversation)")

# Each time that a server opens the file; until then the ids of two servers with one seed collided.
_OPENINGS = ("CREATE TABLE openings (number INTEGER PRIMARY KEY AUTOINCREMENT)",)

# What models gave back. A conversation's number and position say what stood before the turn.
_RESPONSES = (
    """
    CREATE TABLE responses (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        status TEXT NOT NULL,
        background INTEGER NOT NULL,
        previous TEXT,
        conversation INTEGER,
        position INTEGER,
        body BLOB NOT NULL,
        input BLOB NOT NULL
    )
    """,
    "CREATE INDEX responses_by_status ON responses (status)",
)

# The agents that took turns in a conversation.
_AGENTS = (
    """
    CREATE TABLE agents (
        conversation INTEGER NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        PRIMARY KEY (conversation, name, version)
    )
    """,
)

SCHEMA = DatabaseSchema(
    application=0x4F437376,
    steps=(_TABLES, _REPEATED_IDS, _OPENINGS, _RESPONSES, _AGENTS),
    unmarked=frozenset({"conversations", "items", "unlinked"}),
)
