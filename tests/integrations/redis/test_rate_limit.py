"""A rate limit that processes share, in a real server. Nobody sleeps, and no rate is so high that it would matter."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import APITimeoutError, ConversationsClient, InvalidArgumentError, Limits, RetryPolicy
from openai_conversations.errors import RateLimitError
from openai_conversations.integrations.redis import RedisRateLimiter
from openai_conversations.server import ConversationsServer, faults
from tests.fakes import FakeClock, Script, get_request, respond

HUNDRED = Limits(total=0.01)
"""One request in a hundred seconds."""


class Sleeper:
    """Sleeps no time, and notes how long it should have been; ``held`` keeps everybody asleep."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.held = asyncio.Event()
        self.held.set()

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.held.wait()

    def hundreds(self) -> list[int]:
        """How long, to the hundred seconds, in order."""
        return sorted(round(seconds / 100) for seconds in self.slept)


@pytest.fixture
async def fleet(client, prefix):
    """Makes the limiter of one process, and its sleeper."""
    made: list[RedisRateLimiter] = []

    def make(limits: Limits | None = HUNDRED, redis=client, **options):
        sleeper = Sleeper()
        made.append(RedisRateLimiter(redis, limits, **{"prefix": prefix, "sleep": sleeper, **options}))
        return made[-1], sleeper

    yield make
    for limiter in made:
        await limiter.aclose()


async def send(limiter, count=1, *, response=None, **changes):
    handler = Script(response or respond())
    await asyncio.gather(*(limiter(get_request(**changes), handler) for _ in range(count)))


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # it happens in the server
            await asyncio.sleep(0.001)


async def test_one_rate_for_all(fleet):
    """The requests of all processes together are let through one after another, evenly."""
    (first, slept), (second, also_slept) = fleet(), fleet()

    await asyncio.gather(*(send(limiter) for limiter in (first, second, first, second)))

    assert [1, 2, 3] == sorted(slept.hundreds() + also_slept.hundreds())


async def test_methods_have_rates_of_their_own(fleet):
    """A rate of one method does not hold up the others."""
    limiter, sleeper = fleet(Limits(delete=0.01))

    await send(limiter, 3)
    await send(limiter, 2, method="DELETE")

    assert [1] == sleeper.hundreds()


async def test_names_are_apart(fleet):
    """Limits of two names know nothing of each other."""
    (first, slept), (second, also_slept) = fleet(name="a"), fleet(name="b")

    await send(first)
    await send(second)

    assert [] == slept.slept + also_slept.slept


async def test_too_long(fleet):
    """A request that would wait longer than it has time fails at once, unsent, and takes nobody's turn."""
    limiter, sleeper = fleet(clock=lambda: 0.0)
    await send(limiter)

    with pytest.raises(APITimeoutError, match="lets this request through in") as caught:
        await send(limiter, deadline=10.0)
    await send(limiter)

    assert caught.value.retry_after is not None
    assert 1 == round(caught.value.retry_after / 100)
    assert [1] == sleeper.hundreds()


async def test_cancelled_while_waiting(fleet):
    """Who is cancelled gives the turn back."""
    limiter, sleeper = fleet()
    await send(limiter)
    sleeper.held.clear()
    task = asyncio.ensure_future(send(limiter))
    await until(lambda: sleeper.slept)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    sleeper.held.set()
    await send(limiter)

    assert [1, 1] == sleeper.hundreds()


@pytest.mark.parametrize("where", ["before", "after"])
async def test_cancelled_while_the_server_is_asked(where, fleet, slow):
    """So does who is cancelled before the answer of the server is there."""
    limiter, sleeper = fleet(redis=slow)
    await send(limiter)
    gate, done = slow.hold(where), slow.done
    task = asyncio.ensure_future(send(limiter))
    await until(lambda: slow.asked == 2 and (where == "before" or slow.done == done + 1))
    slow.pass_on()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    await until(lambda: slow.done == 3)
    await limiter.aclose()
    await send(limiter)

    assert [1] == sleeper.hundreds()


