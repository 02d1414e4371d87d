"""
Make the pictures of the HTML transcript that the documentation shows.

    python docs/_scripts/transcript_screenshot.py [FOLDER]

A conversation is written to an embedded server, exported as HTML, and looked at in headless Chromium, light and dark.
"""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

from openai_conversations import ConversationsClient
from openai_conversations.server import ConversationsServer

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


def chart(width: int = 560, height: int = 200) -> str:
    """A picture as a data URL: bars of a made-up month, drawn by hand to do without a picture library."""
    bars = [3, 5, 4, 8, 6, 9, 7, 11, 10, 14, 12, 15]
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            bar, inside = divmod(x * len(bars), width)[0], (x * len(bars)) % width < width * 0.72
            is_bar = inside and (height - y) < bars[bar] * height / 17
            rows += bytes((15, 123, 95) if is_bar else (250, 249, 246))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(rows)))
        + _chunk(b"IEND", b"")
    )
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


ANSWER = """\
Signups grew from **3 to 15 a day**; the two dips are the weekends.

| week | signups | change |
|------|--------:|-------:|
| 1    |      20 |        |
| 2    |      33 |  +65 % |
| 3    |      51 |  +55 % |

To get the same numbers in your notebook:

```python
signups = orders.groupby("day").size()
signups.rolling(7).mean().plot()
```
"""


def items() -> list[dict[str, Any]]:
    """A conversation with a bit of everything."""
    return [
        {"type": "message", "role": "developer", "content": "Answer briefly. Use the warehouse for numbers."},
        {
            "type": "message",
            "role": "user",
            "content": [
                {
                    "type": "input_text",
                    "text": "How did signups go this month?\nI ran `SELECT count(*)`, and saw a dip.",
                },
                {"type": "input_file", "filename": "orders.csv", "file_id": "file_1"},
            ],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Count signups per day, then draw them."}],
        },
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "query_warehouse",
            "arguments": '{"sql": "SELECT day, count(*) FROM signups GROUP BY day", "limit": 31}',
        },
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": '{"rows": [["2026-11-01", 3], ["2026-11-02", 5]]}',
        },
        {
            "type": "code_interpreter_call",
            "id": "ci_1",
            "container_id": "cntr_1",
            "status": "completed",
            "code": "plt.bar(days, counts)",
            "outputs": [{"type": "logs", "logs": "12 days"}, {"type": "image", "url": chart()}],
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {
                    "type": "output_text",
                    "text": ANSWER,
                    "annotations": [
                        {
                            "type": "url_citation",
                            "start_index": 0,
                            "end_index": 7,
                            "title": "Signups dashboard",
                            "url": "https://example.com/signups",
                        },
                        {"type": "file_citation", "file_id": "file_1", "filename": "orders.csv", "index": 12},
                    ],
                }
            ],
        },
        {"type": "message", "role": "user", "content": "Thanks! <script>alert('still just text')</script>"},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "refusal", "refusal": "I will not run that, but I am glad it helped."}],
        },
    ]


async def page() -> bytes:
    """The conversation as HTML, by way of a server."""
    async with (
        ConversationsServer(seed=1) as server,
        ConversationsClient(api_key="key", base_url=server.base_url) as client,
    ):
        metadata = {"title": "Signups in November", "user": "42", "channel": "web"}
        made = await client.conversations.create(metadata=metadata, items=items())
        return b"".join([line async for line in client.conversations.export(made.id, format="html")])


def opened(text: bytes) -> bytes:
    """With one call unfolded, so that the picture shows what is in it."""
    return re.sub(rb'<details (class="tool" id="ci_1")', rb"<details open \1", text)


def shoot(file: Path, picture: Path, *, dark: bool, height: int) -> None:
    """A picture of a page."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is not installed")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(  # noqa: S603  # our own page in the browser of this machine
            [
                browser,
                *FLAGS,
                *(["--blink-settings=preferredColorScheme=0"] if dark else ["--blink-settings=preferredColorScheme=1"]),
                f"--user-data-dir={profile}",
                f"--window-size=900,{height}",
                f"--screenshot={picture}",
                file.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "_static")
    text = opened(asyncio.run(page()))
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "transcript.html"
        file.write_bytes(text)
        shoot(file, folder / "transcript-light.png", dark=False, height=1660)
        shoot(file, folder / "transcript-dark.png", dark=True, height=1660)


if __name__ == "__main__":
    main()
