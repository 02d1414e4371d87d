"""``client.conversations.items``: create, list, retrieve, delete."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeVar, Unpack, cast

from openai_conversations.api import requests
from openai_conversations.api.arguments import (
    CallOptions,
    Omit,
    check_include,
    check_listing,
    checked_choice,
    checked_max_items,
    omit,
    path_id,
)
from openai_conversations.api.caller import Caller, codec
from openai_conversations.checks import FLAG, OPTIONAL_DURATION, OPTIONAL_FUNCTION
from openai_conversations.limits import Include
from openai_conversations.resources.listing import ItemLister, lister
from openai_conversations.resources.official_names import by_name
from openai_conversations.resources.raw import (
    Finish,
    Wrapped,
    finish_raw,
    finish_streaming,
    raw,
    streamed,
)
from openai_conversations.schemas.conversation import Conversation
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.transport.message import Guard, HTTPResponse
from openai_conversations.writing.write_order import Writing

T = TypeVar("T")

GUARDS: Final = ("auto", "strict", "off")

if TYPE_CHECKING:
    from typing import Protocol, TypeAlias

    from openai_conversations.schemas.params.items import ItemDictParam
    from openai_conversations.writing.chunks import OnAppendProgress
    from openai_conversations.writing.resume import AppendResult, AppendResume

    class PydanticItem(Protocol):
        """An item that the official client received: an object of pydantic's with a type, or a message."""

        @property
        def model_fields_set(self) -> set[str]: ...


ItemParam: TypeAlias = "ItemDictParam | Item | PydanticItem"
"""
An item to send: a dictionary of the official shapes, an object of ours, also a received one, or one of the official
client. For type checkers a dictionary has the keys and words of the API; any mapping is taken.
"""


