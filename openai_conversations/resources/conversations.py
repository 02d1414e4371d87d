"""``client.conversations``: create, retrieve, update, delete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeVar, Unpack, cast

from openai_conversations.api import requests
from openai_conversations.api.arguments import (
    CallOptions,
    Omit,
    check_listing,
    check_words,
    checked_choice,
    omit,
)
from openai_conversations.api.caller import Caller, codec
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.resources.conversation_operations import ConversationOperations
from openai_conversations.resources.items import ItemParam, Items, RawItems, StreamingItems
from openai_conversations.resources.raw import Finish, Wrapped, finish_raw, finish_streaming, raw, streamed
from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
from openai_conversations.transport.message import HTTPResponse
from openai_conversations.writing.write_order import Writing

if TYPE_CHECKING:
    from openai_conversations.resources.conversation_listing import ConversationLister

T = TypeVar("T")


class Conversations(ConversationOperations):
    """
    Conversations, and through ``items`` what is in them.

    Every method takes the keywords of :class:`CallOptions` and raises the errors of the tree in
    :mod:`openai_conversations.errors`; :class:`InvalidArgumentError` before anything is sent.
    """

    def __init__(self, caller: Caller, writing: Writing, finish: Finish | None = None) -> None:
        super().__init__(caller, writing)
        self._finish = finish
        self.items: Items = Items(caller, writing)

    def _finished(self, response: HTTPResponse, kind: type[T]) -> T:
        """What the caller gets: the decoded object, or what a wrapper makes of the response."""
        finish = self._finish or codec().decode_response
        return cast("T", finish(response, kind))

    @property
    def with_raw_response(self) -> RawConversations:
        """The methods of this class, which return the response as it came."""
        return RawConversations(self._caller, self._writing)

    @property
    def with_streaming_response(self) -> StreamingConversations:
        """The methods of this class as context managers, which leave the body unread."""
        return StreamingConversations(self._caller, self._writing)

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
        may_resend = on_ambiguous == "resend"
        request = requests.create_conversation(
            self._caller, metadata=metadata, items=items, may_resend=may_resend, options=options
        )
        return self._finished(await self._caller.send(request), Conversation)

    def list(
        self,
        *,
        limit: int | Omit | None = omit,
        order: Literal["asc", "desc"] | Omit | None = omit,
        after: str | Omit | None = omit,
        before: str | Omit | None = omit,
        agent_name: str | Omit | None = omit,
        agent_id: str | Omit | None = omit,
        **options: Unpack[CallOptions],
    ) -> ConversationLister:
        """
        List conversations, where the server can: ``await`` gives one page, ``async for`` every conversation.

        Azure AI Foundry can (``profile="azure"``); OpenAI has no such endpoint.

        Args:
            limit: Conversations of a page, 1 to 100.
            order: By the time of their creation.
            after: Id of the conversation after which to begin.
            before: Id of the conversation before which to end.
            agent_name: Only those of an agent of this name.
            agent_id: Only those of this agent, as ``name:version``.
            **options: See :class:`CallOptions`; the timeout is that of each page.

        Raises:
            InvalidArgumentError: The profile of this client has no listing of conversations.
            PaginationStalledError: The server repeats a cursor, or says that there is more and gives none.
        """
        profile = self._caller.settings.profile
        if not profile.lists_conversations:
            raise InvalidArgumentError(
                f"conversations cannot be listed: a server of the profile {profile.name!r} has no endpoint for it, "
                "only Azure AI Foundry has (profile='azure'). Keep the ids, with a Registry for instance"
            )
        check_listing(after=after, limit=limit, order=order)
        named = {"before": before, "agent_name": agent_name, "agent_id": agent_id}
        check_words(named)
        query = {"limit": limit, "order": order, **named}

        async def ask(caller: Caller, cursor: str | None) -> HTTPResponse:
            return await caller.send(requests.list_conversations(caller, query, cursor, options))

        from openai_conversations.resources.conversation_listing import conversation_lister  # for who lists

        return conversation_lister(ask, self._caller, self._finish, after if isinstance(after, str) else None)

    async def retrieve(self, conversation_id: str, **options: Unpack[CallOptions]) -> Conversation:
        """
        Get a conversation (``getConversation``).

        Args:
            conversation_id: The conversation.
            **options: See :class:`CallOptions`.
        """
        request = requests.get_conversation(self._caller, conversation_id, options)
        return self._finished(await self._caller.send(request), Conversation)

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
        request = requests.update_conversation(self._caller, conversation_id, metadata=metadata, options=options)
        return self._finished(await self._caller.send(request), Conversation)

    async def delete(self, conversation_id: str, **options: Unpack[CallOptions]) -> ConversationDeletedResource:
        """
        Delete a conversation (``deleteConversation``). Its items are not deleted by the service.

        A retry that finds the conversation gone, after an attempt whose outcome was unknown, has succeeded.

        Args:
            conversation_id: The conversation.
            **options: See :class:`CallOptions`.
        """
        request = requests.delete_conversation(self._caller, conversation_id, options)
        return self._finished(await self._caller.send(request), ConversationDeletedResource)


class RawConversations(Wrapped):
    """The methods of :class:`Conversations`; each returns an :class:`APIResponse`."""

    def __init__(self, caller: Caller, writing: Writing) -> None:
        super().__init__(Conversations(caller.streaming(stream=False), writing, finish_raw))
        self.items: RawItems = RawItems(caller, writing)

    @raw(Conversations.create)
    def create(self) -> None:
        """See :meth:`Conversations.create`."""

    @raw(Conversations.list)
    def list(self) -> None:
        """See :meth:`Conversations.list`."""

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

    def __init__(self, caller: Caller, writing: Writing) -> None:
        super().__init__(Conversations(caller.streaming(stream=True), writing, finish_streaming(caller.runtime.clock)))
        self.items: StreamingItems = StreamingItems(caller, writing)

    @streamed(Conversations.create)
    def create(self) -> None:
        """See :meth:`Conversations.create`."""

    @streamed(Conversations.list)
    def list(self) -> None:
        """See :meth:`Conversations.list`."""

    @streamed(Conversations.retrieve)
    def retrieve(self) -> None:
        """See :meth:`Conversations.retrieve`."""

    @streamed(Conversations.update)
    def update(self) -> None:
        """See :meth:`Conversations.update`."""

    @streamed(Conversations.delete)
    def delete(self) -> None:
        """See :meth:`Conversations.delete`."""
