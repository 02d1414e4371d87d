"""One place per connection, given out in the order of asking."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations.transport.pool import Pool


def take(pool):
    """Take a place when one is free, as the session does."""
    is_free = pool.free > 0
    pool.free -= is_free
    return is_free


def test_so_many_at_once():
    """As many may go as there are places; what is given back can be taken again."""
    pool = Pool(2)

    assert [True, True, False] == [take(pool) for _ in range(3)]
    pool.give_back()
    assert [True, False] == [take(pool) for _ in range(2)]


async def test_first_come_first_served():
    """Who waits longest goes first; nobody who comes later gets between."""
    pool, log = Pool(1), []
    take(pool)

    async def waiter(name):
        await pool.wait()
        log.append(name)

    tasks = [asyncio.create_task(waiter(name)) for name in range(3)]
    await asyncio.sleep(0)
    for count in range(1, 4):
        pool.give_back()
        assert not take(pool)
        await asyncio.sleep(0)
        assert list(range(count)) == log
    await asyncio.gather(*tasks)
    pool.give_back()
    assert take(pool)


async def test_who_gives_up_is_passed_over():
    """A waiter that is cancelled leaves its place to the next."""
    pool = Pool(1)
    take(pool)
    first, second = (asyncio.create_task(pool.wait()) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    pool.give_back()

    await second
    pool.give_back()
    assert take(pool)


async def test_giving_up_in_the_moment_of_ones_turn():
    """A place that was handed over in the moment of giving up goes to the next."""
    pool = Pool(1)
    take(pool)
    first, second = (asyncio.create_task(pool.wait()) for _ in range(2))
    await asyncio.sleep(0)

    pool.give_back()
    first.cancel()

    with pytest.raises(asyncio.CancelledError):
        await first
    await second


async def test_a_slot_that_comes_in_the_moment_of_giving_up():
    """A place that is given back after a waiter was cancelled, and before it knows, is passed on, too."""
    pool = Pool(1)
    take(pool)
    first, second = (asyncio.create_task(pool.wait()) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    pool.give_back()

    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    pool.give_back()
    assert take(pool)