class Items:
    """
    The items of a conversation.

    Every method takes the keywords of :class:`CallOptions` and raises the errors of the tree in
    :mod:`openai_conversations.errors`; :class:`InvalidArgumentError` before anything is sent.
    """

    def __init__(self, caller: Caller, writing: Writing, finish: Finish | None = None) -> None:
        self._caller = caller
        self._writing = writing
        self._finish = finish

    def _finished(self, response: HTTPResponse, kind: type[T]) -> T:
        """What the caller gets: the decoded object, or what a wrapper makes of the response."""
        finish = self._finish or codec().decode_response
        return cast("T", finish(response, kind))

    @property
    def with_raw_response(self) -> RawItems:
        """The methods of this class, which return the response as it came."""
        return RawItems(self._caller, self._writing)

    @property
    def with_streaming_response(self) -> StreamingItems:
        """The methods of this class as context managers, which leave the body unread."""
        return StreamingItems(self._caller, self._writing)

    async def create(
        self,
        conversation_id: str,
        *,
        items: Iterable[ItemParam],
        include: Sequence[Include] | Omit = omit,
        guard: Guard = "auto",
        last_item_id: str | None = None,
        lookup_first: bool = False,
        **options: Unpack[CallOptions],
    ) -> ConversationItemList:
        """
        Append up to 20 items (``createConversationItems``).

        When the outcome of an attempt is unknown, the conversation is looked up before anything is sent again, inside
        the same deadline: the items are stored once, or the error says what is known.

        Args:
            conversation_id: The conversation.
            items: Mappings or item objects. Of objects, what must not be sent back (most ids, ``created_by``) is
                left out.
            include: Fields that the service leaves out unless asked.
            guard: ``auto`` looks it up only after a failure, from the last item that this client knows of, and sends
                again what it sees to be absent. It relies on two things: nobody else writes equal items to the
                conversation at that moment, and a service whose connection broke does not store the items, or show
                them, only seconds later.
                ``strict`` relies on the first only, for the time of the call: it asks for the last item beforehand, at
                the price of one request, and never sends again what was wholly sent, unless the service refused it and
                a lookup found nothing.
                ``off`` raises :class:`AmbiguousWriteError` without a lookup.
            last_item_id: Id of the last item of the conversation, if you know it; ``""`` when you know that it is
                empty, ``None`` when you know nothing.
            lookup_first: Look it up before sending, too, and return the items if they are there: to go on after an
                :class:`AmbiguousWriteError`, also in another process, with the ``last_item_id`` of that error.
            **options: See :class:`CallOptions`.

        Raises:
            AmbiguousWriteError: Whether the items are stored could not be found out.
            ConversationLockedError: Somebody else held the conversation until the deadline.
        """
        if guard not in GUARDS:
            checked_choice("guard", guard, GUARDS)
        request = requests.create_items(
            self._caller,
            conversation_id,
            items,
            include=include,
            guard=guard,
            last_item_id=last_item_id,
            lookup_first=lookup_first,
            options=options,
        )
        return self._finished(await self._caller.send(request), ConversationItemList)

    async def append(
        self,
        conversation_id: str,
        items: Iterable[ItemParam] | AsyncIterable[ItemParam],
        *,
        resume: AppendResume | None = None,
        rollback: bool = False,
        on_progress: OnAppendProgress | None = None,
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
                is skipped, and what may be stored is looked up first.
            rollback: Delete what this run stored when it fails. Not when it is cancelled.
            on_progress: Called with an :class:`AppendProgress` before the first chunk is sent and after each; may be a
                coroutine function. What it raises is logged.
            together: Let no other write of this client to the conversation come between the chunks; they wait, each
                within its own deadline, until all of this is done.
            total_timeout: Seconds for the whole append; ``None`` for no bound. ``timeout`` is that of each chunk. A
                ``rollback`` comes after it, and may take as long again.
            guard: See :meth:`create`.
            **options: See :class:`CallOptions`; they count for each chunk.

        Raises:
            AppendIncompleteError: It stopped: says which items are stored, and from where to go on.
        """
        if guard not in GUARDS:
            checked_choice("guard", guard, GUARDS)
        for name, wanted, value in (
            ("rollback", FLAG, rollback),
            ("on_progress", OPTIONAL_FUNCTION, on_progress),
            ("together", FLAG, together),
            ("total_timeout", OPTIONAL_DURATION, total_timeout),
        ):
            wanted.check(name, value)
        from openai_conversations.writing.chunks import AppendOptions, append  # loaded by who appends

        chosen = AppendOptions(
            guard=guard,
            rollback=rollback,
            on_progress=on_progress,
            together=together,
            total_timeout=total_timeout,
            call=options,
        )
        caller = self._caller.streaming(stream=False)
        return await append(caller, self._writing, conversation_id, items, resume=resume, options=chosen)

    def written_elsewhere(self, conversation_id: str) -> None:
        """
        Tell this client that somebody else wrote to a conversation: another client, another process, a model's turn.

        An append whose response is lost is looked up from the last item that this client knows of. What others wrote
        since may be equal to it; after this call such an append is found out or reported as unknown, never guessed.
        Nothing is sent.

        Args:
            conversation_id: The conversation.
        """
        path_id("conversation_id", conversation_id)
        self._writing.last_items.forget(requests.conversation_key(self._caller, conversation_id))

    def list(
        self,
        conversation_id: str,
        *,
        after: str | Omit | None = omit,
        include: Sequence[Include] | Omit | None = omit,
        limit: int | Omit | None = omit,
        order: Literal["asc", "desc"] | Omit | None = omit,
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
            max_items: Items that ``async for`` gives at the most, from as many pages as it takes; ``None`` for all.
            prefetch: Whether ``async for`` fetches the next page while the second half of a page is consumed.
            **options: See :class:`CallOptions`; the timeout is that of each page.

        Raises:
            PaginationStalledError: The server repeats a cursor, or says that there is more and gives none.
        """
        checked_max_items(max_items)
        FLAG.check("prefetch", prefetch)
        check_listing(after=after, limit=limit, order=order)
        check_include(include)

        async def ask(caller: Caller, cursor: str | None) -> HTTPResponse:
            request = requests.list_items(
                caller, conversation_id, after=cursor, include=include, limit=limit, order=order, options=options
            )
            return await caller.send(request)

        start = after if isinstance(after, str) else None
        return lister(ask, self._caller, self._finish, after=start, max_items=max_items, prefetch=prefetch)

    @by_name("items.retrieve({1!r}, conversation_id={0!r})")
    async def retrieve(
        self,
        item_id: str,
        *,
        conversation_id: str,
        include: Sequence[Include] | Omit = omit,
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
        request = requests.get_item(self._caller, conversation_id, item_id, include=include, options=options)
        return cast("ConversationItem", self._finished(await self._caller.send(request), Item))

    @by_name("items.delete({1!r}, conversation_id={0!r})")
    async def delete(self, item_id: str, *, conversation_id: str, **options: Unpack[CallOptions]) -> Conversation:
        """
        Delete one item (``deleteConversationItem``); gives the conversation.

        A retry that finds the item gone has succeeded: the conversation is then asked for with one more request. When
        that fails, the item is deleted all the same: the conversation then has its id and ``created_at`` 0.
        Old servers answer with the id of the item and ``object: "conversation.item.deleted"`` instead.

        Args:
            item_id: The item.
            conversation_id: Its conversation.
            **options: See :class:`CallOptions`.
        """
        request = requests.delete_item(self._caller, conversation_id, item_id, options)
        return self._finished(await self._caller.send(request), Conversation)


class RawItems(Wrapped):
    """The methods of :class:`Items`; each returns an :class:`APIResponse`."""

    def __init__(self, caller: Caller, writing: Writing) -> None:
        super().__init__(Items(caller.streaming(stream=False), writing, finish_raw))

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

    def __init__(self, caller: Caller, writing: Writing) -> None:
        super().__init__(Items(caller.streaming(stream=True), writing, finish_streaming(caller.runtime.clock)))

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
