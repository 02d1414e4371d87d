"""
The reconcile middleware: what became of a write whose outcome is unknown.

One visible loop. Send; when the outcome is unknown, look the write up; then return what is stored, send again what is
absent, or raise :class:`AmbiguousWriteError`. Below it, :mod:`openai_conversations.transport.retry` repeats what
certainly was not carried out; above it, :mod:`.write_order` lets one write to a conversation go at a time.

It also keeps :mod:`.last_item` up to date, because every response that tells of a conversation's end passes here. What
is asked of an append and of its response stands below, in the same file: a call passes no more files than it must.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from openai_conversations.api import operations
from openai_conversations.api.caller import codec
from openai_conversations.api.large import LARGE, read_value
from openai_conversations.api.pagination import item_id
from openai_conversations.errors import (
    AmbiguousWriteError,
    APIError,
    Attempt,
    ConversationLockedError,
    ConversationsError,
)
from openai_conversations.transport.classify import (
    is_strict,
    is_time_for_a_write,
    is_transient,
    is_unknown_failure,
    state_of,
)
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse, Replay
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import RetryBudget
from openai_conversations.transport.runtime import Runtime
from openai_conversations.writing.deletions import conversation_id, delete_conversation, delete_item
from openai_conversations.writing.last_item import LastItems, SeenItem, end_shown, ids_of, items_of, newer, seen_item
from openai_conversations.writing.outcomes import (
    NOT_CHECKED,
    ambiguous,
    counted,
    not_sent_again,
    unlike,
    waited_for_lock,
)

if TYPE_CHECKING:
    # Loaded by the first call that needs them: 3 % of the instructions of an import.
    from openai_conversations.writing.lookup import Lookup, Lookups
    from openai_conversations.writing.turns.reconcile import ReconcileTurns

_SHOWS_NOTHING: Final = "The conversation shows nothing of this write."


class Reconcile:
    """
    Middleware: find out what became of writes, and know the last item of each conversation.

    Args:
        last_items: The last item known of each conversation, shared by all views of a client.
        policy: Delays and their bounds.
        budget: Tokens for lookups and for what is sent again, shared with the retry middleware.
        runtime: Clock, sleep and randomness.
    """

    def __init__(
        self,
        last_items: LastItems,
        policy: RetryPolicy,
        *,
        budget: RetryBudget | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self.last_items = last_items
        self._policy = policy
        self._budget = RetryBudget() if budget is None else budget
        self._runtime = runtime or Runtime()
        self._using_ids_again: set[str] = set()
        """Servers that give new items ids of older ones."""
        self._by_operation: Mapping[str, Callable[[HTTPRequest, Handler], Awaitable[HTTPResponse]]] = {
            operations.CREATE_ITEMS.id: self._append,
            operations.CREATE_CONVERSATION.id: self._create,
            operations.DELETE_CONVERSATION.id: self._delete,
            operations.DELETE_ITEM.id: self._delete_item,
            operations.OTHER_WRITE: self._other,
            operations.CREATE_RESPONSE.id: lambda request, handler: self._turns().create(request, handler),
            operations.DELETE_RESPONSE.id: self._delete_response,
            operations.CANCEL_RESPONSE.id: lambda request, handler: self._turns().cancel(request, handler),
            operations.GET_RESPONSE.id: lambda request, handler: self._turns().get(request, handler),
        }

    def __call__(self, request: HTTPRequest, handler: Handler) -> Awaitable[HTTPResponse]:
        # No coroutine of its own for what has nothing to reconcile.
        way = self._by_operation.get(request.operation)
        if way is None:
            return handler(request) if request.listing is None else self._list(request, handler)
        return way(request, handler)

    def _turns(self) -> ReconcileTurns:
        from openai_conversations.writing.turns.reconcile import ReconcileTurns  # loaded by who takes turns

        return ReconcileTurns(
            last_items=self.last_items, policy=self._policy, budget=self._budget, runtime=self._runtime
        )

    def _delete_response(self, request: HTTPRequest, handler: Handler) -> Awaitable[HTTPResponse]:
        from openai_conversations.writing.turns.reconcile import delete_response

        return delete_response(request, handler)

    # appends

    async def _append(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        """Send when it is known what was before, and keep the last item of the conversation up to date."""
        key = request.conversation_key
        seen = self.last_items.seen(key)
        known, begun = self.last_items.begin(key)
        last, is_unresolved, is_stored = known, False, False
        try:
            before = await self._last_item_before(request, handler, known)
            response = await self._found_before(request, handler, before)
            if response is None:
                last, is_unresolved = None, True  # from here on it may be stored, whatever happens
                response = await self._write(request, handler, before)
                if seen and self._lists_what_was_seen(request, response, seen):
                    response = await self._confirmed(request, handler, before, response)
            last, is_unresolved, is_stored = _last_id(response), False, True
            if last:
                self._note(key, response, before)
        except ConversationsError as error:
            if error.not_carried_out:
                last, is_unresolved = known, False
            raise
        else:
            return response
        finally:
            unresolved = _sent_items(request) if is_unresolved else ()
            self.last_items.end(key, last, begun, unresolved=None if is_stored else unresolved)

    async def _last_item_before(self, request: HTTPRequest, handler: Handler, known: str | None) -> str | None:
        """
        What the caller says, what the conversation says where that is asked for, or what is known.

        Of a write that may be stored already, only the caller's word: what is the last item now may be of that write.
        """
        write = request.write
        if write is None or write.last_item_id is not None or write.lookup_first:
            return None if write is None else write.last_item_id
        if write.guard != "strict":
            return known
        key = request.conversation_key
        try:
            from openai_conversations.writing.listings import newest_items

            shown = await newest_items(request, handler, self._runtime.clock)
        except ConversationsError as error:
            error.not_carried_out = True
            raise
        newest = newer(self.last_items.at_least(key), ids_of(shown))
        if newest and newest == item_id(shown[0] if shown else None):
            self.last_items.note(key, newest, seen_item(shown[0]))
        return newest

    async def _found_before(self, request: HTTPRequest, handler: Handler, before: str | None) -> HTTPResponse | None:
        """The response that an earlier call would have had; ``None`` when nobody asks, or it was not carried out."""
        if request.write is None or not request.write.lookup_first:
            return None
        match = await self._lookup(request, handler, before).match()
        if match.stored is not None:
            return _as_response(request, match.stored, ())
        if match.is_absent:
            return None
        unknown = "nothing was sent, because whether an earlier call stored it is unknown."
        raise AmbiguousWriteError(
            f"{request.operation}: {unknown} {match.known}",
            request.info,
            known=match.known,
            stored=match.resembling,
            last_item_id=before,
        )

    def _lists_what_was_seen(self, request: HTTPRequest, response: HTTPResponse, seen: Mapping[str, SeenItem]) -> bool:
        """
        Whether a success lists an item that an earlier response listed: a gateway may have answered from its memory.

        Not so where a server uses ids again, which is seen when such an item is another one than before, and the one
        that was sent.
        """
        data = None if response.stream is not None or request.base_url in self._using_ids_again else items_of(response)
        before = seen.get(item_id(data[-1])) if data else None
        if data is None or before is None:
            return False
        from openai_conversations.writing.compare import is_same

        sent, now = _sent_items(request), seen_item(data[-1], before.earlier)
        if now != before and sent and is_same(sent[-1], data[-1]):
            self._using_ids_again.add(request.base_url)
            return False
        return True

    async def _confirmed(
        self, request: HTTPRequest, handler: Handler, before: str | None, response: HTTPResponse
    ) -> HTTPResponse:
        """What is stored, looked up, of a write whose response lists what was seen before."""
        failure = unlike(response, f"{response.status_code}: the response lists an item that an earlier one listed")
        from openai_conversations.writing.compare import Match

        match = Match(known=NOT_CHECKED)
        if request.write is not None and request.write.guard != "off" and self._budget.take():
            match = await self._after(self._lookup(request, handler, before)).match()
        if match.stored is not None:
            self._budget.give_back(1)
            return _as_response(request, match.stored, failure.attempts)
        raise ambiguous(request, failure, match.known or _SHOWS_NOTHING, match.resembling, before) from failure

    def _note(self, key: str, response: HTTPResponse, before: str | None) -> None:
        """Keep what the last item is that a response lists, and which item stands before it."""
        data = items_of(response) or []
        earlier = item_id(data[-2]) if len(data) > 1 else before
        if earlier and any(turn.is_shown([earlier]) for turn in self.last_items.turns(key)):
            earlier = None  # a service that stores a turn late puts it behind what was written meanwhile
        self.last_items.note(key, item_id(data[-1]), seen_item(data[-1], earlier or None))

    async def _write(self, request: HTTPRequest, handler: Handler, before: str | None) -> HTTPResponse:
        """Send, look up, compare; return, send again, or raise."""
        lookups: Lookups | None = None
        while True:
            failure = await _send(request, handler)
            if isinstance(failure, HTTPResponse):
                self._budget.give_back(0 if lookups is None else lookups.tokens)
                return failure
            is_unknown = is_unknown_failure(failure) or request.has_unknown_outcome
            if not (is_unknown or _is_looked_up(request, failure)):
                failure.not_carried_out = True
                raise failure
            lookups = lookups or self._lookups(self._after(self._lookup(request, handler, before)))
            match = await lookups.match(failure)
            if match.stored is not None:
                self._budget.give_back(lookups.tokens)
                return _as_response(request, match.stored, failure.attempts)
            if not (match.is_absent or is_unknown):
                raise failure  # the refusal is the service's word; only that nothing is stored is not said
            if not match.is_absent:
                raise ambiguous(request, failure, match.known, match.resembling, before) from failure
            if not self._may_send_again(request, failure, lookups):
                raise not_sent_again(request, failure, before)
            request = request.replace(attempts=counted(failure))

    def _after(self, lookup: Lookup) -> Lookup:
        """Where the last item is not known, look as far back as before the writes whose outcome is unknown."""
        bound = None if lookup.last_item_id is not None else self.last_items.bound(lookup.request.conversation_key)
        if bound is None:
            return lookup
        last_item_id, unresolved = bound
        seen = self.last_items.seen(lookup.request.conversation_key).get(last_item_id)
        unresolved = (*lookup.unresolved, *unresolved)
        return attrs.evolve(lookup, last_item_id=last_item_id, unresolved=unresolved, seen=seen)

    def _lookup(self, request: HTTPRequest, handler: Handler, before: str | None) -> Lookup:
        from openai_conversations.writing.lookup import Lookup

        seen = self.last_items.seen(request.conversation_key).get(before) if before else None
        return Lookup(
            request=request,
            send=handler,
            sent=_sent_items(request),
            last_item_id=before,
            turns=self.last_items.turns(request.conversation_key),
            seen=seen,
            last_items=self.last_items,
            clock=self._runtime.clock,
        )

    def _lookups(self, lookup: Lookup) -> Lookups:
        from openai_conversations.writing.lookup import Lookups

        return Lookups(lookup=lookup, policy=self._policy, budget=self._budget, runtime=self._runtime)

    def _may_send_again(self, request: HTTPRequest, failure: APIError, lookups: Lookups) -> bool:
        """Whether what is absent may be sent again: if the policy allows another attempt, and time does."""
        remaining = lookups.remaining
        if not lookups.has_waited or (remaining is not None and not is_time_for_a_write(remaining, 0.0)):
            return False
        if isinstance(failure, ConversationLockedError):
            is_patient = remaining is not None or waited_for_lock(failure) < self._policy.longest_lock_wait
            return request.max_retries > 0 and is_patient
        response = getattr(failure, "response", None)
        retries = state_of(failure.attempts[:-1], remaining=None, random=0.0).retries
        is_worth_it = not isinstance(response, HTTPResponse) or is_transient(response)
        return is_worth_it and retries < request.max_retries and lookups.take()

    # conversations and single items

    async def _create(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        try:
            response = await handler(request)
            if request.replay is Replay.APPEND and not request.stream and conversation_id(response) is None:
                message = f"{response.status_code}: the response is not a conversation"
                raise unlike(response, message)
        except APIError as error:
            if request.replay is Replay.APPEND and is_unknown_failure(error):
                raise ambiguous(request, error, NOT_CHECKED, None, None) from error
            error.not_carried_out = not any(attempt.outcome_unknown for attempt in error.attempts)
            raise
        made = None if request.stream or request.write is not None else conversation_id(response)
        if made is not None:
            key = request.replace(conversation_id=made).conversation_key
            self.last_items.learn(key, (), self.last_items.version(key))
        return response

    def _delete(self, request: HTTPRequest, handler: Handler) -> Awaitable[HTTPResponse]:
        return delete_conversation(request, handler, self.last_items)

    def _delete_item(self, request: HTTPRequest, handler: Handler) -> Awaitable[HTTPResponse]:
        return delete_item(request, handler, self.last_items)

    async def _other(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        """A write that nobody here knows: what became of it cannot be looked up."""
        try:
            return await handler(request)
        except APIError as error:
            if request.replay is Replay.APPEND and is_unknown_failure(error):
                raise ambiguous(request, error, "This client cannot look it up.", None, None) from error
            error.not_carried_out = not any(attempt.outcome_unknown for attempt in error.attempts)
            raise
        finally:
            if request.conversation_id is not None:
                self.last_items.forget(request.conversation_key)

    async def _list(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        """Learn the last item from a page that shows the end of a conversation."""
        key = request.conversation_key
        version = self.last_items.version(key)
        response = await handler(request)
        if not request.stream:
            if len(response.content) > LARGE:
                await read_value(response, self._runtime.clock)
            newest_first = end_shown(request, response)
            if newest_first is not None:
                self.last_items.learn(key, newest_first, version)
                self._note_shown(key, response, newest_first)
        return response

    def _note_shown(self, key: str, response: HTTPResponse, newest_first: Sequence[str]) -> None:
        """Keep what the item is that a listing showed as the last."""
        if newest_first and newest_first[0] and newest_first[0] == self.last_items.get(key):
            data = items_of(response) or []
            newest = next(item for item in data if item_id(item) == newest_first[0])
            self.last_items.note(key, newest_first[0], seen_item(newest))


async def _send(request: HTTPRequest, handler: Handler) -> HTTPResponse | APIError:
    """Send once; a response that does not say that all was stored is a failure, too."""
    try:
        response = await handler(request)
    except APIError as error:
        return error
    except ConversationsError as error:
        # No key, a closed client, another event loop: raised before this attempt was sent.
        error.not_carried_out = not request.has_unknown_outcome
        raise
    if request.stream or _says_all_is_stored(request, response):
        return response
    return unlike(response, f"{response.status_code}: the response is not whole, or not what was sent")


def _is_looked_up(request: HTTPRequest, failure: APIError) -> bool:
    """Whether a refusal after which a write might be sent again is not believed without a lookup."""
    response = getattr(failure, "response", None)
    if not (is_strict(request) and isinstance(response, HTTPResponse) and _sent_items(request)):
        return False
    return request.max_retries > 0 and (isinstance(failure, ConversationLockedError) or is_transient(response))


def _sent_items(request: HTTPRequest) -> Sequence[Any]:
    """The items as they were sent: the request's body, decoded, and not the values of the caller."""
    items: list[Any] | None = codec().loads(request.body or b"{}").get("items")
    return items if isinstance(items, list) else []


