"""
Every case, every contender, interleaved in one run: ``python -m benchmarks``, with ``--help`` for its options.

Each measurement is a process of its own. Contenders take turns, so that what else the machine does hits all of them;
what counts is the median and the ratios, never a figure on its own.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import attrs

from benchmarks.chart import chart
from benchmarks.static_server import serve
from benchmarks.worker import compile_all, pin_to_first

# What the case `import` runs, in an interpreter that has imported nothing else.
IMPORTS = {
    "ours": "import openai_conversations as o; o.ConversationsClient(api_key='sk-x', base_url='{url}')",
    "ours-import": "from openai_conversations import ConversationsClient",
    "aiohttp": "import aiohttp",
    "official": "import openai; openai.AsyncOpenAI(api_key='sk-x', base_url='{url}')",
    "official-import": "import openai",
}
_TIMED = "import time; began = time.process_time(); {statement}; print((time.process_time() - began) * 1e6)"

# A process more, since what counts is the time that a person waits; of five, since a disk has moods.
_WALL = """
import subprocess, sys, time
def once():
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "openai_conversations.cli", "--help"], stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1e6
print(min(once() for _ in range(5)))
"""

HTTP = ("ours", "handwritten", "official", "official-aiohttp")
TURN_TAKERS = ("ours", "lines", "official", "official-aiohttp")

PLAN: dict[str, tuple[str, ...]] = {
    "import": tuple(IMPORTS),
    "first-call": HTTP,
    "retrieve-1": (*HTTP, "streams"),
    "retrieve-16": (*HTTP, "handwritten-kept", "streams"),
    "retrieve-128": HTTP,
    "retrieve-16-cookies": (*HTTP, "handwritten-kept"),
    "create-1": HTTP,
    "create-20": HTTP,
    "page-100": HTTP,
    "walk-10000": HTTP,
    "burst-5000": HTTP,
    "decode-10-mixed": ("ours", "orjson", "official"),
    "decode-100-mixed": ("ours", "orjson", "msgspec", "official"),
    "decode-100-messages": ("ours", "orjson", "official"),
    "decode-100-unknown": ("ours", "orjson", "official"),
    "decode-100-ids": ("ours", "orjson"),
    "export-10000": ("ours", "walk"),
    "turn-16": TURN_TAKERS,
    "event-1": TURN_TAKERS,
    "event-10": TURN_TAKERS,
    "streams-1000": ("ours", "lines"),
    "streams-1000-silent": ("ours", "lines"),
    "memory-stream": ("ours", "lines", "official-aiohttp"),
    "bulk-erase": ("retrieve", "erase"),
    "help": ("ours",),
    "memory-items": ("ours", "official"),
    "memory-client": ("ours", "official", "official-view"),
    "middleware": ("none", "one of the user's", "order", "reconcile", "status", "retry", "auth", "all"),
}


@attrs.frozen
class Target:
    """
    A ratio of medians, what it must be and what it should be; ``<=`` when *ours* is above the line.

    Without ``under`` it is the median itself.
    """

    case: str
    over: str
    under: str
    must: float
    goal: float
    at_least: bool = False

    def holds(self, ratio: float, bound: float) -> bool:
        return ratio >= bound if self.at_least else ratio <= bound


TARGETS = (
    Target("retrieve-16", "ours", "handwritten", 1.25, 1.05),
    Target("retrieve-16-cookies", "ours", "handwritten", 0.75, 0.65),
    Target("retrieve-16", "official", "ours", 11, 13, at_least=True),
    Target("retrieve-16", "official-aiohttp", "ours", 5, 9, at_least=True),
    Target("create-20", "official", "ours", 15, 30, at_least=True),
    Target("page-100", "official", "ours", 8, 13, at_least=True),
    Target("decode-100-mixed", "official", "ours", 11, 17, at_least=True),
    Target("decode-100-mixed", "ours", "orjson", 2.8, 2.2),
    Target("decode-100-ids", "ours", "orjson", 1.3, 1.1),
    Target("walk-10000", "official", "ours", 13, 16, at_least=True),
    Target("export-10000", "ours", "walk", 1.3, 1.1),
    Target("import", "ours", "aiohttp", 1.12, 1.08),
    Target("import", "ours-import", "official-import", 0.40, 0.20),
    Target("memory-items", "ours", "official", 0.45, 0.35),
    Target("memory-client", "ours", "", 8 * 1024, 2 * 1024),
    Target("burst-5000", "official", "ours", 8, 12, at_least=True),
    Target("turn-16", "official", "ours", 8, 12, at_least=True),
    Target("event-1", "ours", "lines", 1.0, 0.6),
    Target("event-10", "ours", "lines", 1.0, 0.6),
    Target("event-1", "official", "ours", 25, 50, at_least=True),
    Target("event-1", "official-aiohttp", "ours", 25, 50, at_least=True),
    Target("event-10", "official", "ours", 25, 50, at_least=True),
    Target("event-10", "official-aiohttp", "ours", 25, 50, at_least=True),
    Target("streams-1000", "ours", "", 60, 35),
    Target("streams-1000-silent", "ours", "", 10, 1),
    Target("memory-stream", "ours", "", 100 * 1024, 50 * 1024),
    Target("bulk-erase", "retrieve", "erase", 0.7, 0.85, at_least=True),
    Target("help", "ours", "", 300_000, 200_000),
)

Samples = dict[str, dict[str, list[float]]]


def measure(cases: list[str], rounds: int) -> Samples:
    """All samples, one list per case and contender."""
    samples: Samples = {case: {who: [] for who in PLAN[case]} for case in cases}
    compile_all()
    with tempfile.TemporaryDirectory() as root, serve(Path(root)) as (plain, cookies):
        pin_to_first()
        for number in range(rounds):
            for case in cases:
                url = cookies if case.endswith("cookies") else plain
                for who in _turns(PLAN[case], number):
                    samples[case][who].append(_sample(case, who, url))
                print(f"round {number + 1}/{rounds} {case}", file=sys.stderr)
    return samples


def _turns(contenders: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Another one begins in each round."""
    start = number % len(contenders)
    return contenders[start:] + contenders[:start]


