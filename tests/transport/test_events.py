"""Events are read within their bounds, and only the time in which somebody waits counts."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest

from openai_conversations import APIConnectionError, APITimeoutError, Timeout
from openai_conversations.transport.events import EventReader
from tests.fakes import append_request
from tests.virtual_time import pytest_asyncio_loop_factories  # noqa: F401  # a hook

EVENT = b"data: 1\n\n"


class Body:
    """A body of steps: bytes, seconds that pass before the next ones, an error; then the end."""

    def __init__(self, *steps, limit=1 << 20):
        self.limit = limit
        self.aborted = 0
        self._steps = deque(steps)
        self._waiting = None

    @property
    def is_at_end(self):
        return not self._steps

    def take(self):
        return self._steps.popleft() if self._steps and isinstance(self._steps[0], bytes) else b""

    async def read(self):
        if self._steps and isinstance(self._steps[0], (int, float)):
            loop = asyncio.get_running_loop()
            self._waiting = waiting = loop.create_future()
            timer = loop.call_later(self._steps[0], lambda: waiting.done() or waiting.set_result(None))
            try:
                await waiting
            finally:
                timer.cancel()
            self._steps.popleft()
        if self._steps and isinstance(self._steps[0], Exception):
            raise self._steps.popleft()
        return self._steps.popleft() if self._steps else b""

    def fail(self):
        self._waiting.set_exception(APIConnectionError(message="timeout"))

    def abort(self):
        self.aborted += 1


def _reader(*steps, limit=1 << 20, **bounds):
    body = Body(*steps, limit=limit)
    return body, EventReader(body, append_request(timeout=Timeout(**bounds)))


async def _all(reader, seconds=10.0):
    found = []
    while events := await reader.read(seconds):
        found += [event.data for event in events]
    return found


async def test_events_until_the_end():
    """What arrives together comes together; after the last event there is none, and the end is known."""
    body, reader = _reader(EVENT * 2, 1.0, EVENT, b"data: 2")

    assert [b"1", b"1", b"1", b"2"] == await _all(reader)
    assert reader.ended
    reader.close()
    assert 1 == body.aborted


async def test_no_event_in_time():
    """The bound is for an event: comments do not extend it."""
    _, reader = _reader(*[4.0, b": still here\n"] * 5)
    began = asyncio.get_running_loop().time()

    with pytest.raises(APITimeoutError, match="the stream fell silent"):
        await reader.read(10.0)
    assert 10.0 == pytest.approx(asyncio.get_running_loop().time() - began)


async def test_no_byte_in_time():
    """The bound for bytes is kept by comments, and ends a wait for an event that may be longer."""
    _, alive = _reader(*[4.0, b": still here\n"] * 5, EVENT, next_byte=5.0)
    _, dead = _reader(4.0, b": still here\n", 6.0, EVENT, next_byte=5.0)

    assert [b"1"] == await _all(alive, None)
    with pytest.raises(APITimeoutError):
        await dead.read(None)


async def test_the_time_of_the_consumer():
    """What passes between two reads is not waited: events that are there are given, however late they are taken."""
    _, reader = _reader(EVENT, 1.0, EVENT, 1.0, EVENT)

    for _ in range(3):
        assert await reader.read(2.0)
        await asyncio.sleep(100.0)
    assert [] == await reader.read(2.0)


async def test_many_waits_share_a_timer():
    """A wait that ended in time does not let the next one end early, and a shorter bound is held after a longer one."""
    _, reader = _reader(3.0, EVENT, 9.0, EVENT, 9.0, EVENT)

    assert await reader.read(10.0)
    assert await reader.read(10.0)
    with pytest.raises(APITimeoutError):
        await reader.read(1.0)


async def test_a_wait_that_is_cancelled():
    """Whoever stops waiting loses nothing: the event comes to the next read."""
    _, reader = _reader(EVENT, 0.5, EVENT)
    await reader.read(1.0)
    waiting = asyncio.ensure_future(reader.read(1.0))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert [b"1"] == await _all(reader)


async def test_a_connection_that_breaks():
    """The error of the connection comes out, after the events before it."""
    _, reader = _reader(EVENT, APIConnectionError(message="Connection error: gone"))

    assert await reader.read(1.0)
    with pytest.raises(APIConnectionError, match="gone"):
        await reader.read(1.0)


async def test_an_event_without_end():
    """An event may be as large as a body, and no larger."""
    _, reader = _reader(b"data: ", *[b"x" * 100] * 20, limit=1000)

    with pytest.raises(APIConnectionError, match="larger than 1000 bytes") as raised:
        await reader.read(1.0)
    assert not raised.value.retryable


@pytest.mark.parametrize("line", [b"data:\n", b"data: xxxx\n"], ids=["empty", "short"])
async def test_an_event_of_many_lines(line):
    """Lines of data count, empty ones too: no event grows for ever."""
    _, reader = _reader(*[line * 100] * 20, limit=1000)

    with pytest.raises(APIConnectionError, match="larger than 1000 bytes"):
        await reader.read(1.0)


async def test_done_is_the_end():
    """After ``[DONE]`` nothing is waited for, though the connection stays open."""
    _, reader = _reader(EVENT + b"data: [DONE]\n\n", 60.0)

    assert len(await reader.read(1.0)) == 1
    assert reader.ended
    assert await reader.read(1.0) == []


async def test_the_rest():
    """A body that ends soon is read to its end; one that stays open is not waited for."""
    short, soon = _reader(0.05, b": bye\n")
    long, never = _reader(5.0, b": bye\n")

    await soon.read_rest(0.1)
    await never.read_rest(0.1)

    assert (True, False) == (short.is_at_end, long.is_at_end)


async def test_a_body_that_is_no_stream():
    """JSON that came instead is read as a whole, within its bounds."""
    _, reader = _reader(b'{"a":', 1.0, b"1}")
    _, large = _reader(*[b"x" * 100] * 20, limit=1000)
    _, slow = _reader(b"{", 3.0, b"}")

    assert b'{"a":1}' == await reader.read_whole(2.0)
    with pytest.raises(APIConnectionError, match="larger than"):
        await large.read_whole(2.0)
    with pytest.raises(APITimeoutError):
        await slow.read_whole(2.0)
