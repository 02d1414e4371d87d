"""
The fields that are asked for with ``include``, less those that a server refuses.

The service knows eight values (``IncludeEnum`` of its description). Servers of the same API know fewer, and some answer
400 or 422 to one that they do not know: what they refuse is dropped and named, and the rest is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeGuard

import attrs

from openai_conversations.api import requests
from openai_conversations.api.caller import Caller
from openai_conversations.errors import (
    APIStatusError,
    BadRequestError,
    ConversationLockedError,
    UnprocessableEntityError,
)

ENCRYPTED: Final = "reasoning.encrypted_content"
"""Without it empty reasoning cannot be told from the other kind."""

# ``include[1]`` of the service's ``param``, ``"include",1`` of the ``loc`` of pydantic.
_PLACE: Final = re.compile(r'include(?:\[\])?["\'\s]*[\[.,]\s*(\d+)')


@attrs.define
class IncludeFields:
    """
    What is asked for, and what was refused so far.

    Attributes:
        fields: The fields that are asked for.
        refused: The fields that the server refused; they are not asked for any more.
    """

    fields: tuple[str, ...]
    refused: tuple[str, ...] = ()

    async def narrow(self, caller: Caller, conversation_id: str, error: Exception) -> bool:
        """
        After a listing was rejected: find out which fields the server takes, and keep these.

        What the response names is believed when that is not all, and the listing succeeds without it. Otherwise, when
        it succeeds without any field, each field is tried alone: one request each.

        Returns:
            Whether a field was dropped; ``False``: the rejection had another reason.
        """
        if not (self.fields and is_refusal(error)):
            return False
        rest = self._without(named_in(error, self.fields))
        if rest in ((), self.fields) or not await _is_taken(caller, conversation_id, rest):
            if not await _is_taken(caller, conversation_id, ()):
                return False
            rest = tuple([field for field in self.fields if await _is_taken(caller, conversation_id, (field,))])
        # Each may be accepted alone, but not all of them together: then none is kept.
        self._keep(() if rest == self.fields else rest)
        return True

    def drop(self, error: BaseException | None) -> bool:
        """
        After a write was rejected: drop the fields that the response names, all when it names none.

        Returns:
            Whether a field was dropped; ``False``: the rejection had another reason.
        """
        if not (self.fields and is_refusal(error)):
            return False
        named = named_in(error, self.fields)
        self._keep(self._without(named) if named else ())
        return True

    def _without(self, fields: Sequence[str]) -> tuple[str, ...]:
        return tuple(field for field in self.fields if field not in fields)

    def _keep(self, fields: tuple[str, ...]) -> None:
        self.refused += self._without(fields)
        self.fields = fields


def is_refusal(error: BaseException | None) -> TypeGuard[APIStatusError]:
    """Whether a server found fault with a request; a locked conversation is none."""
    is_fault = isinstance(error, (BadRequestError, UnprocessableEntityError))
    return is_fault and not isinstance(error, ConversationLockedError)


def named_in(error: APIStatusError, fields: Sequence[str]) -> tuple[str, ...]:
    """The fields that an error names, by place or by name."""
    text = f"{error.param} {error} {error.body}"
    places = {int(place) for place in _PLACE.findall(text)}
    by_place = tuple(field for place, field in enumerate(fields) if place in places)
    return by_place or tuple(field for field in fields if field in text)


async def _is_taken(caller: Caller, conversation_id: str, fields: Sequence[str]) -> bool:
    try:
        await caller.send(requests.list_items(caller, conversation_id, include=fields, limit=1, order="asc"))
    except (BadRequestError, UnprocessableEntityError):
        return False
    return True
