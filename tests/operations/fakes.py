"""The eight calls in memory: what the operations are tested with before they meet a socket."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import attrs

from openai_conversations.converters.codec import codec
from openai_conversations.converters.json import dumps, loads_exact
from openai_conversations.converters.outgoing import KEEPS_ID
from openai_conversations.errors import APIConnectionError, NotFoundError, RequestInfo
from openai_conversations.operations.calls import Tools
from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.page import ConversationItemList


@attrs.frozen(kw_only=True)
class FakeAnswer:
    """A whole answer."""

    value: Any
    kind: type
    request_id: str

    @property
    def content(self) -> bytes:
        return dumps(self.value)

    def parse(self) -> Any:
        return codec().decode(self.content, self.kind)


@attrs.define
class Stored:
    """A conversation of the fake."""

    body: dict[str, Any]
    items: list[dict[str, Any]] = attrs.field(factory=list)


class FakeCalls:
    """
    The eight calls over a dictionary.

    Attributes:
        log: Every call: its name and its arguments.
        before: Called with the number of each call, from 1, and its name, before it does anything.
        after: The same, when it has done its work and before it answers.
    """

    def __init__(self, page_size: int = 100) -> None:
        self.stored: dict[str, Stored] = {}
        self.orphans: list[dict[str, Any]] = []
        self.log: list[tuple[str, Any]] = []
        self.before: Callable[[int, str], None] = lambda number, name: None
        self.after: Callable[[int, str], None] = lambda number, name: None
        self.page_size = page_size
        self.items = SimpleNamespace(
            create=self._create_items, list=self._list, retrieve=self._retrieve_item, delete=self._delete_item
        )
        self._numbers = itertools.count(1)

    def conversation(self, *items: dict[str, Any] | str, **body: Any) -> str:
        """Make a conversation behind everybody's back; a string stands for a user's message."""
        name = f"conv_{next(self._numbers)}"
        self.stored[name] = Stored({"id": name, "object": "conversation", "created_at": 1, "metadata": {}, **body})
        self.add(name, *items)
        return name

    def add(self, name: str, *items: dict[str, Any] | str) -> list[str]:
        """Add items behind everybody's back; gives their ids."""
        complete = [user(item) if isinstance(item, str) else dict(item) for item in items]
        for item in complete:
            item.setdefault("id", f"item_{next(self._numbers)}")
        self.stored[name].items += complete
        return [item["id"] for item in complete]

    async def create(self, *, metadata: Mapping[str, str] | None = None) -> FakeAnswer:
        with self._call("create", metadata) as answer:
            name = f"conv_{next(self._numbers)}"
            body = {"id": name, "object": "conversation", "created_at": 2, "metadata": dict(metadata or {})}
            self.stored[name] = Stored(body)
            return answer(body, Conversation)

    async def retrieve(self, conversation_id: str) -> FakeAnswer:
        with self._call("retrieve", conversation_id) as answer:
            return answer(self._find(conversation_id).body, Conversation)

    async def update(self, conversation_id: str, *, metadata: Mapping[str, str] | None) -> FakeAnswer:
        with self._call("update", (conversation_id, metadata)) as answer:
            stored = self._find(conversation_id)
            stored.body = {**stored.body, "metadata": dict(metadata or {})}
            return answer(stored.body, Conversation)

    async def delete(self, conversation_id: str) -> FakeAnswer:
        with self._call("delete", conversation_id) as answer:
            self.orphans += self._find(conversation_id).items
            del self.stored[conversation_id]
            return answer({"id": conversation_id}, ConversationDeletedResource)

    async def _create_items(
        self,
        conversation_id: str,
        *,
        items: Iterable[Mapping[str, object] | Item],
        include: Sequence[str] = (),
        last_item_id: str | None = None,
    ) -> FakeAnswer:
        sent = codec().encode_items(items)
        with self._call("items.create", (conversation_id, sent, last_item_id)) as answer:
            self._find(conversation_id)
            self.add(conversation_id, *sent)
            return answer(_page(self.stored[conversation_id].items[-len(sent) :], more=False), ConversationItemList)

    async def _list(
        self,
        conversation_id: str,
        *,
        after: str | None = None,
        include: Sequence[str] = (),
        limit: int = 20,
        order: str = "desc",
    ) -> FakeAnswer:
        with self._call("items.list", (conversation_id, after)) as answer:
            items = self._find(conversation_id).items[:: 1 if order == "asc" else -1]
            start = 0 if after is None else _position(items, after) + 1
            size = min(limit, self.page_size)
            page = items[start : start + size]
            return answer(_page(page, more=start + size < len(items)), ConversationItemList)

    async def _retrieve_item(self, item_id: str, *, conversation_id: str) -> FakeAnswer:
        with self._call("items.retrieve", (conversation_id, item_id)) as answer:
            items = self._find(conversation_id).items
            return answer(items[_position(items, item_id)], Item)

    async def _delete_item(self, item_id: str, *, conversation_id: str) -> FakeAnswer:
        with self._call("items.delete", (conversation_id, item_id)) as answer:
            stored = self._find(conversation_id)
            del stored.items[_position(stored.items, item_id)]
            return answer(stored.body, Conversation)

    def _find(self, conversation_id: str) -> Stored:
        if conversation_id not in self.stored:
            raise not_found(f"no conversation {conversation_id}")
        return self.stored[conversation_id]

    def _call(self, name: str, arguments: Any) -> _Call:
        self.log.append((name, arguments))
        return _Call(self, len(self.log), name)

    def names(self) -> list[str]:
        """The names of the calls that were made."""
        return [name for name, _ in self.log]


class _Call:
    """One call: numbered, and able to go wrong before or after it did its work."""

    def __init__(self, calls: FakeCalls, number: int, name: str) -> None:
        self._calls = calls
        self._number = number
        self._name = name

    def __enter__(self) -> Callable[[Any, type], FakeAnswer]:
        self._calls.before(self._number, self._name)
        return lambda value, kind: FakeAnswer(value=value, kind=kind, request_id=f"req_{self._number}")

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._calls.after(self._number, self._name)


def _page(items: Sequence[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": "", "last_id": ""}
    return {"object": "list", "data": list(items), "has_more": more, **ends}


def _position(items: Sequence[dict[str, Any]], name: str) -> int:
    for index, item in enumerate(items):
        if item["id"] == name:
            return index
    raise not_found(f"no item {name}")


_NOT_FOUND = SimpleNamespace(
    status_code=404,
    headers={"x-request-id": "req_404"},
    content=b"{}",
    request=RequestInfo(method="GET", url="", headers={}, operation=""),
    attempts=(),
)


def not_found(message: str) -> NotFoundError:
    """404."""
    return NotFoundError(message, response=_NOT_FOUND, body=None)


def broken() -> APIConnectionError:
    """The connection broke."""
    return APIConnectionError(message="broken on purpose")


def user(text: str) -> dict[str, Any]:
    """A user's message."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], "status": "completed"}


def sendable(item: Any) -> Any:
    """What the client does to a received item."""
    return codec().encode_items([codec().decode(dumps(item), Item)])[0]


def tools(calls: FakeCalls) -> Tools:
    """The operations' tools over the fake, with a clock that says 1000, 1001 … and no waiting."""
    ticks = itertools.count(1000)

    async def sleep(seconds: float) -> None:
        calls.log.append(("sleep", seconds))

    return Tools(
        calls=calls,
        loads=loads_exact,
        dumps=dumps,
        sendable=sendable,
        keeps_id=KEEPS_ID,
        source="http://fake/v1",
        now=lambda: float(next(ticks)),
        sleep=sleep,
    )
