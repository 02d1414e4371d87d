"""A server in a process of its own, and a shell in an empty folder."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.cli.processes import PROGRAM, Inside, Shell, environment


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of ``openai-conversations serve``."""
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0", "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=tmp_path_factory.mktemp("serve"),
    )
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    assert line.startswith("export OPENAI_BASE_URL=http://127.0.0.1:")
    yield line.strip().partition("=")[2]
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert 0 == process.returncode
    assert err.endswith(b"stopped\n")


@pytest.fixture
def shell(served: str, tmp_path) -> Shell:
    """Runs commands against the server."""
    return Shell(served, tmp_path)


@pytest.fixture
def inside(served: str, tmp_path, monkeypatch: pytest.MonkeyPatch, capfdbinary) -> Iterator[Inside]:
    """Runs commands in this process: the same code, without the half second that a process takes."""
    monkeypatch.chdir(tmp_path)
    for name, value in environment(served).items():
        monkeypatch.setenv(name, value)
    before = signal.getsignal(signal.SIGTERM)
    yield Inside(capfdbinary, tmp_path)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def conversation(shell: Shell) -> str:
    """The id of a conversation with a question, a tool call, its output and an answer."""
    from tests.cli.samples import ITEMS

    return make(shell, ITEMS)


def make(shell: Shell, items: list[dict[str, object]], **metadata: str) -> str:
    """A conversation on the server."""
    import asyncio

    from openai_conversations import ConversationsClient

    async def create() -> str:
        async with ConversationsClient(api_key="sk-test", base_url=shell.base_url) as client:
            return (await client.conversations.create(items=items, metadata=metadata)).id

    return asyncio.run(create())
