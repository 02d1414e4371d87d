"""The rate limit, with a clock that the test turns."""

from __future__ import annotations

import asyncio

import pytest
from multidict import CIMultiDict

from openai_conversations.errors import (
    APIConnectionError,
    APITimeoutError,
    Attempt,
    InvalidArgumentError,
    RateLimitError,
    WrongEventLoopError,
)
from openai_conversations.middlewares.limiter import LocalLimiter
from openai_conversations.middlewares.rate_limit import Limits, RateLimiter, duration, requests_left
from openai_conversations.transport.message import HTTPResponse
from tests.fakes import Script, get_request, respond


class Clock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


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


def limiter_with(clock: Clock, **rates: float) -> RateLimiter:
    return RateLimiter(Limits(**rates), clock=clock, sleep=clock.sleep)


async def send(limiter: RateLimiter, count: int, *, method: str = "GET", response: HTTPResponse | None = None) -> None:
    handler = Script(response or respond())

    await asyncio.gather(*(limiter(get_request(method=method), handler) for _ in range(count)))


async def test_rate_is_held():
    """So many requests a second are let through, evenly, and no fewer."""
    clock = Clock()
    limiter = limiter_with(clock, total=50)

    await send(limiter, 501)

    assert 9.9 < clock.now - 100 <= 10.01


async def test_classes_have_their_own_rates():
    """A bound for one method does not slow the others."""
    clock = Clock()
    limiter = limiter_with(clock, delete=10)

    await send(limiter, 100)
    unbounded = clock.now
    await send(limiter, 21, method="DELETE")

    assert 100.0 == unbounded
    assert 1.9 < clock.now - 100 <= 2.01
    assert {"GET": 100, "DELETE": 21} == limiter.requests


async def test_late_timers_are_caught_up():
    """A limiter that is woken late makes up for it, so that the rate is used."""
    clock = Clock()

    async def late(seconds: float) -> None:
        await clock.sleep(seconds + 0.004)

    limiter = LocalLimiter(100, clock=clock, sleep=late)
    for _ in range(1000):
        await limiter.wait()

    assert 9.9 < clock.now - 100 < 10.1


async def test_waiting_counts():
    """Waiting for the rate counts against the deadline of a call, which stays as it is."""
    clock = Clock()
    limiter = limiter_with(clock, total=1)
    handler = Script(respond())

    for _ in range(3):
        await limiter(get_request(deadline=105.0), handler)

    assert [105.0] * 3 == [request.deadline for request in handler.requests]
    assert 101.9 < clock.now <= 102.0


async def test_who_would_wait_too_long_hears_it_at_once():
    """Of five calls with two seconds left at one a second, those that would come too late fail at once, unsent."""
    clock = Clock()
    limiter = limiter_with(clock, total=1)
    handler = Script(respond())
    calls = [asyncio.ensure_future(limiter(get_request(deadline=101.98), handler)) for _ in range(5)]
    await asyncio.sleep(0)
    at_once = [call.done() for call in calls]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert [True, False, False, True, True] == at_once
    for error in outcomes[3:]:
        assert isinstance(error, APITimeoutError)
        assert (False, "GET") == (error.sent, error.request and error.request.method)
        assert error.retry_after is not None
        assert error.retry_after > 1.98
    assert 3 == len(handler.requests)
    assert {"GET": 3} == limiter.requests


async def test_one_header_does_not_block_for_good():
    """When nothing is left for an hour, a call with a second fails at once and says when to come again."""
    clock = Clock()
    limiter = limiter_with(clock)
    handler = Script(respond(**{"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1h"}))
    await limiter(get_request(deadline=101.0), handler)

    with pytest.raises(
        APITimeoutError, match=r"in 3600\.0 s, and the call has 1\.0 s left\. Nothing was sent"
    ) as raised:
        await limiter(get_request(deadline=101.0), handler)

    assert (3600.0, False, 100.0) == (raised.value.retry_after, raised.value.sent, clock.now)
    assert 1 == len(handler.requests)


async def test_those_who_wait_hear_of_a_pause():
    """When the server slows everybody down, those in the queue whose turn has moved beyond their time fail at once."""
    clock = Clock()
    limiter = limiter_with(clock, total=1)
    handler = Script(respond())
    waiting = [asyncio.ensure_future(limiter(get_request(deadline=ends), handler)) for ends in (110.0, 105.0, 200.0)]
    await asyncio.sleep(0)  # the first is through, the others wait

    limiter.on_attempt(attempt(1, 429, wait=30.0))
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert [HTTPResponse, APITimeoutError, HTTPResponse] == [type(outcome) for outcome in outcomes]
    assert 2 == len(handler.requests)
    assert clock.now >= 130.0


