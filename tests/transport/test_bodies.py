"""Responses that are large: heads, bodies before and after decompression, bodies of errors."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from functools import lru_cache

import aiohttp
import pytest

from openai_conversations.errors import APIConnectionError, APITimeoutError, ConfigurationError
from openai_conversations.settings import BodyLimits, Timeout
from openai_conversations.transport.session import SessionManager
from tests.fakes import append_request, get_request
from tests.sockets import answering, http, read_request, serving
from tests.virtual_time import pytest_asyncio_loop_factories  # noqa: F401  # a hook

SMALL = BodyLimits(compressed=2000, decompressed=5000, errors=100)
GZIP = "Content-Encoding: gzip"


async def sent(server, *, borrowing=False, make=get_request, limits=SMALL, **changes):
    """What comes of one attempt, over a session of our own or a borrowed one."""
    async with aiohttp.ClientSession() as session:
        manager = SessionManager(session=session if borrowing else None, body_limits=limits)
        try:
            return await manager.send(make(url=f"{server.base_url}/conversations/conv_1", **changes))
        finally:
            await manager.close()


both = pytest.mark.parametrize("borrowing", [False, True])


@lru_cache
def bomb():
    """A quarter of a megabyte that grows to a quarter of a gigabyte."""
    return gzip.compress(b"\0" * (1 << 28), 9)


def noise(size):
    """Bytes that cannot be compressed."""
    return b"".join(zlib.crc32(bytes([n % 251, n // 251 % 251])).to_bytes(4, "big") for n in range(size // 4))


# Heads


@both
@pytest.mark.parametrize("status", [200, 404, 503])
@pytest.mark.parametrize("headers", [["Set-Cookie: a=" + "x" * 60_000], [f"Set-Cookie: a{n}=x" for n in range(500)]])
async def test_large_heads_are_borne(borrowing, status, headers):
    """Headers of 60,000 bytes, and hundreds of them, are nothing special."""
    async with answering(http(status, b"{}", *headers)) as server:
        response = await sent(server, borrowing=borrowing)

    assert (status, b"{}") == (response.status_code, response.content)


@both
@pytest.mark.parametrize(
    "headers", [["Set-Cookie: marker=" + "marker" * 20_000], [f"Set-Cookie: marker{n}=marker" for n in range(2000)]]
)
async def test_a_head_that_is_too_large(borrowing, headers):
    """Beyond 64 KiB a header it is an error, which quotes nothing of it and says not to try again."""
    async with answering(http(200, b"{}", *headers)) as server:
        with pytest.raises(APIConnectionError, match="the head of the response is too large") as caught:
            await sent(server, borrowing=borrowing, make=append_request, body=b"{}")

    assert (True, False) == (caught.value.sent, caught.value.retryable)
    assert "marker" not in str(caught.value) + repr(caught.value.__cause__)


# Bodies


@both
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (http(200, b"x" * 5001), "larger than 2000 bytes"),
        (http(200, gzip.compress(b"x" * 5001), GZIP), "larger than 5000 bytes"),
        (http(200, gzip.compress(b"x" * 1_000_000), GZIP), "larger than 5000 bytes"),
        (http(200, gzip.compress(noise(3000)), GZIP), "larger than 2000 bytes before it is decompressed"),
    ],
    ids=["plain", "a little", "much", "compressed"],
)
async def test_a_body_that_is_too_large(borrowing, body, said):
    """A 2xx response beyond a bound is an error that names it, has the status, and is not worth another try."""
    async with answering(body) as server:
        with pytest.raises(APIConnectionError, match=said) as caught:
            await sent(server, borrowing=borrowing, make=append_request, body=b"{}")

    assert (True, 200, False) == (caught.value.sent, caught.value.status_code, caught.value.retryable)
    assert "body_limits" in str(caught.value)


async def test_a_length_that_is_announced():
    """A body whose head says that it is too large is not read at all."""

    async def peer(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2001\r\n\r\nx")
        await asyncio.Event().wait()

    async with serving(peer) as server:
        with pytest.raises(APIConnectionError, match="larger than 2000 bytes"):
            await sent(server)


@both
@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 1999])
async def test_bodies_within_the_bounds(borrowing, size):
    """A body up to its bound arrives whole, also where errors would be cut."""
    async with answering(http(200, noise(2000)[:size])) as server:
        assert noise(2000)[:size] == (await sent(server, borrowing=borrowing)).content


@both
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
async def test_the_bodies_of_errors_are_cut(borrowing, compress):
    """Of an error, as much is kept as its bound says: the status counts, and the beginning of what was said."""
    body = compress(b"No such item. " * 10_000)
    async with answering(http(404, body, *([GZIP] if compress is gzip.compress else []))) as server:
        response = await sent(server, borrowing=borrowing)

    assert (404, (b"No such item. " * 10)[:100]) == (response.status_code, response.content)


@both
async def test_an_error_that_is_not_cut_keeps_its_connection(borrowing):
    """An error that was read to its end leaves its connection to others."""
    async with answering(http(404, b"x" * 100)) as server, aiohttp.ClientSession() as session:
        manager = SessionManager(session=session if borrowing else None, body_limits=SMALL)
        for _ in range(3):
            assert 100 == len((await manager.send(get_request(url=server.base_url))).content)
        await manager.close()

    assert 1 == server.connections


@pytest.mark.real_time
@pytest.mark.parametrize("status", [200, 400])
async def test_a_bomb(status):
    """A small body that grows without end is given up in time, and others run meanwhile."""
    longest, ends = 0.0, asyncio.Event()

    async def others():
        nonlocal longest
        while not ends.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - began)

    async with answering(http(status, bomb(), GZIP)) as server:
        task = asyncio.create_task(others())
        began = time.perf_counter()
        if status == 200:
            with pytest.raises(APIConnectionError, match="larger than 67108864 bytes"):
                await sent(server, limits=BodyLimits())
        else:
            assert 1 << 20 == len((await sent(server, limits=BodyLimits())).content)
        took = time.perf_counter() - began
        ends.set()
        await task

    assert took < 5
    assert longest < 1


@pytest.mark.real_time
async def test_the_deadline_holds_while_a_body_is_decompressed():
    """A body that takes longer than the deadline to decompress ends with the deadline."""
    limits = BodyLimits(compressed=1 << 40, decompressed=1 << 40)
    async with answering(http(200, bomb(), GZIP)) as server:
        timeout = Timeout(total=None, attempt=0.02, connect=None)
        began = time.perf_counter()
        with pytest.raises(APITimeoutError, match=r"No response within 0\.02 s"):
            await sent(server, limits=limits, timeout=timeout)

    assert time.perf_counter() - began < 2


@pytest.mark.real_time
async def test_the_deadline_holds_while_a_body_is_streamed():
    """Others run between the chunks of a streamed body, however much of it is there at once."""
    turns = 0

    async def others():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with answering(http(200, bomb(), GZIP)) as server:
        manager = SessionManager()
        response = await manager.send(get_request(url=server.base_url, stream=True))
        task = asyncio.create_task(others())
        size = sum([len(chunk) async for chunk in response.stream.chunks()])
        task.cancel()
        await response.stream.close()
        await manager.close()

    assert 1 << 28 == size
    assert turns >= 100


async def test_a_body_in_pieces_is_counted():
    """Chunks of any size are counted together, and the connection of what is given up is closed."""

    async def peer(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"64\r\n" + b"x" * 100 + b"\r\n")
            await writer.drain()

    async with serving(peer) as server:
        with pytest.raises(APIConnectionError, match="larger than"):
            await sent(server)


@pytest.mark.parametrize("name", ["compressed", "decompressed", "errors"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, None])
def test_limits_are_whole_numbers(name, value):
    """A bound that is none is refused by its name."""
    with pytest.raises(ConfigurationError, match=f"body_limits: {name} must be a whole number of bytes above 0"):
        BodyLimits(**{name: value})
