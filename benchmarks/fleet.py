"""
What a fleet's work costs: a bulk erase on the embedded server, which has the other core.

*erase* is the CPU of the client per call of ``run_bulk(…, erasing(…))``, its ledger included; *retrieve* is that of
sixteen retrieves at once on the same server.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.static_server import pin_to_last

CONVERSATIONS: Final = 150
WARM_UP: Final = 20
"""Conversations that are erased before: they open the connections."""
ITEMS: Final = 20
CALLS: Final = ITEMS + 4
"""Of an erase: a listing, the deletions, the proof, the conversation, and a look behind it."""


@contextmanager
def embedded_server() -> Iterator[str]:
    """Run ``openai-conversations serve`` on the last core; gives its base URL."""
    command = [sys.executable, "-m", "openai_conversations.cli", "serve", "--port", "0", "--quiet"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    pin_to_last(process.pid)
    try:
        yield _url(process)
    finally:
        process.terminate()
        process.wait()


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://[^\s'\"]+/v1", line):
            return found[0]
    raise SystemExit("the embedded server did not start")


async def measure(contender: str) -> float:
    """Microseconds of CPU of this process per call."""
    from openai_conversations import ConversationsClient

    with embedded_server() as url, tempfile.TemporaryDirectory() as folder:
        async with ConversationsClient(api_key="sk-x", base_url=url) as client:
            if contender == "retrieve":
                return await _retrieves(client, [await _conversation(client) for _ in range(CONVERSATIONS)])
            await _erase(client, WARM_UP, Path(folder) / "warm-up.sqlite")
            return await _erase(client, CONVERSATIONS, Path(folder) / "ledger.sqlite")


async def _erase(client: Any, count: int, ledger: Path) -> float:
    from openai_conversations import BulkOptions, erasing, run_bulk

    ids = [await _conversation(client) for _ in range(count)]
    job, options = erasing(client.conversations), BulkOptions(concurrency=16)
    began = time.process_time()
    summary = await run_bulk("erase", job, ids, ledger=ledger, options=options)
    spent = time.process_time() - began
    assert summary.done == count
    return spent / (count * CALLS) * 1e6


async def _conversation(client: Any) -> str:
    items = [{"type": "message", "role": "user", "content": f"Good morning {number}"} for number in range(ITEMS)]
    return str((await client.conversations.create(items=items)).id)


async def _retrieves(client: Any, ids: list[str]) -> float:
    async def work(count: int) -> None:
        for name in ids[:count]:
            await client.conversations.retrieve(name)

    await asyncio.gather(*(work(WARM_UP) for _ in range(16)))
    began = time.process_time()
    await asyncio.gather(*(work(len(ids)) for _ in range(16)))
    return (time.process_time() - began) / (16 * len(ids)) * 1e6
