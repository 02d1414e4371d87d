"""The calls of one ``items.append``: what belongs to every chunk is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from openai_conversations.api.arguments import CallOptions, Guard
from openai_conversations.settings import Timeout

if TYPE_CHECKING:
    from openai_conversations.resources.items import Items


@attrs.frozen(kw_only=True)
class ChunkCalls:
    """
    The calls that an append makes, for one conversation.

    Attributes:
        items: The methods.
        conversation_id: The conversation.
        guard: See ``items.create``.
        options: See :class:`CallOptions`.
        timeout: The bounds of each call.
    """

    items: Items
    conversation_id: str
    guard: Guard
    options: CallOptions
    timeout: Timeout

    async def create(
        self, items: Sequence[Any], *, last_item_id: str | None, look_first: bool, within: float | None
    ) -> Sequence[str]:
        """Append up to 20 items; their ids."""
        total = self.timeout.total
        if within is not None and (total is None or within < total):
            total = within
        options: CallOptions = {**self.options, "timeout": attrs.evolve(self.timeout, total=total)}
        page = await self.items.create(
            self.conversation_id,
            items=items,
            guard=self.guard,
            last_item_id=last_item_id,
            look_first=look_first,
            **options,
        )
        return [item.id for item in page.data]

    async def delete(self, item_id: str) -> None:
        """Delete an item."""
        headers = self.options.get("extra_headers")
        await self.items.delete(
            item_id, conversation_id=self.conversation_id, extra_headers=headers, timeout=self.timeout
        )
