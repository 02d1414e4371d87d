"""
The gate that does not depend on the machine: instructions per operation, counted by callgrind, as ratios in one run.

``python -m benchmarks.instructions`` runs each step under ``valgrind --tool=callgrind`` with few and with many
repetitions; the difference is the step alone, without interpreter and imports. A ratio above its bound fails.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from benchmarks import events, payloads
from benchmarks.contenders import CONTENDERS
from benchmarks.static_server import serve
from benchmarks.worker import compile_all, decoder, ids_reader

FEW, MANY = 20, 120


@attrs.frozen
class Bound:
    """A ratio of instruction counts and what it must not exceed."""

    name: str
    over: str
    under: str
    at_most: float


# What is measured today and 3 %.
BOUNDS = (
    Bound("retrieve against handwritten aiohttp + orjson", "retrieve:ours", "retrieve:handwritten", 1.15),
    Bound("the same when the server sets cookies", "retrieve-cookies:ours", "retrieve-cookies:handwritten", 0.85),
    Bound("create 20 items against handwritten", "create:ours", "create:handwritten", 2.4),
    Bound("decode a page of 100 mixed items against orjson.loads", "decode:ours", "decode:orjson", 2.26),
    Bound("the same when only the ids are read", "ids:ours", "ids:orjson", 1.19),
    Bound("typed text deltas, one in a chunk, against aiohttp's lines", "events-1:typed", "events-1:lines", 0.6),
    Bound("the same with ten in a chunk", "events-10:typed", "events-10:lines", 0.55),
)


def repeat(step: str, url: str, times: int) -> None:
    """Do one step so many times, in this process."""
    what, who = step.split(":")
    if what.startswith("events-"):
        events.CONTENDERS[who](events.chunks(int(what.removeprefix("events-")), 100) * times)
    elif what in {"decode", "ids"}:
        read, body = (decoder if what == "decode" else ids_reader)(who), payloads.as_bytes(payloads.page("mixed", 100))
        read(body)
        # What the imports left is not looked through while a page is decoded, and glibc keeps what it frees, as in a
        # process that has run for a while: what either does differs by a third of `orjson.loads` from run to run.
        gc.collect()
        gc.freeze()
        bytes(1 << 24)
        for _ in range(times):
            read(body)
    else:
        asyncio.run(_calls(what, who, url, times))


async def _calls(what: str, who: str, url: str, times: int) -> None:
    client = CONTENDERS[who](url)
    items = payloads.items_to_send(20)
    # Each in a conversation of its own: the response has the same ids every time, which would be looked up.
    names = (f"create20-{number}" for number in range(times))
    call: Callable[[], Any] = (lambda: client.create_items(next(names), items)) if what == "create" else client.retrieve
    for _ in range(times):
        await call()
    await client.close()


def instructions(step: str, url: str, root: Path) -> float:
    """Instructions of one repetition."""
    few, many = (_count(step, url, times, root) for times in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def _count(step: str, url: str, times: int, root: Path) -> int:
    command = [
        "valgrind",
        "--tool=callgrind",
        f"--callgrind-out-file={root}/callgrind.out",
        sys.executable,
        "-m",
        __spec__.name,
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [*command, step, url, str(times)], capture_output=True, text=True, env=environment, check=False
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"{step} failed:\n{done.stderr}")
    return int(found[1])


def main() -> None:
    if len(sys.argv) == 4:
        repeat(sys.argv[1], sys.argv[2], int(sys.argv[3]))
        return
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed")
    compile_all()  # or the first count would have it in it
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as (plain, cookies):
        steps = sorted({step for bound in BOUNDS for step in (bound.over, bound.under)})
        urls = {step: cookies if step.startswith("retrieve-cookies") else plain for step in steps}
        counts = {step: instructions(step, urls[step], Path(folder)) for step in steps}
    failed = False
    for step, count in counts.items():
        print(f"{step:24} {count:14,.0f} instructions")
    for bound in BOUNDS:
        ratio = counts[bound.over] / counts[bound.under]
        failed = failed or ratio > bound.at_most
        print(f"{bound.name}: {ratio:.2f} (at most {bound.at_most}){'  EXCEEDED' if ratio > bound.at_most else ''}")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
