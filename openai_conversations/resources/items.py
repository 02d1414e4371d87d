"""``client.conversations.items``: create, list, retrieve, delete."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack, cast

from openai_conversations.api import operations
from openai_conversations.api.arguments import (
    CallOptions,
    Guard,
    Omit,
    checked_choice,
    checked_extra_query,
    checked_items,
    checked_max_items,
    checked_page_size,
    is_given,
    omit,
    refuse_other_items,
)
from openai_conversations.api.pagination import ConversationItemPage, ItemLister
from openai_conversations.errors import NotFoundError
from openai_conversations.limits import Include
from openai_conversations.resources.appending import ChunkCalls
from openai_conversations.resources.core import Core
from openai_conversations.resources.raw import APIResponse, StreamedAPIResponse, Wrapped, raw, streamed
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.writing.last_item import START

if TYPE_CHECKING:
    from typing import TypeAlias

    from openai_conversations.writing.chunks import AppendResult, AppendResume, OnProgress

ItemParam: TypeAlias = "Mapping[str, object] | Item"
"""An item to send: a mapping of the official shapes, or an object of ours, also a received one."""


class Items:
    """
    The items of a conversation.

    Every method takes the keywords of :class:`CallOptions` and raises the errors of the tree in
    :mod:`openai_conversations.errors`; :class:`InvalidArgumentError` before anything is sent.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    @property
    def with_raw_response(self) -> RawItems:
        """The same methods, which return the answer as it came."""
        return RawItems(self._core)

    @property
    def with_streaming_response(self) -> StreamingItems:
        """The same methods as context managers, which leave the body unread."""
        return StreamingItems(self._core)

    async def create(
        self,
        conversation_id: str,
        *,
        items: Iterable[ItemParam],
        include: Sequence[Include | str] | Omit = omit,
        guard: Guard = "auto",
        last_item_id: str | None = None,
        look_first: bool = False,
        **options: Unpack[CallOptions],
    ) -> ConversationItemList:
        """
        Append up to 20 items (``createConversationItems``).

        When the outcome of an attempt is unknown, the conversation is looked at before anything is sent again, inside
        the same deadline: the items are stored once, or the error says what is known.

        Args:
            conversation_id: The conversation.
            items: Mappings or item objects. Of objects, what must not be sent back (most ids, ``created_by``) is
                left out.
            include: Fields that the service leaves out unless asked.
            guard: ``auto`` looks only after a failure, from the last item that this client knows of; it relies on
                nobody else writing equal items to the conversation. ``strict`` asks for the last item beforehand, at
                the price of one request. ``off`` raises :class:`AmbiguousWriteError` instead of looking.
            anchor: Id of the last item of the conversation, if you know it; ``""`` when you know that it is empty,
                ``None`` when you know nothing.
            look_first: Look before sending, too, and return the items if they are there: to go on after an
                :class:`AmbiguousWriteError`, also in another process, with the ``anchor`` of that error.
            **options: See :class:`CallOptions`.

        Raises:
            AmbiguousWriteError: Whether the items are stored could not be found out.
            ConversationLockedError: Somebody else held the conversation until the deadline.
        """
        checked_choice("guard", guard, ("auto", "strict", "off"))
        core = self._core
        sent = core.codec.encode_items(checked_items(items))
        query: dict[str, object] = {"include": include} if is_given(include) else {}
        refuse_other_items(options)
        # Here, because it brings the comparison of items along: 4 % of the import.
        from openai_conversations.writing.guarded import GuardedAppend

        looked_with = {**checked_extra_query(options.get("extra_query")), **query}
        append = GuardedAppend(core, sent, guard, last_item_id, looked_with)
        request = core.request(
            operations.CREATE_ITEMS,
            {"conversation_id": conversation_id},
            options,
            query=query,
            body={"items": sent},
            is_whole=append.is_whole,
            settle=append.settle if sent and guard != "off" else None,
        )
        return cast("ConversationItemList", await append.run(request, look_first=look_first))

    async def append(
        self,
        conversation_id: str,
        items: Iterable[ItemParam] | AsyncIterable[ItemParam],
        *,
        resume: AppendResume | None = None,
        rollback: bool = False,
        on_progress: OnProgress | None = None,
        together: bool = False,
        total_timeout: float | None = None,
        guard: Guard = "auto",
        **options: Unpack[CallOptions],
    ) -> AppendResult:
        """
        Append 1 to 100,000 items, in chunks of 20 and in their order. Each chunk is stored as :meth:`create` does it.

        Args:
            conversation_id: The conversation.
            items: As for :meth:`create`; also an asynchronous iterable, which is read as the chunks are sent.
            resume: Where an earlier append of the same items stopped, from its error or its progress: what is stored
                is skipped, and what may be stored is looked for first.
            rollback: Delete what this run stored when it fails. Not when it is cancelled.
            on_progress: Called after each chunk with an :class:`AppendProgress`; may be a coroutine function.
            together: Let no other write of this client to the conversation come between the chunks; they wait, each
                within its own deadline, until all of this is done.
            total_timeout: Seconds for the whole append; ``None`` for no bound. ``timeout`` is that of each chunk.
            guard: See :meth:`create`.
            **options: See :class:`CallOptions`; they count for each chunk.

        Raises:
            AppendIncompleteError: It stopped: says which items are stored, and from where to go on.
        """
        from openai_conversations.writing.chunks import append

        core = self._core
        checked_choice("guard", guard, ("auto", "strict", "off"))
        request = core.request(operations.CREATE_ITEMS, {"conversation_id": conversation_id}, options)
        calls = ChunkCalls(
            items=self, conversation_id=conversation_id, guard=guard, options=options, timeout=request.timeout
        )
        async with core.order.turn(request, core.place(conversation_id)) if together else nullcontext():
            return await append(
                calls,
                conversation_id,
                items,
                resume=resume,
                rollback=rollback,
                on_progress=on_progress,
                total_timeout=total_timeout,
                clock=core.clock,
            )

    def list(
        self,
        conversation_id: str,
        *,
        after: str | Omit | None = omit,
        include: Sequence[Include | str] | Omit | None = omit,
        limit: int | Omit | None = omit,
        order: Literal["asc", "desc"] | Omit | None = omit,
        page_size: int | None = None,
        max_items: int | None = None,
        prefetch: bool = True,
        **options: Unpack[CallOptions],
    ) -> ItemLister:
        """
        List items (``listConversationItems``): ``await`` gives one page, ``async for`` every item.

        Args:
            conversation_id: The conversation.
            after: Id of the item after which to begin.
            include: Fields that the service leaves out unless asked.
            limit: Items of a page, 1 to 100; the service takes 20 when it is not given. It is sent as given.
            order: ``desc``, the service's default, gives the newest first.
            page_size: Another word for ``limit`` that is checked, so that it cannot be taken for ``max_items``.
            max_items: Items that ``async for`` gives at the most, from as many pages as it takes; ``None`` for all.
            prefetch: Whether ``async for`` fetches the next page while the second half of a page is consumed.
            **options: See :class:`CallOptions`; the timeout is that of each page.

        Raises:
            PaginationStalledError: The server repeats a cursor, or says that there is more and gives none.
        """
        size = checked_page_size(page_size, limit)
        query = {"include": include, "limit": size, "order": order}
        checked_max_items(max_items)
        core, place = self._core, self._core.place(conversation_id)
        is_told = _is_told(checked_extra_query(options.get("extra_query"))) and _is_told(core.settings.default_query)

        async def ask(core: Core, cursor: str | None) -> ConversationItemPage:
            asked = {**query, "after": cursor}
            request = core.request(operations.LIST_ITEMS, {"conversation_id": conversation_id}, options, query=asked)
            changes = core.last_items.changes(place)
            page = await core.call(request, ConversationItemPage)
            if isinstance(page, ConversationItemPage):
                page.attach(fetch, cursor)
                newest = _newest(page, order=order, cursor=cursor) if is_told and size != 0 else None
                if newest is not None:
                    core.last_items.offer(place, newest, changes)
            else:
                kept = cast("APIResponse[ConversationItemPage] | StreamedAPIResponse[ConversationItemPage]", page)
                kept.when_parsed(partial(ConversationItemPage.attach, fetch=fetch, asked=cursor))
            return page

        fetch = partial(ask, core.decoding())  # what follows a raw page is a page
        start = after if isinstance(after, str) else None
        return ItemLister(partial(ask, core), after=start, max_items=max_items, prefetch=prefetch)

    async def retrieve(
        self,
        item_id: str,
        *,
        conversation_id: str,
        include: Sequence[Include | str] | Omit = omit,
        **options: Unpack[CallOptions],
    ) -> ConversationItem:
        """
        Get one item (``getConversationItem``).

        Args:
            item_id: The item.
            conversation_id: Its conversation.
            include: Fields that the service leaves out unless asked.
            **options: See :class:`CallOptions`.
        """
        ids = {"conversation_id": conversation_id, "item_id": item_id}
        query = {"include": include} if is_given(include) else {}
        request = self._core.request(operations.RETRIEVE_ITEM, ids, options, query=query)
        return cast("ConversationItem", await self._core.call(request, Item))

    async def delete(self, item_id: str, *, conversation_id: str, **options: Unpack[CallOptions]) -> Conversation:
        """
        Delete one item (``deleteConversationItem``); gives the conversation.

        A retry that finds the item gone has succeeded: the conversation is then asked for with one more request.
        Old servers answer with the id of the item and ``object: "conversation.item.deleted"`` instead.

        Args:
            item_id: The item.
            conversation_id: Its conversation.
            **options: See :class:`CallOptions`.
        """
        ids = {"conversation_id": conversation_id, "item_id": item_id}
        request = self._core.request(operations.DELETE_ITEM, ids, options)
        try:
            conversation = await self._core.call(request, Conversation)
        except NotFoundError as error:
            if not error.after_unknown_outcome:
                raise
            ask = self._core.request(operations.RETRIEVE, {"conversation_id": conversation_id}, options)
            conversation = await self._core.call(ask.replace(deadline=request.deadline), Conversation)
        finally:
            self._core.last_items.forget(self._core.place(conversation_id), item_id)
        return conversation


