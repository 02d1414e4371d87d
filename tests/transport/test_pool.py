"""One slot per connection, given out in the order of asking."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations.transport.pool import Slots


def test_so_many_at_once():
    """As many may go as there are slots; what is given back can be taken again."""
    slots = Slots(2)

    assert [True, True, False] == [slots.take() for _ in range(3)]
    slots.give_back()
    assert [True, False] == [slots.take() for _ in range(2)]


async def test_first_come_first_served():
    """Who waits longest goes first; nobody who comes later gets between."""
    slots, log = Slots(1), []
    slots.take()

    async def waiter(name):
        await slots.wait()
        log.append(name)

    tasks = [asyncio.create_task(waiter(name)) for name in range(3)]
    await asyncio.sleep(0)
    for count in range(1, 4):
        slots.give_back()
        assert not slots.take()
        await asyncio.sleep(0)
        assert list(range(count)) == log
    await asyncio.gather(*tasks)
    slots.give_back()
    assert slots.take()


async def test_who_gives_up_is_passed_over():
    """A waiter that is cancelled leaves its place to the next."""
    slots = Slots(1)
    slots.take()
    first, second = (asyncio.create_task(slots.wait()) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    slots.give_back()

    await second
    slots.give_back()
    assert slots.take()


async def test_giving_up_in_the_moment_of_ones_turn():
    """A slot that was handed over in the moment of giving up goes to the next."""
    slots = Slots(1)
    slots.take()
    first, second = (asyncio.create_task(slots.wait()) for _ in range(2))
    await asyncio.sleep(0)

    slots.give_back()
    first.cancel()

    with pytest.raises(asyncio.CancelledError):
        await first
    await second


async def test_a_slot_that_comes_in_the_moment_of_giving_up():
    """A slot that is given back after a waiter was cancelled, and before it knows, is passed on, too."""
    slots = Slots(1)
    slots.take()
    first, second = (asyncio.create_task(slots.wait()) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    slots.give_back()

    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    slots.give_back()
    assert slots.take()
