"""
What the operations stand on: the eight calls, JSON, a clock. All of it comes in; nothing of it is imported.

The calls are those of ``with_raw_response``, because the operations want what the decoded objects no longer have: the
request ids, and the JSON as the server wrote it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

import attrs

from openai_conversations.schemas.conversation import Conversation, ConversationDeletedResource
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.page import ConversationItemList

T_co = TypeVar("T_co", covariant=True)


class Answer(Protocol[T_co]):
    """A whole answer, as ``APIResponse`` is one."""

    @property
    def content(self) -> bytes: ...
    @property
    def request_id(self) -> str | None: ...
    def parse(self) -> T_co: ...


class CreateItems(Protocol):
    """``createConversationItems``."""

    def __call__(
        self,
        conversation_id: str,
        *,
        items: Iterable[Mapping[str, object] | Item],
        include: Sequence[str] = ...,
        last_item_id: str | None = ...,
    ) -> Awaitable[Answer[ConversationItemList]]: ...


class ListItems(Protocol):
    """``listConversationItems``: one page."""

    def __call__(
        self,
        conversation_id: str,
        *,
        after: str | None = ...,
        include: Sequence[str] = ...,
        limit: int = ...,
        order: Literal["asc", "desc"] = ...,
    ) -> Awaitable[Answer[ConversationItemList]]: ...


class OfItem(Protocol[T_co]):
    """``getConversationItem`` and ``deleteConversationItem``."""

    def __call__(self, item_id: str, *, conversation_id: str) -> Awaitable[Answer[T_co]]: ...


class CreateConversation(Protocol):
    """``createConversation``, without items."""

    def __call__(self, *, metadata: Mapping[str, str] | None = ...) -> Awaitable[Answer[Conversation]]: ...


class UpdateConversation(Protocol):
    """``updateConversation``."""

    def __call__(
        self, conversation_id: str, *, metadata: Mapping[str, str] | None
    ) -> Awaitable[Answer[Conversation]]: ...


class OfConversation(Protocol[T_co]):
    """``getConversation`` and ``deleteConversation``."""

    def __call__(self, conversation_id: str) -> Awaitable[Answer[T_co]]: ...


class ItemCalls(Protocol):
    """The four calls of items."""

    @property
    def create(self) -> CreateItems: ...
    @property
    def list(self) -> ListItems: ...
    @property
    def retrieve(self) -> OfItem[Any]: ...
    @property
    def delete(self) -> OfItem[Conversation]: ...


class Calls(Protocol):
    """The eight calls; ``client.conversations.with_raw_response`` is what has them."""

    @property
    def create(self) -> CreateConversation: ...
    @property
    def retrieve(self) -> OfConversation[Conversation]: ...
    @property
    def update(self) -> UpdateConversation: ...
    @property
    def delete(self) -> OfConversation[ConversationDeletedResource]: ...
    @property
    def items(self) -> ItemCalls: ...


@attrs.frozen(kw_only=True, eq=False)
class Tools:
    """
    What every operation is given.

    Attributes:
        calls: The eight calls.
        loads: JSON in bytes to a value, without loss. Raises :class:`ValueError`.
        dumps: A value to compact JSON in UTF-8. Raises :class:`ValueError`.
        sendable: The JSON of a received item to the JSON that may be sent.
        keeps_id: The types of items that are nothing without the id that they came with.
        source: Where the conversations are: the base URL, as exports name it.
        now: Unix seconds.
        sleep: Waits a number of seconds.
    """

    calls: Calls
    loads: Callable[[bytes], Any]
    dumps: Callable[[Any], bytes]
    sendable: Callable[[Any], Any]
    keeps_id: Container[str] = ()
    source: str = ""
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
