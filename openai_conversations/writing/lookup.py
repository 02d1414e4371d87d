"""
Lookups of a write in its conversation.

One reads back from the newest item to the last one known, and compares. How many there are, and when, depends on how
the write failed.

It is read back and not forward: a known item that was deleted meanwhile is then simply not met, whatever a server makes
of a cursor that it does not know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import attrs

from openai_conversations.api.pagination import JsonPage, PageWalk, SeenItems, item_id
from openai_conversations.errors import (
    APIError,
    APIResponseValidationError,
    ConversationLockedError,
    ConversationsError,
)
from openai_conversations.limits import ITEMS_PER_PAGE
from openai_conversations.transport.classify import may_arrive_late, may_be_under_way, state_of, wait_before_next
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import RetryBudget
from openai_conversations.transport.runtime import Runtime
from openai_conversations.writing.added_by_turns import without_turns
from openai_conversations.writing.compare import Match, is_as_seen, judge, resembling
from openai_conversations.writing.last_item import START, LastItems, SeenItem
from openai_conversations.writing.listings import listing_of, read_listing
from openai_conversations.writing.open_turns import OpenTurn, may_add
from openai_conversations.writing.outcomes import NOT_CHECKED

# Of the time left, the part that the wait before the first lookup may take, and the part that the pause between two
# lookups may take if the write is to be sent again after it.
_WAIT_SHARE: Final = 0.5
_PAUSE_SHARE: Final = 0.75

# Without a base, the pauses between the lookups of a write that may arrive late would not grow.
_SHORTEST_PAUSE: Final = 0.01

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


@attrs.frozen(eq=False)
class _Read:
    """
    What was read back.

    Attributes:
        newest: The items behind the last known one, the newest first; all when it was not met.
        first: The id that came first, ``""`` for none.
        shown: The ids of all items of the pages that were read.
        is_alone: Whether there is no second item by which an order could be told.
        is_met: Whether the last known item was met.
        is_in_order: Whether the newest came first, by items whose order was known; ``None`` when they do not tell.
    """

    newest: list[Any]
    first: str
    shown: Collection[str]
    is_alone: bool = attrs.field(kw_only=True)
    is_met: bool = attrs.field(kw_only=True)
    is_in_order: bool | None = attrs.field(default=None, kw_only=True)

    @property
    def behind(self) -> list[Any]:
        """What was added behind the last known item, oldest first."""
        return self.newest[::-1]


@attrs.frozen(kw_only=True, eq=False)
class Behind:
    """
    What stands behind the last known item.

    Attributes:
        items: Oldest first.
        turns: Earlier ones that may still add theirs.
        problem: Why it is not certain what stands there; ``None`` when it is.
    """

    items: Sequence[Any]
    turns: Sequence[OpenTurn]
    problem: str | None


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
        turns: Those of this client that may still add their items.
        seen: What is known of the last known item besides its id; ``None`` when nothing is.
        last_items: Knows which servers list in the order that they are asked for, and is told.
        clock: Seconds; deadlines are by this clock.
    """

    request: HTTPRequest
    send: Handler
    sent: Sequence[Any]
    last_item_id: str | None
    unresolved: Sequence[Any] = ()
    turns: Sequence[OpenTurn] = ()
    seen: SeenItem | None = None
    last_items: LastItems = attrs.field(factory=LastItems)
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
        behind, turns = self._without_turns(read)
        unresolved = (*self.unresolved, *may_add(turns)) if turns else self.unresolved
        if read.is_met:
            match = judge(self.sent, behind, unresolved)
            is_certain = match.is_absent or match.stored is not None
            is_at_start = match.is_absent and self.last_item_id == START
            if is_certain and not (is_at_start or await self._is_newest_first(read)):
                return Match(known=_NO_ORDER, resembling=resembling(self.sent, behind))
            return match
        if self.last_item_id and all(item_id(item) != self.last_item_id for item in read.behind):
            return Match(known=_NOT_SHOWN, resembling=resembling(self.sent, behind))
        if judge(self.sent, behind).is_absent:
            return Match(is_absent=True)
        known = "The conversation has items of the same kind, but whether they are these or older ones is unknown."
        return Match(known=known, resembling=resembling(self.sent, behind))

    async def behind(self) -> Behind:
        """
        What stands behind the last known item, but for what earlier turns of this client are known to have added.

        Raises:
            APIError: The conversation could not be read.
            PaginationStalledError: The listing does not advance.
        """
        read = await self._read()
        items, turns = self._without_turns(read)
        if not read.is_met:
            return Behind(items=items, turns=turns, problem=_NOT_SHOWN)
        is_in_order = await self._is_newest_first(read)
        return Behind(items=items, turns=turns, problem=None if is_in_order else _NO_ORDER)

    def _without_turns(self, read: _Read) -> tuple[Sequence[Any], Sequence[OpenTurn]]:
        """What no earlier turn of this client added, and the turns that may still add theirs; mostly there is none."""
        return without_turns(read.behind, read.shown, self.turns) if self.turns else (read.behind, ())

    async def _read(self) -> _Read:
        """Read back as far as the last known item, or to the end."""
        earlier = None if self.seen is None else self.seen.earlier
        newest: list[Any] = []
        first, is_backwards = "", False
        shown: list[str] = []
        number = 0
        seen: SeenItems[Any] = SeenItems()
        walk = PageWalk()
        while walk.goes_on():
            page = await self._page(walk.cursor)
            walk.note(has_more=page.has_more, next_cursor=page.next_cursor, is_empty=page.is_empty)
            seen.turn_page()
            names = [item_id(item) for item in page.items]
            first = first if number or not names else names[0]
            number += len(names) + page.has_more
            shown += names
            for at, (name, item) in enumerate(zip(names, page.items, strict=True)):
                if self.last_item_id and name == self.last_item_id and self._marks_a_place(item, page.items, newest):
                    is_in_order = False if is_backwards else True if earlier in names[at:] else None
                    is_alone = number < _SHOW_AN_ORDER
                    return _Read(newest, first, shown, is_alone=is_alone, is_met=True, is_in_order=is_in_order)
                is_backwards = is_backwards or name == earlier
                if seen.is_new(name, item):
                    newest.append(item)
        is_alone = number < _SHOW_AN_ORDER
        return _Read(newest, first, shown, is_alone=is_alone, is_met=self.last_item_id == START)

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

    async def _is_newest_first(self, read: _Read) -> bool:
        """
        Whether the listing began with the newest item, where a certain result depends on it.

        Servers are known to ignore the order that is asked for. Two items whose order this client knows tell; else the
        oldest item is asked for, once a server: one that then shows what it gave as the newest ignores the order.
        """
        server = self.request.base_url
        if read.is_alone:
            return True
        if read.is_in_order is False:
            return False
        if read.is_in_order is None and not self.last_items.lists_in_order(server):
            oldest = listing_of(self.request, after=None, limit=1, order="asc")
            page = await read_listing(await self.send(oldest), self.clock)
            if page.is_empty or item_id(page.items[0]) == read.first:
                return False
        self.last_items.note_order(server)
        return True

    async def _page(self, after: str | None) -> JsonPage:
        """A page, newest first. One that cannot be read is asked for once more: so much depends on it."""
        request = listing_of(self.request, after=after, limit=ITEMS_PER_PAGE)
        try:
            return await read_listing(await self.send(request), self.clock)
        except APIResponseValidationError:
            return await read_listing(await self.send(request), self.clock)


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
