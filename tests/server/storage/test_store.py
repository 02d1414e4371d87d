"""What the server remembers."""

from __future__ import annotations

from openai_conversations.server.storage.store import ItemRow, Store, on_store
from openai_conversations.server.storage.tables import SCHEMA
from openai_conversations.storage.database import Database


async def test_positions_have_no_holes():
    """Positions rise by one with every item, and are not given twice."""
    database = Database(None, SCHEMA)
    await database.open()

    def job(store: Store):
        conversation = store.add_conversation(id="conv_1", owner="", created_at=0, metadata=b"{}")
        for start in range(0, 9, 3):
            store.append(conversation, [ItemRow(id=f"msg_{start + n}", body=b"{}") for n in range(3)])
            store.remove_item(conversation, f"msg_{start + 2}")
        return [store.position(conversation, f"msg_{n}") for n in range(8)]

    assert [0, 1, None, 3, 4, None, 6, 7] == await database.write(on_store(job))
    await database.close()