def _sample(case: str, who: str, url: str) -> float:
    command = [sys.executable, "-m", "benchmarks.worker", case, who, url]
    if case == "help":
        command = [sys.executable, "-c", _WALL]
    if case == "import":
        command = [sys.executable, "-c", _TIMED.format(statement=IMPORTS[who].format(url=url))]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{case} {who} failed:\n{done.stderr}")
    return float(done.stdout)


def verdicts(samples: Samples) -> list[dict[str, object]]:
    """Each target with its ratio."""
    rows = [_verdict(target, samples[target.case]) for target in TARGETS if target.case in samples]
    if "first-call" in samples:
        rows.append(_first_call(samples["first-call"]))
    return rows


def _verdict(target: Target, measured: dict[str, list[float]]) -> dict[str, object]:
    sign = ">=" if target.at_least else "<="
    over = statistics.median(measured[target.over])
    if not target.under:
        return _row(target.case, over, sign, target)
    return _row(
        f"{target.case}: {target.over} / {target.under}", over / statistics.median(measured[target.under]), sign, target
    )


def _first_call(measured: dict[str, list[float]]) -> dict[str, object]:
    """A difference: most of both is the import of aiohttp."""
    milliseconds = (statistics.median(measured["ours"]) - statistics.median(measured["handwritten"])) / 1000
    target = Target("first-call", "ours", "handwritten", 20, 10)
    return _row("first-call: ours − handwritten, ms", milliseconds, "<=", target)


def _row(name: str, value: float, sign: str, target: Target) -> dict[str, object]:
    return {
        "target": name,
        "value": round(value, 3),
        "must": f"{sign} {target.must}",
        "goal": f"{sign} {target.goal}",
        "holds": target.holds(value, target.must),
        "goal_reached": target.holds(value, target.goal),
    }


def show(samples: Samples, rows: list[dict[str, object]]) -> None:
    """Two tables: what was measured, and the targets."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("case", "contender", "median", "spread", title="Median per operation: µs of CPU, bytes, or %")
    for case, by_contender in samples.items():
        for who, values in by_contender.items():
            table.add_row(case, who, f"{statistics.median(values):,.1f}", f"{_spread(values):.0%}")
        table.add_section()
    console.print(table)
    targets = Table("target", "measured", "must", "goal", "", title="Ratios of medians")
    for row in rows:
        targets.add_row(str(row["target"]), str(row["value"]), str(row["must"]), str(row["goal"]), _mark(row))
    console.print(targets)


_PAGE = """# What a call costs

<!-- Written by `python -m benchmarks --markdown`; nothing here is typed by hand. -->

{summary}

![CPU of the client in per cent of the official client, for each case]({chart})

Every figure is the median of {rounds} rounds in one run, on {day}, with {versions}, on {machine}.
Each measurement is a process of its own, pinned to one core; the server is {server} on the other one.
Contenders take turns, so that what else the machine does hits all of them.
Machines differ, and so do figures: what counts is the ratios.

*handwritten* is aiohttp and orjson as a person writes them: no types, no retries, no deadline.
*handwritten-kept* is the same in a process that has freed a large block at some time.
From then on glibc keeps the memory that responses are received in, and saves three system calls for each.
Our client sees to that itself.
*streams* is a bare asyncio protocol, the floor.
Ours runs with everything switched on: strict types, unknown fields kept, retries, deadline, guard.

