"""
What became of a turn of which nothing came back.

No item names its response and nothing lists responses: all that can be seen is what stands in the conversation behind
the item that was its last before. So a turn can be seen to have been taken, if nobody else sent the same meanwhile. It
can never be seen not to have been: it may still run. It is therefore never sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Final, cast

import attrs

from openai_conversations.api.caller import codec
from openai_conversations.api.pagination import json_page
from openai_conversations.api.turn_requests import items_of
from openai_conversations.error_bodies import is_error_object
from openai_conversations.errors import (
    AmbiguousWriteError,
    APIError,
    APIStatusError,
    APITimeoutError,
    ConversationsError,
)
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.schemas.items.base import Item
from openai_conversations.transport.classify import may_arrive_late, may_be_under_way
from openai_conversations.transport.message import Handler, HTTPRequest
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import RetryBudget
from openai_conversations.transport.runtime import Runtime
from openai_conversations.writing.compare import is_any_like, is_same, may_be_of_a_model, resembling
from openai_conversations.writing.last_item import LastItems, SeenItem
from openai_conversations.writing.listings import listing_of
from openai_conversations.writing.lookup import Lookup
from openai_conversations.writing.open_turns import OpenTurn, may_add
from openai_conversations.writing.outcomes import NOT_CHECKED
from openai_conversations.writing.turns.errors import TurnLostError

_NOTHING_YET: Final = "Nothing of it was in the conversation at the last lookup, but it may still run, or be added."
_NO_LAST_ITEM: Final = "The last item before it is not known, so that the conversation tells nothing for certain."
_OTHERS: Final = "Items came after the last known one that are not its input: another writer's, or its input rewritten."
# No item names its response: two turns with the same input cannot be told apart.
_UNLESS: Final = ", unless another writer sent the same"
_NO_OUTPUT: Final = f"Its input is in the conversation{_UNLESS}, without any output: it may still run."
_ALIKE: Final = "An earlier turn like this one, whose end is not known, may be what is in the conversation."
_TAKEN: Final = f"Its input and its output are in the conversation{_UNLESS}. No id of its response is known."

_LONGEST_PAUSE: Final = 8.0
_RECENT: Final = 20


@attrs.frozen(kw_only=True)
class Found:
    """
    What a lookup saw.

    Attributes:
        known: One sentence.
        items: Input and output; ``None`` when they are not certainly those of the turn.
        resembling: Ids of items that may be those of the turn.
        is_final: Whether looking again would tell nothing more.
        has_failed: Whether nothing could be seen.
        is_late: Whether that was because the deadline passed.
    """

    known: str
    items: Sequence[Any] | None = None
    resembling: tuple[str, ...] | None = None
    is_final: bool = False
    has_failed: bool = False
    is_late: bool = False

    @property
    def worth(self) -> int:
        """How much it tells: a deadline least, a refusal more."""
        return 3 if not self.has_failed else 1 if self.is_late else 2


@attrs.frozen(kw_only=True, eq=False)
class TurnLookup:
    """
    How to look up one turn.

    Attributes:
        request: The turn.
        send: Sends a request, inside the same deadline.
        last_item_id: The last item known before it; ``""`` for an empty conversation, ``None`` for not known.
        turns: Earlier ones that may still add their items.
        seen: What is known of the last known item besides its id; ``None`` when nothing is.
        last_items: Knows which servers list in the order that they are asked for, and is told.
        policy: Delays.
        budget: Each lookup takes a token.
        runtime: Clock, sleep and randomness.
    """

    request: HTTPRequest
    send: Handler
    last_item_id: str | None
    turns: Sequence[OpenTurn]
    last_items: LastItems
    policy: RetryPolicy
    budget: RetryBudget
    runtime: Runtime
    # As it was known when the turn was lost: what is listed later may have taken its id.
    seen: SeenItem | None = attrs.field(
        init=False, default=attrs.Factory(lambda self: self._last_item_seen(), takes_self=True)
    )

    def _last_item_seen(self) -> SeenItem | None:
        known = self.last_item_id
        return self.last_items.seen(self.request.conversation_key).get(known) if known else None

    async def error_for(self, failure: APIError) -> AmbiguousWriteError:
        """The error that says what is known of a turn that failed so."""
        found = await self._look_up_until_found(failure)
        request = self.request
        message = f"{request.operation}: what became of this turn is unknown. {found.known} ({failure})"
        if found.items is not None:
            return TurnLostError(
                f"{request.operation}: the response was lost. {found.known} ({failure})",
                request.info,
                known=found.known,
                items=[_decoded(item) for item in found.items],
                last_item_id=self.last_item_id,
                attempts=failure.attempts,
            )
        return AmbiguousWriteError(
            message,
            request.info,
            known=found.known,
            stored=found.resembling,
            last_item_id=self.last_item_id,
            attempts=failure.attempts,
        )

    async def _look_up_until_found(self, failure: APIError) -> Found:
        """
        Look up until there is nothing more to see, for as long as a turn that failed so may still run.

        The last lookup often meets the deadline: what was seen before stands.
        """
        clock = self.runtime.clock
        ends = clock() + self._patience(failure)
        pause = max(self.policy.initial, 0.01)
        found = Found(known=NOT_CHECKED, has_failed=True, is_late=True)
        while not found.is_final and (remaining := ends - clock()) > 0 and self.budget.take():
            jittered = pause * (1 - self.policy.jitter * self.runtime.uniform())
            await self.runtime.sleep(min(jittered, remaining / 2 if remaining > pause / 4 else remaining))
            pause = min(pause * 2, _LONGEST_PAUSE)
            seen = await self.look_up()
            found = seen if seen.worth >= found.worth else found
        return found

    def _patience(self, failure: APIError) -> float:
        """Seconds. A service that says in its own words that it failed is not at work any more."""
        deadline = self.request.deadline
        remaining = self.policy.longest_lock_wait if deadline is None else deadline - self.runtime.clock()
        longest = self.policy.longest_lock_wait if _may_run(failure) else 2 * self.policy.initial
        return min(remaining, longest)

    async def look_up(self) -> Found:
        """Look up once; whatever keeps us from it, the turn stays unknown."""
        try:
            return await self._seen()
        except Exception as error:  # noqa: BLE001  # the words of a foreign error are not shown: it may quote a key
            reason = error if isinstance(error, ConversationsError) else type(error).__name__
            is_late = isinstance(error, APITimeoutError)
            return Found(known=f"The lookup failed: {reason}", has_failed=True, is_late=is_late)

    async def _seen(self) -> Found:
        base = items_of(self.request)
        sent: Sequence[Any] = () if self.request.write is None else self.request.write.items
        if self.last_item_id is None:
            page = json_page(await self.send(listing_of(base, after=None, limit=_RECENT)))
            return Found(known=_NO_LAST_ITEM, resembling=resembling(sent, page.items), is_final=True)
        lookup = Lookup(
            request=base,
            send=self.send,
            sent=sent,
            last_item_id=self.last_item_id,
            turns=self.turns,
            seen=self.seen,
            last_items=self.last_items,
            clock=self.runtime.clock,
        )
        behind = await lookup.behind()
        if behind.problem is not None:
            return Found(known=behind.problem, resembling=resembling(sent, behind.items))
        return judge(sent, behind.items, may_add(behind.turns))


def judge(sent: Sequence[Any], behind: Sequence[Any], unresolved: Sequence[Any] = ()) -> Found:
    """
    What the items behind the last known one say of a turn with this input.

    Args:
        sent: The input.
        behind: All items behind the last known one, oldest first.
        unresolved: What earlier turns may still add.
    """
    if not behind:
        return Found(known=_NOTHING_YET, resembling=())
    if is_any_like(sent, unresolved):
        return Found(known=_ALIKE, resembling=resembling(sent, behind), is_final=True)
    run = behind[: len(sent)]
    if not sent or len(run) < len(sent) or not all(map(is_same, sent, run)):
        return Found(known=_OTHERS, resembling=resembling(sent, behind), is_final=True)
    output = list(takewhile(may_be_of_a_model, behind[len(sent) :]))
    if not output:
        return Found(known=_NO_OUTPUT, items=run)
    return Found(known=_TAKEN, items=[*run, *output], is_final=True)


def _may_run(failure: APIError) -> bool:
    if may_arrive_late(failure) or may_be_under_way(failure):
        return True
    return not (isinstance(failure, APIStatusError) and is_error_object(failure.body))


def _decoded(item: Any) -> ConversationItem:
    return cast("ConversationItem", codec().decode(codec().encode(item), Item))