async def test_a_refused_place_is_given_back():
    """A call that passed one gate and fails at the next is no part of the rate of the first."""
    clock = Clock()
    limiter = limiter_with(clock, get=1, total=1000)
    limiter.on_attempt(attempt(1, 429, wait=5.0))
    for _ in range(3):
        with pytest.raises(APITimeoutError):
            await limiter(get_request(deadline=101.0), Script(respond()))

    await send(limiter, 1)

    assert 105.0 == clock.now


async def test_who_is_cancelled_leaves_the_queue():
    """Nobody waits for a call that was cancelled, be it in the queue or at its turn."""
    clock = Clock()
    limiter = LocalLimiter(1, clock=clock, sleep=clock.sleep)
    await limiter.wait()
    waiting = [asyncio.ensure_future(limiter.wait()) for _ in range(50)]
    await asyncio.sleep(0)
    for task in waiting[1:]:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await limiter.wait(2.0)

    assert 101.0 <= clock.now <= 102.0


async def test_all_are_cancelled():
    """When everybody who waited went away, nothing waits for them."""
    limiter = LocalLimiter(0.001)
    before = asyncio.all_tasks()
    await limiter.wait()
    waiting = [asyncio.ensure_future(limiter.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(0)

    assert before == asyncio.all_tasks()


async def test_cancelled_at_its_turn():
    """A call that is cancelled at the moment when it may go gives its place back."""
    clock = Clock()

    async def sleep(seconds: float) -> None:
        clock.now += seconds
        asyncio.get_running_loop().call_soon(waiting.cancel)  # before the call that may go now goes on

    limiter = LocalLimiter(1, clock=clock, sleep=sleep)
    await limiter.wait()
    waiting = asyncio.ensure_future(limiter.wait())
    with pytest.raises(asyncio.CancelledError):
        await waiting
    at = clock.now
    await limiter.wait()

    assert at == clock.now


async def test_cancelled_just_before_its_turn():
    """A call that was cancelled a moment before its turn takes nothing."""
    clock = Clock()

    async def sleep(seconds: float) -> None:
        clock.now += seconds
        waiting.cancel()

    limiter = LocalLimiter(1, clock=clock, sleep=sleep)
    await limiter.wait()
    waiting = asyncio.ensure_future(limiter.wait())
    with pytest.raises(asyncio.CancelledError):
        await waiting
    at = clock.now
    await limiter.wait()

    assert at == clock.now


async def test_cancelled_and_refused_at_once():
    """A call that was cancelled is not told of a pause that comes at the same moment."""
    clock = Clock()
    limiter = LocalLimiter(1, clock=clock, sleep=clock.sleep)
    await limiter.wait()
    waiting = asyncio.ensure_future(limiter.wait(2.0))
    await asyncio.sleep(0)
    waiting.cancel()
    limiter.pause(60.0)

    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_cancelled_between_two_rates():
    """A call that is cancelled while it waits for the second rate is no part of the first."""
    clock = Clock()
    limiter = limiter_with(clock, get=0.1)
    limiter.on_attempt(attempt(1, 429, wait=5.0))
    waiting = asyncio.ensure_future(limiter(get_request(), Script(respond())))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    await send(limiter, 1)

    assert clock.now <= 105.0


async def test_sleep_that_breaks():
    """When waiting itself fails, everybody who waits hears of it, and who comes later waits anew."""
    clock = Clock()

    async def broken(_: float) -> None:
        clock.now += 0.6
        raise OSError("no timer")

    limiter = LocalLimiter(1, clock=clock, sleep=broken)
    await limiter.wait()
    outcomes = await asyncio.gather(*(limiter.wait() for _ in range(3)), return_exceptions=True)

    assert ["no timer"] * 3 == [str(outcome) for outcome in outcomes]
    clock.now += 1
    await limiter.wait()


async def test_another_event_loop():
    """Another event loop is refused at once, also while nobody waits; a limiter outlives a loop that is closed."""
    limiter = RateLimiter()
    await asyncio.to_thread(lambda: asyncio.run(send(limiter, 1)))
    await send(limiter, 1)

    async def elsewhere() -> None:
        for use in (lambda: send(limiter, 1), alone.wait):
            with pytest.raises(WrongEventLoopError, match="another event loop"):
                await use()

    alone = LocalLimiter(1)
    await alone.wait()
    await asyncio.to_thread(lambda: asyncio.run(elsewhere()))

    assert {"GET": 2} == limiter.requests


async def test_retries_count():
    """Retries inside a call were sent without waiting; what follows waits for them."""
    clock = Clock()
    limiter = limiter_with(clock, total=10)
    retried = respond().replace(attempts=(attempt(1, 500), attempt(2, 500), attempt(3, 200)))

    await send(limiter, 10, response=retried)

    assert 2.6 < clock.now - 100 <= 2.9
    assert {"GET": 30} == limiter.requests


async def test_refusal_pauses_everybody():
    """After a 429 nobody sends before the time that the server named."""
    clock = Clock()
    limiter = limiter_with(clock)
    limiter.on_attempt(attempt(1, 429, wait=7.0))

    await send(limiter, 2)

    assert 107.0 == clock.now


async def test_refusal_that_ends_a_call():
    """A RateLimitError teaches the same by its retry_after."""
    clock = Clock()
    limiter = limiter_with(clock)

    refused = Script(RateLimitError("429", response=respond(429), body=None, retry_after=3.0))
    with pytest.raises(RateLimitError):
        await limiter(get_request(deadline=None), refused)
    await send(limiter, 1)

    assert 103.0 == clock.now


async def test_refusal_halves_the_rate_for_a_while():
    """After a refusal half of the asked rate is used, and all of it again after ten seconds."""
    clock = Clock()
    limiter = LocalLimiter(100, clock=clock, sleep=clock.sleep)

    limiter.refused(1.0)
    halved = limiter.rate
    limiter.refused(1.0)
    still = limiter.rate
    await clock.sleep(11)

    assert (50.0, 50.0, 100.0) == (halved, still, limiter.rate)


async def test_what_is_left_is_spread():
    """With 20 requests left for the next 10 seconds, two a second are sent."""
    clock = Clock()
    limiter = limiter_with(clock, total=100)
    told = {"x-ratelimit-remaining-requests": "20", "x-ratelimit-reset-requests": "10s"}
    limiter.update_from_headers(told)

    await send(limiter, 9)

    assert 3.9 < clock.now - 100 <= 4.01


async def test_what_is_left_is_spread_only_until_it_is_renewed():
    """Who comes when nearly nothing is left waits until it is renewed, and no longer."""
    clock = Clock()
    limiter = limiter_with(clock)
    limiter.update_from_headers({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "10s"})
    handler = Script(respond())

    await asyncio.gather(*(limiter(get_request(deadline=111.0), handler) for _ in range(100)))

    assert 109.9 < clock.now <= 110.0


async def test_nothing_left():
    """With nothing left, nobody sends before it is renewed."""
    clock = Clock()
    limiter = limiter_with(clock)
    told = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2s"}
    await send(limiter, 1, response=respond(**told))

    await send(limiter, 1)

    assert 162.0 == clock.now


@pytest.mark.parametrize(
    ("left", "reset", "rates", "told"),
    [
        ("0", "50s", {}, [50.0]),
        ("1", "50s", {}, [50.0]),
        ("100", "1s", {}, []),
        ("", "", {"total": 0.5}, []),
    ],
    ids=["nothing left", "spread", "enough", "asked for"],
)
async def test_waits_for_the_server_are_told(left, reset, rates, told):
    """Who waits because of the server hears for how long, once for all who wait; a rate that was asked for is known."""
    clock, waits = Clock(), []
    limiter = RateLimiter(Limits(**rates), on_wait=waits.append, clock=clock, sleep=clock.sleep)
    response = respond(**{"x-ratelimit-remaining-requests": left, "x-ratelimit-reset-requests": reset})

    await send(limiter, 1, response=response)
    await send(limiter, 2)

    assert told == [round(seconds) for seconds in waits]


async def test_failures_pass_through():
    """An error of the call is the caller's; it is counted as one request."""
    clock = Clock()
    limiter = limiter_with(clock)

    error = APIConnectionError()
    error.attempts = (attempt(1, 500), attempt(2, 500))
    with pytest.raises(APIConnectionError):
        await limiter(get_request(), Script(error))

    assert {"GET": 2} == limiter.requests


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
