"""A server in a process of its own, as the command line runs it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

_PROGRAM = """
import asyncio
from openai_conversations.server import ServeOptions, serve
asyncio.run(serve(ServeOptions(**{options!r})))
"""


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The process and the base URL that it printed; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROGRAM.format(options=options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode()
        yield process, line.removeprefix("export OPENAI_BASE_URL=").strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
