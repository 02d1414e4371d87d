"""
Whether a bulk run gets on, and when it must stop: what one conversation meets, and what all of them meet.

One conversation's failure ends no run. These do, when they come from different conversations and nothing succeeds in
between: rejections, nothing but 404, and transient failures for longer than the run has patience.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from openai_conversations.bulk.errors import BulkStoppedError, NothingFoundError
from openai_conversations.errors import (
    APIConnectionError,
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    ConversationLockedError,
    InternalServerError,
    PermissionDeniedError,
    RateLimitError,
    WrongEventLoopError,
)

REJECTIONS: Final[Mapping[type[Exception], int]] = {
    PermissionDeniedError: 20,
    AuthenticationError: 3,
    ConfigurationError: 3,
    ClientClosedError: 3,
    WrongEventLoopError: 3,
}
"""Failures that stop a run when so many different conversations meet them and none succeeds in between."""

OUTAGES: Final = (APIConnectionError, InternalServerError, RateLimitError)
"""Failures of a service that is not there, or not well, for a while."""

TRANSIENT: Final = (*OUTAGES, ConversationLockedError)
"""Failures that another attempt, later in the run, may not meet."""

NOT_FOUND: Final = 20
"""A run that finds none of the first so many conversations stops."""

LONGEST_PAUSE: Final = 5.0
"""Seconds between two looks at a service that is away."""


class Health:
    """
    What became of the conversations lately.

    Args:
        clock: Seconds that only grow.
        patience: Seconds without a success after which the run stops, when more than one conversation fails.
        first_wait: Seconds of the first pause; it doubles from pause to pause.
    """

    def __init__(self, clock: Callable[[], float], *, patience: float, first_wait: float) -> None:
        self._clock = clock
        self._patience = patience
        self._first_wait = first_wait
        self._rejected: set[int] = set()
        self._not_found: set[int] = set()
        self._away: set[int] = set()
        self._since = 0.0
        self._pauses = 0
        self._paused_until = 0.0
        self.has_succeeded: bool = False
        """Whether any conversation of this run was there and was dealt with."""

    def succeeded(self) -> None:
        """A conversation is done: the service is there, and accepts the key."""
        self.has_succeeded = True
        self._rejected.clear()
        self._away.clear()
        self._pauses, self._paused_until = 0, 0.0

    # nothing but 404

    def not_found(self, number: int, said: str, cause: BaseException | None = None) -> None:
        """
        A conversation is not there.

        Raises:
            NothingFoundError: No other one is, either.
        """
        self._not_found.add(number)
        if self.has_succeeded or len(self._not_found) < NOT_FOUND:
            return
        raise NothingFoundError(
            f"stopped: none of the first {len(self._not_found)} conversations is there (404);"
            f" is the base URL right, and is the key one of their project? The last: {said}"
        ) from cause

    # rejections

    def failed(self, number: int, error: BaseException, *, is_new: bool = True) -> None:
        """
        A conversation failed.

        Args:
            number: Which.
            error: Why.
            is_new: Whether this was its first attempt. What has failed before comes at the end of a run, one after the
                other, and says nothing about what succeeded.
        """
        if isinstance(error, tuple(REJECTIONS)) and (is_new or not self.has_succeeded):
            self._rejected.add(number)
        if isinstance(error, OUTAGES):
            self._note_away(number, _asked(error))

    def is_met_by_all(self, error: BaseException) -> bool:
        """Whether a failure is a rejection that so many have met that every other one would meet it too."""
        bound = next((bound for kind, bound in REJECTIONS.items() if isinstance(error, kind)), None)
        return bound is not None and len(self._rejected) >= bound

    # a service that is away

    @property
    def is_away(self) -> bool:
        """Whether more than one conversation failed transiently since the last one that succeeded."""
        return len(self._away) > 1

    @property
    def is_waited_for(self) -> bool:
        """Whether the service is away, and there is patience left."""
        return self.is_away and self._clock() - self._since < self._patience

    @property
    def pause(self) -> float:
        """Seconds before another conversation is worth trying."""
        return max(self._paused_until - self._clock(), 0.0)

    def check_patience(self, remaining: int, said: str, cause: BaseException) -> None:
        """
        See whether there is any sense in going on.

        Args:
            remaining: Conversations that are neither done nor failed for good.
            said: The last failure.
            cause: The error of that failure.

        Raises:
            BulkStoppedError: The service has been away for too long, or asks to be left alone for longer.
        """
        # When others succeeded, and all that is left has failed again and again, it is not the service.
        if not self.is_away or (self.has_succeeded and remaining <= len(self._away)):
            return
        away, asked = self._clock() - self._since, self.pause
        if away >= self._patience:
            raise BulkStoppedError(f"stopped: nothing has succeeded for {away:.0f} s; the last: {said}") from cause
        if asked > LONGEST_PAUSE and away + asked > self._patience:
            raise BulkStoppedError(f"stopped: the service asks to wait {asked:.0f} s; the last: {said}") from cause

    def _note_away(self, number: int, asked: float) -> None:
        now = self._clock()
        if not self._away:
            self._since = now
        self._away.add(number)
        if not self.is_away:
            return
        pause = 0.0
        if now >= self._paused_until:
            left = max(self._since + self._patience - now, 0.0)
            pause = min(self._first_wait * 2.0 ** min(self._pauses, 10), LONGEST_PAUSE, left)
            self._pauses += 1
        self._paused_until = max(self._paused_until, now + max(pause, asked))


def _asked(error: BaseException) -> float:
    """Seconds that the server asked to wait."""
    return getattr(error, "retry_after", None) or 0.0
