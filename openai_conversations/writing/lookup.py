"""
Lookups of a write in its conversation.

One reads back from the newest item to the last one known, and compares. How many there are, and when, depends on how
the write failed.

It is read back and not forward: a known item that was deleted meanwhile is then simply not met, whatever a server makes
of a cursor that it does not know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import attrs

from openai_conversations.api import operations
from openai_conversations.api.large import LARGE, read_page
from openai_conversations.api.pagination import JsonPage, PageWalk, SeenItems, item_id, json_page
from openai_conversations.errors import (
    APIError,
    APIResponseValidationError,
    ConversationLockedError,
    ConversationsError,
)
from openai_conversations.limits import ITEMS_PER_PAGE
from openai_conversations.transport.classify import may_arrive_late, may_be_under_way, state_of, wait_before_next
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse, Listing, Replay
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import RetryBudget
from openai_conversations.transport.runtime import Runtime
from openai_conversations.writing.compare import Match, is_as_seen, judge, resembling
from openai_conversations.writing.last_item import START, SeenItem, newer

# Of the time left, the part that the wait before the first lookup may take, and the part that the pause between two
# lookups may take if the write is to be sent again after it.
_WAIT_SHARE: Final = 0.5
_PAUSE_SHARE: Final = 0.75

# Without a base, the pauses between the lookups of a write that may arrive late would not grow.
_SHORTEST_PAUSE: Final = 0.01

NOT_CHECKED: Final = "The conversation was not checked."
_NO_BUDGET: Final = "The conversation was not checked: the retry budget of this client is exhausted."
_NO_TIME: Final = "The conversation was not checked: no time was left."
_MAY_BE_UNDER_WAY: Final = "It was not stored at the last lookup, but the service may still be processing it."
_MAY_ARRIVE: Final = "It was not stored at the last lookup, but may still arrive."

_NOT_SHOWN: Final = (
    "The listing does not show the last known item: the listing is out of date, or the item was deleted."
)

_NO_ORDER: Final = "The listing does not begin with the newest item: the server ignores the order that is asked for."

_SHOW_AN_ORDER: Final = 2
"""Items of a page that show in which order it is."""

_OURS: Final = frozenset({"after", "before", "limit", "order"})


@attrs.frozen(eq=False)
class _Read:
    """
    What was read back.

    Attributes:
        newest: The items behind the last known one, the newest first; all when it was not met.
        first: The id that came first, ``""`` for none.
        is_alone: Whether there is no second item by which an order could be told.
        is_met: Whether the last known item was met.
        is_in_order: Whether the newest came first, by items whose order was known; ``None`` when they do not tell.
    """

    newest: list[Any]
    first: str
    is_alone: bool = attrs.field(kw_only=True)
    is_met: bool = attrs.field(kw_only=True)
    is_in_order: bool | None = attrs.field(default=None, kw_only=True)

    @property
    def behind(self) -> list[Any]:
        """The same, oldest first."""
        return self.newest[::-1]


@attrs.frozen(kw_only=True, eq=False)
class Lookup:
    """
    How to look up one write.

    Attributes:
        request: The append.
        send: What is below the reconciliation: a listing goes the same way as the append, inside the same deadline.
        sent: The items as they were sent.
        last_item_id: The last item known before it, :data:`START`, or ``None``.
        unresolved: What this client sent after that one and before it, whose outcome is unknown.
        seen: What is known of the last known item besides its id; ``None`` when nothing is.
        in_order: Servers that are known to list in the order that they are asked for; noted here, too.
        clock: Seconds; deadlines are by this clock.
    """

    request: HTTPRequest
    send: Handler
    sent: Sequence[Any]
    last_item_id: str | None
    unresolved: Sequence[Any] = ()
    seen: SeenItem | None = None
    in_order: set[str] = attrs.field(factory=set[str])
    clock: Callable[[], float] = time.monotonic

    async def match(self) -> Match:
        """Look it up once; whatever keeps us from it (a key provider, a closed client …), the write stays unknown."""
        try:
            return await self.match_or_fail()
        except Exception as error:  # noqa: BLE001  # the words of a foreign error are not shown: it may quote a key
            reason = error if isinstance(error, ConversationsError) else type(error).__name__
            return Match(known=f"The lookup failed: {reason}")

    async def match_or_fail(self) -> Match:
        """
        Whether the items are stored, absent, or neither for certain.

        Raises:
            APIError: The conversation could not be read.
            PaginationStalledError: The listing does not advance.
        """
        read = await self._read()
        if read.is_met:
            match = judge(self.sent, read.behind, self.unresolved)
            is_certain = match.is_absent or match.stored is not None
            if is_certain and (read.is_in_order is False or not await self._is_newest_first(read, match)):
                return Match(known=_NO_ORDER, resembling=resembling(self.sent, read.behind))
            return match
        if self.last_item_id and all(item_id(item) != self.last_item_id for item in read.behind):
            return Match(known=_NOT_SHOWN, resembling=resembling(self.sent, read.behind))
        if judge(self.sent, read.behind).is_absent:
            return Match(is_absent=True)
        known = "The conversation has items of the same kind, but whether they are these or older ones is unknown."
        return Match(known=known, resembling=resembling(self.sent, read.behind))

    async def read_back(self) -> tuple[list[Any], bool]:
        """The newest items, oldest first, as far back as the last known one, and whether that was met."""
        read = await self._read()
        return read.behind, read.is_met

    async def _read(self) -> _Read:
        """Read back as far as the last known item, or to the end."""
        earlier = None if self.seen is None else self.seen.earlier
        newest: list[Any] = []
        first, shown, is_backwards = "", 0, False
        seen: SeenItems[Any] = SeenItems()
        walk = PageWalk()
        while walk.goes_on():
            page = await self._page(walk.cursor)
            walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)
            seen.turn_page()
            names = [item_id(item) for item in page.items]
            first = first if shown or not names else names[0]
            shown += len(names) + page.has_more
            for at, (name, item) in enumerate(zip(names, page.items, strict=True)):
                if self.last_item_id and name == self.last_item_id and self._marks_a_place(item, page.items, newest):
                    is_in_order = False if is_backwards else True if earlier in names[at:] else None
                    return _Read(newest, first, is_alone=shown < _SHOW_AN_ORDER, is_met=True, is_in_order=is_in_order)
                is_backwards = is_backwards or name == earlier
                if seen.is_new(name, item):
                    newest.append(item)
        return _Read(newest, first, is_alone=shown < _SHOW_AN_ORDER, is_met=self.last_item_id == START)

    def _marks_a_place(self, known: Any, page: Sequence[Any], newest: Sequence[Any]) -> bool:
        """
        Whether what has the id of the last known item is that item, and no other has it.

        Servers that keep the ids they are given may hold one twice, those that number places use them again.
        """
        if any(item_id(item) == self.last_item_id for item in (*newest, *self.sent)):
            return False
        places = [at for at, item in enumerate(page) if item_id(item) == self.last_item_id]
        # A server may show an item again; what stands between two of them is behind one and before the other.
        is_one = all(item == known for item in page[places[0] : places[-1] + 1])
        return is_one and (self.seen is None or is_as_seen(self.seen, known))

    async def _is_newest_first(self, read: _Read, match: Match) -> bool:
        """
        Whether the listing began with the newest item, where a certain result depends on it.

        Servers are known to ignore the order that is asked for. Two items whose order this client knows tell; else the
        oldest item is asked for, once a server: one that then shows what it gave as the newest ignores the order.
        """
        server = self.request.base_url
        if read.is_alone or (match.is_absent and self.last_item_id == START):
            return True
        if read.is_in_order is None and server not in self.in_order:
            oldest = listing_of(self.request, after=None, limit=1, order="asc")
            page = await _read(await self.send(oldest), self.clock)
            if page.is_empty or item_id(page.items[0]) == read.first:
                return False
        self.in_order.add(server)
        return True

    async def _page(self, after: str | None) -> JsonPage:
        """A page, newest first. One that cannot be read is asked for once more: so much depends on it."""
        request = listing_of(self.request, after=after, limit=ITEMS_PER_PAGE)
        try:
            return await _read(await self.send(request), self.clock)
        except APIResponseValidationError:
            return await _read(await self.send(request), self.clock)


@attrs.define(kw_only=True, eq=False)
class Lookups:
    """
    The lookups of one call.

    Attributes:
        lookup: One lookup.
        policy: Delays and their bounds.
        budget: Each lookup takes a token.
        runtime: Clock, sleep and randomness.
        tokens: What was taken from the budget.
        has_waited: Whether the wait that the last failure asks for was made; if not, nothing may be sent again.
    """

    lookup: Lookup
    policy: RetryPolicy
    budget: RetryBudget
    runtime: Runtime
    tokens: int = 0
    has_waited: bool = True

    async def match(self, failure: APIError) -> Match:
        """
        Look it up as often as a failure asks for. *Absent* is only said of what may be sent again.

        A service that hung up may still be at work, and is asked twice; what was not answered in time may still arrive,
        and is looked up until time is up.
        """
        write = self.lookup.request.write
        if write is None or write.guard == "off" or not self.lookup.sent:
            return Match(known=NOT_CHECKED)
        remaining = self.remaining
        if remaining is not None and remaining <= 0:
            return Match(known=_NO_TIME)
        if not self.take():
            return Match(known=_NO_BUDGET)
        await self._wait(failure, remaining)
        match = await self.lookup.match()
        if match.is_absent and may_arrive_late(failure):
            return await self._lookup_until_deadline()
        if match.is_absent and may_be_under_way(failure):
            match = await self._lookup_twice()
        is_unknown = any(attempt.outcome_unknown for attempt in failure.attempts)
        if match.is_absent and is_unknown and write.guard == "strict":
            return Match(known=_MAY_ARRIVE, resembling=())
        return match

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline; ``None`` without one."""
        deadline = self.lookup.request.deadline
        return None if deadline is None else deadline - self.runtime.clock()

    def take(self) -> bool:
        """Whether one more request may be sent for this call."""
        taken = self.budget.take()
        self.tokens += taken
        return taken

    async def _wait(self, failure: APIError, remaining: float | None) -> None:
        """Wait before the first lookup, unless hardly any time would be left: then it comes at once."""
        response = getattr(failure, "response", None)
        state = state_of(failure.attempts[:-1], remaining=remaining, random=self.runtime.uniform())
        if isinstance(failure, ConversationLockedError):
            state = attrs.evolve(state, retries=state.retries + state.lock_waits)
        wait = wait_before_next(response if isinstance(response, HTTPResponse) else None, state, self.policy)
        self.has_waited = wait is not None and (remaining is None or wait <= remaining * _WAIT_SHARE)
        if wait and self.has_waited:
            await self.runtime.sleep(wait)

    async def _lookup_twice(self) -> Match:
        """Look it up a second time, when a service that hung up in the middle of its work should have ended it."""
        pause, patience = 2 * self.policy.initial, self._patience
        is_long_enough = pause <= patience * _PAUSE_SHARE
        await self.runtime.sleep(pause if is_long_enough else max(patience / 2, 0.0))
        match = await self.lookup.match()
        return match if is_long_enough or not match.is_absent else Match(known=_MAY_BE_UNDER_WAY, resembling=())

    async def _lookup_until_deadline(self) -> Match:
        """Look up a write that may still be under way until it is stored or time is up."""
        clock = self.runtime.clock
        ends = clock() + self._patience
        pause = max(self.policy.initial, _SHORTEST_PAUSE)
        shortest = pause / 4
        while (remaining := ends - clock()) / 2 >= shortest and self.take():
            # Longer and longer, and at last in the middle of what is left, so that the last lookup is late.
            jittered = pause * (1 - self.policy.jitter * self.runtime.uniform())
            await self.runtime.sleep(min(jittered, remaining / 2))
            pause *= 2
            match = await self.lookup.match()
            if match.stored is not None or match.resembling:
                return match
        return Match(known=_MAY_ARRIVE, resembling=())

    @property
    def _patience(self) -> float:
        remaining = self.remaining
        return self.policy.longest_lock_wait if remaining is None else remaining


