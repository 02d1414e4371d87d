"""One timer for the two bounds of an attempt."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations.settings import Timeout
from openai_conversations.transport.deadline import AttemptTimer, late
from openai_conversations.transport.message import Write
from tests.fakes import append_request, get_request

NOW = 1000.0


def a_timer(remaining, bound, make=get_request, **changes):
    """The timer of an attempt with so many seconds left, by a clock that stands."""
    request = make(timeout=Timeout(total=None, attempt=bound, connect=None), **changes)
    deadline = None if remaining is None else NOW + remaining
    return AttemptTimer(request.replace(deadline=deadline), lambda: NOW)


async def outcome(remaining, bound, work):
    """How an attempt ends: what ended it, or that nothing did."""
    timer = a_timer(remaining, bound)
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
    for bound in (9, 1e-9):
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
    timer = a_timer(0.001, None)
    timer.stop()

    await asyncio.sleep(0.005)

    assert not timer.expired


def test_outside_of_a_task():
    """A call is awaited inside a task."""

    async def start():
        asyncio.get_running_loop().call_soon(attempt)

    def attempt():
        with pytest.raises(RuntimeError, match="a call must be awaited inside a task"):
            a_timer(1, 1)

    asyncio.run(start())


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (None, 9.0),
        (Write(), 7.0),
        (Write(guard="strict"), 7.0),
        (Write(guard="off"), 9.0),
    ],
)
async def test_a_write_leaves_time_to_look_it_up(write, expected):
    """An attempt of a write that may be looked up takes at most 70 % of what is left of the call."""
    timer = a_timer(10.0, 9.0, append_request, write=write)
    timer.stop()

    assert (pytest.approx(expected), False) == (timer.bound, timer.is_for_call)


async def test_the_bound_of_an_attempt_that_is_shorter_anyway():
    """A bound of the attempt that is shorter than its share of the call stays."""
    timers = [a_timer(remaining, 2.0, append_request, write=Write()) for remaining in (10.0, None)]
    for timer in timers:
        timer.stop()

    assert [2.0, 2.0] == [timer.bound for timer in timers]


@pytest.mark.parametrize(
    ("total", "bound", "is_for_call", "expected"),
    [
        (7.5, 2.0, True, "createConversationItems did not finish within 7.5 s."),
        (None, None, True, "createConversationItems did not finish in time."),
        (7.5, 2.0, False, "No response within 2 s."),
    ],
)
def test_what_a_late_attempt_says(total, bound, is_for_call, expected):
    """The error names the bound that has passed, and says whether the server may know of the request."""
    request = append_request(timeout=Timeout(total=total, attempt=None, connect=None))

    error = late(request, bound, is_for_call=is_for_call, is_sent=False, status=200)

    assert (expected, False, 200) == (str(error), error.sent, error.status_code)
