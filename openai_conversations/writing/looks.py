"""
Looks for a write whose outcome is unknown: how many, and when.

One look asks ``Request.settle``. A service that hung up may still be at work, and is asked twice; what was not answered
in time may still arrive, and is looked for until time is up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from openai_conversations.errors import APIError, ConversationsError
from openai_conversations.transport.classify import may_arrive_late, may_be_under_way
from openai_conversations.transport.message import Settle, Verdict
from openai_conversations.transport.policy import RetryPolicy

# Of the time left, the part that the pause between two looks may take if the write is to be sent again after it.
_PAUSE_SHARE: Final = 0.75

# Without a base, the pauses between the looks for a write that may arrive late would not grow.
_SHORTEST_PAUSE: Final = 0.01

_MAY_BE_UNDER_WAY: Final = Verdict(
    known="It was not there when last looked for, but the service may still be at work on it.", stored=()
)
_MAY_ARRIVE: Final = Verdict(known="It was not there when last looked for, but may still arrive.", stored=())


@attrs.frozen(kw_only=True, eq=False)
class Looks:
    """
    The looks for one write.

    Attributes:
        settle: Looks once.
        failure: How the last attempt failed.
        deadline: When the whole call must be over, by the clock; ``None`` for never.
        may_go_on: Takes a token from the retry budget for one more look; whether there was one.
        policy: Delays and their bounds.
        clock: Seconds.
        sleep: Waits a number of seconds.
        uniform: A random number from 0 to 1.
    """

    settle: Settle
    failure: APIError
    deadline: float | None
    may_go_on: Callable[[], bool]
    policy: RetryPolicy
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    uniform: Callable[[], float]

    async def verdict(self) -> Verdict:
        """Look as often as the failure asks for."""
        verdict = await self._look()
        if not verdict.absent:
            return verdict
        if may_arrive_late(self.failure):
            return await self._look_on()
        return await self._look_again() if may_be_under_way(self.failure) else verdict

    async def _look(self) -> Verdict:
        """Look once; whatever keeps us from it (a key provider, a closed client …), the write stays unknown."""
        try:
            return await self.settle(self.failure)
        except Exception as error:  # noqa: BLE001  # the words of a foreign error are not shown: it may quote a key
            reason = error if isinstance(error, ConversationsError) else type(error).__name__
            return Verdict(known=f"Looking whether it was carried out failed: {reason}")

    async def _look_again(self) -> Verdict:
        """Look a second time, when a service that hung up in the middle of its work should have ended it."""
        pause, remaining = 2 * self.policy.initial, self._patience()
        is_long_enough = pause <= remaining * _PAUSE_SHARE
        await self.sleep(pause if is_long_enough else max(remaining / 2, 0.0))
        verdict = await self._look()
        return verdict if is_long_enough or not verdict.absent else _MAY_BE_UNDER_WAY

    async def _look_on(self) -> Verdict:
        """Look for a write that may still be under way until it is there or time is up."""
        ends = self.clock() + self._patience()
        pause = max(self.policy.initial, _SHORTEST_PAUSE)
        last = pause / 4
        while (remaining := ends - self.clock()) / 2 >= last and self.may_go_on():
            # Longer and longer, and at last in the middle of what is left, so that the last look is late.
            await self.sleep(min(pause * (1 - self.policy.jitter * self.uniform()), remaining / 2))
            pause *= 2
            verdict = await self._look()
            if not (verdict.absent or _tells_nothing(verdict)):
                return verdict
        return _MAY_ARRIVE

    def _patience(self) -> float:
        return self.policy.longest_lock_wait if self.deadline is None else self.deadline - self.clock()


def _tells_nothing(verdict: Verdict) -> bool:
    """Whether a look failed, for want of time perhaps; the one before it then tells more."""
    return verdict.response is None and verdict.stored is None