def listing_of(
    request: HTTPRequest, *, after: str | None, limit: int, order: Literal["asc", "desc"] = "desc"
) -> HTTPRequest:
    """
    The listing of the conversation that an append goes to: same headers, same deadline, the query that is not ours.

    Args:
        request: The append.
        after: The cursor.
        limit: Items of a page.
        order: Which end comes first.
    """
    parts = urlsplit(request.url)
    ours = [("after", after), ("limit", str(limit)), ("order", order)]
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in _OURS]
    pairs = [*query, *((name, value) for name, value in ours if value is not None)]
    operation = operations.LIST_ITEMS
    return request.replace(
        operation=operation.id,
        method=operation.method,
        template=operation.path,
        url=f"{request.url.partition('?')[0]}?{urlencode(pairs, quote_via=quote, safe='')}",
        body=None,
        replay=Replay.SAFE,
        is_ordered=False,
        write=None,
        listing=Listing(order=order, after=after),
        stream=False,
        attempts=(),
    )


async def newest_item(
    request: HTTPRequest, send: Handler, known: str | None, clock: Callable[[], float] = time.monotonic
) -> str | None:
    """
    The last item of a conversation, asked for.

    Args:
        request: The append that is to follow.
        send: Sends a request.
        known: What was known before: a listing that lags does not replace it.
        clock: Seconds; deadlines are by this clock.

    Returns:
        Its id, :data:`START` when the conversation is empty, ``None`` when nothing can be told.

    Raises:
        APIError: The listing failed.
        PaginationStalledError: The server says that there are items and gives none.
    """
    return newer(known, [item_id(item) for item in await newest_items(request, send, clock)])


async def newest_items(request: HTTPRequest, send: Handler, clock: Callable[[], float]) -> Sequence[Any]:
    """The newest items of a conversation, asked for, the newest first; see :func:`newest_item`."""
    walk = PageWalk()
    while walk.goes_on():
        page = await _read(await send(listing_of(request, after=walk.cursor, limit=_RECENT)), clock)
        walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)
        if page.items:
            return page.items
    return ()


_RECENT: Final = 20
"""Items that tell whether a listing has caught up with what is known."""


async def _read(response: HTTPResponse, clock: Callable[[], float]) -> JsonPage:
    """The page of a listing; what is small is read here, without a way through another room."""
    return json_page(response) if len(response.content) <= LARGE else await read_page(response, clock)
