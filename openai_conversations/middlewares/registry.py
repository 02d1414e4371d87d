"""
The registry: which conversations there are, because the service has no list of them.

A :class:`Registry` is a middleware of the client. It writes down every conversation that the client makes, when it was
last written to, and that it was deleted. A *pending create* is written before the request is sent: when a process dies
between the creation of a conversation and its record, it is left, and :meth:`Registry.pending` tells of it.

Rules that hold here:

* A call that succeeded stays a success: what cannot be written down after it is logged.
* Before a create is sent, the registry may refuse: :exc:`.RegistryError` says that nothing was sent.
* No wait is longer than what is left of the call's time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from os import PathLike
from typing import Any, Final, Self

from openai_conversations.bulk.ids import Ids, batches, check_ids
from openai_conversations.checks import FLAG, FUNCTION, NAME, OPTIONAL_TEXT, PATH, Wanted, instance_of, is_number
from openai_conversations.errors import (
    AmbiguousWriteError,
    APIConnectionError,
    APIError,
    InvalidArgumentError,
    NotFoundError,
)
from openai_conversations.jsontypes import as_object
from openai_conversations.middlewares import registry_file as file
from openai_conversations.middlewares.registry_file import PendingCreate, Registered
from openai_conversations.storage.database import Database
from openai_conversations.storage.errors import DatabaseError, RegistryError
from openai_conversations.storage.transaction import Job
from openai_conversations.storage.values import dump_json
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from openai_conversations.transport.status import is_api_not_found

_WRITES = frozenset({"createConversationItems", "deleteConversationItem"})

logger: Final = logging.getLogger("openai_conversations")


_AGE: Final = Wanted(
    "a number of seconds or a timedelta", lambda value: isinstance(value, timedelta) or is_number(value)
)
_SECONDS: Final = Wanted("a number of seconds", is_number)
_PENDING: Final = instance_of(PendingCreate, "a PendingCreate")


class Registry:
    """
    Give it to a client as ``middlewares=[registry]``, and open it with ``async with``.

    Several processes may share one file on one machine. An open registry belongs to one event loop.

    Args:
        path: The file; it is made when it is not there.
        owner_key: The key of the metadata that names the owner, unless :meth:`owned_by` says it.
        now: Unix seconds.
        clock: Seconds that only grow, the client's, by which the deadlines of calls are given.

    Raises:
        RegistryError: On opening: the file cannot be used, is something else, or of a newer version.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        owner_key: str = "user",
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        PATH.check("path", path)
        NAME.check("owner_key", owner_key)
        FUNCTION.check("now", now)
        FUNCTION.check("clock", clock)
        self._file = Database(path, file.SCHEMA, error=RegistryError)
        self._owner_key = owner_key
        self._now = now
        self._clock = clock
        self._writing: set[asyncio.Future[Any]] = set()
        self._owner: ContextVar[str | None] = ContextVar("owner", default=None)

    async def __aenter__(self) -> Self:
        await self._file.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._file.close()

    @contextmanager
    def owned_by(self, owner: str) -> Generator[None]:
        """
        Conversations that are made inside belong to this owner, whatever their metadata say.

        Raises:
            InvalidArgumentError: It is no string, or empty.
        """
        if _text(owner) is None:
            raise InvalidArgumentError(f"owner must be a string that is not empty, not {owner!r}")
        token = self._owner.set(owner)
        try:
            yield
        finally:
            self._owner.reset(token)

    # as a middleware

    async def __call__(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        """
        Middleware: pass the request on, and write down what it did.

        Raises:
            RegistryError: A create cannot be written down; nothing was sent.
            WrongEventLoopError: The registry was opened in another event loop; nothing was sent.
        """
        self._file.check_loop()
        if request.operation == "createConversation":
            return await self._create(request, handler)
        id = request.conversation_id
        if id is None or request.operation.startswith(("get", "list")):
            return await handler(request)
        try:
            response = await handler(request)
        except NotFoundError as error:
            if request.operation == "deleteConversation" and is_api_not_found(error, request):
                await self._record(request, partial(file.deleted, id=id, at=self._now()), id)
            raise
        await self._written(request, id)
        return response

    async def _create(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        number = await self._record_pending(request)
        try:
            response = await handler(request)
        except APIError as error:
            if not _may_have_created(error):
                await self._record(request, partial(file.resolved, number=number), None)
            raise
        id = _id(response.content)
        if id is not None:
            await self._record(request, partial(file.named, number=number, id=id), id)
        return response

    async def _record_pending(self, request: HTTPRequest) -> int:
        """Write down that a conversation may come to be; gives its number among the pending creates."""
        metadata = _metadata(request.body)
        owner = self._owner.get() or _text(metadata.get(self._owner_key))
        job = partial(file.pending, owner=owner, metadata=dump_json(metadata), at=self._now())
        try:
            return await self._file.write(job, timeout=self._left(request))
        except DatabaseError as error:
            raise RegistryError(f"{error}; the create was not sent") from error

    async def _written(self, request: HTTPRequest, id: str) -> None:
        now = self._now()
        if request.operation == "deleteConversation":
            await self._record(request, partial(file.deleted, id=id, at=now), id)
        elif request.operation == "updateConversation":
            metadata = _metadata(request.body)
            owner = _text(metadata.get(self._owner_key))
            job = partial(file.updated, id=id, owner=owner, metadata=dump_json(metadata), at=now)
            await self._record(request, job, id)
        elif request.operation in _WRITES:
            # Nobody has to wait for this: what is lost in a crash is the time of one write.
            self._record_soon(partial(file.touched, id=id, at=now), id)

    async def _record(self, request: HTTPRequest, job: Job[Any], id: str | None) -> None:
        """Write down what the server did, and wait for it as long as the call may take. A failure is logged."""
        writing = self._record_soon(job, id)
        if writing is not None:
            await asyncio.wait([writing], timeout=self._left(request))

    def _record_soon(self, job: Job[Any], id: str | None) -> asyncio.Future[Any] | None:
        what = f"what became of {id or 'a create'}"
        try:
            writing = self._file.write_soon(job, what=what)
        except DatabaseError as error:  # it was closed while the call was under way
            logger.warning("%s was not written down: %s", what, error)
            return None
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        return writing

    async def _wait_for_writes(self) -> None:
        """Wait for what is on its way into the file."""
        if self._writing:
            await asyncio.wait(self._writing)

    def _left(self, request: HTTPRequest) -> float | None:
        """Seconds until the deadline of a call; ``None`` when it has none."""
        return None if request.deadline is None else max(request.deadline - self._clock(), 0.0)

    # as a list

    async def find(
        self, *, owner: str | None = None, idle_for: float | timedelta | None = None, deleted: bool = False
    ) -> AsyncIterator[Registered]:
        """
        The conversations that fit everything that is given, oldest first.

        Args:
            owner: Whose they are; ``None`` for anybody's.
            idle_for: Not written to for so long; seconds or a timedelta.
            deleted: Whether to give the deleted ones instead.
        """
        OPTIONAL_TEXT.check("owner", owner)
        FLAG.check("deleted", deleted)
        _AGE.or_none().check("idle_for", idle_for)
        seconds = idle_for.total_seconds() if isinstance(idle_for, timedelta) else idle_for
        before = None if seconds is None else self._now() - seconds
        if before is not None:
            await self._wait_for_writes()  # what this process wrote to is not idle
        last = 0
        while True:
            page = await self._file.read(partial(file.page, after=last, owner=owner, before=before, deleted=deleted))
            for number, found in page:
                last = number
                yield found
            if len(page) < file.PAGE:
                return

    async def expired(self, *, older_than: float | timedelta) -> AsyncIterator[str]:
        """The ids of conversations that were not written to for so long: what the bulk runner takes."""
        _AGE.check("older_than", older_than)
        async for found in self.find(idle_for=older_than):
            yield found.id

    async def ids(self, *, owner: str | None = None) -> AsyncIterator[str]:
        """The ids of an owner's conversations, or of all: what the bulk runner takes."""
        async for found in self.find(owner=owner):
            yield found.id

    async def get(self, conversation_id: str) -> Registered | None:
        """What is known of one conversation, deleted or not."""
        NAME.check("conversation_id", conversation_id)
        return await self._file.read(partial(file.one, id=conversation_id))

    async def track(self, ids: Ids | Iterable[str] | AsyncIterable[str], *, owner: str | None = None) -> int:
        """
        Add conversations that were made without this registry; those that it knows stay as they are.

        Args:
            ids: Ids, or a file that holds them.
            owner: Whose they are.

        Returns:
            How many were new.
        """
        check_ids(ids)
        OPTIONAL_TEXT.check("owner", owner)
        new = 0
        async for batch in batches(ids):
            new += await self._file.write(partial(file.tracked, ids=batch, owner=owner, at=self._now()))
        return new

    async def pending(self, *, older_than: float = 600.0) -> list[PendingCreate]:
        """
        Creations sent so many seconds ago and never heard of: their process died, or their outcome is unknown.

        Each may have left a conversation whose id nobody has. Nothing can erase it; what it was is told.
        """
        _SECONDS.check("older_than", older_than)
        return await self._file.read(partial(file.pending_before, moment=self._now() - older_than))

    async def resolve(self, pending: PendingCreate, *, conversation_id: str | None = None) -> None:
        """Take a pending create off the list: it was looked into. With an id, the conversation is recorded."""
        _PENDING.check("pending", pending)
        OPTIONAL_TEXT.check("conversation_id", conversation_id)
        if conversation_id is None:
            await self._file.write(partial(file.resolved, number=pending.number))
        else:
            await self._file.write(partial(file.named, number=pending.number, id=conversation_id))


def _may_have_created(error: APIError) -> bool:
    """Whether a failed creation may have left a conversation."""
    unknown = any(attempt.outcome_unknown for attempt in error.attempts)
    return unknown or isinstance(error, AmbiguousWriteError) or (isinstance(error, APIConnectionError) and error.sent)


def _metadata(body: bytes | None) -> dict[str, Any]:
    return as_object(_object(body or b"{}").get("metadata"))


def _id(content: bytes) -> str | None:
    return _text(_object(content).get("id"))


def _object(content: bytes) -> dict[str, Any]:
    try:
        return as_object(json.loads(content))
    except (ValueError, RecursionError):
        return {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