def _says_all_is_stored(request: HTTPRequest, response: HTTPResponse) -> bool:
    """Whether a response confirms the items. Those of the request as they were encoded save decoding its body."""
    from openai_conversations.writing.compare import is_as_sent

    data = items_of(response)
    given = () if request.write is None else request.write.items
    return data is not None and ((bool(given) and is_as_sent(given, data)) or is_as_sent(_sent_items(request), data))


def _last_id(response: HTTPResponse) -> str | None:
    """
    The id of the last item that was stored.

    ``None`` when it has none, or one that another of them has too, or when the response may list the newest first.
    """
    from openai_conversations.writing.compare import is_palindrome

    data = None if response.stream is not None else items_of(response)
    ids = ids_of(data or [])
    if not ids or not ids[-1] or ids.count(ids[-1]) > 1 or (len(ids) > 1 and is_palindrome(data or [])):
        return None
    return ids[-1]


def _as_response(request: HTTPRequest, stored: Sequence[Any], attempts: tuple[Attempt, ...]) -> HTTPResponse:
    """The response that the append would have had."""
    ids = ids_of(stored)
    page = {"object": "list", "data": stored, "has_more": False, "first_id": ids[0], "last_id": ids[-1]}
    return HTTPResponse(status_code=200, content=codec().encode(page), source=request, attempts=attempts)