def _is_told(query: Mapping[str, object]) -> bool:
    """Whether query values of the caller's own leave it to ours which part of a conversation is listed."""
    return not {"after", "before", "limit", "order"} & set(query)


def _newest(page: ConversationItemPage, *, order: object, cursor: str | None) -> str | None:
    """Id of the newest item when a page shows the end of the conversation; ``None`` when it does not, or has no id."""
    if not page.data:
        return START if cursor is None and not page.has_more else None
    if order == "asc":
        return None if page.has_more else page.data[-1].id or None
    return page.data[0].id or None if cursor is None else None


class RawItems(Wrapped):
    """The methods of :class:`Items`; each returns an :class:`APIResponse`."""

    def __init__(self, core: Core) -> None:
        super().__init__(Items(core.raw()))

    @raw(Items.create)
    def create(self) -> None:
        """See :meth:`Items.create`."""

    @raw(Items.list)
    def list(self) -> None:
        """See :meth:`Items.list`."""

    @raw(Items.retrieve)
    def retrieve(self) -> None:
        """See :meth:`Items.retrieve`."""

    @raw(Items.delete)
    def delete(self) -> None:
        """See :meth:`Items.delete`."""


class StreamingItems(Wrapped):
    """The methods of :class:`Items` as context managers; each gives a :class:`StreamedAPIResponse`."""

    def __init__(self, core: Core) -> None:
        super().__init__(Items(core.streaming()))

    @streamed(Items.create)
    def create(self) -> None:
        """See :meth:`Items.create`."""

    @streamed(Items.list)
    def list(self) -> None:
        """See :meth:`Items.list`."""

    @streamed(Items.retrieve)
    def retrieve(self) -> None:
        """See :meth:`Items.retrieve`."""

    @streamed(Items.delete)
    def delete(self) -> None:
        """See :meth:`Items.delete`."""
