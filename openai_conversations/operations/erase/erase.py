"""
Erasing a conversation for real: its items, the proof that none is left, and then the conversation itself.

The service's own deletion leaves every item behind, unreachable. Therefore the order: an item can be deleted only
while its conversation is there. Wherever a run stops, running it again completes it: what is deleted stays deleted, and
the conversation goes last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import attrs

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.api.pagination import JsonPage, PageWalk, item_id
from openai_conversations.errors import NotFoundError, PaginationStalledError
from openai_conversations.operations.concurrency import checked_concurrency, for_each
from openai_conversations.operations.erase.receipts import After, DeletedItem, Proof, Receipt
from openai_conversations.operations.errors import EraseIncompleteError
from openai_conversations.operations.listing import read_page

STALE_ROUNDS: Final = 6
"""How often a server may list only what it said it deleted; the waits in between grow from 0.1 s to 3.2 s."""

_FIRST_WAIT: Final = 0.1

OnDeleted = Callable[[DeletedItem], object]
OnProof = Callable[[Proof], Awaitable[object]]


async def erase(
    caller: Caller,
    conversation_id: str,
    *,
    concurrency: int = 8,
    on_deleted: OnDeleted | None = None,
    on_proof: OnProof | None = None,
) -> Receipt:
    """
    Delete every item, list again to see that nothing is left, delete the conversation, look once more.

    Args:
        caller: Makes the calls.
        conversation_id: The conversation.
        concurrency: How many items are deleted at a time.
        on_deleted: Called after each deletion of an item.
        on_proof: Awaited between the proof and the deletion of the conversation, to keep the proof where a crash
            does not reach it.

    Raises:
        EraseIncompleteError: The server goes on listing items that it said it deleted.
        APIError: A call failed. Run it again: it goes on where it stopped.
    """
    run = _Erasure(caller, conversation_id, checked_concurrency(concurrency), on_deleted)
    return await run.run(on_proof)


class _Erasure:
    """One run: what it deleted so far."""

    def __init__(self, caller: Caller, conversation_id: str, concurrency: int, on_deleted: OnDeleted | None) -> None:
        self._caller = caller
        self._id = conversation_id
        self._concurrency = concurrency
        self._on_deleted = on_deleted
        self._deleted: dict[str, DeletedItem] = {}
        self._missing: dict[str, DeletedItem] = {}
        self._rounds = 0
        self._started_at = self._now()

    async def run(self, on_proof: OnProof | None) -> Receipt:
        try:
            proof = await self._empty()
        except NotFoundError as error:
            return await self._gone(error)
        if on_proof is not None:
            await on_proof(proof)
        request_id = await self._delete_conversation()
        after = await self._look_after()
        return self._receipt(
            Receipt(
                conversation_id=self._id,
                outcome="erased",
                proof=proof,
                after=after,
                started_at=self._started_at,
                finished_at=self._started_at,
                request_id=request_id,
            )
        )

    def _now(self) -> float:
        """To the millisecond, as a receipt writes it: what is read back is equal."""
        return round(self._caller.runtime.now(), 3)

    def _receipt(self, receipt: Receipt) -> Receipt:
        return attrs.evolve(
            receipt,
            items=tuple(self._deleted.values()),
            missing=tuple(item for item in self._missing.values() if item.id not in self._deleted),
            rounds=self._rounds,
            source=self._caller.settings.base_url,
            finished_at=self._now(),
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
                raise self._incomplete("the server goes on listing items that it said it deleted", ids)
            if stale:
                await self._caller.runtime.sleep(_FIRST_WAIT * 2 ** (stale - 1))
            await for_each(ids, self._delete, concurrency=self._concurrency)

    async def _first_items(self) -> JsonPage:
        """The first page that shows items, or the last when none does."""
        page, walk = JsonPage(items=[]), PageWalk()
        try:
            while not page.items and walk.goes_on():
                page = await self._list(walk.cursor)
                walk.note(page)
        except PaginationStalledError:
            message = "the server says that there are more items but does not show them"
            raise self._incomplete(message, ()) from None
        return page

    async def _list(self, after: str | None) -> JsonPage:
        self._rounds += 1
        return await read_page(self._caller, self._id, after=after)

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

    async def _delete(self, name: str) -> None:
        try:
            response = await self._caller.send(requests.delete_item(self._caller, self._id, name))
        except NotFoundError as error:
            self._missing[name] = DeletedItem(id=name, request_id=error.request_id)
            return
        deleted = DeletedItem(id=name, request_id=response.request_id)
        if name not in self._deleted:
            self._deleted[name] = deleted
            if self._on_deleted is not None:
                self._on_deleted(deleted)

    async def _delete_conversation(self) -> str | None:
        """Gives the request id. That somebody else has just deleted it is as good."""
        try:
            return (await self._caller.send(requests.delete_conversation(self._caller, self._id))).request_id
        except NotFoundError as error:
            return error.request_id

    async def _look_after(self) -> After:
        """
        Items that came after the proof: few servers show them, and those that do can be told to delete them.

        Nothing is claimed that was not seen: a server that shows items and does not delete them is an error.
        """
        try:
            page = await self._first_items()
            await for_each(self._ids(page), self._delete, concurrency=self._concurrency)
            page = await self._first_items() if page.items else page
        except NotFoundError:
            return "not_found"
        if page.items:
            raise self._incomplete("items are listed after the conversation was deleted", self._ids(page))
        return "empty"

    async def _gone(self, error: NotFoundError) -> Receipt:
        """The listing says that there is no conversation; ask for the conversation itself, to be sure."""
        try:
            await self._caller.send(requests.get_conversation(self._caller, self._id))
        except NotFoundError as second:
            return self._receipt(
                Receipt(
                    conversation_id=self._id,
                    outcome="already_gone",
                    started_at=self._started_at,
                    finished_at=self._started_at,
                    request_id=second.request_id,
                )
            )
        raise error
