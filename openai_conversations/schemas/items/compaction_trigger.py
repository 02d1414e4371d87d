"""``compaction_trigger``: asks for a compaction."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import schema
from openai_conversations.schemas.items.base import Item


@schema
class CompactionTrigger(Item):
    """Asks the service to condense what came before. Only in requests, and only as the last item."""

    type: Literal["compaction_trigger"] = "compaction_trigger"
