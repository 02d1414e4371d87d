"""
Appending any number of items: one chunk after the other, each either stored, or not, or said to be unknown.

Each chunk is a call of its own, through the whole chain. What was stored when an append stops is on the error, together
with a value from which the same append goes on later, in another process if need be.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

import attrs

from openai_conversations.api import requests
from openai_conversations.api.arguments import CallOptions, Omit, omit, options_timeout, path_id
from openai_conversations.api.caller import Caller
from openai_conversations.api.pagination import item_id, json_page
from openai_conversations.api.results import check_deleted
from openai_conversations.errors import (
    AmbiguousWriteError,
    APITimeoutError,
    ConversationsError,
    InvalidArgumentError,
    NotFoundError,
    one_line,
)
from openai_conversations.limits import ITEMS_PER_REQUEST
from openai_conversations.transport.message import Guard, HTTPRequest
from openai_conversations.transport.status import is_api_not_found, says_conversation_is_gone
from openai_conversations.writing.item_source import ItemIterable, ItemSource
from openai_conversations.writing.listings import newest_item
from openai_conversations.writing.resume import (
    AppendIncompleteError,
    AppendProgress,
    AppendResult,
    AppendResume,
    checked_resume,
)
from openai_conversations.writing.write_order import Writing

logger: Final = logging.getLogger("openai_conversations")

OnAppendProgress = Callable[[AppendProgress], object]
"""May be a coroutine function; then it is awaited. What it raises is logged: the items are stored all the same."""


@attrs.frozen(kw_only=True)
class AppendOptions:
    """
    How an append goes about its work.

    Attributes:
        include: Fields that the service leaves out of its responses unless asked.
        guard: See ``items.create``.
        rollback: Whether to delete what this run stored when it fails.
        on_progress: Called before the first chunk and after each.
        together: Whether no other write of this client may come between the chunks.
        total_timeout: Seconds for the whole append; ``None`` for no bound but that of each chunk.
        call: See :class:`CallOptions`; for each chunk.
    """

    include: Sequence[str] | Omit = omit
    guard: Guard = "auto"
    rollback: bool = False
    on_progress: OnAppendProgress | None = None
    together: bool = False
    total_timeout: float | None = None
    call: CallOptions = attrs.field(factory=CallOptions)


async def append(
    caller: Caller,
    writing: Writing,
    conversation_id: str,
    items: ItemIterable,
    *,
    resume: AppendResume | None = None,
    options: AppendOptions | None = None,
) -> AppendResult:
    """
    Append 1 to 100,000 items in chunks of 20, in their order.

    Args:
        caller: Makes the calls.
        writing: The write order and the last items of the client.
        conversation_id: The conversation.
        items: The items; an asynchronous iterable is waited for.
        resume: Where an earlier append of the same items stopped.
        options: How.

    Raises:
        InvalidArgumentError: The items or *resume* cannot be used; nothing was sent.
        AppendIncompleteError: It stopped; says what is stored.
    """
    return await Append(caller, writing, conversation_id, items, resume=resume, options=options).run()


class Append:
    """One run of an append: what it has stored, and what it is about to store."""

    def __init__(
        self,
        caller: Caller,
        writing: Writing,
        conversation_id: str,
        items: ItemIterable,
        *,
        resume: AppendResume | None = None,
        options: AppendOptions | None = None,
    ) -> None:
        self._caller = caller
        self._writing = writing
        self._options = options or AppendOptions()
        options_timeout(self._options.call, caller.settings.timeout)  # a keyword that is none is refused here
        path_id("conversation_id", conversation_id)
        self._source = ItemSource(items)
        self._start = checked_resume(resume, conversation_id, self._source.total)
        self._conversation_id = conversation_id
        total, clock = self._options.total_timeout, caller.runtime.clock
        self._deadline = None if total is None else clock() + total
        self._last_item_id = self._start["last_item_id"]
        self._chunk: list[Any] = []
        self._key = requests.conversation_key(caller, conversation_id)
        self._version: int | None = None
        """Of the writes to the conversation when the chunk was handed over to be sent; ``None`` before."""
        self._unknown_version = 0
        """Of writes whose outcome is not known, at the same time."""
        self._unresolved = self._start["unknown"]
        """How many items of the chunk an earlier run may have stored."""
        self._stored = self._start["stored"]
        self._ids: list[str] = []
        self.items: list[dict[str, Any]] = []
        """What the server says it stored in this run."""

    async def run(self) -> AppendResult:
        """Do it."""
        try:
            await self._take_first()
            async with self._together():
                await self._store_all()
        except Exception as error:
            # Once the chunk was handed over, such an error may be a middleware's, and come after the write.
            if isinstance(error, InvalidArgumentError) and not self._ids and self._version is None:
                raise
            raise await self._failure(error) from error
        count = self._start["stored"] + len(self._ids)
        return AppendResult(conversation_id=self._conversation_id, count=count, ids=tuple(self._ids))

    async def _take_first(self) -> None:
        await self._source.skip(self._stored, self._remaining)
        await self._source.take(self._unresolved or ITEMS_PER_REQUEST, self._chunk, self._remaining)

    def _together(self) -> AbstractAsyncContextManager[None]:
        """The right to write for all chunks; the wait for it is one of the whole append, not of a chunk."""
        if not (self._options.together and self._chunk):
            return nullcontext()
        deadline = self._deadline
        if deadline is None:
            total = options_timeout(self._options.call, self._caller.settings.timeout).total
            deadline = None if total is None else self._caller.runtime.clock() + total
        return self._writing.order.hold(self._key, conversation_id=self._conversation_id, deadline=deadline)

    async def _store_all(self) -> None:
        if self._chunk and self._options.on_progress is not None:
            await self._tell_beforehand(self._options.on_progress)
        while self._chunk:
            await self._store()
            await self._source.take(ITEMS_PER_REQUEST, self._chunk, self._remaining)

    async def _store(self) -> None:
        request = self._request()
        self._version = self._writing.last_items.version(self._key)
        self._unknown_version = self._writing.last_items.unknown_version(self._key)
        page = json_page(await self._caller.send(request))
        ids = [item_id(item) for item in page.items]
        self._stored += len(self._chunk)
        self._ids += ids
        self.items += page.items
        # Later chunks go by what the client has learned from this one.
        self._last_item_id = next((name for name in reversed(ids) if name), None)
        self._chunk, self._version, self._unresolved = [], None, 0
        if self._options.on_progress is not None:
            await self._tell(self._options.on_progress, tuple(ids))

    def _request(self) -> HTTPRequest:
        is_first = not self._ids
        request = requests.create_items(
            self._caller,
            self._conversation_id,
            self._chunk,
            include=self._options.include,
            guard=self._options.guard,
            last_item_id=self._last_item_id if is_first else None,
            lookup_first=self._unresolved > 0,
            options=self._options.call,
        )
        if self._options.together:
            # This call holds the write lock already, also for a middleware that sends from a task of its own.
            request = request.replace(is_ordered=False)
        return self._bounded(request)

    def _bounded(self, request: HTTPRequest) -> HTTPRequest:
        """The request, with no more time than is left of the whole."""
        within = self._remaining()
        total = request.timeout.total
        if within is None or (total is not None and total <= within):
            return request
        timeout = attrs.evolve(request.timeout, total=within)
        return request.replace(timeout=timeout, deadline=self._deadline)

    async def _tell_beforehand(self, on_progress: OnAppendProgress) -> None:
        """
        From where to go on if this process dies in the first chunk: before its first byte goes out.

        That needs the last item before it. Where the client does not know it, it is asked for: one request. Not so when
        an earlier run may have stored the chunk: what is the last item now may be of that chunk.
        """
        if self._last_item_id is None and self._unresolved == 0:
            request, last_items = self._request(), self._writing.last_items
            known, at_least = (find(self._key) for find in (last_items.get, last_items.at_least))
            clock = self._caller.runtime.clock
            if known is None:
                known = await newest_item(request, self._caller.send, at_least, clock)
            self._last_item_id = known
        await self._tell(on_progress, ())

    async def _tell(self, on_progress: OnAppendProgress, ids: tuple[str, ...]) -> None:
        progress = AppendProgress(
            stored=self._stored,
            total=self._source.total,
            ids=ids,
            resume=self._resume(unknown=len(self._chunk) or ITEMS_PER_REQUEST),
        )
        try:
            told = on_progress(progress)
            if inspect.isawaitable(told):
                await told
        except Exception:
            logger.exception("on_progress failed")

    def _remaining(self) -> float | None:
        """Seconds left of the whole append; ``None`` without a bound."""
        if self._deadline is None:
            return None
        remaining = self._deadline - self._caller.runtime.clock()
        if remaining <= 0:
            raise APITimeoutError(message="the append as a whole did not finish in time.", sent=False)
        return remaining

    def _resume(self, unknown: int, last_item_id: str | None = None) -> AppendResume:
        return AppendResume(
            conversation_id=self._conversation_id,
            stored=self._stored,
            unknown=unknown,
            last_item_id=self._last_item_id if last_item_id is None else last_item_id,
        )

    async def _failure(self, error: Exception) -> AppendIncompleteError:
        """What to raise: what is stored, what may be, and how to go on."""
        rollback = self._options.rollback
        unknown = self._unknown(error)
        known = error.last_item_id if isinstance(error, AmbiguousWriteError) else None
        resume = self._resume(unknown, known)
        left = await self._roll_back() if rollback else self._ids
        return AppendIncompleteError(
            _sentence(self._conversation_id, error, rollback=rollback, left=len(left), unknown=unknown),
            conversation_id=self._conversation_id,
            stored=tuple(left),
            count=self._start["stored"] + len(left) if rollback else self._stored,
            unknown=unknown,
            pending=tuple(self._chunk),
            resume=None if rollback else resume,
            rolled_back=not left if rollback else None,
        )

    def _unknown(self, error: Exception) -> int:
        """
        How many items of the chunk that failed may be stored.

        None when the transport says so, unless a middleware had sent it before. When no write to the conversation was
        begun since, those that an earlier run left unresolved. What others raise around the call, a registry or a
        middleware, says nothing.
        """
        if self._version is None:
            return self._unresolved if self._chunk else 0
        is_refused = isinstance(error, ConversationsError) and error.not_carried_out
        if is_refused and self._writing.last_items.unknown_version(self._key) == self._unknown_version:
            return 0
        is_begun = self._writing.last_items.version(self._key) != self._version
        return len(self._chunk) if is_begun else self._unresolved

    async def _roll_back(self) -> list[str]:
        """
        Delete what this run stored, the newest first; the ids of what could not be deleted, in order.

        It takes no longer than the append may, ``total_timeout`` once more, and ends when nothing of a chunk could be
        deleted: a service that is down would take the time of a call for each chunk.
        """
        total, clock = self._options.total_timeout, self._caller.runtime.clock
        self._deadline = None if total is None else clock() + total
        left: list[str] = []
        for start in reversed(range(0, len(self._ids), ITEMS_PER_REQUEST)):
            chunk = self._ids[start : start + ITEMS_PER_REQUEST]
            gone = await asyncio.gather(*(self._delete(name) for name in chunk))
            left = [name for name, is_gone in zip(chunk, gone, strict=True) if not is_gone] + left
            if not any(gone):
                return self._ids[:start] + left
        return left

    async def _delete(self, name: str) -> bool:
        options: CallOptions = {**self._options.call}
        options.pop("extra_body", None)
        request = requests.delete_item(self._caller, self._conversation_id, name, options)
        try:
            check_deleted(await self._caller.send(self._bounded(request)))
        except NotFoundError as error:
            return is_api_not_found(error, request) and not says_conversation_is_gone(error, request)
        except Exception:  # noqa: BLE001  # whatever it is, the item may still be there: that is what is said
            return False
        return True


def _sentence(conversation_id: str, error: Exception, *, rollback: bool, left: int, unknown: int) -> str:
    cause = one_line(str(error)) if isinstance(error, ConversationsError) else type(error).__name__
    kept = f"{left} items were stored"
    if rollback:
        kept = "what was stored was removed" if not left else f"{left} stored items could not be removed"
    unresolved = f"; whether {unknown} more are stored is not known" if unknown else ""
    return f"the append to {conversation_id} stopped: {kept}{unresolved} ({cause})"
