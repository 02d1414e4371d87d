"""The chart of the benchmarks."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from benchmarks.chart import WIDTH, chart

SVG = "{http://www.w3.org/2000/svg}"
SAMPLES = {
    "retrieve-16": {"ours": [10.0, 11.0, 9.0], "handwritten": [12.0], "official": [100.0], "streams": [3.0]},
    "import": {"ours": [30.0], "aiohttp": [25.0], "official": [20.0]},
    "decode-100-mixed": {"ours": [1.0], "orjson": [0.5]},
}


def test_the_chart():
    """A case that was measured with the official client has a bar for each of three, within the picture."""
    root = ET.fromstring(chart(SAMPLES))  # noqa: S314  # our own
    bars = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") != "back"]
    texts = [text.text for text in root.iter(f"{SVG}text")]

    assert ["official", "handwritten", "ours"] * 2 == [bar.get("class") for bar in bars]
    assert ["100 %", "12 %", "10 %", "100 %", "125 %", "150 %"] == [text for text in texts if str(text).endswith(" %")]
    assert all(float(bar.get("x")) + float(bar.get("width")) < WIDTH for bar in bars)
    assert "100 items, bytes to objects" not in texts
    assert float(bars[-1].get("y")) < float(root.get("viewBox").split()[3])
