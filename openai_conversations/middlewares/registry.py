"""
The registry: which conversations there are, because the service has no list of them.

A :class:`Registry` is a middleware of the client. It writes down every conversation that the client makes, when it was
last written to, and that it was deleted. A *birth* is written before the request is sent: when a process dies between
the creation of a conversation and its record, the pending create is left, and :meth:`Registry.pending` tells of it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from os import PathLike
from typing import Any, Final, Protocol, Self, TypeVar, cast

import attrs

from openai_conversations.bulk.errors import RegistryError
from openai_conversations.bulk.ids import Ids, batches
from openai_conversations.errors import AmbiguousWriteError, APIConnectionError, APIError, NotFoundError
from openai_conversations.storage.sqlite import Database

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS conversations (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    created_at REAL,
    active_at REAL NOT NULL,
    deleted_at REAL
);
CREATE INDEX IF NOT EXISTS by_owner ON conversations (owner, number) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS by_activity ON conversations (active_at, number) WHERE deleted_at IS NULL;
CREATE TABLE IF NOT EXISTS births (number INTEGER PRIMARY KEY, owner TEXT, metadata TEXT NOT NULL, at REAL NOT NULL);
"""

_COLUMNS: Final = "number, id, owner, metadata, created_at, active_at, deleted_at"
_PAGE: Final = 500

_WRITES: Final = frozenset({"createConversationItems", "deleteConversationItem"})


class _Request(Protocol):
    @property
    def operation(self) -> str: ...
    @property
    def body(self) -> bytes | None: ...
    @property
    def conversation_id(self) -> str | None: ...


class _Response(Protocol):
    @property
    def content(self) -> bytes: ...


R = TypeVar("R", bound=_Request)
S = TypeVar("S", bound=_Response)


@attrs.frozen(kw_only=True)
class Registered:
    """
    A conversation as the registry knows it.

    Attributes:
        id: The conversation.
        owner: Whose it is; ``None`` when nobody said.
        metadata: As it was last written by a client with this registry.
        created_at: Unix seconds; ``None`` when it was adopted and nobody knows.
        active_at: When it was last written to, in Unix seconds; of an adopted one, when it was adopted.
        deleted_at: Unix seconds; ``None`` when it is there.
    """

    id: str
    owner: str | None
    metadata: Mapping[str, Any]
    created_at: float | None
    active_at: float
    deleted_at: float | None = None


@attrs.frozen(kw_only=True)
class PendingCreate:
    """
    A creation whose outcome the registry does not know: a conversation may exist whose id nobody has.

    Attributes:
        number: What :meth:`Registry.settle` takes.
        owner: Whose it would be.
        metadata: What it would have.
        at: When it was sent, in Unix seconds.
    """

    number: int
    owner: str | None
    metadata: Mapping[str, Any]
    at: float


