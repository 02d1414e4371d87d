"""``client.responses.input_items`` and ``client.responses.input_tokens``: what a model is asked with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Unpack, cast

from openai_conversations.api import turn_requests
from openai_conversations.api.arguments import (
    CallOptions,
    Omit,
    check_include,
    check_listing,
    checked_max_items,
    omit,
)
from openai_conversations.api.caller import Caller
from openai_conversations.api.keywords import refuse_other_keywords
from openai_conversations.api.results import computed
from openai_conversations.checks import FLAG
from openai_conversations.limits import Include
from openai_conversations.resources.listing import ItemLister, lister
from openai_conversations.resources.raw import Finish, Wrapped, finish_raw, finish_streaming, raw, streamed
from openai_conversations.resources.response_params import InputTokenCountParams, split
from openai_conversations.schemas.responses.usage import InputTokenCount
from openai_conversations.transport.message import HTTPResponse


class InputItems:
    """``client.responses.input_items``."""

    def __init__(self, caller: Caller, finish: Finish | None = None) -> None:
        self._caller = caller
        self._finish = finish

    @property
    def with_raw_response(self) -> RawInputItems:
        """The method of this class, which returns the response as it came."""
        return RawInputItems(self._caller)

    @property
    def with_streaming_response(self) -> StreamingInputItems:
        """The method of this class as a context manager, which leaves the body unread."""
        return StreamingInputItems(self._caller)

    def list(
        self,
        response_id: str,
        *,
        after: str | Omit = omit,
        include: Sequence[Include] | Omit = omit,
        limit: int | Omit = omit,
        order: Literal["asc", "desc"] | Omit = omit,
        max_items: int | None = None,
        prefetch: bool = True,
        **options: Unpack[CallOptions],
    ) -> ItemLister:
        """
        List what a response was asked with (``listInputItems``); see ``conversations.items.list``.

        Args:
            response_id: The response.
            after: Id of the item after which to begin.
            include: Fields that the service leaves out unless asked.
            limit: Items of a page, 1 to 100.
            order: ``desc``, the service's default, gives the newest first.
            max_items: Items that ``async for`` gives at the most; ``None`` for all.
            prefetch: Whether ``async for`` fetches the next page early.
            **options: See :class:`CallOptions`.
        """
        checked_max_items(max_items)
        FLAG.check("prefetch", prefetch)
        check_listing(after=after, limit=limit, order=order)
        check_include(include)

        async def ask(caller: Caller, cursor: str | None) -> HTTPResponse:
            query = {"after": cursor, "include": include, "limit": limit, "order": order}
            return await caller.send(turn_requests.list_input_items(caller, response_id, query, options))

        start = after if isinstance(after, str) else None
        return lister(ask, self._caller, self._finish, after=start, max_items=max_items, prefetch=prefetch)


class InputTokens:
    """``client.responses.input_tokens``."""

    def __init__(self, caller: Caller, finish: Finish | None = None) -> None:
        self._caller = caller
        self._finish = finish

    @property
    def with_raw_response(self) -> RawInputTokens:
        """The method of this class, which returns the response as it came."""
        return RawInputTokens(self._caller)

    @property
    def with_streaming_response(self) -> StreamingInputTokens:
        """The method of this class as a context manager, which leaves the body unread."""
        return StreamingInputTokens(self._caller)

    async def count(self, **params: Unpack[InputTokenCountParams]) -> InputTokenCount:
        """
        Count the tokens that a turn would be asked with (``Getinputtokencounts``). Nothing is stored.

        Args:
            **params: See :class:`InputTokenCountParams`.
        """
        refuse_other_keywords(params, InputTokenCountParams)
        body, options = split(params)
        request = turn_requests.count_input_tokens(self._caller, body, options)
        finish = self._finish or computed
        return cast("InputTokenCount", finish(await self._caller.send(request), InputTokenCount))


class RawInputItems(Wrapped):
    """``client.responses.input_items.with_raw_response``."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(InputItems(caller.streaming(stream=False), finish_raw))

    @raw(InputItems.list)
    def list(self) -> None:
        """See :meth:`InputItems.list`."""


class StreamingInputItems(Wrapped):
    """``client.responses.input_items.with_streaming_response``."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(InputItems(caller.streaming(stream=True), finish_streaming(caller.runtime.clock)))

    @streamed(InputItems.list)
    def list(self) -> None:
        """See :meth:`InputItems.list`."""


class RawInputTokens(Wrapped):
    """``client.responses.input_tokens.with_raw_response``."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(InputTokens(caller.streaming(stream=False), finish_raw))

    @raw(InputTokens.count)
    def count(self) -> None:
        """See :meth:`InputTokens.count`."""


class StreamingInputTokens(Wrapped):
    """``client.responses.input_tokens.with_streaming_response``."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(InputTokens(caller.streaming(stream=True), finish_streaming(caller.runtime.clock)))

    @streamed(InputTokens.count)
    def count(self) -> None:
        """See :meth:`InputTokens.count`."""