The number in `retrieve-16` says how many calls are under way at once.
That in `create-20`, `page-100`, `walk-10000` and `decode-100-mixed` is items.
With `cookies` the server sets two unless the request brings them, as an edge does.
`burst-5000` is so many tasks at once on a pool of 100 connections.
`import` makes a client, too; `ours-import` and `official-import` do not.
`memory-client` is one more client; ours is a view of another.
`decode-100-ids` is a page of which only the ids are read, as erase reads it.
`export-10000` writes 10,000 items as JSON Lines; *walk* gives them as objects.
`bulk-erase` is CPU per call on the embedded server: *erase* erases conversations of 20 items, *retrieve* asks for them.
`turn-16` is a turn that is not streamed, sixteen at once.
`event-1` and `event-10` are one event of a stream of 2,000 tokens, which the server writes one by one or ten by ten.
*lines* is aiohttp and orjson as a person writes them: `async for line in response.content`, a dict for each event.
`streams-1000` is the share of one core, in per cent, of 1,000 streams of 20 tokens a second each.
`streams-1000-silent` is CPU of one of 1,000 streams that wait, in a second; `memory-stream` is what it keeps.
`help` is the wall time of `openai-conversations --help`, the best of five.

## Targets

| ratio of medians | measured | must | goal | |
|---|--:|--:|--:|---|
{targets}

## Medians

Microseconds of CPU of the client per operation; bytes where the case says memory, per cent of a core for
`streams-1000`, wall time for `help`.

| case | contender | median | spread |
|---|---|--:|--:|
{medians}
"""


def _summary(samples: Samples) -> list[str]:
    """Three sentences, for who reads no table."""

    def times(case: str, over: str, under: str) -> float:
        measured = samples[case]
        return statistics.median(measured[over]) / statistics.median(measured[under])

    call, by_hand = times("retrieve-16", "official", "ours"), times("retrieve-16", "ours", "handwritten")
    page, append = times("page-100", "official", "ours"), times("create-20", "official", "ours")
    decode = times("decode-100-mixed", "ours", "orjson")
    return [
        f"A small call costs a {call:.0f}th of the official client's, and {by_hand:.2f} times one by hand.",
        f"A page of 100 items costs a {page:.0f}th, an append of 20 items a {append:.0f}th.",
        f"A page becomes typed objects in {decode:.1f} times the time that `orjson.loads` takes to make dicts of it.",
    ]


def markdown(samples: Samples, rows: list[dict[str, object]], chart_file: str) -> str:
    """The page of the documentation."""
    targets = [f"| {r['target']} | {r['value']} | {r['must']} | {r['goal']} | {_mark(r)} |" for r in rows]
    medians = [
        f"| {case} | {who} | {statistics.median(v):,.1f} | {_spread(v):.0%} |"
        for case, by_contender in samples.items()
        for who, v in by_contender.items()
    ]
    rounds = len(next(iter(next(iter(samples.values())).values())))
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("aiohttp", "openai"))
    return _PAGE.format(
        summary="\n".join(_summary(samples)),
        chart=chart_file,
        day=datetime.now(UTC).date().isoformat(),
        machine=f"{os.cpu_count()} cores of {platform.machine()} {platform.system()}",
        rounds=rounds,
        versions=f"Python {platform.python_version()}, {versions}",
        server="nginx" if shutil.which("nginx") else "a bare asyncio protocol",
        targets="\n".join(targets),
        medians="\n".join(medians),
    )


def _mark(row: dict[str, object]) -> str:
    return "goal" if row["goal_reached"] else "holds" if row["holds"] else "MISSED"


def _spread(values: list[float]) -> float:
    return (max(values) - min(values)) / statistics.median(values)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", action="append", choices=list(PLAN), help="only these; may be repeated")
    parser.add_argument("--json", type=Path, help="write the samples and the targets")
    parser.add_argument("--markdown", type=Path, help="write the page of the documentation")
    parser.add_argument("--chart", type=Path, help="draw the chart of the documentation, an SVG")
    options = parser.parse_args()
    samples = measure(options.case or list(PLAN), options.rounds)
    rows = verdicts(samples)
    show(samples, rows)
    if options.json:
        options.json.write_text(json.dumps({"samples": samples, "targets": rows}, indent=1))
    if options.markdown:
        options.markdown.write_text(markdown(samples, rows, "../_static/speed.svg"))
    if options.chart:
        options.chart.write_text(chart(samples))
    if not all(row["holds"] for row in rows):
        raise SystemExit("a target was missed")


if __name__ == "__main__":
    main()
