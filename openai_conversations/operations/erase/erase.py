"""
Erasing a conversation for real: its items, the proof that none is left, and then the conversation itself.

The service's own deletion leaves every item behind, unreachable. Therefore the order: an item can be deleted only
while its conversation is there. Wherever a run stops, running it again completes it: what is deleted stays deleted, and
the conversation goes last.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.api.pagination import JsonPage, PageWalk, item_id
from openai_conversations.api.results import check_deleted
from openai_conversations.errors import APIError, APIStatusError, NotFoundError, PaginationStalledError
from openai_conversations.operations.concurrency import checked_concurrency, for_each
from openai_conversations.operations.deleting import (
    STALE_ROUNDS,
    STILL_LISTED,
    deletes_nothing,
    is_item_gone,
    may_delete_nothing,
    stale_wait,
)
from openai_conversations.operations.erase.receipts import After, DeletedItem, Outcome, PendingDeletes, Proof, Receipt
from openai_conversations.operations.errors import EraseIncompleteError
from openai_conversations.operations.listing import read_page
from openai_conversations.transport.status import is_api_not_found, says_conversation_is_gone

logger: Final = logging.getLogger("openai_conversations")

OnDeleting = Callable[[PendingDeletes], Awaitable[object]]
OnDeleted = Callable[[DeletedItem], object]
OnProof = Callable[[Proof], Awaitable[object]]


async def erase(
    caller: Caller,
    conversation_id: str,
    *,
    concurrency: int = 8,
    on_deleting: OnDeleting | None = None,
    on_deleted: OnDeleted | None = None,
    on_proof: OnProof | None = None,
) -> Receipt:
    """
    Delete every item, list again to see that nothing is left, delete the conversation, look once more.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        concurrency: How many items are deleted at a time.
        on_deleting: Awaited before items are deleted, once for each page of them: what it keeps names every item whose
            deletion a crash may hide. What it raises stops the erasure.
        on_deleted: Called after each deletion of an item. What it raises is logged.
        on_proof: Awaited between the proof and the deletion of the conversation, to keep the proof where a crash
            does not reach it. What it raises stops the erasure.

    Raises:
        EraseIncompleteError: The server goes on listing items that it said it deleted, or does not delete items.
        NotFoundError: A 404 that is not the API's own word that the conversation is not there: nothing is known.
        APIError: A call failed. Run it again: it goes on where it stopped.
    """
    run = _Erasure(caller, conversation_id, checked_concurrency(concurrency), on_deleting, on_deleted)
    return await run.run(on_proof)


class _Erasure:
    """One run: what it deleted so far."""

    def __init__(
        self,
        caller: Caller,
        conversation_id: str,
        concurrency: int,
        on_deleting: OnDeleting | None,
        on_deleted: OnDeleted | None,
    ) -> None:
        self._caller = caller
        self._id = conversation_id
        self._concurrency = concurrency
        self._on_deleting = on_deleting
        self._on_deleted = on_deleted
        self._deleted: dict[str, DeletedItem] = {}
        self._missing: dict[str, DeletedItem] = {}
        self._announced: dict[str, None] = {}
        self._rounds = 0
        self._started_at = self._now()

    async def run(self, on_proof: OnProof | None) -> Receipt:
        try:
            proof = await self._empty()
        except _GoneError as gone:
            return await self._gone(gone.error)
        if on_proof is not None:
            await on_proof(proof)
        request_id = await self._delete_conversation()
        after = await self._check_after()
        return self._receipt("erased", request_id, proof=proof, after=after)

    def _now(self) -> float:
        """To the millisecond, as a receipt writes it: what is read back is equal."""
        return round(self._caller.runtime.now(), 3)

    def _receipt(
        self,
        outcome: Outcome,
        request_id: str | None,
        *,
        proof: Proof | None = None,
        after: After = "not_found",
        unconfirmed: tuple[str, ...] = (),
    ) -> Receipt:
        return Receipt(
            conversation_id=self._id,
            outcome=outcome,
            items=tuple(self._deleted.values()),
            missing=tuple(item for item in self._missing.values() if item.id not in self._deleted),
            rounds=self._rounds,
            source=self._caller.settings.base_url,
            started_at=self._started_at,
            finished_at=self._now(),
            request_id=request_id,
            proof=proof,
            after=after,
            unconfirmed=unconfirmed,
        )

    async def _empty(self) -> Proof:
        """
        Delete and list until a listing shows nothing.

        Every listing starts at the beginning: a cursor is the id of an item, and that is gone.
        """
        stale = 0
        while True:
            page = await self._first_items()
            if not page.items:
                return Proof(at=self._now(), request_id=page.request_id)
            ids = self._ids(page)
            stale = stale + 1 if self._deleted.keys() | self._missing.keys() >= set(ids) else 0
            if stale > STALE_ROUNDS:
                raise self._incomplete(self._why_stale(ids), ids)
            if stale:
                await self._caller.runtime.sleep(stale_wait(stale))
            await self._delete_all(ids)

    def _why_stale(self, ids: Iterable[str]) -> str:
        if self._deleted.keys().isdisjoint(ids):
            return "the server goes on listing items that it does not know when they are to be deleted"
        return STILL_LISTED

    async def _first_items(self) -> JsonPage:
        """The first page that shows items, or the last when none does."""
        page, walk = JsonPage(items=[]), PageWalk()
        try:
            while not page.items and walk.goes_on():
                page = await self._list(walk.cursor)
                walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)
        except PaginationStalledError:
            message = "the server says that there are more items but does not show them"
            raise self._incomplete(message, ()) from None
        return page

    async def _list(self, after: str | None) -> JsonPage:
        self._rounds += 1
        try:
            return await read_page(self._caller, self._id, after=after, exact=False)  # ids only
        except NotFoundError as error:
            if is_api_not_found(error, requests.list_items(self._caller, self._id)):
                raise _GoneError(error) from error
            raise

    def _ids(self, page: JsonPage) -> list[str]:
        ids = list(dict.fromkeys(item_id(item) for item in page.items))
        if not all(ids):
            raise self._incomplete("the server lists items that have no id and cannot be deleted", ids)
        return ids

    def _incomplete(self, message: str, left: Iterable[str]) -> EraseIncompleteError:
        return EraseIncompleteError(
            f"{self._id} is not erased: {message}",
            conversation_id=self._id,
            deleted=len(self._deleted),
            left=tuple(left),
        )

    async def _delete_all(self, ids: Sequence[str]) -> None:
        """Delete items; before the first of them goes, whoever keeps a record knows which they are."""
        new = tuple(name for name in ids if name not in self._announced)
        if new and self._on_deleting is not None:
            await self._on_deleting(PendingDeletes(ids=new, at=self._now(), source=self._caller.settings.base_url))
        self._announced.update(dict.fromkeys(new))
        await for_each(ids, self._delete, concurrency=self._concurrency)

    async def _delete(self, name: str) -> None:
        request = requests.delete_item(self._caller, self._id, name)
        try:
            response = await self._caller.send(request)
            check_deleted(response)
        except APIStatusError as error:
            if error.status_code == 404 and says_conversation_is_gone(error, request):
                raise _GoneError(error) from error
            is_gone = is_item_gone(error, request, deletes_items=bool(self._deleted))
            if not (is_gone or await self._is_unlisted(name, error)):
                raise
            self._missing[name] = DeletedItem(id=name, request_id=error.request_id)
            return
        # A retried deletion whose first response was lost is answered for by another request, which is no evidence.
        is_own = response.source.operation == request.operation
        self._note_deleted(DeletedItem(id=name, request_id=response.request_id if is_own else None))

    def _note_deleted(self, item: DeletedItem) -> None:
        if item.id in self._deleted:
            return
        self._deleted[item.id] = item
        if self._on_deleted is not None:
            try:
                self._on_deleted(item)
            except Exception:
                logger.exception("on_deleted failed")

    async def _is_unlisted(self, name: str, error: APIStatusError) -> bool:
        """
        Whether an item whose deletion was refused is not listed any more: somebody else deleted it.

        Raises:
            EraseIncompleteError: It is listed, and the server has no such operation.
        """
        if not may_delete_nothing(error, deletes_items=bool(self._deleted)):
            return False
        listed = self._ids(await self._first_items())
        if name in listed:
            raise self._incomplete(deletes_nothing(error), listed) from error
        return True

    async def _delete_conversation(self) -> str | None:
        """Gives the request id. That somebody else has just deleted it is as good."""
        request = requests.delete_conversation(self._caller, self._id)
        try:
            response = await self._caller.send(request)
        except NotFoundError as error:
            if not is_api_not_found(error, request):
                raise
            return error.request_id
        check_deleted(response)
        return response.request_id

    async def _check_after(self) -> After:
        """
        Items that came after the proof: few servers show them, and those that do can be told to delete them.

        Nothing is claimed that was not seen: a server that shows items and does not delete them is an error.
        """
        shown = await self._shown_after()
        if not isinstance(shown, JsonPage):
            return shown
        ids = self._ids(shown)
        try:
            await self._delete_all(ids)
        except (NotFoundError, _GoneError) as error:
            message = "items are listed after the conversation was deleted, and cannot be deleted any more"
            raise self._incomplete(message, ids) from error
        shown = await self._shown_after()
        if isinstance(shown, JsonPage):
            raise self._incomplete("items are listed after the conversation was deleted", self._ids(shown))
        return shown

    async def _shown_after(self) -> After | JsonPage:
        """What a listing shows. That it fails is no error: the conversation is deleted."""
        try:
            page = await self._first_items()
        except _GoneError:
            return "not_found"
        except APIError as error:
            # Any 404 of a server that has just shown the conversation under the same address says what it seems to.
            return "not_found" if isinstance(error, NotFoundError) else "not_seen"
        return page if page.items else "empty"

    async def _gone(self, error: APIStatusError) -> Receipt:
        """The server says that there is no conversation; ask for the conversation itself, to be sure."""
        request = requests.get_conversation(self._caller, self._id)
        try:
            await self._caller.send(request)
        except NotFoundError as second:
            if not is_api_not_found(second, request):
                raise
            known = self._deleted.keys() | self._missing.keys()
            unconfirmed = tuple(name for name in self._announced if name not in known)
            return self._receipt("already_gone", second.request_id, unconfirmed=unconfirmed)
        raise error


class _GoneError(Exception):
    """The API's own word that there is no such conversation."""

    def __init__(self, error: APIStatusError) -> None:
        super().__init__(str(error))
        self.error = error
