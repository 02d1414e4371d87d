"""
What a bulk run costs by itself: memory and time for a thousand, ten thousand … a million ids.

    python -m benchmarks.bulk [COUNT ...]

The work is none, so that the figures are those of the runner and its ledger. Each count runs in a fresh process.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from openai_conversations import BulkOptions, BulkOutcome, Checkpoint, LedgerRow, run_bulk

COUNTS = (1_000, 10_000, 100_000, 1_000_000)


async def nothing(row: LedgerRow, _: Checkpoint) -> BulkOutcome:
    """The receipt of an erase of a small conversation, and no request."""
    return BulkOutcome(items=4, receipt={"conversation_id": row.id, "count": 4, "sha256": "0" * 64})


async def measure(count: int) -> str:
    """Run over so many ids; gives one line."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.sqlite"
        ids = (f"conv_{number:048x}" for number in range(count))
        began = time.perf_counter()
        summary = await run_bulk("bench", nothing, ids, ledger=ledger, options=BulkOptions(concurrency=256))
        seconds = time.perf_counter() - began
        size = ledger.stat().st_size / 2**20
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate = summary.done / seconds
    return f"{count:>9,} ids: {memory:6.1f} MiB at most, {seconds:7.1f} s, {rate:7,.0f}/s, ledger {size:6.1f} MiB"


def main() -> None:
    """One fresh process for each count."""
    counts = [int(text) for text in sys.argv[1:]] or COUNTS
    if len(counts) == 1:
        print(asyncio.run(measure(counts[0])))
        return
    for count in counts:
        subprocess.run([sys.executable, "-m", "benchmarks.bulk", str(count)], check=True)


if __name__ == "__main__":
    main()
