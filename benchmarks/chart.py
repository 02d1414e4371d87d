"""
The chart of the documentation: ``python -m benchmarks.chart RESULT.json CHART.svg``.

For each case what hand-written aiohttp and we cost, in per cent of the official client. One SVG of its own: it follows
the reader's choice of dark or light, and its letters are as large on a phone as those of the page.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

CASES: Final = {
    "retrieve-16": "retrieve, 16 at once",
    "create-20": "append 20 items",
    "page-100": "a page of 100 items",
    "walk-10000": "10,000 items, page by page",
    "decode-100-mixed": "100 items, bytes to objects",
    "import": "import and make a client",
}
"""Case → what stands in the chart."""

BARS: Final = (("official", "official"), ("handwritten", "by hand"), ("ours", "ours"))
"""Contender → its name in the chart; a case shows those that it has. The import of aiohttp is what by hand costs."""

WIDTH, _LEFT, _ROOM = 360, 62, 232
_BAR, _GAP, _TITLE = 15, 12, 19

_FRAME: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-size="13"
 font-family="system-ui, sans-serif" aria-label="CPU of the client, in per cent of the official client">
<style>
.back {{ fill: #ffffff }} text {{ fill: #24292f }} .case {{ font-weight: 600 }}
.official {{ fill: #afb8c1 }} .handwritten {{ fill: #6e7781 }} .ours {{ fill: #1a7f64 }}
@media (prefers-color-scheme: dark) {{
.back {{ fill: #0d1117 }} text {{ fill: #e6edf3 }}
.official {{ fill: #484f58 }} .handwritten {{ fill: #8b949e }} .ours {{ fill: #3fb68b }}
}}
</style>
<rect class="back" width="{width}" height="{height}" rx="6"/>
<text x="12" y="22" class="case">Per cent of the official client’s CPU</text>
{bars}
</svg>
"""

Samples = Mapping[str, Mapping[str, Sequence[float]]]


def chart(samples: Samples) -> str:
    """The SVG of those cases that were measured."""
    lines: list[str] = []
    y = 34
    for case, title in CASES.items():
        if "official" in samples.get(case, {}):
            y = _case(lines, title, _shares(samples[case]), y)
    return _FRAME.format(width=WIDTH, height=y, bars="\n".join(lines))


def _shares(measured: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Contender → per cent of the official client."""
    medians = {"handwritten" if who == "aiohttp" else who: statistics.median(v) for who, v in measured.items()}
    return {who: medians[who] / medians["official"] * 100 for who, _ in BARS if who in medians}


def _case(lines: list[str], title: str, shares: Mapping[str, float], y: int) -> int:
    """Add the bars of one case; gives where the next begins."""
    lines.append(f'<text x="12" y="{y + 13}" class="case">{escape(title)}</text>')
    y += _TITLE
    for who, name in BARS:
        if who in shares:
            width = max(1.0, shares[who] / max(100, *shares.values()) * _ROOM)
            lines.append(f'<text x="{_LEFT - 4}" y="{y + 11}" text-anchor="end">{name}</text>')
            lines.append(f'<rect class="{who}" x="{_LEFT}" y="{y + 1}" width="{width:.1f}" height="{_BAR - 3}"/>')
            lines.append(f'<text x="{_LEFT + width + 5:.1f}" y="{y + 11}">{_per_cent(shares[who])} %</text>')
            y += _BAR
    return y + _GAP


def _per_cent(share: float) -> str:
    return f"{share:.1f}" if share < 10 else f"{share:.0f}"


def main() -> None:
    """From a result file to a chart."""
    result, target = map(Path, sys.argv[1:3])
    target.write_text(chart(json.loads(result.read_text())["samples"]), encoding="utf-8")


if __name__ == "__main__":
    main()
