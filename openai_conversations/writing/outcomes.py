"""What is said of a write that failed: the errors, and the attempts that they carry."""

from __future__ import annotations

from typing import Final

import attrs

from openai_conversations.error_bodies import said_instead
from openai_conversations.errors import (
    AmbiguousWriteError,
    APIError,
    APIResponseValidationError,
    Attempt,
    ConversationLockedError,
)
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from openai_conversations.transport.status import error_body

NOT_CHECKED: Final = "The conversation was not checked."

_MAY_HOLD_THE_LOCK: Final = "It was not stored at the last lookup, but may be what locks the conversation."


def counted(failure: APIError) -> tuple[Attempt, ...]:
    """The attempts so far, for the next one to go by: a lock is nobody's retry."""
    *earlier, last = failure.attempts
    return (*earlier, attrs.evolve(last, locked=isinstance(failure, ConversationLockedError)))


def waited_for_lock(failure: APIError) -> float:
    """Seconds since the conversation was first met locked, after an unknown outcome."""
    last = failure.attempts[-1]
    return last.started - next((attempt.started for attempt in failure.attempts if attempt.locked), last.started)


def unlike(response: HTTPResponse, message: str, why: str = "") -> APIResponseValidationError:
    """
    The failure for a 2xx response that does not say what was done: the write may have been carried out.

    Args:
        response: The response.
        message: What it is not.
        why: What is wrong with it, for where it says nothing itself.
    """
    *earlier, last = response.history
    attempts = (*earlier, attrs.evolve(last, outcome_unknown=True))
    said = said_instead(response.without_secrets().content) or why
    return APIResponseValidationError(
        response.replace(attempts=attempts), error_body(response), message=f"{message}: {said}" if said else message
    )


def not_sent_again(request: HTTPRequest, failure: APIError, last_item_id: str | None) -> APIError:
    """The error for a write that is absent, when there are no more attempts."""
    if request.has_unknown_outcome and isinstance(failure, ConversationLockedError):
        made = ambiguous(request, failure, _MAY_HOLD_THE_LOCK, (), last_item_id)
        made.__cause__ = failure
        return made
    failure.not_carried_out = True
    return failure


def ambiguous(
    request: HTTPRequest, failure: APIError, known: str, stored: tuple[str, ...] | None, last_item_id: str | None
) -> AmbiguousWriteError:
    return AmbiguousWriteError(
        f"{request.operation}: the outcome of this write is unknown. {known} ({failure})",
        request.info,
        known=known,
        stored=stored,
        last_item_id=last_item_id,
        attempts=failure.attempts,
    )
