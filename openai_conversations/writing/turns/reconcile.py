"""
What the reconcile middleware does with turns: send one once, and say what is known when its response is lost.

A turn is sent again only when it was certainly not taken: the connection could not be made, or the service refused it.
Below, :mod:`openai_conversations.transport.retry` does that; it also waits for a conversation that is locked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import attrs

from openai_conversations.api import operations
from openai_conversations.api.caller import codec
from openai_conversations.api.pagination import item_id, member
from openai_conversations.api.requests import derived
from openai_conversations.errors import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    ConversationsError,
    NotFoundError,
)
from openai_conversations.jsontypes import is_array
from openai_conversations.schemas.responses.response import Response
from openai_conversations.transport.classify import is_unknown_failure
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import RetryBudget
from openai_conversations.transport.runtime import Runtime
from openai_conversations.transport.status import error_body, is_api_not_found
from openai_conversations.writing.last_item import LastItems, ids_of
from openai_conversations.writing.outcomes import unlike
from openai_conversations.writing.turns.statuses import ENDED

# How a response begins, also one that is cut off later.
_ID: Final = re.compile(rb'\s*\{\s*"id"\s*:\s*"([\w-]+)"').match

_SEALED: Final = 100
"""Characters from which on an id may be one that a gateway has sealed."""

_CANNOT_BE_CANCELLED: Final = frozenset({400, 404, 409})


@attrs.frozen(kw_only=True, eq=False)
class ReconcileTurns:
    """
    What is done with the operations of ``/responses`` that write, or that tell how a turn ended: a method for each.

    Attributes:
        last_items: The last item known of each conversation.
        policy: Delays.
        budget: Tokens for lookups.
        runtime: Clock, sleep and randomness.
    """

    last_items: LastItems
    policy: RetryPolicy
    budget: RetryBudget
    runtime: Runtime

    async def create(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        """Take a turn. Of one whose events are streamed, whoever reads them knows what the last item is then."""
        write = request.write
        if write is None or not request.is_ordered:
            return await self._send(request, handler)
        key = request.conversation_key
        known, begun = self.last_items.begin(key)
        value: Any = None
        is_refused = False
        try:
            response = await self._send(request, handler)
            value = None if request.stream else codec().value_of(response)
        except ConversationsError as error:
            is_refused = error.not_carried_out
            raise
        else:
            return response
        finally:
            if is_refused:
                self.last_items.end(key, known, begun, unresolved=())
            else:
                key_of_response, output = response_key(request, item_id(value)), output_of(value)
                self.last_items.end_turn(key, begun, sent=write.items, response_key=key_of_response, output=output)

    async def get(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        """A response that is asked for tells how its turn ended, where that was not known."""
        response = await handler(request)
        if not request.stream:
            _check_id(request, response)
            self._note_end(request, response)
        return response

    async def cancel(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        """A response that is cancelled, or that has ended before, tells how its turn ended, too."""
        response = await _cancelled(request, handler)
        if response.stream is None:
            _check_id(request, response)
            self._note_end(request, response)
        return response

    def _note_end(self, request: HTTPRequest, response: HTTPResponse) -> None:
        key = response_key(request, request.response_id or "")
        if not self.last_items.is_open(key):
            return
        try:
            value = codec().value_of(response)
        except APIResponseValidationError:
            return  # whoever decodes it says so
        output = output_of(value)
        if output is not None and item_id(value):
            self.last_items.note_complete(key, output)

    async def _send(self, request: HTTPRequest, handler: Handler) -> HTTPResponse:
        before = self.last_items.get(request.conversation_key) if request.write is not None else None
        try:
            response = await handler(request)
            if not request.stream:
                _check(response)
        except APIError as failure:
            is_unknown = is_unknown_failure(failure) or any(one.outcome_unknown for one in failure.attempts)
            if not is_unknown:
                failure.not_carried_out = True
            if is_unknown and (found := await _retrieved(request, handler, failure)) is not None:
                return found
            if not is_unknown or request.write is None:
                raise
            raise await self._lookup(request, handler, before).error_for(failure) from failure
        except ConversationsError as error:
            error.not_carried_out = True  # no key, a closed client, another event loop: nothing was sent
            raise
        return response

    def _lookup(self, request: HTTPRequest, handler: Handler, before: str | None) -> Any:
        from openai_conversations.writing.turns.lookup import TurnLookup  # loaded by who has lost a turn

        return TurnLookup(
            request=request,
            send=handler,
            last_item_id=before,
            turns=self.last_items.turns(request.conversation_key),
            last_items=self.last_items,
            policy=self.policy,
            budget=self.budget,
            runtime=self.runtime,
        )


async def _retrieved(request: HTTPRequest, handler: Handler, failure: APIError) -> HTTPResponse | None:
    """The response whose id stands at the beginning of what came, when it has ended; ``None`` when it cannot be had."""
    content = failure.response.content if isinstance(failure, APIResponseValidationError) else b""
    named = _ID(content)
    if named is None or _is_whole(content):
        return None
    wanted = named[1].decode()
    url = f"{request.base_url}{operations.GET_RESPONSE.path.replace('{response_id}', wanted)}"
    try:
        found = await handler(derived(request, operations.GET_RESPONSE, url, response_id=wanted))
        value = codec().value_of(found)
    except APIError:
        return None
    is_it = item_id(value) and not (codec().why_not(value, Response) or is_another(wanted, item_id(value)))
    return found if is_it and member(value, "status") in ENDED else None


def _is_whole(content: bytes) -> bool:
    """Whether JSON did not break off: then its id is that of something else."""
    try:
        codec().loads(content)
    except ValueError:
        return False
    return True


async def delete_response(request: HTTPRequest, handler: Handler) -> HTTPResponse:
    """A retried deletion that finds the response gone, after an unknown outcome, has succeeded; so has a 204."""
    try:
        response = await handler(request)
    except NotFoundError as error:
        if not (error.after_unknown_outcome and is_api_not_found(error, request)):
            raise
        response = HTTPResponse(status_code=204, content=b"", source=request, attempts=error.attempts)
    if response.stream is not None or response.content.strip():
        return response
    gone = {"id": request.response_id, "object": "response", "deleted": True}
    return response.replace(status_code=200, content=codec().encode(gone))


async def _cancelled(request: HTTPRequest, handler: Handler) -> HTTPResponse:
    """Cancelling a response that has ended gives that response: servers refuse it in different ways."""
    try:
        return await handler(request)
    except APIStatusError as error:
        if error.status_code not in _CANNOT_BE_CANCELLED:
            raise
        path, mark, query = request.url.partition("?")
        asked = derived(request, operations.GET_RESPONSE, f"{path.removesuffix('/cancel')}{mark}{query}")
        try:
            response = await handler(asked)
            value = codec().value_of(response)
        except APIError:
            raise error from None
        if member(value, "status") not in ENDED:
            raise
        return response


def _check(response: HTTPResponse) -> None:
    """A 2xx response that is none of a turn does not say what was done."""
    try:
        value = codec().value_of(response)
    except APIResponseValidationError:
        value = None
    why = codec().why_not(value, Response)
    if item_id(value) and not why:
        return
    raise unlike(response, f"{response.status_code}: the response is not that of a turn", why or "")


def _check_id(request: HTTPRequest, response: HTTPResponse) -> None:
    """
    A response that was asked for by its id is that one.

    Raises:
        APIResponseValidationError: It has another id. What is no response at all is found out by whoever decodes it.
    """
    try:
        value = codec().value_of(response)
    except APIResponseValidationError:
        return
    told = "" if codec().why_not(value, Response) else item_id(value)
    if is_another(request.response_id, told):
        message = f"another response came than was asked for: {told} in place of {request.response_id}"
        raise APIResponseValidationError(response.without_secrets(), error_body(response), message=message)


def is_another(known: str | None, told: str) -> bool:
    """
    Whether an id says that a response is another than the one that is known by an id.

    Gateways that seal ids give each response a new one for the same: LiteLLM's, with the owner in it and encrypted
    (``litellm/proxy/hooks/responses_id_security.py`` in BerriAI/litellm). Those of services have about 55 characters.
    """
    return bool(known and told) and known != told and max(len(known or ""), len(told)) < _SEALED


def response_key(request: HTTPRequest, response_id: str) -> str:
    """What tells a response from those of other servers; ``""`` for none."""
    return f"{request.base_url}/{response_id}" if response_id else ""


def output_of(response: Any) -> Sequence[str] | None:
    """The ids of the output of a response that is complete, as JSON; ``None`` of any other."""
    if member(response, "status") != "completed":
        return None
    output: object = member(response, "output")
    return ids_of(output) if is_array(output) else ()
