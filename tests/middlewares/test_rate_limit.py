"""The rate holder, with a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Self

import attrs
import pytest
from multidict import CIMultiDict

from openai_conversations.errors import APIConnectionError, Attempt, InvalidArgumentError, RateLimitError, RequestInfo
from openai_conversations.middlewares.rate_limit import Limits, LocalLimiter, RateLimiter, duration, requests_left


class Clock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@attrs.frozen
class Asked:
    """A request, as far as a middleware of this kind looks."""

    method: str = "GET"
    deadline: float | None = None

    def replace(self, **changes: Any) -> Self:
        return attrs.evolve(self, **changes)


@attrs.frozen
class Answered:
    """An answer, as far as it looks."""

    headers: Mapping[str, str] = attrs.field(factory=dict)
    attempts: tuple[Attempt, ...] = ()


@attrs.frozen
class Refusal:
    """What a RateLimitError keeps of its answer."""

    headers: Mapping[str, str]
    status_code: int = 429
    content: bytes = b""
    request: RequestInfo = attrs.field(factory=lambda: RequestInfo(method="GET", url="", headers={}, operation=""))
    attempts: tuple[Attempt, ...] = ()


def attempt(number: int, status: int, wait: float | None = None) -> Attempt:
    return Attempt(
        number=number,
        started=0,
        elapsed=0,
        status_code=status,
        error=None,
        request_id=None,
        outcome_unknown=False,
        wait=wait,
    )


def pace_with(clock: Clock, **rates: float) -> RateLimiter:
    return RateLimiter(Limits(**rates), clock=clock, sleep=clock.sleep)


async def send(pace: RateLimiter, count: int, *, method: str = "GET", answer: Answered | None = None) -> None:
    async def handler(_: Asked) -> Answered:
        return answer or Answered()

    await asyncio.gather(*(pace(Asked(method), handler) for _ in range(count)))


async def test_rate_is_held():
    """So many requests a second are let through, evenly, and no fewer."""
    clock = Clock()
    pace = pace_with(clock, total=50)

    await send(pace, 501)

    assert 9.9 < clock.now - 100 <= 10.01


async def test_classes_have_their_own_rates():
    """A bound for one method does not slow the others."""
    clock = Clock()
    pace = pace_with(clock, delete=10)

    await send(pace, 100)
    unbounded = clock.now
    await send(pace, 21, method="DELETE")

    assert 100.0 == unbounded
    assert 1.9 < clock.now - 100 <= 2.01
    assert {"GET": 100, "DELETE": 21} == pace.requests


async def test_late_timers_are_caught_up():
    """A gate that is woken late makes up for it, so that the rate is used."""
    clock = Clock()

    async def late(seconds: float) -> None:
        await clock.sleep(seconds + 0.004)

    gate = LocalLimiter(100, clock=clock, sleep=late)
    for _ in range(1000):
        await gate.wait()

    assert 9.9 < clock.now - 100 < 10.1


async def test_waiting_does_not_eat_the_deadline():
    """The deadline of a call moves by the time that it waited for its turn."""
    clock = Clock()
    pace = pace_with(clock, total=1)
    seen: list[float | None] = []

    async def handler(request: Asked) -> Answered:
        seen.append(request.deadline)
        return Answered()

    for _ in range(3):
        await pace(Asked(deadline=clock.now + 5), handler)

    assert [105.0, pytest.approx(105.95), pytest.approx(106.95)] == seen


async def test_retries_count():
    """Retries inside a call were sent without waiting; what follows waits for them."""
    clock = Clock()
    pace = pace_with(clock, total=10)
    retried = Answered(attempts=(attempt(1, 500), attempt(2, 500), attempt(3, 200)))

    await send(pace, 10, answer=retried)

    assert 2.6 < clock.now - 100 <= 2.9
    assert {"GET": 30} == pace.requests


async def test_refusal_pauses_everybody():
    """After a 429 nobody sends before the time that the server named."""
    clock = Clock()
    pace = pace_with(clock)
    pace.on_attempt(attempt(1, 429, wait=7.0))

    await send(pace, 2)

    assert 107.0 == clock.now


async def test_refusal_that_ends_a_call():
    """A RateLimitError teaches the same by its retry_after."""
    clock = Clock()
    pace = pace_with(clock)

    async def refused(_: Asked) -> Answered:
        raise RateLimitError("429", response=Refusal(CIMultiDict()), body=None, retry_after=3.0)

    with pytest.raises(RateLimitError):
        await pace(Asked(), refused)
    await send(pace, 1)

    assert 103.0 == clock.now


async def test_refusal_halves_the_rate_for_a_while():
    """After a refusal half of the asked rate is used, and all of it again after ten seconds."""
    clock = Clock()
    gate = LocalLimiter(100, clock=clock, sleep=clock.sleep)

    gate.refused(1.0)
    halved = gate.rate
    gate.refused(1.0)
    still = gate.rate
    await clock.sleep(11)

    assert (50.0, 50.0, 100.0) == (halved, still, gate.rate)


async def test_what_is_left_is_spread():
    """With 20 requests left for the next 10 seconds, two a second are sent."""
    clock = Clock()
    pace = pace_with(clock, total=100)
    told = {"x-ratelimit-remaining-requests": "20", "x-ratelimit-reset-requests": "10s"}
    pace.update_from_headers(told)

    await send(pace, 9)

    assert 3.9 < clock.now - 100 <= 4.01


async def test_nothing_left():
    """With nothing left, nobody sends before it is renewed."""
    clock = Clock()
    pace = pace_with(clock)
    await send(pace, 1, answer=Answered({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2s"}))

    await send(pace, 1)

    assert 162.0 == clock.now


async def test_failures_pass_through():
    """An error of the call is the caller's; it is counted as one request."""
    clock = Clock()
    pace = pace_with(clock)

    async def broken(_: Asked) -> Answered:
        error = APIConnectionError()
        error.attempts = (attempt(1, 500), attempt(2, 500))
        raise error

    with pytest.raises(APIConnectionError):
        await pace(Asked(), broken)

    assert {"GET": 2} == pace.requests


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50", Limits(total=50)),
        ("delete=50, get=100.5", Limits(delete=50, get=100.5)),
        ("POST=1,total=2", Limits(post=1, total=2)),
    ],
)
def test_parse(text, expected):
    """Limits are read from a number, or from names with numbers."""
    assert expected == Limits.parse(text)


@pytest.mark.parametrize("text", ["", "fast", "put=3", "delete=", "0", "-1", "nan", "inf", "delete=1,=,"])
def test_parse_refuses(text):
    """Anything else is an error that says what is expected."""
    with pytest.raises(InvalidArgumentError, match="rate"):
        Limits.parse(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1.0), ("6m0s", 360.0), ("20ms", 0.02), ("1h1m1.5s", 3661.5), ("3", 3.0), ("", None), ("soon", None)],
)
def test_duration(text, seconds):
    """Durations are read as the service writes them."""
    assert seconds == duration(text)


def test_headers_that_say_nothing():
    """Missing or odd headers teach nothing."""
    assert (None, None) == requests_left({})
    assert (None, 1.0) == requests_left(
        CIMultiDict({"X-RateLimit-Remaining-Requests": "many", "X-RateLimit-Reset-Requests": "1s"})
    )
