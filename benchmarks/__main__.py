"""
Every case, every contender, interleaved in one run: ``python -m benchmarks``, with ``--help`` for its options.

Each measurement is a process of its own. Contenders take turns, so that what else the machine does hits all of them;
what counts is the median and the ratios, never a figure on its own.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import attrs

from benchmarks.static_server import serve
from benchmarks.worker import pin_to_first

# What the case `import` runs, in an interpreter that has imported nothing else.
IMPORTS = {
    "ours": "import openai_conversations as o; o.ConversationsClient(api_key='sk-x', base_url='{url}')",
    "ours-import": "from openai_conversations import ConversationsClient",
    "aiohttp": "import aiohttp",
    "official": "import openai; openai.AsyncOpenAI(api_key='sk-x', base_url='{url}')",
    "official-import": "import openai",
}
_TIMED = "import time; began = time.process_time(); {statement}; print((time.process_time() - began) * 1e6)"

HTTP = ("ours", "handwritten", "official", "official-aiohttp")

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
    "memory-items": ("ours", "official"),
    "memory-client": ("ours", "official", "official-view"),
    "middleware": ("none", "one of the user's", "order", "reconcile", "status", "retry", "auth", "all"),
}


@attrs.frozen
class Target:
    """A ratio of medians, what it must be and what it should be; ``<=`` when *ours* is above the line."""

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
    Target("retrieve-16-cookies", "ours", "handwritten", 0.85, 0.65),
    Target("retrieve-16", "official", "ours", 8, 13, at_least=True),
    Target("retrieve-16", "official-aiohttp", "ours", 5, 9, at_least=True),
    Target("create-20", "official", "ours", 15, 30, at_least=True),
    Target("page-100", "official", "ours", 8, 13, at_least=True),
    Target("decode-100-mixed", "official", "ours", 11, 17, at_least=True),
    Target("decode-100-mixed", "ours", "orjson", 3.5, 2.2),
    Target("walk-10000", "official", "ours", 8, 13, at_least=True),
    Target("import", "ours", "aiohttp", 1.25, 1.10),
    Target("import", "ours-import", "official-import", 0.40, 0.20),
    Target("memory-items", "ours", "official", 0.62, 0.50),
    Target("burst-5000", "official", "ours", 8, 12, at_least=True),
)
VIEW_BYTES = (8 * 1024, 2 * 1024)

Samples = dict[str, dict[str, list[float]]]


def measure(cases: list[str], rounds: int) -> Samples:
    """All samples, one list per case and contender."""
    samples: Samples = {case: {who: [] for who in PLAN[case]} for case in cases}
    _compile()
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


def _compile() -> None:
    """As an installer does; a source tree is compiled at each import where Python is told to write no bytecode."""
    found = importlib.util.find_spec("openai_conversations")
    for folder in found.submodule_search_locations or () if found else ():
        compileall.compile_dir(folder, quiet=1)


def _sample(case: str, who: str, url: str) -> float:
    command = [sys.executable, "-m", "benchmarks.worker", case, who, url]
    if case == "import":
        command = [sys.executable, "-c", _TIMED.format(statement=IMPORTS[who].format(url=url))]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{case} {who} failed:\n{done.stderr}")
    return float(done.stdout)


def verdicts(samples: Samples) -> list[dict[str, object]]:
    """Each target with its ratio."""
    rows: list[dict[str, object]] = []
    for target in TARGETS:
        if target.case in samples:
            over, under = (statistics.median(samples[target.case][who]) for who in (target.over, target.under))
            sign = ">=" if target.at_least else "<="
            rows.append(_row(f"{target.case}: {target.over} / {target.under}", over / under, sign, target))
    if "memory-client" in samples:
        size = statistics.median(samples["memory-client"]["ours"])
        target = Target("memory-client", "ours", "", *VIEW_BYTES)
        rows.append(_row("memory-client: bytes of a view", size, "<=", target))
    return rows


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
    table = Table("case", "contender", "median", "spread", title="Median per operation: µs of CPU, or bytes")
    for case, by_contender in samples.items():
        for who, values in by_contender.items():
            table.add_row(case, who, f"{statistics.median(values):,.1f}", f"{_spread(values):.0%}")
        table.add_section()
    console.print(table)
    targets = Table("target", "measured", "must", "goal", "", title="Ratios of medians")
    for row in rows:
        targets.add_row(str(row["target"]), str(row["value"]), str(row["must"]), str(row["goal"]), _mark(row))
    console.print(targets)


def plot(samples: Samples, path: Path) -> None:
    """Bars per case, relative to ours."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    bars = [
        (f"{case} · {who}", statistics.median(v) / statistics.median(c["ours"]))
        for case, c in samples.items()
        if "ours" in c
        for who, v in c.items()
    ]
    figure, axes = plt.subplots(figsize=(9, 0.22 * len(bars) + 1))
    axes.barh(
        [name for name, _ in bars],
        [value for _, value in bars],
        color=["#2a9d8f" if n.endswith("ours") else "#adb5bd" for n, _ in bars],
    )
    axes.set_xscale("log")
    axes.axvline(1, color="#2a9d8f", linewidth=1)
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlabel("cost relative to openai_conversations (median, logarithmic)")
    figure.tight_layout()
    figure.savefig(path)


_PAGE = """# What a call costs

<!-- Written by `python -m benchmarks --markdown`; nothing here is typed by hand. -->

Every figure is the median of {rounds} rounds in one run, with {versions}.
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

## Targets

| ratio of medians | measured | must | goal | |
|---|--:|--:|--:|---|
{targets}

## Medians

Microseconds of CPU of the client per operation; bytes where the case says memory.

| case | contender | median | spread |
|---|---|--:|--:|
{medians}
"""


def markdown(samples: Samples, rows: list[dict[str, object]]) -> str:
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
    parser.add_argument("--plot", type=Path, help="draw the ratios")
    options = parser.parse_args()
    samples = measure(options.case or list(PLAN), options.rounds)
    rows = verdicts(samples)
    show(samples, rows)
    if options.json:
        options.json.write_text(json.dumps({"samples": samples, "targets": rows}, indent=1))
    if options.markdown:
        options.markdown.write_text(markdown(samples, rows))
    if options.plot:
        plot(samples, options.plot)
    if not all(row["holds"] for row in rows):
        raise SystemExit("a target was missed")


if __name__ == "__main__":
    main()
