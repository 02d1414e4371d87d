"""``client.conversations``: create, retrieve, update, delete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Unpack

from openai_conversations.api import operations
from openai_conversations.api.arguments import (
    CallOptions,
    Omit,
    checked_choice,
    checked_items,
    checked_metadata,
    omit,
    refuse_other_items,
)
from openai_conversations.errors import NotFoundError
from openai_conversations.resources.conversation_operations import ConversationOperations
from openai_conversations.resources.core import Core
from openai_conversations.resources.items import ItemParam, Items, RawItems, StreamingItems
from openai_conversations.resources.raw import Wrapped, raw, streamed
from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
from openai_conversations.transport.message import Replay
from openai_conversations.writing.last_item import START


class Conversations(ConversationOperations):
    """
    Conversations, and through ``items`` what is in them.

    Every method takes the keywords of :class:`CallOptions` and raises the errors of the tree in
    :mod:`openai_conversations.errors`; :class:`InvalidArgumentError` before anything is sent.
    """

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.items: Items = Items(core)

    @property
    def with_raw_response(self) -> RawConversations:
        """The same methods, which return the answer as it came."""
        return RawConversations(self._core)

    @property
    def with_streaming_response(self) -> StreamingConversations:
        """The same methods as context managers, which leave the body unread."""
        return StreamingConversations(self._core)

    async def create(
        self,
        *,
        metadata: Mapping[str, str] | Omit | None = omit,
        items: Iterable[ItemParam] | Omit | None = omit,
        on_ambiguous: Literal["raise", "resend"] = "raise",
        **options: Unpack[CallOptions],
    ) -> Conversation:
        """
        Make a conversation (``createConversation``).

        Args:
            metadata: At most 16 pairs of strings, keys of up to 64, values of up to 512 characters; ``None`` sends
                null.
            items: At most 20 items to begin with; ``None`` sends null.
            on_ambiguous: What to do when a create *with items* may or may not have been carried out: ``raise`` an
                :class:`AmbiguousWriteError`, or ``resend``, which can leave a second conversation that nobody knows
                the id of. A create without items is always sent again: an orphan of it holds nothing.
            **options: See :class:`CallOptions`.
        """
        checked_choice("on_ambiguous", on_ambiguous, ("raise", "resend"))
        body: dict[str, object] = {}
        if not isinstance(metadata, Omit):
            body["metadata"] = checked_metadata(metadata)
        if not isinstance(items, Omit):
            body["items"] = None if items is None else self._core.codec.encode_items(checked_items(items))
        refuse_other_items(options)
        may_resend = on_ambiguous == "resend" or not body.get("items")
        request = self._core.request(
            operations.CREATE, {}, options, body=body, replay=Replay.SAFE if may_resend else Replay.APPEND
        )
        conversation = await self._core.call(request, Conversation)
        if not body.get("items") and isinstance(conversation, Conversation):
            place, last_items = self._core.place(conversation.id), self._core.last_items
            last_items.offer(place, START, last_items.changes(place))
        return conversation

    async def retrieve(self, conversation_id: str, **options: Unpack[CallOptions]) -> Conversation:
        """
        Get a conversation (``getConversation``).

        Args:
            conversation_id: The conversation.
            **options: See :class:`CallOptions`.
        """
        request = self._core.request(operations.RETRIEVE, {"conversation_id": conversation_id}, options)
        return await self._core.call(request, Conversation)

    async def update(
        self, conversation_id: str, *, metadata: Mapping[str, str] | None, **options: Unpack[CallOptions]
    ) -> Conversation:
        """
        Replace the metadata of a conversation (``updateConversation``).

        Args:
            conversation_id: The conversation.
            metadata: The whole new metadata, within the limits of :meth:`create`; ``None`` sends null.
            **options: See :class:`CallOptions`.
        """
        body = {"metadata": checked_metadata(metadata)}
        request = self._core.request(operations.UPDATE, {"conversation_id": conversation_id}, options, body=body)
        return await self._core.write(request, Conversation)

    async def delete(self, conversation_id: str, **options: Unpack[CallOptions]) -> ConversationDeletedResource:
        """
        Delete a conversation (``deleteConversation``). Its items are not deleted by the service.

        A retry that finds the conversation gone, after an attempt whose outcome was unknown, has succeeded.

        Args:
            conversation_id: The conversation.
            **options: See :class:`CallOptions`.
        """
        core = self._core
        request = core.request(operations.DELETE, {"conversation_id": conversation_id}, options)
        try:
            deleted = await core.write(request, ConversationDeletedResource)
        except NotFoundError as error:
            if not error.after_unknown_outcome:
                raise
            deleted = core.answer_for(request, ConversationDeletedResource(id=conversation_id), error.attempts)
        core.last_items.forget(core.place(conversation_id))
        return deleted


class RawConversations(Wrapped):
    """The methods of :class:`Conversations`; each returns an :class:`APIResponse`."""

    def __init__(self, core: Core) -> None:
        super().__init__(Conversations(core.raw()))
        self.items: RawItems = RawItems(core)

    @raw(Conversations.create)
    def create(self) -> None:
        """See :meth:`Conversations.create`."""

    @raw(Conversations.retrieve)
    def retrieve(self) -> None:
        """See :meth:`Conversations.retrieve`."""

    @raw(Conversations.update)
    def update(self) -> None:
        """See :meth:`Conversations.update`."""

    @raw(Conversations.delete)
    def delete(self) -> None:
        """See :meth:`Conversations.delete`."""


class StreamingConversations(Wrapped):
    """The methods of :class:`Conversations` as context managers; each gives a :class:`StreamedAPIResponse`."""

    def __init__(self, core: Core) -> None:
        super().__init__(Conversations(core.streaming()))
        self.items: StreamingItems = StreamingItems(core)

    @streamed(Conversations.create)
    def create(self) -> None:
        """See :meth:`Conversations.create`."""

    @streamed(Conversations.retrieve)
    def retrieve(self) -> None:
        """See :meth:`Conversations.retrieve`."""

    @streamed(Conversations.update)
    def update(self) -> None:
        """See :meth:`Conversations.update`."""

    @streamed(Conversations.delete)
    def delete(self) -> None:
        """See :meth:`Conversations.delete`."""