async def test_a_429_counts_for_all(fleet):
    """What one process hears holds the others up, and halves the rate; what waits already goes later, in its order."""
    (first, slept), (second, also_slept) = fleet(), fleet()
    await send(first)
    also_slept.held.clear()
    waiting = asyncio.ensure_future(send(second))
    await until(lambda: also_slept.slept)

    with pytest.raises(RateLimitError):
        await first(get_request(), Script(refused(after=5000.0)))
    await first.aclose()
    also_slept.held.set()
    await waiting
    await send(first)

    # The second waited for 100 s and, when those were over, for 5000 s more. The first waited for 200 s before it met
    # the 429, whose 5000 s come on top of what was given out.
    assert [1, 50] == also_slept.hundreds()
    assert [2, 53] == slept.hundreds()


def refused(*, after: float | None) -> RateLimitError:
    return RateLimitError("slow down", response=respond(429), body=None, retry_after=after)


async def test_a_429_without_a_time(fleet):
    """One that names no time holds the fleet up for a second; without a rate there is nothing to halve."""
    (first, _), (second, slept) = fleet(None), fleet(None)
    with pytest.raises(RateLimitError):
        await first(get_request(), Script(refused(after=None)))
    await first.aclose()
    await send(second)

    assert all(seconds <= 1 for seconds in slept.slept)


async def test_a_429_between_attempts(fleet):
    """``on_attempt`` tells of it before the call ends."""
    (first, _), (second, slept) = fleet(None), fleet(None)
    async with ConversationsServer() as server:
        server.add_fault(faults.status(429, retry_after=100))
        policy = RetryPolicy(on_attempt=first.on_attempt)
        options = {"api_key": "k", "base_url": server.base_url, "middlewares": [first], "retry": policy}
        async with ConversationsClient(**options) as api:
            task = asyncio.ensure_future(api.conversations.create(timeout=None))
            await until(lambda: server.requests)
            await until_paused(second, slept)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    assert [1] == slept.hundreds()


async def until_paused(limiter, sleeper) -> None:
    async with asyncio.timeout(10):
        while not sleeper.slept:
            await send(limiter)


async def test_what_the_server_allows(fleet):
    """What ``x-ratelimit-*`` says is left is spread for the whole fleet, until it is renewed."""
    (first, _), (second, slept) = fleet(None), fleet(None)
    headers = {"x_ratelimit_remaining_requests": "2", "x_ratelimit_reset_requests": "2000s"}

    await send(first, response=respond(**headers))
    await first.aclose()
    await send(second, 3)

    assert [10, 20] == slept.hundreds()


async def test_retries_are_counted(fleet):
    """Attempts that did not wait are waited for by those that follow."""
    limiter, sleeper = fleet()
    attempts = respond().history * 3
    await send(limiter, response=respond().replace(attempts=attempts))
    await send(limiter)

    assert [3] == sleeper.hundreds()


async def test_without_the_server(fleet, slow, caplog):
    """While it does not answer, each process goes by its part of the rate, says so once a second, and asks again."""
    clock = FakeClock()
    slow.failure = ConnectionError("refused")
    limiter, _ = fleet(Limits(total=1), redis=slow, sharers=4, clock=clock, sleep=clock.sleep)

    await send(limiter)
    await send(limiter)

    assert [pytest.approx(4, abs=0.1)] == clock.slept
    assert 1 == slow.asked
    assert ["this process limits its rate alone for now: Redis: ConnectionError: refused"] == caplog.messages

    slow.failure = None
    await send(limiter)
    assert (2, 1) == (slow.asked, slow.done)


async def test_from_a_url(socket_path, prefix):
    """A limiter that was made from a URL closes what it opened."""
    limiter = RedisRateLimiter.from_url(f"unix://{socket_path}", HUNDRED, prefix=prefix)
    await send(limiter)
    await limiter.aclose()


@pytest.mark.parametrize("options", [{"sharers": 0}, {"patience": 0}])
def test_what_is_refused(options):
    """Settings that make no sense are refused."""
    with pytest.raises(InvalidArgumentError, match="sharers must be"):
        RedisRateLimiter(None, **options)
