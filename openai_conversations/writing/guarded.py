"""One append under way: its turn, its anchor, and how to find out what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from openai_conversations.api import operations
from openai_conversations.api.arguments import Guard
from openai_conversations.errors import AmbiguousWriteError, APIError, APIResponseValidationError
from openai_conversations.limits import ITEMS_PER_PAGE
from openai_conversations.resources.core import Core
from openai_conversations.schemas.page import ConversationItemList
from openai_conversations.transport.message import Request, Response, Verdict
from openai_conversations.writing.settle import Finding, Look, is_certain, item_id, look, newest_id


class GuardedAppend:
    """
    An append that is looked for when nobody can tell whether it was carried out.

    Args:
        core: What all methods stand on.
        sent: The items as they are sent.
        guard: See ``items.create``.
        anchor: The caller's word for the last item; ``None`` for none.
        query: What a look asks for besides its page: the ``include`` of the append, the caller's ``extra_query``.
    """

    __slots__ = ("_core", "_guard", "_last_item_id", "_newest", "_query", "_request", "_sent")

    def __init__(
        self, core: Core, sent: Sequence[Any], guard: Guard, last_item_id: str | None, query: Mapping[str, object]
    ) -> None:
        self._core = core
        self._sent = sent
        self._guard = guard
        self._last_item_id = last_item_id
        self._query = query
        self._newest: str | None = None

    def is_whole(self, body: bytes) -> bool:
        """Whether an answer is a page. The id of its last item is noted on the way: the body is read once less."""
        self._newest = self._core.codec.last_id(body)
        return self._newest is not None or self._core.codec.is_page(body)

    async def run(self, request: Request, *, look_first: bool = False) -> Any:
        """Send when it is this append's turn, finish the answer, and keep the anchor of the conversation up to date."""
        core, self._request = self._core, request
        last_items, place = core.last_items, core.place(cast("str", request.conversation_id))
        async with core.order.turn(request, place):
            known, begun = last_items.begin(place)
            newest = known
            try:
                if self._last_item_id is None:
                    self._last_item_id = await newest_id(self._read_newest) if self._guard == "strict" else known
                response = await self._found_before() if look_first else None
                if response is None:
                    newest = None  # from here on it may be stored, whatever happens
                    response = await core.send(request)
                newest = self._newest
                return core.finish(core, response, ConversationItemList)
            except AmbiguousWriteError as error:
                newest, error.last_item_id = None, self._last_item_id
                raise
            except Exception as error:
                newest = known if is_certain(error) else newest
                raise
            finally:
                last_items.end(place, newest, begun)

    async def settle(self, failure: APIError) -> Verdict:  # noqa: ARG002  # whatever the failure was, this is how to look
        """What became of it, in the terms of the retry loop."""
        finding = await look(self._sent, self._last_item_id, self._read_page)
        return Verdict(
            response=None if finding.stored is None else self._as_response(finding.stored),
            absent=finding.absent,
            known=finding.known,
            stored=finding.resembling,
        )

    async def _found_before(self) -> Response | None:
        """The answer to an earlier attempt; ``None`` when there was none that was carried out."""
        finding = await look(self._sent, self._last_item_id, self._read_page)
        if finding.stored is None and not finding.absent:
            raise _unclear(self._request, finding)
        return None if finding.stored is None else self._as_response(finding.stored)

    async def _read_newest(self, after: str | None) -> Look:
        return await self._read(after, limit=1)

    async def _read_page(self, after: str | None) -> Look:
        return await self._read(after, limit=ITEMS_PER_PAGE)

    async def _read(self, after: str | None, *, limit: int) -> Look:
        """A page, newest first. One that cannot be read is asked for once more: so much depends on it."""
        try:
            return await self._ask(after, limit)
        except APIResponseValidationError:
            return await self._ask(after, limit)

    async def _ask(self, after: str | None, limit: int) -> Look:
        """Through the same chain, with the headers of the append, within its deadline."""
        core = self._core.decoding()
        request = core.request(
            operations.LIST_ITEMS,
            {"conversation_id": cast("str", self._request.conversation_id)},
            {"extra_headers": self._request.headers},
            query={**self._query, "after": after, "limit": limit, "order": "desc"},
        )
        response = await core.send(request.replace(deadline=self._request.deadline, timeout=self._request.timeout))
        items, has_more, last_id = core.items_of(response)
        return Look(items=items, has_more=has_more, last_id=last_id)

    def _as_response(self, stored: Sequence[Any]) -> Response:
        """The answer that the append would have had."""
        self._newest = item_id(stored[-1]) or None
        page = {
            "object": "list",
            "data": stored,
            "has_more": False,
            "first_id": item_id(stored[0]),
            "last_id": item_id(stored[-1]),
        }
        return Response(status_code=200, content=self._core.codec.encode(page), source=self._request)


def _unclear(request: Request, finding: Finding) -> AmbiguousWriteError:
    return AmbiguousWriteError(
        f"{request.operation}: nothing was sent, because nobody can tell whether it was before. {finding.known}",
        request.info,
        known=finding.known,
        stored=finding.resembling,
    )
