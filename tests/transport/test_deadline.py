"""One timer for the two bounds of an attempt."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations.transport.deadline import AttemptTimer


async def outcome(remaining, bound, work):
    """How an attempt ends: what ended it, or that nothing did."""
    timer = AttemptTimer(remaining, bound)
    try:
        await work(timer)
    except asyncio.CancelledError:
        if not timer.is_the_cause():
            raise
        return "deadline" if timer.is_for_call else "bound"
    finally:
        timer.stop()
    return "done"


async def forever(_timer):
    await asyncio.Event().wait()


async def waits_for_a_connection(timer):
    timer.suspend()
    timer.suspend()
    await asyncio.Event().wait()


async def connects_at_once(timer):
    timer.resume()
    await asyncio.Event().wait()


async def connects_late(timer):
    timer.suspend()
    await asyncio.sleep(0.02)
    timer.resume()
    timer.resume()
    await asyncio.Event().wait()


async def quick(_timer):
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("remaining", "bound", "work", "expected"),
    [
        (0.01, None, forever, "deadline"),
        (None, 0.01, forever, "bound"),
        (0.01, 9, forever, "deadline"),
        (9, 0.01, forever, "bound"),
        (0.01, 0.01, forever, "deadline"),
        (0.02, 0.01, waits_for_a_connection, "deadline"),
        (0.01, 9, waits_for_a_connection, "deadline"),
        (0.01, None, connects_at_once, "deadline"),
        (0.01, 9, connects_at_once, "deadline"),
        (None, 0.01, connects_late, "bound"),
        (9, 0.01, connects_late, "bound"),
        (0.03, 9, connects_late, "deadline"),
        (0, 9, forever, "deadline"),
        (-1, None, forever, "deadline"),
        (None, None, quick, "done"),
        (9, 9, quick, "done"),
    ],
)
async def test_what_ends_an_attempt(remaining, bound, work, expected):
    """The bound of the attempt counts while there is a connection, the deadline of the call always."""
    assert expected == await outcome(remaining, bound, work)
    assert 0 == asyncio.current_task().cancelling()


async def test_a_cancellation_from_outside_goes_on():
    """Who cancels the task is not told that it was late, also not when the bound has passed in the same moment."""
    for bound in (9, 0):
        task = asyncio.create_task(outcome(None, bound, forever))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_bounds_inside_a_timeout():
    """A timeout around the call still ends it."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await outcome(9, 9, forever)
    async with asyncio.timeout(9):
        assert "bound" == await outcome(9, 0.01, forever)


async def test_a_stopped_timer_is_silent():
    """A timer that was stopped cancels nothing."""
    timer = AttemptTimer(0.001, None)
    timer.stop()

    await asyncio.sleep(0.005)

    assert not timer.expired


def test_outside_of_a_task():
    """A call is awaited inside a task."""

    async def start():
        asyncio.get_running_loop().call_soon(attempt)

    def attempt():
        with pytest.raises(RuntimeError, match="a call must be awaited inside a task"):
            AttemptTimer(1, 1)

    asyncio.run(start())