class Registry:
    """
    Give it to a client as ``middlewares=[registry]``, and open it with ``async with``.

    Several processes may share one file on one machine.

    Args:
        path: The file; it is made when it is not there.
        owner_key: The key of the metadata that names the owner, unless :meth:`owned_by` says it.
        now: Unix seconds.
    """

    def __init__(
        self, path: str | PathLike[str], *, owner_key: str = "user", now: Callable[[], float] = time.time
    ) -> None:
        self._file = Database(path, _SCHEMA, exclusive=False, error=RegistryError)
        self._owner_key = owner_key
        self._now = now
        self._owner: ContextVar[str | None] = ContextVar("owner", default=None)

    async def __aenter__(self) -> Self:
        await self._file.open(lambda _: None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._file.close()

    @contextmanager
    def owned_by(self, owner: str) -> Generator[None]:
        """Conversations that are made inside belong to this owner, whatever their metadata say."""
        token = self._owner.set(owner)
        try:
            yield
        finally:
            self._owner.reset(token)

    # as a middleware

    async def __call__(self, request: R, handler: Callable[[R], Awaitable[S]]) -> S:
        """Middleware: pass the request on, and write down what it did."""
        if request.operation == "createConversation":
            return await self._create(request, handler)
        id = request.conversation_id
        if id is None or request.operation.startswith(("get", "list")):
            return await handler(request)
        try:
            response = await handler(request)
        except NotFoundError:
            if request.operation == "deleteConversation":
                await self._file.write(partial(_deleted, id=id, at=self._now()))
            raise
        await self._written(request, id)
        return response

    async def _create(self, request: R, handler: Callable[[R], Awaitable[S]]) -> S:
        metadata = _metadata(request.body)
        owner = self._owner.get() or _text(metadata.get(self._owner_key))
        birth = await self._file.write(partial(_born, owner=owner, metadata=json.dumps(metadata), at=self._now()))
        try:
            response = await handler(request)
        except APIError as error:
            if not _may_have_created(error):
                await self._file.write(partial(_settled, number=birth))
            raise
        id = _id(response.content)
        if id is not None:
            await self._file.write(partial(_named, number=birth, id=id))
        return response

    async def _written(self, request: _Request, id: str) -> None:
        now = self._now()
        if request.operation == "deleteConversation":
            await self._file.write(partial(_deleted, id=id, at=now))
        elif request.operation == "updateConversation":
            metadata = _metadata(request.body)
            owner = _text(metadata.get(self._owner_key))
            await self._file.write(partial(_updated, id=id, owner=owner, metadata=json.dumps(metadata), at=now))
        elif request.operation in _WRITES:
            # Nobody has to wait for this: what is lost in a crash is the time of one write.
            self._file.write_soon(partial(_touched, id=id, at=now))

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
        seconds = idle_for.total_seconds() if isinstance(idle_for, timedelta) else idle_for
        before = None if seconds is None else self._now() - seconds
        last = 0
        while True:
            page = await self._file.write(partial(_page, after=last, owner=owner, before=before, deleted=deleted))
            for number, found in page:
                last = number
                yield found
            if len(page) < _PAGE:
                return

    async def expired(self, *, older_than: float | timedelta) -> AsyncIterator[str]:
        """The ids of conversations that were not written to for so long: what the bulk runner takes."""
        async for found in self.find(idle_for=older_than):
            yield found.id

    async def ids(self, *, owner: str | None = None) -> AsyncIterator[str]:
        """The ids of an owner's conversations, or of all: what the bulk runner takes."""
        async for found in self.find(owner=owner):
            yield found.id

    async def get(self, conversation_id: str) -> Registered | None:
        """What is known of one conversation, deleted or not."""
        return await self._file.write(partial(_one, id=conversation_id))

    async def track(self, ids: Ids | Iterable[str] | AsyncIterable[str], *, owner: str | None = None) -> int:
        """
        Add conversations that were made without this registry; those that it knows stay as they are.

        Args:
            ids: Ids, or a file that holds them.
            owner: Whose they are.

        Returns:
            How many were new.
        """
        new = 0
        async for batch in batches(ids):
            new += await self._file.write(partial(_tracked, ids=batch, owner=owner, at=self._now()))
        return new

    async def pending(self, *, older_than: float = 600.0) -> list[PendingCreate]:
        """
        Creations sent so many seconds ago and never heard of: their process died, or their outcome is unknown.

        Each may have left a conversation whose id nobody has. Nothing can erase it; what it was is told.
        """
        return await self._file.write(partial(_births, before=self._now() - older_than))

    async def settle(self, birth: PendingCreate, *, conversation_id: str | None = None) -> None:
        """Take a birth off the list: it was looked into. With an id, the conversation is recorded under it."""
        job = partial(_settled, number=birth.number)
        await self._file.write(
            job if conversation_id is None else partial(_named, number=birth.number, id=conversation_id)
        )


def _may_have_created(error: APIError) -> bool:
    """Whether a failed creation may have left a conversation."""
    unknown = any(attempt.outcome_unknown for attempt in error.attempts)
    return unknown or isinstance(error, AmbiguousWriteError) or (isinstance(error, APIConnectionError) and error.sent)


def _metadata(body: bytes | None) -> dict[str, Any]:
    metadata = _object(body or b"{}").get("metadata")
    return cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {}


def _id(content: bytes) -> str | None:
    return _text(_object(content).get("id"))


def _object(content: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


# In the thread of the file.


def _born(db: sqlite3.Connection, *, owner: str | None, metadata: str, at: float) -> int:
    cursor = db.execute("INSERT INTO births (owner, metadata, at) VALUES (?, ?, ?)", (owner, metadata, at))
    return cast("int", cursor.lastrowid)


def _named(db: sqlite3.Connection, *, number: int, id: str) -> None:
    db.execute(
        "INSERT OR IGNORE INTO conversations (id, owner, metadata, created_at, active_at)"
        " SELECT ?, owner, metadata, at, at FROM births WHERE number = ?",
        (id, number),
    )
    _settled(db, number=number)


def _settled(db: sqlite3.Connection, *, number: int) -> None:
    db.execute("DELETE FROM births WHERE number = ?", (number,))


def _births(db: sqlite3.Connection, *, before: float) -> list[PendingCreate]:
    rows = db.execute("SELECT number, owner, metadata, at FROM births WHERE at <= ? ORDER BY number", (before,))
    return [
        PendingCreate(number=number, owner=owner, metadata=json.loads(metadata), at=at)
        for number, owner, metadata, at in rows
    ]


def _touched(db: sqlite3.Connection, *, id: str, at: float) -> None:
    db.execute("UPDATE conversations SET active_at = MAX(active_at, ?) WHERE id = ?", (at, id))


def _updated(db: sqlite3.Connection, *, id: str, owner: str | None, metadata: str, at: float) -> None:
    db.execute(
        "UPDATE conversations SET metadata = ?, owner = COALESCE(?, owner), active_at = MAX(active_at, ?) WHERE id = ?",
        (metadata, owner, at, id),
    )


def _deleted(db: sqlite3.Connection, *, id: str, at: float) -> None:
    db.execute("UPDATE conversations SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", (at, id))


def _tracked(db: sqlite3.Connection, *, ids: Sequence[str], owner: str | None, at: float) -> int:
    before = db.total_changes
    rows = [(id, owner, at) for id in ids]
    db.executemany("INSERT OR IGNORE INTO conversations (id, owner, active_at) VALUES (?, ?, ?)", rows)
    return db.total_changes - before


def _one(db: sqlite3.Connection, *, id: str) -> Registered | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM conversations WHERE id = ?", (id,)).fetchone()  # noqa: S608  # our own
    return None if row is None else _registered(row)[1]


def _page(
    db: sqlite3.Connection, *, after: int, owner: str | None, before: float | None, deleted: bool
) -> list[tuple[int, Registered]]:
    wanted: list[tuple[str, Any]] = [("number > ?", after)]
    if owner is not None:
        wanted.append(("owner = ?", owner))
    if before is not None:
        wanted.append(("active_at <= ?", before))
    conditions = " AND ".join(condition for condition, _ in wanted)
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM conversations WHERE {conditions} AND deleted_at IS {'NOT ' if deleted else ''}NULL"  # noqa: S608  # our own
        " ORDER BY number LIMIT ?",
        (*(value for _, value in wanted), _PAGE),
    )
    return [_registered(row) for row in rows]


def _registered(row: Sequence[Any]) -> tuple[int, Registered]:
    number, id, owner, metadata, created_at, active_at, deleted_at = row
    return number, Registered(
        id=id,
        owner=owner,
        metadata=json.loads(metadata),
        created_at=created_at,
        active_at=active_at,
        deleted_at=deleted_at,
    )
