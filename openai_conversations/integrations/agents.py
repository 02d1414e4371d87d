"""
A session for the official agents SDK (extra ``agents``).

It is a subclass of the SDK's own ``OpenAIConversationsSession``, because the SDK looks for that class: by it, it knows
which ids and which reasoning a conversation takes. What it does, it does by this package's client: nothing is stored
twice or lost unnoticed, any number of items is written in order, and a session that is cleared leaves no item behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, cast

import attrs
from agents import OpenAIConversationsSession, SessionSettings, TResponseInputItem

from openai_conversations.api.arguments import omit
from openai_conversations.client import ConversationsClient
from openai_conversations.errors import NotFoundError
from openai_conversations.limits import ITEMS_PER_PAGE
from openai_conversations.resources.items import ItemParam
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.transport.message import Guard
from openai_conversations.writing.resume import AppendIncompleteError, AppendProgress, AppendResume

Items = list[TResponseInputItem]

_NO_SESSION_YET: Final = (
    "this session has no conversation yet; it is made at the first call that needs one, such as get_items()"
)


@attrs.frozen(kw_only=True)
class _Unfinished:
    """An append that stopped, or was cancelled: the items, and from where it goes on."""

    items: Items
    resume: AppendResume


class ConversationsSession(OpenAIConversationsSession):
    """
    The history of an agent in a conversation: ``Runner.run(agent, "Hi", session=ConversationsSession(client))``.

    Several sessions of one client can be used at the same time, also on one conversation: what one of them adds stays
    together, in the order of asking. Between processes it needs the client's ``lock``.

    A call that failed may be made again with the same arguments: what it had done is not done twice.

    Args:
        client: The client. It may be shared, and is not closed.
        conversation_id: A conversation that is there; ``None`` makes one when it is first needed.
        session_settings: The SDK's: its ``limit`` is how many items the history has at the most.
        metadata: Of the conversation that is made.
        guard: How an append whose outcome is unknown is looked up; see ``items.create``.
    """

    def __init__(
        self,
        client: ConversationsClient,
        conversation_id: str | None = None,
        *,
        session_settings: SessionSettings | dict[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
        guard: Guard = "auto",
    ) -> None:
        # The SDK's class takes any object with the official client's methods; its annotation names the official class.
        super().__init__(
            conversation_id=conversation_id, openai_client=cast("Any", client), session_settings=session_settings
        )
        self._conversations = client.conversations
        self._conversation_id = conversation_id
        self._metadata = metadata
        self._guard: Guard = guard
        self._order = asyncio.Lock()
        self._unfinished: _Unfinished | None = None
        self._popping: TResponseInputItem | None = None

    @property
    def session_id(self) -> str:
        """
        The id of the conversation.

        Raises:
            ValueError: There is none yet.
        """
        if self._conversation_id is None:
            raise ValueError(_NO_SESSION_YET)
        return self._conversation_id

    @session_id.setter
    def session_id(self, value: str) -> None:
        self._conversation_id = value
        self._forget()

    def _forget(self) -> None:
        """What is unfinished is so no more: the conversation has changed, or is another."""
        self._unfinished = self._popping = None

    async def _conversation(self) -> str:
        """The id of the conversation, which is made if there is none."""
        if self._conversation_id is None:
            metadata = omit if self._metadata is None else self._metadata
            self._conversation_id = (await self._conversations.create(metadata=metadata)).id
        return self._conversation_id

    async def get_items(self, limit: int | None = None) -> Items:
        """
        The items, oldest first.

        Args:
            limit: How many of the newest; ``None`` for what the settings say, else for all.
        """
        async with self._order:
            chosen = limit if limit is not None or self.session_settings is None else self.session_settings.limit
            return await self._newest(await self._conversation(), chosen)

    async def _newest(self, conversation_id: str, limit: int | None) -> Items:
        if limit is None:
            every = self._conversations.items.list(conversation_id, order="asc", limit=ITEMS_PER_PAGE)
            return [_as_input(item) async for item in every]
        if limit <= 0:
            return []
        size = min(limit, ITEMS_PER_PAGE)
        newest = self._conversations.items.list(conversation_id, order="desc", limit=size, max_items=limit)
        return [_as_input(item) async for item in newest][::-1]

    async def add_items(self, items: Items) -> None:
        """
        Add any number of items, in their order.

        After an error, or a cancellation, the same items may be given again: what is stored is not sent again, and
        what may be stored is looked up first.

        Raises:
            AppendIncompleteError: It stopped; says which items are stored.
        """
        if not items:
            return
        async with self._order:
            self._popping = None
            await self._append(await self._conversation(), list(items))

    async def _append(self, conversation_id: str, items: Items) -> None:
        unfinished = self._unfinished
        resume = unfinished.resume if unfinished is not None and unfinished.items == items else None

        def note(progress: AppendProgress) -> None:
            self._unfinished = _Unfinished(items=items, resume=progress.resume)

        try:
            await self._conversations.items.append(
                conversation_id,
                cast("list[ItemParam]", items),
                resume=resume,
                together=True,
                guard=self._guard,
                on_progress=note,
            )
        except AppendIncompleteError as error:
            if error.resume is not None:
                self._unfinished = _Unfinished(items=items, resume=error.resume)
            raise
        self._unfinished = None

    async def pop_item(self) -> TResponseInputItem | None:
        """
        Delete the newest item and return it; ``None`` when there is none.

        After an error, or a cancellation, the next call deletes the same item, and no other.
        """
        async with self._order:
            self._unfinished = None
            conversation_id = await self._conversation()
            begun = self._popping is not None
            item = self._popping or await self._last(conversation_id)
            while item is not None and not await self._delete(conversation_id, item, begun=begun):
                begun, item = False, await self._last(conversation_id)
            self._popping = None
            return item

    async def _last(self, conversation_id: str) -> TResponseInputItem | None:
        return next(iter(await self._newest(conversation_id, 1)), None)

    async def _delete(self, conversation_id: str, item: TResponseInputItem, *, begun: bool) -> bool:
        """
        Whether the item was deleted here, by this call or, where one had *begun*, by an earlier one.

        An item that is not there was deleted by somebody else, unless it is still listed: then the 404 is an error.
        """
        self._popping = item
        try:
            await self._conversations.items.delete(str(item.get("id", "")), conversation_id=conversation_id)
        except NotFoundError:
            self._popping = None
            if item == await self._last(conversation_id):
                raise
            return begun
        return True

    async def clear_session(self) -> None:
        """
        Delete the conversation and every item of it; the next call that needs one makes a new conversation.

        After an error, or a cancellation, it may be called again.

        Raises:
            EraseIncompleteError: The server does not delete what it was asked to.
        """
        async with self._order:
            if self._conversation_id is None:
                return
            await self._conversations.erase(self._conversation_id)
            self._conversation_id = None
            self._forget()


def _as_input(item: ConversationItem) -> TResponseInputItem:
    """An item as the SDK takes it: what the service sent, and nothing else."""
    return cast("TResponseInputItem", item.to_dict())
